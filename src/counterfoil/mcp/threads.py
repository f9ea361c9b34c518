"""Threads for calls that block, in lanes: whoever waits or writes never takes the last thread from who only looks."""

from __future__ import annotations

from anyio import CapacityLimiter
from anyio.lowlevel import RunVar

WRITERS = 16
"""They wait for one another's lock in any case."""
WAITERS = 64
"""More callers take turns, for a second each."""

_writers: RunVar[CapacityLimiter] = RunVar("counterfoil_writers")
_waiters: RunVar[CapacityLimiter] = RunVar("counterfoil_waiters")


def writers() -> CapacityLimiter:
    """Returns the lane of calls that change something."""
    return _lane(_writers, WRITERS)


def waiters() -> CapacityLimiter:
    """Returns the lane of calls that wait for an answer."""
    return _lane(_waiters, WAITERS)


def _lane(kept: RunVar[CapacityLimiter], size: int) -> CapacityLimiter:
    try:
        return kept.get()
    except LookupError:
        made = CapacityLimiter(size)
        kept.set(made)
        return made
