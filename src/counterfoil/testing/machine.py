"""A machine that can die at any moment, and what survives its death.

Every port of a simulated process tells its `Machine` before and after whatever it changes. The machine
may die there: from then on every port raises `Crash`, inside `except` and `finally` blocks too, since a
dead process puts nothing in order. What the ports had written is still there for the next process.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


DIES, FINISHES, LINGERS = "dies", "finishes", "lingers"


class Crash(BaseException):
    """The process is gone, as after `kill -9`. No handler of the product may catch it for good."""


class Machine:
    """One life of one process.

    Args:
        at: the moment, counted from 1, at which it dies; 0 for never.
        meanwhile: called at every moment that the process survives, with its number; what others do
            between two steps of this process happens there.
        orphan: what becomes of a Git that it had started when it dies: it DIES too, it FINISHES at once, or it
            LINGERS and finishes while somebody waits for it.
    """

    def __init__(
        self, at: int = 0, meanwhile: Callable[[int], None] | None = None, orphan: str = DIES
    ) -> None:
        self.alive = True
        self.orphan = orphan
        self.moments = 0
        self.last = ""
        self._at = at
        self._meanwhile = meanwhile

    def check(self) -> None:
        """Lets a living process go on.

        Raises:
            Crash: when it is dead.
        """
        if not self.alive:
            raise Crash(self.last)

    def __call__(self, moment: str) -> None:
        """Passes one moment, before or after something changes.

        Raises:
            Crash: when the process dies here, or is dead already.
        """
        if not self.alive:
            raise Crash(self.last)
        self.moments += 1
        self.last = moment
        if self.moments == self._at:
            self.alive = False
            raise Crash(moment)
        if self._meanwhile is not None:
            self._meanwhile(self.moments)
