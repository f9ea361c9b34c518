"""What needs somebody's eyes: which tickets, why, and what keeps them from being merged. Pure selection.

Why comes in an order: what can be read by nobody before what fails, what people are asked before what stands still.
A ticket may be there for several reasons; the first one says where it stands in the table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from counterfoil.tickets.workflow import TERMINAL
from counterfoil.usecases import forging
from counterfoil.usecases.forge_ports import APPROVED, CHANGES_REQUESTED, OPEN
from counterfoil.usecases.surroundings import UNMARKED, Mark

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from counterfoil.tickets.model import Row
    from counterfoil.usecases.dates import Span
    from counterfoil.usecases.forging import Linked
    from counterfoil.usecases.snapshot import Tickets
    from counterfoil.usecases.surroundings import Around

UNREADABLE, FAILING, PENDING, LAPSED = "unreadable", "failing", "pending", "lapsed"
BLOCKED, STALE, REVIEW = "blocked", "stale", "review"
REASONS = (UNREADABLE, FAILING, PENDING, LAPSED, BLOCKED, STALE, REVIEW)
"""In the order in which they come first."""
STALE_DAYS = 7
"""How long a ticket may be in progress without a write before somebody should look."""

READY, DRAFT, CONFLICTS, FAILED = "ready", "draft", "conflicts", "checks failed"
RUNNING, CHANGES, UNREVIEWED = "checks run", "changes requested", "needs review"


class Matter(NamedTuple):
    """One line of the table.

    Attributes:
        name: of the file.
        row: the ticket, or None for a file that is none.
        problem: what is wrong with such a file, and in which line.
        mark: what is known beside the file.
        reasons: why it is here, the gravest first.
        readiness: what a pull request still needs, `ready`, or empty where there is none.
        updated: when it was last written, in ISO 8601; None while that is unknown.
    """

    name: str
    row: Row | None
    problem: tuple[str, int]
    mark: Mark
    reasons: tuple[str, ...]
    readiness: str
    updated: str | None


def matters(
    tickets: Tickets, around: Around, spans: Mapping[str, Span], stale_before: str
) -> Iterator[Matter]:
    """Yields what needs attention in one project, in no order.

    Args:
        tickets: all of them.
        around: what is known beside their files.
        spans: when each file was created and last changed, as far as that is known.
        stale_before: a ticket in progress that was last written before this moment, in ISO 8601, is stale.
    """
    for name, problem in tickets.problems.items():
        yield Matter(name, None, (problem[1], problem[2]), UNMARKED, (UNREADABLE,), "", _updated(spans, name))
    for row in _candidates(tickets, around):
        mark = around.mark(row[0])
        updated = _updated(spans, row[9])
        why = reasons(row, mark, updated, stale_before)
        if why:
            yield Matter(row[9], row, ("", 0), mark, why, readiness(mark.pulls), updated)


def reasons(row: Row, mark: Mark, updated: str | None, stale_before: str) -> tuple[str, ...]:
    """Returns why a ticket needs attention, the gravest reason first; none for most."""
    state = row[2]
    if state == TERMINAL:
        return (PENDING,) if mark.proposals else ()
    opened = [linked for linked in mark.pulls if linked.pull.state == OPEN]
    is_worked_on = state == "in_progress"
    found = {
        FAILING: any(linked.verdict == forging.FAILED for linked in opened),
        PENDING: bool(mark.proposals),
        LAPSED: is_worked_on and mark.is_lapsed,
        BLOCKED: state == "blocked" or (mark.blockers > 0 and state in {"ready", "in_progress"}),
        STALE: is_worked_on and updated is not None and updated < stale_before,
        REVIEW: any(_waits_for_review(linked) for linked in opened) or (is_worked_on and row[6] is not None),
    }
    return tuple([reason for reason in REASONS if found.get(reason)])


def readiness(pulls: Iterable[Linked]) -> str:
    """Returns what the newest open pull request still needs before it can be merged."""
    linked = next((each for each in pulls if each.pull.state == OPEN), None)
    if linked is None:
        return ""
    pull = linked.pull
    if pull.is_draft:
        return DRAFT
    if pull.is_mergeable is False:
        return CONFLICTS
    if linked.verdict == forging.FAILED:
        return FAILED
    if pull.review == CHANGES_REQUESTED:
        return CHANGES
    if pull.review != APPROVED:
        return UNREVIEWED
    return RUNNING if linked.verdict == forging.PENDING else READY


def _waits_for_review(linked: Linked) -> bool:
    return not linked.pull.is_draft and linked.pull.review not in {APPROVED, CHANGES_REQUESTED}


def _candidates(tickets: Tickets, around: Around) -> Iterator[Row]:
    """Yields the tickets that could need attention: those in the middle of things, and those with a mark."""
    for state in ("in_progress", "blocked"):
        yield from tickets.by_state[state]
    for ticket in around.marks:
        row = tickets.by_id.get(ticket)
        if row is not None and row[2] not in {"in_progress", "blocked"}:
            yield row


def _updated(spans: Mapping[str, Span], name: str) -> str | None:
    return spans.get(name, (None, None))[1]
