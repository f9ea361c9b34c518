"""Brings a project's views up to date beside the requests of a server, so that no page folds a long ledger.

After an upgrade, or when `views.db` is gone, views have the whole log to read, which takes seconds. A page that needs
them is told how far they are, shows what it can, and is made anew when they are there.
"""

from __future__ import annotations

import threading
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from counterfoil.errors import CounterfoilError
from counterfoil.usecases import views
from counterfoil.usecases.views import PROPOSALS, TIMELINE, VIEWS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from counterfoil.usecases.context import Options
    from counterfoil.usecases.ports import Store, Views
    from counterfoil.usecases.serving import ServerContext
    from counterfoil.usecases.views import View

BEHIND_MAX = 1_000
"""A view that has more receipts than this to read is brought up to date beside the requests."""
ROUNDS: tuple[Sequence[View], ...] = ((PROPOSALS, TIMELINE), VIEWS)
"""What most pages need is read first: it takes a quarter of the time."""
TOLD_PERCENT = 5
"""After so much more of the log whoever listens is told again."""
GRACE_S = 0.2
"""A page that finds a ledger unread is sent first; the two would slow each other down."""
PAUSE_S = 0.005
"""Between two batches, so that whoever changes something comes to write in the views as well."""


class Left(NamedTuple):
    """How far views are that cannot be used yet.

    Attributes:
        done, whole: receipts that they have read, and all that there are.
    """

    done: int
    whole: int

    @property
    def percent(self) -> int:
        """How far they are, of a hundred."""
        return 100 * self.done // self.whole if self.whole else 0


class _Stopped(Exception):
    """The server is about to stop."""


class ReadingUp:
    """Brings one project's views up to date; any thread may ask.

    Args:
        server: the project.
        options: of whoever reads.
    """

    def __init__(self, server: ServerContext, options: Options) -> None:
        self._server = server
        self._options = options
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._error: CounterfoilError | None = None
        self._told: Callable[[], None] = _nobody
        self._told_percent = 0
        self._stopping = threading.Event()

    def when_moved(self, told: Callable[[], None]) -> None:
        """Has somebody called, in another thread, whenever the views are further, and when they are there."""
        self._told = told

    def left(self, store: Store, derived: Views, *wanted: View) -> Left | None:
        """Tells how far views are, and has them read up; None where they are up to date, or nearly so.

        Raises:
            CounterfoilError: what kept them from being read up the last time; it is tried once more then.
        """
        behind = max([views.behind(store, derived, view) for view in wanted])
        if behind <= BEHIND_MAX:
            return None
        error = self._error
        self.begin(GRACE_S)
        if error is not None:
            raise error
        whole = store.size()
        return Left(whole - behind, whole)

    def begin(self, grace_s: float = 0.0) -> None:
        """Begins to read after so long, unless that is under way."""
        with self._changed:
            if self._thread is None and not self._stopping.is_set():
                self._thread = threading.Thread(
                    target=self._read, args=(grace_s,), name="reading up", daemon=True
                )
                self._thread.start()

    def settle(self, *wanted: View, timeout_s: float | None = None) -> CounterfoilError | None:
        """Waits until these views are read up, or all for none, or for so long; returns what hindered it."""
        deadline = None if timeout_s is None else monotonic() + timeout_s
        while True:
            with self._changed:
                if self._thread is None or (wanted and not self._is_left(wanted)):
                    return self._error
                left_s = None if deadline is None else deadline - monotonic()
                if left_s is not None and left_s <= 0:
                    return None
                self._changed.wait(left_s)

    def stop(self) -> None:
        """Ends the reading behind the batch that is under way; the next server goes on from there."""
        self._stopping.set()
        thread = self._thread
        if thread is not None:
            thread.join()

    def _is_left(self, wanted: Sequence[View]) -> bool:
        context = self._server.context(self._options)
        store, derived = self._server.store(context), context.ledgers.views()
        try:
            return any(views.behind(store, derived, view) > BEHIND_MAX for view in wanted)
        finally:
            derived.close()

    def _read(self, grace_s: float) -> None:
        error: CounterfoilError | None = None
        try:
            if self._stopping.wait(grace_s):
                raise _Stopped
            context = self._server.context(self._options)
            if context.ledgers.exists():
                store, derived = self._server.store(context), context.ledgers.views()
                try:
                    for wanted in ROUNDS:
                        self._told_percent = 0
                        views.read_up(store, derived, _nobody, wanted=wanted, progress=self._moved)
                        self._tell()
                finally:
                    derived.close()
        except _Stopped:
            pass
        except CounterfoilError as failure:
            error = failure
        finally:
            with self._changed:
                self._thread, self._error = None, error
            self._tell()

    def _moved(self, done: int, whole: int) -> None:
        percent = 100 * done // whole
        if percent >= self._told_percent + TOLD_PERCENT:
            self._told_percent = percent
            self._tell()
        if self._stopping.wait(PAUSE_S):
            raise _Stopped

    def _tell(self) -> None:
        with self._changed:
            self._changed.notify_all()
        self._told()


def _nobody() -> None:
    """Hears nothing."""
