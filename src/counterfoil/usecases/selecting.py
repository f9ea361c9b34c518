"""Which tickets somebody wants to see: what an address asks for, answered from the tickets in memory.

An address is anybody's text and may be old, so nothing in it is an error: what no ticket can have selects none.
"""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from counterfoil.kernel import actor as actors
from counterfoil.tickets import query
from counterfoil.tickets.workflow import PRIORITIES, STATES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterfoil.tickets.model import Row
    from counterfoil.usecases.snapshot import Tickets

OFFERED = 60
"""How many labels and people a filter offers, those with most tickets first; others are typed into the address."""


MOMENTS_KEPT = 8
"""For so many moments what was made of all tickets is kept; each holds its tickets in memory."""


class Wanted(NamedTuple):
    """What is asked for; empty fields let all pass.

    Attributes:
        text: a part of the title, of the id, or a display id.
        states, priorities, labels: any of them.
        assignee: an actor, or `none`.
    """

    text: str = ""
    states: tuple[str, ...] = ()
    priorities: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    assignee: str = ""

    @property
    def is_everything(self) -> bool:
        """Whether all tickets pass."""
        return self == EVERYTHING


EVERYTHING = Wanted()


class Facets(NamedTuple):
    """What the tickets of a project can be filtered by.

    Attributes:
        labels, people: the most frequent ones, by name.
    """

    labels: tuple[str, ...]
    people: tuple[str, ...]


def select(rows: Sequence[Row], wanted: Wanted, id_prefix: str) -> Sequence[Row]:
    """Returns the rows that are wanted, in their order.

    Args:
        rows: tickets.
        wanted: what is asked for.
        id_prefix: what stands before a short id, for texts that are display ids.
    """
    if wanted.is_everything:
        return rows
    states = [state for state in map(str.lower, wanted.states) if state in STATES]
    priorities = [priority for priority in map(str.lower, wanted.priorities) if priority in PRIORITIES]
    holder = _holder(wanted.assignee)
    if (wanted.states and not states) or (wanted.priorities and not priorities) or holder == "":
        return ()
    text = wanted.text.casefold().removeprefix(f"{id_prefix.casefold()}-")
    return query.select(
        rows, state=states, priority=priorities, label=wanted.labels, assignee=holder, text=text
    )


def _holder(text: str) -> str | None:
    """Returns a filter for the assignee: None for no filter, empty for what is no actor."""
    if not text:
        return None
    return query.UNSET if text.lower() == query.UNSET else (actors.canonical(text) or "")


@lru_cache(maxsize=MOMENTS_KEPT)
def facets(tickets: Tickets) -> Facets:
    """Returns what the tickets of one moment can be filtered by."""
    labels = Counter([label for row in tickets.rows for label in row[4]])
    people = Counter([row[5] for row in tickets.rows if row[5]])
    return Facets(_first(labels), _first(people))


def _first(counted: Counter[str]) -> tuple[str, ...]:
    return tuple(sorted([name for name, _ in counted.most_common(OFFERED)]))
