"""Makes one transaction of what several threads want to append: one sync serves them all.

Whoever finds the connection free leads, and takes along all that have come meanwhile; nobody waits for company.
"""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from threading import RLock

    from counterfoil.adapters.postgres.writing import Outcome, Request

AT_ONCE = 256
"""How many appends go into one transaction at most."""


class Waiting:
    """An append that nobody has carried out yet."""

    __slots__ = ("failure", "outcome", "request")

    def __init__(self, request: Request) -> None:
        self.request = request
        self.outcome: Outcome | None = None
        self.failure: BaseException | None = None


class Group:
    """The threads that append to one ledger.

    Args:
        append_all: carries out several appends in one transaction.
        lock: held by whoever leads.
    """

    def __init__(self, append_all: Callable[[Sequence[Request]], Sequence[Outcome]], lock: RLock) -> None:
        self._append_all = append_all
        self._leading = lock
        self._waiting: list[Waiting] = []
        self._coming = Lock()

    def append(self, request: Request) -> Outcome:
        """Carries out an append, together with those of other threads.

        Raises:
            HostError, IntegrityError: what befell the transaction befalls all that were in it.
        """
        mine = Waiting(request)
        with self._coming:
            self._waiting.append(mine)
        with self._leading:
            while mine.outcome is None and mine.failure is None:
                self._lead()
        if mine.failure is not None:
            raise mine.failure
        assert mine.outcome is not None
        return mine.outcome

    def _lead(self) -> None:
        with self._coming:
            group, self._waiting = self._waiting[:AT_ONCE], self._waiting[AT_ONCE:]
        try:
            outcomes = self._append_all([each.request for each in group])
        except BaseException as failure:
            for each in group:
                each.failure = failure
            return
        for each, outcome in zip(group, outcomes, strict=True):
            each.outcome = outcome
