"""All tickets of a project at one moment, kept in memory by a server so that no page reads the folder again.

A `Tickets` never changes; `Snapshot` holds the newest and replaces it when somebody who watches the files says
which have changed. Where nobody watches, whoever asks has the folder compared first; and now and then that is done
anyway, since a system may lose word of a change when there are too many at once.
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from time import monotonic
from typing import TYPE_CHECKING

from counterfoil.tickets import index, query
from counterfoil.tickets.workflow import PRIORITIES, STATES
from counterfoil.usecases.catalog import is_settled
from counterfoil.usecases.kept_catalog import KeptCatalog

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from counterfoil.tickets.model import Row
    from counterfoil.tickets.query import Readiness
    from counterfoil.usecases.catalog import RowChange
    from counterfoil.usecases.context import Options
    from counterfoil.usecases.ports import Signature
    from counterfoil.usecases.rows import Problem
    from counterfoil.usecases.serving import ServerContext

FEW = 64
"""Up to so many files are looked at one by one, and put where they belong; more are quicker all together."""
RELIST_S = 30.0
"""For how long what the watcher says is believed without a look of one's own."""
_STATE_PLACE = {state: number for number, state in enumerate(STATES)}
_PRIORITY_PLACE = {priority: number for number, priority in enumerate(PRIORITIES)}


class Tickets:
    """The tickets of one moment.

    Attributes:
        number: rises by one whenever any file differs, in whatever it says.
        rows: all readable tickets, in the protocol's order.
        by_id: the same by id.
        by_state: the same by state, each in that order.
        problems: by file name, what makes a file no ticket.
        id_prefix: what stands before a short id.
    """

    __slots__ = ("_readiness", "by_id", "by_state", "id_prefix", "number", "problems", "rows")

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
        self._readiness: Readiness | None = None

    def readiness(self) -> Readiness:
        """Returns what can be worked on and what waits for what, found out when it is first asked for."""
        found = self._readiness
        if found is None:
            found = self._readiness = query.ready(self.rows)
        return found

    def changed(self, number: int, changes: Sequence[RowChange], problems: Mapping[str, Problem]) -> Tickets:
        """Returns the tickets after a few changes; what is not among them is shared with this one."""
        made: Tickets = object.__new__(Tickets)
        made.number, made.id_prefix, made.problems = number, self.id_prefix, dict(problems)
        made.rows, made.by_id, made.by_state = self.rows, self.by_id, self.by_state
        made._readiness = None if changes else self._readiness
        if changes:
            gone = [before for before, _ in changes if before is not None]
            come = [after for _, after in changes if after is not None]
            made.rows = _spliced(self.rows, gone, come)
            made.by_id = dict(self.by_id)
            for row in gone:
                made.by_id.pop(row[0], None)
            for row in come:
                made.by_id[row[0]] = row
            made.by_state = dict(self.by_state)
            for state in {row[2] for row in (*gone, *come)}:
                made.by_state[state] = _spliced(
                    self.by_state[state],
                    [row for row in gone if row[2] == state],
                    [row for row in come if row[2] == state],
                )
        return made


class Snapshot:
    """Holds a project's tickets; any thread may ask.

    Attributes:
        is_watched: whether somebody says what changes; until then every question compares the files.

    Args:
        server: the project.
        options: of whoever reads the files.
    """

    def __init__(self, server: ServerContext, options: Options) -> None:
        self._server = server
        self._options = options
        self._lock = threading.Lock()
        self._catalog: KeptCatalog | None = None
        self._tickets: Tickets | None = None
        self._is_doubtful = False
        self._listed_at = 0.0
        self._folder: Signature | None = None
        self.is_watched = False

    def tickets(self) -> Tickets:
        """Returns the newest tickets that are known; compares the files first where that may not be all."""
        found = self._tickets
        is_known = self.is_watched and not self._is_doubtful and monotonic() - self._listed_at < RELIST_S
        return found if found is not None and is_known else self.refresh()

    def settled(self) -> Tickets:
        """Returns the tickets as whoever has just run a command left them, whether the watcher has told of it or not.

        A command puts a new file in the place of another, and that changes the folder. Of what is written in place
        the folder shows nothing; that is left to the watcher, and where nobody watches all files are compared.
        """
        folder = self._server.context(self._options).work.signature(index.TICKETS)
        return self.tickets() if folder is not None and folder == self._folder else self.refresh()

    def doubt(self) -> None:
        """Says that something has changed of which the watcher may not have told yet."""
        self._is_doubtful = True

    def refresh(self, names: Collection[str] | None = None) -> Tickets:
        """Compares the files with what is known, and returns the tickets as they are now.

        Args:
            names: of the files in the tickets' folder that may have changed; None for all.
        """
        with self._lock:
            context = self._server.context(self._options)
            known, catalog = self._tickets, self._catalog
            prefix = context.config.id_prefix
            is_same = known is not None and known.id_prefix == prefix
            if (
                known is not None
                and catalog is not None
                and is_same
                and names is not None
                and len(names) <= FEW
            ):
                changes = catalog.look_at(context, names)
                if changes is not None:
                    self._tickets = known.changed(known.number + 1, changes, catalog.problems)
                return self._tickets or known
            self._is_doubtful = False  # what comes from now on is doubted anew
            started_ns = context.clock.now_ns()
            folder = context.work.signature(index.TICKETS)
            try:
                if catalog is None:
                    catalog = self._catalog = KeptCatalog.load(context)
                    has_changed = True
                else:
                    has_changed = catalog.catch_up(context)
            except BaseException:
                self._is_doubtful = True  # whoever asks next is told the same, and not what was known before
                raise
            self._listed_at = monotonic()
            if known is None or has_changed or not is_same:
                rows = tuple(query.order(catalog.rows()))
                known = Tickets(1 if known is None else known.number + 1, rows, catalog.problems, prefix)
                self._tickets = known
            is_sure = folder is not None and is_settled(folder, started_ns)
            self._folder = folder if is_sure else None  # last, since it vouches for the others
            return known


def _spliced(rows: tuple[Row, ...], gone: Sequence[Row], come: Sequence[Row]) -> tuple[Row, ...]:
    """Takes rows out of those that are in the protocol's order, and puts others in."""
    found = list(rows)
    for row in gone:
        place = bisect_left(found, _order_key(row), key=_order_key)
        while found[place] != row:  # two files may claim one id
            place += 1
        del found[place]
    for row in come:
        found.insert(bisect_left(found, _order_key(row), key=_order_key), row)
    return tuple(found)


def _order_key(row: Row) -> tuple[int, int, str]:
    return _STATE_PLACE[row[2]], _PRIORITY_PLACE[row[3]], row[0]
