"""What a ticket waits for and what waits for it, two steps far in either direction.

Relations are written by hand on either side, may name tickets that do not exist, and may run in circles; they are
laid out here once for all tickets of a moment, and a page takes from it what lies around one of them.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, NamedTuple

from counterfoil.kernel.ids import short_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from counterfoil.usecases.snapshot import Tickets

STEPS = 2
WIDTH = 8
"""So many tickets are shown at one distance; of the others there is a number."""


class Node(NamedTuple):
    """One ticket of the picture.

    Attributes:
        id: its id, or what was written where there is no such ticket.
        title, state: of it; empty for one that does not exist.
        step: how far it is: negative for what must be done before, positive for what waits.
    """

    id: str
    title: str
    state: str
    step: int


class Neighbourhood(NamedTuple):
    """What lies around a ticket.

    Attributes:
        nodes: by distance, from what must be done first to what waits longest; the ticket itself at 0.
        edges: pairs of ids: the first must be done before the second.
        more: by distance, how many tickets are left out.
    """

    nodes: tuple[Node, ...]
    edges: tuple[tuple[str, str], ...]
    more: Mapping[int, int]


class Relations:
    """The relations of one project's tickets, kept for as long as these stay the same; any thread may ask."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._number = -1
        self._before: dict[str, list[str]] = {}
        self._after: dict[str, list[str]] = {}

    def around(self, tickets: Tickets, ticket: str) -> Neighbourhood:
        """Returns what lies around a ticket; the ticket alone where nothing does."""
        with self._lock:
            if self._number != tickets.number:
                self._before, self._after = _laid_out(tickets)
                self._number = tickets.number
            before, after = self._before, self._after
        steps = {ticket: 0}
        more: dict[int, int] = {}
        for sign, ways in ((-1, before), (1, after)):
            edge = [ticket]
            for step in range(1, STEPS + 1):
                found = [
                    other
                    for other in dict.fromkeys(_all(ways.get(each, ()) for each in edge))
                    if other not in steps
                ]
                if len(found) > WIDTH:
                    more[sign * step] = len(found) - WIDTH
                edge = found[:WIDTH]
                steps.update(dict.fromkeys(edge, sign * step))
        nodes = sorted([_node(tickets, each, step) for each, step in steps.items()], key=_order)
        edges = [(each, other) for each in steps for other in after.get(each, ()) if other in steps]
        return Neighbourhood(tuple(nodes), tuple(edges), more)


def _all(parts: Iterable[Iterable[str]]) -> Iterable[str]:
    return (each for part in parts for each in part)


def _order(node: Node) -> tuple[int, str]:
    return node.step, node.id


def _node(tickets: Tickets, ticket: str, step: int) -> Node:
    row = tickets.by_id.get(ticket)
    return Node(ticket, "", "", step) if row is None else Node(ticket, row[1], row[2], step)


def _laid_out(tickets: Tickets) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Returns by ticket what must be done before it, and what waits for it."""
    before: dict[str, list[str]] = {}
    after: dict[str, list[str]] = {}
    short: dict[str, str] = {}
    for row in tickets.rows:
        for names, is_first in ((row[7], True), (row[8], False)):
            for reference in names:
                other = reference
                if other not in tickets.by_id:
                    short = short or _by_short_id(tickets)
                    other = short.get(reference.rpartition("-")[2].upper(), "") or reference
                first, second = (row[0], other) if is_first else (other, row[0])
                if second not in after.setdefault(first, []):
                    after[first].append(second)
                    before.setdefault(second, []).append(first)
    return before, after


def _by_short_id(tickets: Tickets) -> dict[str, str]:
    """Returns ids by short id; one that two tickets share means none."""
    found: dict[str, str] = {}
    for full in tickets.by_id:
        short = short_id(full)
        found[short] = "" if short in found else full
    return found
