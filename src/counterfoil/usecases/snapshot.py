"""All tickets of a project at one moment, kept in memory by a server so that no page reads the folder again.

A `Tickets` never changes; `Snapshot` holds the newest and replaces it when somebody who watches the files says
that they have changed. Where nobody watches, whoever asks has the folder compared first.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from counterfoil.tickets import query
from counterfoil.tickets.workflow import STATES
from counterfoil.usecases.catalog import Catalog

if TYPE_CHECKING:
    from collections.abc import Mapping

    from counterfoil.tickets.model import Row
    from counterfoil.usecases.context import Options
    from counterfoil.usecases.rows import Problem
    from counterfoil.usecases.serving import ServerContext


class Tickets:
    """The tickets of one moment.

    Attributes:
        number: rises by one whenever anything differs.
        rows: all readable tickets, in the protocol's order.
        by_id: the same by id.
        by_state: the same by state, each in that order.
        problems: by file name, what makes a file no ticket.
        id_prefix: what stands before a short id.
    """

    __slots__ = ("by_id", "by_state", "id_prefix", "number", "problems", "rows")

    def __init__(
        self, number: int, rows: tuple[Row, ...], problems: Mapping[str, Problem], id_prefix: str
    ) -> None:
        self.number = number
        self.rows = rows
        self.by_id: dict[str, Row] = {row[0]: row for row in rows}
        by_state: dict[str, list[Row]] = {state: [] for state in STATES}
        for row in rows:
            by_state[row[2]].append(row)
        self.by_state = {state: tuple(found) for state, found in by_state.items()}
        self.problems = dict(problems)
        self.id_prefix = id_prefix


class Snapshot:
    """Holds a project's tickets; any thread may ask.

    Args:
        server: the project.
        options: of whoever reads the files.
    """

    def __init__(self, server: ServerContext, options: Options) -> None:
        self._server = server
        self._options = options
        self._lock = threading.Lock()
        self._catalog: Catalog | None = None
        self._tickets: Tickets | None = None
        self.is_watched = False

    def tickets(self) -> Tickets:
        """Returns the newest tickets that are known; compares the files first where nobody watches them."""
        found = self._tickets
        if found is not None and self.is_watched:
            return found
        return self.refresh()

    def refresh(self) -> Tickets:
        """Compares the files with what is known, and returns the tickets as they are now."""
        with self._lock:
            context = self._server.context(self._options)
            before = self._tickets
            if self._catalog is None:
                self._catalog = Catalog.load(context)
                changed = True
            else:
                changed = self._catalog.catch_up(context)
            if before is not None and not changed and before.id_prefix == context.config.id_prefix:
                return before
            rows = tuple(query.order(self._catalog.rows()))
            number = 1 if before is None else before.number + 1
            self._tickets = Tickets(number, rows, self._catalog.problems, context.config.id_prefix)
            return self._tickets
