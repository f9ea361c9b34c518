"""A proposed text as it will read: rendered, with everything hidden written out, and never a script."""

from __future__ import annotations

from typing import Any

import pytest
from integration.ticket_page_scene import XSS, Page

from counterfoil.gate.shown import BIDI, BLANKS
from counterfoil.usecases.proposal_prose import prose
from counterfoil.web.dashboard import markdown
from counterfoil.web.dashboard.proposal_reading import HTML_MAX, reading

HOSTILE = (
    XSS,
    '[a](javascript:alert(1)) <javascript:alert(2)> ![b](x" onerror="alert(3)) [c](data:text/html,x)',
    '```"><script>alert(4)</script>\n<svg onload=alert(5)>\n```',
    "| <b onclick=alert(6)> | `</td><script>` |\n|---|:--|\n| <style>*{}</style> | x |",
    '[d]: https://e.example "><script>alert(7)</script>"\n\n[d]',
    '# <a id=csrf>h</a> {#main style="position:fixed"}',
)


def said(action: str, **payload: Any) -> dict[str, Any]:
    return {"action": action, "payload": payload}


def made(text: str) -> str:
    found = reading(said("ticket.comment", ticket="X", text=text), markdown.NO_TICKETS)
    return "" if found is None else str(found.html)


def test_what_people_will_read_is_found_by_the_action() -> None:
    assert prose(said("ticket.comment", text="Hello")) == ("Hello", "The comment", "")
    assert prose(said("ticket.respond", text="No", position="disagree")) == ("No", "The answer", "disagree")
    assert prose(said("ticket.create", title="T", body="Text")) == ("Text", "The text", "")
    assert prose(said("ticket.edit", ticket="X", body="Text")) == ("Text", "The text", "")


@pytest.mark.parametrize("body", [
    said("ticket.edit", ticket="X", priority="p1"), said("ticket.comment", text=" \n"), said("ticket.move", text="no"),
    said("ticket.comment", text=7), {"action": "ticket.comment"}, {"action": "ticket.comment", "payload": None}, {},
])  # fmt: skip
def test_what_has_no_text_has_none(body: dict[str, Any]) -> None:
    assert prose(body) is None
    assert reading(body, markdown.NO_TICKETS) is None


def test_markdown_is_rendered() -> None:
    html = made("Do **not** ship\n\n- one\n- `two`\r\n")
    assert "<strong>not</strong>" in html
    assert "<li>one</li>" in html
    assert "<code>two</code>" in html


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_words_stay_words(text: str) -> None:
    html = made(text)
    assert html
    assert Page(html).faults == []
    assert ' id="' not in html


def test_everything_hidden_is_written_out_where_it_stands() -> None:
    for char in BIDI | BLANKS | {"\u200b", "\ufeff", "\x07"}:
        html = made(f"`a{char}b` **c{char}d**")
        written = f"\\x{ord(char):02x}" if ord(char) < 0x100 else f"\\u{ord(char):04x}"
        assert char not in html, written
        assert html.count(written) == 2, written


def test_what_grows_beyond_measure_is_not_shown_as_it_reads() -> None:
    wide = "|a" * 80 + "\n" + "|-" * 80 + "\n" + "|\n" * 60
    assert len(markdown.render(wide).html) > HTML_MAX
    assert made(wide) == ""
    assert made("x" * (markdown.TEXT_MAX + 1)) == ""


def test_a_position_is_harmless_to_look_at() -> None:
    found = reading(said("ticket.respond", text="x", position="\u202eagree"), markdown.NO_TICKETS)
    assert found is not None
    assert found.position == "\\u202eagree"
