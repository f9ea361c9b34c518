"""Tickets of all repositories of a space in one row: found, sorted, and written out for other programs."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from functools import lru_cache
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from counterfoil.tickets import index
from counterfoil.tickets.naming import display_id
from counterfoil.tickets.workflow import STATES
from counterfoil.usecases import searching
from counterfoil.usecases.selecting import MOMENTS_KEPT, select

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from counterfoil.tickets.model import Row
    from counterfoil.usecases.context import Context
    from counterfoil.usecases.selecting import Wanted
    from counterfoil.usecases.snapshot import Tickets
    from counterfoil.usecases.spaces import Project

SORTS = ("state", "priority", "title", "id", "assignee", "repo")
"""What a list can be sorted by; the first is the protocol's order."""
_STATE_PLACE = {state: place for place, state in enumerate(STATES)}
PATIENCE = 10
_NO_ONE = "~"
"""Sorts behind every actor."""


class Found(NamedTuple):
    """One ticket of one repository.

    Attributes:
        project: the repository's name in addresses.
        row: the ticket.
    """

    project: str
    row: Row


_KEYS: dict[str, Callable[[Found], tuple[object, ...]]] = {
    "state": lambda found: (_STATE_PLACE[found.row[2]], found.row[3], found.row[0]),
    "priority": lambda found: (found.row[3], _STATE_PLACE[found.row[2]], found.row[0]),
    "title": lambda found: (found.row[1].casefold(), found.row[0]),
    "id": lambda found: (found.row[0], found.project),
    "assignee": lambda found: (found.row[5] or _NO_ONE, found.row[3], found.row[0]),
    "repo": lambda found: (found.project, _STATE_PLACE[found.row[2]], found.row[3], found.row[0]),
}


def find(
    projects: Sequence[Project],
    wanted: Wanted,
    sort: str = "",
    *,
    descending: bool = False,
    reader: Callable[[Project], Context] | None = None,
) -> tuple[Found, ...]:
    """Returns the tickets that are wanted.

    Args:
        projects: where to look.
        wanted: what is asked for.
        sort: one of `SORTS`; anything else is the first of them.
        descending: the last one first.
        reader: gives the context by which files are opened, where the text may stand in the body as well.
    """
    pairs = tuple([(project.slug, project.snapshot.tickets()) for project in projects])
    order = sort if sort in SORTS else SORTS[0]
    if reader is None or not wanted.text:
        return _found(pairs, wanted, order, descending)
    kept: list[Found] = []
    for project, (slug, tickets) in zip(projects, pairs, strict=True):
        names = _HITS.names(project, reader(project), wanted.text)
        rows = select(tickets.rows, wanted._replace(text=""), tickets.id_prefix)
        kept += [Found(slug, row) for row in rows if row[9] in names]
    return tuple(sorted(kept, key=_KEYS[order], reverse=descending))


@lru_cache(maxsize=MOMENTS_KEPT)
def _found(
    pairs: tuple[tuple[str, Tickets], ...], wanted: Wanted, order: str, descending: bool
) -> tuple[Found, ...]:
    kept = [
        Found(slug, row) for slug, tickets in pairs for row in select(tickets.rows, wanted, tickets.id_prefix)
    ]
    if order != SORTS[0] or len(pairs) > 1:
        kept.sort(key=_KEYS[order])
    return tuple(reversed(kept)) if descending else tuple(kept)


class _Search(NamedTuple):
    """One search in the bodies: of which tickets, when it ended and how long it took, and the files found."""

    tickets: Tickets
    ended_s: float
    took_s: float
    names: frozenset[str]


class _Hits:
    """The files with a text in them, by project and text; many who look at one page have them opened once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[Project, str], _Search] = OrderedDict()

    def names(self, project: Project, context: Context, text: str) -> frozenset[str]:
        """Returns the names of the files whose title or body has a text in it.

        Where tickets change many times a second, an answer is used for `PATIENCE` times as long as it took to find,
        so that one page that is left open on a large project does not keep the server busy.
        """
        key, tickets, now = (project, text), project.snapshot.tickets(), monotonic()
        with self._lock:
            known = self._kept.get(key)
        if known is not None and (known.tickets is tickets or now - known.ended_s < PATIENCE * known.took_s):
            return known.names
        names = frozenset([hit.row[9] for hit in searching.find(context, text)])
        ended = monotonic()
        with self._lock:
            self._kept[key] = _Search(tickets, ended, ended - now, names)
            self._kept.move_to_end(key)
            if len(self._kept) > MOMENTS_KEPT:
                self._kept.popitem(last=False)
        return names


_HITS = _Hits()

# --- writing them out -----------------------------------------------------------------------------

COLUMNS = ("repo", "id", "title", "state", "priority", "labels", "assignee", "reviewer")
_RISKY = ("=", "+", "-", "@", "\t", "\r", "\n")
"""Beginnings by which a spreadsheet takes a cell for a formula."""


def as_json(found: Sequence[Found], prefixes: dict[str, str]) -> str:
    """Returns tickets as a JSON array of the entries that the index has, each with its repository."""
    return json.dumps(
        [{"repo": each.project, **index.entry(each.row, prefixes[each.project])} for each in found],
        ensure_ascii=False, indent=2,
    ) + "\n"  # fmt: skip


def as_csv(found: Sequence[Found], prefixes: dict[str, str]) -> str:
    """Returns tickets as comma-separated values (RFC 4180); no cell is taken for a formula by a spreadsheet."""
    import csv
    import io

    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for each in found:
        writer.writerow([_tame(cell) for cell in _cells(each, prefixes)])
    return out.getvalue()


def as_markdown(found: Sequence[Found], prefixes: dict[str, str]) -> str:
    """Returns tickets as a Markdown table."""
    lines = [f"| {' | '.join(COLUMNS)} |", f"|{' --- |' * len(COLUMNS)}"]
    lines += [f"| {' | '.join([_plain(cell) for cell in _cells(each, prefixes)])} |" for each in found]
    return "\n".join(lines) + "\n"


def _cells(each: Found, prefixes: dict[str, str]) -> tuple[str, ...]:
    row = each.row
    return (
        each.project, display_id(prefixes[each.project], row[0]), row[1], row[2], row[3], " ".join(row[4]),
        row[5] or "", row[6] or "",
    )  # fmt: skip


def _tame(cell: str) -> str:
    return f"'{cell}" if cell.lstrip(" ").startswith(_RISKY) else cell


def _plain(cell: str) -> str:
    """Returns a text that is only text in Markdown."""
    flat = " ".join(cell.split())
    return "".join([f"\\{char}" if char in "\\`*_{}[]<>()#+!|~&" else char for char in flat])
