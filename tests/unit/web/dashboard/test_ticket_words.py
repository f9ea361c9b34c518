"""Each thing that happens to a ticket has words, whoever tells of it and however little is known."""

from __future__ import annotations

from typing import Any

import pytest

from counterfoil.usecases import chronicle, history
from counterfoil.usecases.history import BOTH, Change, Event, Place
from counterfoil.web.dashboard.pages.ticket_words import Entry, Step, entry

OTHER = "01ARZ3NDEKTSV4RRFFQ69G5FAV"


def told(kind: str, *changes: Change, **more: Any) -> Entry:
    """Returns an event in words."""
    given = {"commit": None, "at": "2026-11-22T01:02:03Z", "actor": "human:ada", "subject": "", **more}
    return entry(Event(kind, changes=changes, **given), "shop", "TK")


@pytest.mark.parametrize(
    ("kind", "more", "words"),
    [
        (history.REMOVED, {}, "removed it"),
        (history.UNCOMMITTED, {}, "edited it; that is not committed yet"),
        (history.BOUNDARY, {}, "here already; what came before is not in this clone"),
        (chronicle.ABANDONED, {"text": "failed"}, "wanted to change it; that did not come about"),
        (chronicle.OPEN, {}, "began to change it and has not finished"),
        (chronicle.DROPPED, {"was": ("abc",)}, "a change that the branch no longer has"),
        (chronicle.ERASED, {}, "what was said is not here: erased or withheld"),
        (chronicle.UNREADABLE, {}, "sealed by a newer program, which alone can read it"),
        (chronicle.NOTE, {"text": "a\n note"}, "noted: a note"),
        (chronicle.CLAIM, {"claims": ({"what": "taken", "until": "2026-11-22T03:26:00Z"},)}, "took the claim until 2026-11-22 03:26"),
        (chronicle.CLAIM, {"claims": ({"what": "released", "until": "2026-11-22T03:26:00Z"},)}, "gave the claim back"),
        ("comment", {"said": {"text": "Yes"}}, "commented: Yes"),
        ("response", {"said": {"position": "disagree", "text": "No"}}, "disagreed: No"),
        ("artifact", {"said": {"artifact": {"kind": "link", "url": "https://a.example"}}}, "attached a link: https://a.example"),
        ("artifact", {"said": {"artifact": "nonsense"}}, "attached a : "),
        ("spend", {"said": {"amount": "1.2", "currency": "USD"}}, "recorded spend: 1.2 USD"),
        ("pull", {"said": {"url": "https://a.example/1"}}, "linked a pull request: https://a.example/1"),
        ("proposed", {"said": {"action": "ticket.move", "reason": "now", "proposal": "P-1"}}, "proposed ticket.move: now"),
        ("rejected", {"said": {"note": "no", "proposal": "P-1"}}, "rejected: no"),
        ("stale", {"said": {"proposal": "P-1"}}, "was overtaken by other changes:"),
        (chronicle.OTHER, {"subject": "something else"}, "something else"),
    ],
)  # fmt: skip
def test_every_kind_is_told(kind: str, more: dict[str, Any], words: str) -> None:
    assert told(kind, **more).words == words


def test_fields_are_told_before_and_after() -> None:
    found = told(
        history.CHANGED,
        Change("state", "ready", "done"),
        Change("labels", ["a", "b"], ["b", "c"]),
        Change("labels", ["a", "b"], ["b", "a"]),
        Change("assignee", None, "human:ada"),
        Change("blocked_by", [], [OTHER, "odd"]),
        Change("body", None, None, 3, 1),
        Change("title", "x" * 500, "y"),
        commit="a" * 40,
    )
    assert found.steps[:6] == (
        Step("state", "ready", "done"),
        Step("labels", "a", "c"),
        Step("labels", "", "", "in another order"),
        Step("assignee", "", "human:ada"),
        Step("blocked_by", "", f"TK-{OTHER[:8]}, odd"),
        Step("text", "", "", "+3 −1 lines"),
    )
    assert len(found.steps[6].before) < 200
    assert (found.words, found.look) == ("", "git")


def test_a_new_ticket_is_told_by_what_it_began_with() -> None:
    found = told(
        history.CREATED,
        Change("title", None, "Sell shoes"),
        Change("state", None, "backlog"),
        commit="a" * 40,
    )
    assert (found.words, found.steps) == ("created it", (Step("state", "", "backlog"),))


def test_receipts_lead_to_their_pages_and_what_is_said_to_its_place_in_the_discussion() -> None:
    places = (Place(7, "aa", "x"), Place(8, "bb", "y"), Place(3, "cc", "z", origin="01ELSEWHERE"))
    found = told("comment", said={"text": "Yes"}, receipts=places, source=BOTH)
    assert found.receipts == ((7, "/receipts/shop/at/7"), (8, "/receipts/shop/at/8"))
    assert found.href == "#said-7"


def test_what_was_rewritten_or_sealed_late_is_noted() -> None:
    found = told(history.CHANGED, commit="a" * 40, was=("b" * 40,), late=True)
    assert found.notes == (
        f"rewritten: it was commit {'b' * 9}",
        "sealed late: the ledger was closed at the time",
    )
