"""Lets the threads of one server share transactions: many appends, one synced commit.

One thread owns a store and writes; the others hand it what they have and wait. What gathers while
one transaction is synced goes into the next, so nobody waits for company.
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
    """An append that a thread waits for: its gate is a lock that opens when the outcome is there."""

    __slots__ = ("gate", "outcome", "request")

    def __init__(self, request: Request) -> None:
        self.request = request
        self.gate = threading.Lock()
        self.gate.acquire()
        self.outcome: list[Receipt] | BaseException | None = None


class GroupCommit:
    """Appends for any number of threads.

    Args:
        open_store: opens the store; called by the thread that will own it.

    Raises:
        CounterfoilError: what opening the store raised.
    """

    def __init__(self, open_store: Callable[[], SqliteStore]) -> None:
        self._open_store = open_store
        self._queue: list[_Waiting] = []
        self._has_work = threading.Condition()
        self._closed = False
        self._started = _Waiting(((), 0, {}))
        self._thread = threading.Thread(target=self._run, name="ledger", daemon=True)
        self._thread.start()
        self._result(self._started)

    def append(
        self, drafts: Sequence[Draft], *, now_ms: int, expect: Mapping[str, int] | None = None
    ) -> list[Receipt]:
        """Seals drafts, all of them or none, as `Store.append` does; callable by any thread.

        Raises:
            HostError: `ledger_unavailable`, also when it is closed.
        """
        waiting = _Waiting((drafts, now_ms, expect or {}))
        with self._has_work:
            if self._closed:
                raise HostError("ledger_unavailable", "the ledger is closed", reason="closed")
            self._queue.append(waiting)
            if len(self._queue) == 1:
                self._has_work.notify()
        return self._result(waiting)

    @staticmethod
    def _result(waiting: _Waiting) -> list[Receipt]:
        waiting.gate.acquire()
        outcome = waiting.outcome
        if isinstance(outcome, BaseException):
            raise outcome
        assert outcome is not None, "a gate opens when there is an outcome"
        return outcome

    def _run(self) -> None:
        """Writes one group after the other until it is closed and nothing is left to write."""
        try:
            store = self._open_store()
        except BaseException as error:
            _answer([self._started], error)
            return
        _answer([self._started], [])
        while True:
            with self._has_work:
                while not self._queue and not self._closed:
                    self._has_work.wait()
                group = self._queue[:GROUP_MAX]
                del self._queue[:GROUP_MAX]
            if not group:
                break
            _write(store, group)
        store.close()

    def close(self) -> None:
        """Writes what was handed in before, and lets go of the database."""
        with self._has_work:
            self._closed = True
            self._has_work.notify()
        self._thread.join()


def _write(store: SqliteStore, group: Sequence[_Waiting]) -> None:
    try:
        outcomes = store.append_all([waiting.request for waiting in group])
    except BaseException as error:  # the thread goes on: each of its callers is told
        _answer(group, error)
        return
    for waiting, outcome in zip(group, outcomes, strict=True):
        waiting.outcome = outcome
        waiting.gate.release()


def _answer(group: Sequence[_Waiting], outcome: list[Receipt] | BaseException) -> None:
    for waiting in group:
        waiting.outcome = _own(outcome) if isinstance(outcome, CounterfoilError) else outcome
        waiting.gate.release()


def _own(error: CounterfoilError) -> CounterfoilError:
    """Returns an error of a caller's own, so that no two threads raise one object."""
    return type(error)(error.code, error.message, error.hint, **error.fields)
