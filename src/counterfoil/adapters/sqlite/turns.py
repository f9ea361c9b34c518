"""Lets processes take turns at writing: SQLite itself only says that somebody is at it.

Whoever waits looks again after a fraction of a millisecond, which gives everybody the same chance
but promises nothing: a process that writes without a pause leaves the lock for a moment
only. So who has waited for long locks the folder, and who is about to write lets it go first.
That is a courtesy and not what keeps the data safe. On the hot path.
"""

from __future__ import annotations

import os
import time
from fcntl import LOCK_EX, LOCK_NB, LOCK_SH, LOCK_UN, flock

PAUSE_S = 0.0002
"""The shortest pause between two looks; the longest is four times as long."""
LONG_S = 0.04
"""After this time a waiter asks the others to let it go first."""
COURTESY_S = 0.2
"""No longer than this does anybody stand back."""


class Turns:
    """One connection's manners.

    Args:
        folder: where the database lies.
        timeout_s: how long to wait for others at most.
    """

    __slots__ = ("_asking", "_began", "_folder", "_timeout_s")

    def __init__(self, folder: str, timeout_s: float) -> None:
        self._folder = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._timeout_s = timeout_s
        self._began = 0.0
        self._asking = False

    def stand_back(self) -> None:
        """Lets those go first who have waited for long. Called before each attempt to write."""
        if _locked(self._folder, LOCK_SH):
            flock(self._folder, LOCK_UN)
            return
        end = time.monotonic() + COURTESY_S
        while time.monotonic() < end:
            time.sleep(PAUSE_S)
            if _locked(self._folder, LOCK_SH):
                flock(self._folder, LOCK_UN)
                return

    def wait(self, looks: int) -> bool:
        """Waits a moment for whoever is writing: the busy handler. False when the time is over."""
        now = time.monotonic()
        if looks == 0:
            self._began = now
        waited = now - self._began
        if waited > self._timeout_s:
            return False
        if waited > LONG_S and not self._asking:
            self._asking = _locked(self._folder, LOCK_EX)
        chance = time.monotonic_ns() % 1024 / 1024
        time.sleep(PAUSE_S * (1 + 3 * chance))
        return True

    def done(self) -> None:
        """Says that the waiting is over, whatever came of it."""
        if self._asking:
            self._asking = False
            flock(self._folder, LOCK_UN)

    def close(self) -> None:
        """Lets go of the folder."""
        if self._folder >= 0:
            os.close(self._folder)
            self._folder = -1


def _locked(descriptor: int, how: int) -> bool:
    try:
        flock(descriptor, how | LOCK_NB)
    except OSError:
        return False
    return True
