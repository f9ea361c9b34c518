"""Lets the threads of one server share transactions: many appends, one synced commit.

Whoever finds nobody writing writes, in its own thread, so that an append that comes alone is handed to nobody.
What gathers while one transaction is synced goes into the next, which the first of those who wait carries
out for all of them; nobody waits for company.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from counterfoil.errors import CounterfoilError, HostError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from counterfoil.adapters.sqlite.store import SqliteStore
    from counterfoil.adapters.sqlite.writer import Request
    from counterfoil.ledger.receipt import Draft, Receipt

GROUP_MAX = 256
"""How many appends share one transaction at most, so that the first is not kept waiting for the last."""


class _Waiting:
    """An append that a thread waits for: its gate is a lock that opens when there is an outcome, or its turn to lead."""

    __slots__ = ("gate", "outcome", "request")

    def __init__(self, request: Request) -> None:
        self.request = request
        self.gate = threading.Lock()
        self.gate.acquire()
        self.outcome: list[Receipt] | BaseException | None = None


class GroupCommit:
    """Appends for any number of threads, of which one at a time uses the store.

    Args:
        open_store: opens the store, which is used by no one else.

    Raises:
        CounterfoilError: what opening the store raised.
    """

    def __init__(self, open_store: Callable[[], SqliteStore]) -> None:
        self._store = open_store()
        self._queue: list[_Waiting] = []
        self._lock = threading.Lock()
        self._idle = threading.Condition(self._lock)
        self._is_led = False
        self._closed = False

    def append(
        self, drafts: Sequence[Draft], *, now_ms: int, expect: Mapping[str, int] | None = None
    ) -> list[Receipt]:
        """Seals drafts, all of them or none, as `Store.append` does; callable by any thread.

        Raises:
            HostError: `ledger_unavailable`, also when it is closed.
        """
        mine = _Waiting((drafts, now_ms, expect or {}))
        with self._lock:
            if self._closed:
                raise HostError("ledger_unavailable", "the ledger is closed", reason="closed")
            waits = self._is_led
            if waits:
                self._queue.append(mine)
            else:
                self._is_led = True
        if waits:
            mine.gate.acquire()
        if mine.outcome is None:
            self._lead(mine)
        outcome = mine.outcome
        if isinstance(outcome, BaseException):
            raise outcome
        assert outcome is not None, "a gate opens when there is an outcome, or nobody leads"
        return outcome

    def _lead(self, mine: _Waiting) -> None:
        """Writes what has gathered, one's own first, and hands the lead on to the first of those who came meanwhile."""
        with self._lock:
            others = self._queue[: GROUP_MAX - 1]
            del self._queue[: GROUP_MAX - 1]
        try:
            _write(self._store, [mine, *others])
        finally:
            for waiting in others:
                waiting.gate.release()
            with self._lock:
                heir = self._queue.pop(0) if self._queue else None
                if heir is None:
                    self._is_led = False
                    self._idle.notify_all()
            if heir is not None:
                heir.gate.release()

    def close(self) -> None:
        """Lets what was handed in before be written, and lets go of the database."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            while self._is_led:
                self._idle.wait()
        self._store.close()


def _write(store: SqliteStore, group: Sequence[_Waiting]) -> None:
    """Writes what a group of threads has handed in, and sets the outcome of each."""
    try:
        outcomes = store.append_all([waiting.request for waiting in group])
    except BaseException as error:  # the next group may go better: each of these callers is told
        for waiting in group:
            waiting.outcome = _own(error) if isinstance(error, CounterfoilError) else error
        return
    for waiting, outcome in zip(group, outcomes, strict=True):
        waiting.outcome = outcome


def _own(error: CounterfoilError) -> CounterfoilError:
    """Returns an error of a caller's own, so that no two threads raise one object."""
    return type(error)(error.code, error.message, error.hint, **error.fields)
