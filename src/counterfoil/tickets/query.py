"""Questions to many tickets at once: filtering, the protocol's order, and what is ready.

Tickets come as plain tuples, `Row`, because ten thousand objects cost more to build than any
question costs to answer. Values are canonical (lower-case state and priority, upper-case
ids), as the index and the cache hold them. Relations are a directed graph that people write
by hand: it may name tickets that do not exist and may run in circles, and neither is ever
followed. On the hot path.
"""

from __future__ import annotations

from _operator import itemgetter

from counterfoil.errors import InputError
from counterfoil.kernel.actor import parse as parse_actor
from counterfoil.kernel.ids import short_id
from counterfoil.tickets.workflow import PRIORITIES, STATES, TERMINAL, parse_priority, parse_state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from counterfoil.tickets.model import Row

_BY_ID = itemgetter(0)
_BY_URGENCY = itemgetter(3, 0)
UNSET = "none"
"""As a filter for assignee or reviewer: nobody is named."""


def select(
    rows: Iterable[Row],
    *,
    state: Sequence[str] = (),
    priority: Sequence[str] = (),
    label: Sequence[str] = (),
    assignee: str | None = None,
    reviewer: str | None = None,
    text: str | None = None,
) -> list[Row]:
    """Returns the rows that pass every given filter, in their order.

    Args:
        rows: the tickets.
        state, priority, label: any of these values, in any case; empty lets all pass.
        assignee, reviewer: exactly this actor, or `none` for tickets that name nobody.
        text: a part of the title or the id, in any case.

    Raises:
        InputError: `invalid_state`, `invalid_priority`, `invalid_label` or `invalid_actor`, for
            a value that no ticket can have.
    """
    kept = list(rows)
    if state:
        states = {parse_state(name) for name in state}
        kept = [row for row in kept if row[2] in states]
    if priority:
        priorities = {parse_priority(name) for name in priority}
        kept = [row for row in kept if row[3] in priorities]
    if label:
        labels = {_parse_label(name) for name in label}
        kept = [row for row in kept if row[4] and any(own.casefold() in labels for own in row[4])]
    if assignee is not None:
        actor = _parse_holder(assignee)
        kept = [row for row in kept if row[5] == actor]
    if reviewer is not None:
        actor = _parse_holder(reviewer)
        kept = [row for row in kept if row[6] == actor]
    if text:
        part = text.casefold()
        kept = [row for row in kept if part in row[1].casefold() or part in row[0].casefold()]
    return kept


def _parse_label(name: str) -> str:
    label = name.strip().casefold()
    if not label:
        hint = "name a label, as in --label bug"
        raise InputError("invalid_label", "a label cannot be empty", hint, value=name)
    return label


def _parse_holder(text: str) -> str | None:
    return None if text.lower() == UNSET else parse_actor(text)


def order(rows: Iterable[Row]) -> list[Row]:
    """Sorts by state, then priority, then id (Protocol §4.6)."""
    shelves: dict[tuple[str, str], list[Row]] = {(s, p): [] for s in STATES for p in PRIORITIES}
    for row in rows:
        shelves[row[2], row[3]].append(row)
    ordered: list[Row] = []
    for shelf in shelves.values():
        shelf.sort(key=_BY_ID)
        ordered += shelf
    return ordered


class Readiness:
    """What can be worked on now, and why the rest of the `ready` state cannot.

    Attributes:
        ready: rows in state `ready` that nothing holds back, most urgent first, then oldest id.
        blocked: for every other row in state `ready`, the ids of the open tickets that block
            it, sorted.
        cycles: groups of open tickets, in whatever state, that wait for one another; each id is
            blocked by the one after it, the last by the first, where the group is one ring.
        dangling: relations to tickets that do not exist (or a short id that two tickets have):
            `{id: the references as written}`. They block nothing.
    """

    __slots__ = ("blocked", "cycles", "dangling", "ready")

    def __init__(
        self,
        ready: list[Row],
        blocked: Mapping[str, tuple[str, ...]],
        cycles: tuple[tuple[str, ...], ...],
        dangling: Mapping[str, tuple[str, ...]],
    ) -> None:
        self.ready = ready
        self.blocked = blocked
        self.cycles = cycles
        self.dangling = dangling

    def __repr__(self) -> str:
        return f"Readiness({len(self.ready)} ready, {len(self.blocked)} blocked, {len(self.cycles)} cycles)"


def ready(rows: Sequence[Row]) -> Readiness:
    """Says which tickets can be worked on now (`x_ticket.relations`, product.md §18).

    A ticket in state `ready` waits while any ticket that it names in `blocked_by`, or that
    names it in `blocks`, exists and is not done. A relation may name a ticket by its ULID, and,
    as people write them, by its short or display id. Tickets in a cycle all wait: somebody has
    to take one of the relations away.
    """
    waiting = [row for row in rows if row[2] == "ready"]
    related = [row for row in rows if row[7] or row[8]]
    if not related:
        return Readiness(_by_urgency(waiting), {}, (), {})
    blockers, dangling = _open_blockers(rows, related)
    blocked = {row[0]: tuple(sorted(blockers[row[0]])) for row in waiting if row[0] in blockers}
    free = [row for row in waiting if row[0] not in blocked]
    return Readiness(_by_urgency(free), blocked, _cycles(blockers), dangling)


def open_blockers(rows: Sequence[Row]) -> dict[str, set[str]]:
    """Returns for every open ticket that is held back, in whatever state, the open tickets that hold it."""
    return _open_blockers(rows, [row for row in rows if row[7] or row[8]])[0]


def _by_urgency(rows: list[Row]) -> list[Row]:
    rows.sort(key=_BY_URGENCY)
    return rows


def _open_blockers(
    rows: Sequence[Row], related: Sequence[Row]
) -> tuple[dict[str, set[str]], dict[str, tuple[str, ...]]]:
    """Returns `{open ticket: open tickets that block it}` and the references that lead nowhere."""
    states = {row[0]: row[2] for row in rows}
    short_ids: dict[str, str] = {}
    blockers: dict[str, set[str]] = {}
    dangling: dict[str, tuple[str, ...]] = {}
    for row in related:
        lost = []
        for place, references in ((7, row[7]), (8, row[8])):
            for reference in references:
                other = reference
                if other not in states:
                    short_ids = short_ids or _by_short_id(states)
                    other = short_ids.get(reference.rpartition("-")[2], "")
                if not other:
                    lost.append(reference)
                elif states[other] != TERMINAL and row[2] != TERMINAL:
                    held, holder = (other, row[0]) if place == 7 else (row[0], other)
                    blockers.setdefault(held, set()).add(holder)
        if lost:
            dangling[row[0]] = tuple(lost)
    return blockers, dangling


def _by_short_id(ids: Iterable[str]) -> dict[str, str]:
    """Maps short ids to ids, for relations written by hand; one that two tickets share means none."""
    short_ids: dict[str, str] = {}
    for full in ids:
        short = short_id(full)
        short_ids[short] = "" if short in short_ids else full
    return short_ids


def _cycles(blockers: Mapping[str, set[str]]) -> tuple[tuple[str, ...], ...]:
    """Finds the groups of tickets that wait for one another, the group with the smallest id first.

    Tarjan's strongly connected components, with a stack of its own: a chain of ten thousand
    tickets must not end in a RecursionError.
    """
    number: dict[str, int] = {}
    lowest: dict[str, int] = {}
    open_path: list[str] = []
    on_path: set[str] = set()
    groups = []
    for root in blockers:
        if root in number:
            continue
        work = [(root, iter(blockers[root]))]
        number[root] = lowest[root] = len(number)
        open_path.append(root)
        on_path.add(root)
        while work:
            node, rest = work[-1]
            for blocker in rest:
                if blocker not in number:
                    if blocker in blockers:
                        number[blocker] = lowest[blocker] = len(number)
                        open_path.append(blocker)
                        on_path.add(blocker)
                        work.append((blocker, iter(blockers[blocker])))
                        break
                elif blocker in on_path:
                    lowest[node] = min(lowest[node], number[blocker])
            else:
                work.pop()
                if work:
                    lowest[work[-1][0]] = min(lowest[work[-1][0]], lowest[node])
                if lowest[node] == number[node]:
                    group = _pop_until(node, open_path)
                    on_path.difference_update(group)
                    if len(group) > 1 or node in blockers[node]:
                        groups.append(_walk(group, blockers))
    return tuple(sorted(groups))


def _pop_until(last: str, path: list[str]) -> set[str]:
    group = set()
    while True:
        node = path.pop()
        group.add(node)
        if node == last:
            return group


def _walk(group: set[str], blockers: Mapping[str, set[str]]) -> tuple[str, ...]:
    """Puts a group in the order in which its tickets wait, from the smallest id on."""
    walked: dict[str, None] = {}
    stack = [min(group)]
    while stack:
        node = stack.pop()
        if node not in walked:
            walked[node] = None
            stack += sorted(blockers[node] & group, reverse=True)
    return tuple(walked)
