"""What needs attention, and why; what a pull request still needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from counterfoil.usecases.attention import Matter, matters, readiness, reasons
from counterfoil.usecases.forge_ports import Check, PullRequest
from counterfoil.usecases.forging import Linked, verdict
from counterfoil.usecases.snapshot import Tickets
from counterfoil.usecases.surroundings import UNMARKED, Around, Mark

if TYPE_CHECKING:
    from counterfoil.tickets.model import Row

OLD, NEW = "2026-01-01T00:00:00Z", "2026-11-20T00:00:00Z"
BEFORE = "2026-11-13T00:00:00Z"
PASSED = (Check("test", "completed", "success"),)
FAILED = (Check("test", "completed", "failure"),)
RUNNING = (Check("test", "running"),)


def row(number: int = 1, state: str = "in_progress", reviewer: str | None = None) -> Row:
    name = f"{number:026d}"
    return (name, f"Ticket {number}", state, "p2", (), None, reviewer, (), (), f"{name}.md", None)


def linked(checks: tuple[Check, ...] = PASSED, **fields: Any) -> Linked:
    given: dict[str, Any] = {
        "number": 7, "title": "A pull", "url": "https://example.com/7", "state": "open", "is_draft": False,
        "branch": "tk", "base": "main", "head": "0" * 40, "is_mergeable": True, "review": "approved",
    }  # fmt: skip
    return Linked(PullRequest(**{**given, **fields}), checks, verdict(checks))


@pytest.mark.parametrize(
    ("given", "mark", "updated", "why"),
    [
        (row(), UNMARKED, NEW, ()),
        (row(), UNMARKED, None, ()),
        (row(), UNMARKED, OLD, ("stale",)),
        (row(state="ready"), UNMARKED, OLD, ()),
        (row(state="blocked"), UNMARKED, NEW, ("blocked",)),
        (row(state="ready"), Mark(blockers=1), NEW, ("blocked",)),
        (row(state="backlog"), Mark(blockers=1), NEW, ()),
        (row(), Mark(holder="agent:a", is_lapsed=True), NEW, ("lapsed",)),
        (row(state="ready"), Mark(holder="agent:a", is_lapsed=True), NEW, ()),
        (row(), Mark(holder="agent:a"), NEW, ()),
        (row(reviewer="human:ada"), UNMARKED, NEW, ("review",)),
        (row(state="ready", reviewer="human:ada"), UNMARKED, NEW, ()),
        (row(), Mark(pulls=(linked(review="unreviewed"),)), NEW, ("review",)),
        (row(), Mark(pulls=(linked(review="unreviewed", is_draft=True),)), NEW, ()),
        (row(), Mark(pulls=(linked(FAILED),)), NEW, ("failing",)),
        (row(), Mark(pulls=(linked(FAILED, state="closed"),)), NEW, ()),
        (row(), Mark(proposals=("P-1",), pulls=(linked(FAILED),)), OLD, ("failing", "pending", "stale")),
        (row(state="done"), Mark(proposals=("P-1",), blockers=2), OLD, ("pending",)),
        (row(state="done"), Mark(pulls=(linked(FAILED),)), OLD, ()),
    ],
)  # fmt: skip
def test_a_ticket_needs_attention_for_reasons_the_gravest_first(
    given: Row, mark: Mark, updated: str | None, why: tuple[str, ...]
) -> None:
    assert reasons(given, mark, updated, BEFORE) == why


@pytest.mark.parametrize(
    ("pulls", "words"),
    [
        ((), ""),
        ((linked(state="merged"),), ""),
        ((linked(),), "ready"),
        ((linked(()),), "ready"),
        ((linked(is_draft=True),), "draft"),
        ((linked(is_mergeable=False),), "conflicts"),
        ((linked(is_mergeable=None),), "ready"),
        ((linked(FAILED),), "checks failed"),
        ((linked(RUNNING),), "checks run"),
        ((linked(RUNNING, review="unreviewed"),), "needs review"),
        ((linked(review="changes_requested"),), "changes requested"),
        ((linked(state="closed"), linked(FAILED)), "checks failed"),
    ],
)
def test_readiness_says_what_the_newest_open_pull_request_still_needs(
    pulls: tuple[Linked, ...], words: str
) -> None:
    assert readiness(pulls) == words


def test_a_file_that_is_no_ticket_needs_attention_with_its_place() -> None:
    tickets = Tickets(1, (row(),), {"odd.md": ("invalid_ticket", "no title", 3, 1)}, "TK")

    found = list(matters(tickets, Around({}), {"odd.md": (OLD, NEW)}, BEFORE))

    assert found == [Matter("odd.md", None, ("no title", 3), UNMARKED, ("unreadable",), "", NEW)]


def test_each_ticket_comes_once_even_with_a_mark_in_the_middle_of_work() -> None:
    rows = (row(1, "ready"), row(2, "in_progress"), row(3, "blocked"), row(4, "done"))
    marks = {each[0]: Mark(proposals=("P-1",)) for each in rows} | {"9" * 26: Mark(blockers=1)}

    found = list(matters(Tickets(1, rows, {}, "TK"), Around(marks), {}, BEFORE))

    assert sorted(matter.name for matter in found) == [each[9] for each in rows]
