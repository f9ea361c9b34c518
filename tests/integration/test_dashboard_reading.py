"""Texts that wait for a decision are shown as they will read, beside the exact text that is decided on."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from integration.dashboard_scene import Dash
from integration.gate_scene import AGENT
from integration.test_dashboard_inbox import Person, propose, under, urgent_id

from counterfoil.web.dashboard.pages import inbox as inbox_page

if TYPE_CHECKING:
    import pytest
    from integration.verbs_scene import Desk


def reads(page: str) -> list[str]:
    """Returns what texts will read like, as HTML."""
    return re.findall(
        r'<div class="reads">.*?<div class="prose">(.*?)</div></div>\s*<div class="exact">', page, re.DOTALL
    )


def test_a_proposed_comment_is_shown_as_it_will_read_beside_its_exact_text(desk: Desk) -> None:
    under(desk)
    ticket = urgent_id(desk)
    text = f"Do **not** ship TK-{ticket[:8]}\u202e:\n\n- one"
    one, person = propose(desk, "ticket.comment", ticket=ticket, text=text), Person(desk)
    for place in ("/inbox", person.address(one)):
        page = person.dash.get(place).text
        (html,) = reads(page)
        assert "<strong>not</strong>" in html
        assert "<li>one</li>" in html
        assert f'href="/tickets/work/{ticket}"' in html
        assert "\\u202e:" in html
        exact = page[page.index('<div class="exact">') :]
        assert "Do **not** ship" in exact
        assert 'class="z turns"' in exact  # written out, and marked
        assert "Turned text" in page
    assert person.approve(one)["level"] == "done"


def test_a_position_a_new_text_and_an_edited_one_are_shown_as_they_will_read_and_a_step_is_not(
    desk: Desk,
) -> None:
    under(desk)
    ticket, person = urgent_id(desk), Person(desk)
    position = propose(desk, "ticket.respond", ticket=ticket, position="disagree", text="It is *slow*")
    new = propose(desk, "ticket.create", title="New", body="# Goal\n\nBe *quick*\n")
    changed = propose(desk, "ticket.edit", ticket=ticket, body="Be *calm*\n")
    step = propose(desk, "ticket.assign", ticket=ticket, assignee=AGENT)
    for each, words in ((position, "slow"), (new, "quick"), (changed, "calm")):
        page = person.dash.get(person.address(each)).text
        assert f"<em>{words}</em>" in reads(page)[0]
        assert f"*{words}*" in page
    assert "The answer as it reads" in person.dash.get(person.address(position)).text
    assert ">disagrees<" in person.dash.get(person.address(position)).text
    assert reads(person.dash.get(person.address(step)).text) == []
    assert len(reads(person.dash.get("/inbox").text)) == 3


def test_where_both_have_no_room_in_the_inbox_the_exact_text_goes_first(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    under(desk)
    propose(desk, "ticket.comment", ticket=urgent_id(desk), text="*a* " * 60)
    monkeypatch.setattr(inbox_page, "ROOM", 1_200)
    page = Dash(desk).get("/inbox").text
    assert reads(page) == []
    assert "*a* *a*" in page
