"""A new ticket from a form: what the form suggests, what is made of it, and what is said beside a field."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING

import pytest
from integration.dashboard_scene import Dash
from integration.gate_scene import ADA

if TYPE_CHECKING:
    from integration.verbs_scene import Desk

TEMPLATE = """\
---
id: "{{id}}"
title: "{{title}}"
state: ready
priority: p1
labels: [bug]
x_team:
  name: gate
---

# {{title}}

Reported on {{date}} as {{display_id}}.
"""


def fields(html: str) -> dict[str, str]:
    """Returns what the form comes with."""
    form = html.split('id="new-ticket"')[1].partition("</form>")[0]
    found = dict(re.findall(r'<input[^>]*name="(\w+)" value="([^"]*)"', form))
    found["body"] = form.split("<textarea")[1].split(">\n", 1)[1].split("</textarea>")[0]
    for name, options in re.findall(r'<select[^>]*name="(\w+)"[^>]*>(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', options)
        found[name] = chosen[1] if chosen else ""
    return {name: unescape(value) for name, value in found.items() if name != "csrf"}


def test_a_ticket_is_opened_as_it_was_filled_in(core_desk: Desk) -> None:
    dash = Dash(core_desk)
    form = fields(dash.get("/new/work").text)
    form |= {
        "title": "Fix  login",
        "labels": "bug, API",
        "assignee": "me",
        "body": "It fails.\r\n",
        "priority": "p0",
    }

    told = dash.post("/new/work", **form, stay="1")

    ticket = core_desk.data("show", told["data"]["ticket"])["ticket"]
    assert {name: ticket[name] for name in ("title", "labels", "assignee", "priority", "state")} == {
        "title": "Fix  login", "labels": ["bug", "api"], "assignee": ADA, "priority": "p0", "state": "backlog",
    }  # fmt: skip
    assert core_desk.text(f".tickets/tickets/{ticket['id']}.md").endswith("---\n\nIt fails.\n")
    assert told["data"]["link"] == f"/tickets/work/{ticket['id']}"


def test_a_form_that_is_sent_twice_opens_one_ticket(desk: Desk) -> None:
    desk.write(".tickets/templates/bug.md", TEMPLATE)
    dash = Dash(desk)

    for place in ("/new/work", "/new/work?template=bug"):
        form = fields(dash.get(place).text) | {"title": f"Once from {place}"}
        told = [dash.post("/new/work", **form) for _ in range(2)]
        assert told[0]["data"]["ticket"] == told[1]["data"]["ticket"]

    assert len(desk.data("list", "--all")["tickets"]) == 2


def test_a_template_fills_the_form_and_its_placeholders_are_filled_in_the_end(desk: Desk) -> None:
    desk.write(".tickets/templates/bug.md", TEMPLATE)
    dash = Dash(desk)
    form = fields(dash.get("/new/work?template=bug").text)

    assert (form["state"], form["priority"], form["labels"]) == ("ready", "p1", "bug")
    assert form["body"].startswith("# {{title}}")
    told = dash.post("/new/work", **(form | {"title": 'Say "no"', "labels": "", "priority": "p3"}))
    text = desk.text(f".tickets/tickets/{told['data']['ticket']}.md")
    assert re.search('# Say "no"\n\nReported on [0-9-]{10} as TK-', text)
    assert "name: gate" in text
    shown = desk.data("show", told["data"]["ticket"])["ticket"]
    assert (shown["labels"], shown["priority"], shown["state"]) == ([], "p3", "ready")


@pytest.mark.parametrize("name", ["nothing", "../config", "a/b", ".hidden"])
def test_a_template_that_is_not_there_leads_nowhere(desk: Desk, name: str) -> None:
    dash = Dash(desk)

    assert dash.get(f"/new/work?template={name}", None).status_code == 422
    assert dash.post("/new/work", 422, title="x", template=name, id="0" * 26)["code"] == "template_not_found"


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"title": " "}, "invalid_title"), ({"labels": "Ä"}, "invalid_label"), ({"assignee": "ada"}, "invalid_actor"),
        ({"state": "later"}, "invalid_state"), ({"priority": "p9"}, "invalid_priority"),
        ({"body": "key: ghp_0123456789abcdefghijABCDEFGHIJ012345"}, "secret_found"),
        ({"title": "x" * 201}, "invalid_payload"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_by_a_code_that_the_form_knows(
    desk: Desk, wrong: dict[str, str], code: str
) -> None:
    dash = Dash(desk)
    html = dash.get("/new/work").text
    given = {"title": "A ticket", "key": "k"} | wrong

    assert dash.post("/new/work", None, **given)["code"] == code
    assert f"{code}:" in re.findall('data-problems="([^"]+)"', html)[0] + "invalid_payload:"
    assert not desk.data("list", "--all")["tickets"]


def test_an_id_that_is_none_is_not_taken_from_a_form(desk: Desk) -> None:
    desk.write(".tickets/templates/bug.md", TEMPLATE)
    dash = Dash(desk)

    for wrong in ("", "../../x", "01arz3ndektsv4rrffq69g5fav"):
        told = dash.post("/new/work", 400, title="x", template="bug", id=wrong)
        assert told["code"] == "invalid_request"


def test_a_template_that_makes_no_ticket_is_named(core_desk: Desk) -> None:
    core_desk.write(".tickets/templates/bug.md", "## Steps\n")

    page = Dash(core_desk).get("/new/work?template=bug", status=422).text

    assert "the template .tickets/templates/bug.md does not make a ticket" in page.lower()
    assert "mend .tickets/templates/bug.md" in page
