"""What a browser sends twice is one change, and what somebody does twice is two."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from integration.dashboard_scene import Dash

if TYPE_CHECKING:
    from integration.verbs_scene import Desk

FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("act", "fields", "action"),
    [
        ("comment", {"text": "Twice?"}, "ticket.comment"),
        ("respond", {"text": "Yes", "position": "agree"}, "ticket.respond"),
        ("attach", {"url": "https://example.org/a"}, "artifact.attach"),
        ("move", {"state": "ready"}, "ticket.move"),
        ("labels", {"add": "swift"}, "ticket.edit"),
    ],
)
def test_a_press_that_is_sent_twice_is_one_change_and_two_presses_are_two(
    desk: Desk, act: str, fields: dict[str, str], action: str
) -> None:
    ticket, dash = desk.new("Wash the windows"), Dash(desk)
    place = f"/tickets/{dash.slug}/{ticket}/{act}"

    told = [dash.post(place, once="one", **fields) for _ in range(2)]

    assert told[0] == told[1]
    assert told[0]["level"] == "done"
    applied = [one for one in desk.data("proposal", "list")["proposals"] if one["action"] == action]
    assert len(applied) == 1
    if act == "comment":
        dash.post(place, once="two", **fields)
        assert dash.get(f"/tickets/{dash.slug}/{ticket}").text.count("<p>Twice?</p>") == 2


def test_the_name_of_a_press_is_a_header_of_the_script_or_a_field_that_the_server_has_made(
    desk: Desk,
) -> None:
    ticket, dash = desk.new("Wash the windows"), Dash(desk)
    place = f"/tickets/{dash.slug}/{ticket}"
    for _ in range(2):
        headers = {"content-type": FORM, "hx-request": "true", "idempotency-key": "one"}
        dash.send_bytes(f"{place}/comment", b"text=Hello&once=server", headers)
    page = dash.get(place).text
    assert page.count("<p>Hello</p>") == 1
    names = [each.partition('"')[0] for each in page.split('name="once" value="')[1:]]
    assert names
    assert len(set(names)) == len(names)
