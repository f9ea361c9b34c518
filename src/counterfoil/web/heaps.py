"""How many heaps the C library keeps for a process: by default eight for each core, and what one thread freed no other uses."""

from __future__ import annotations

import sys

M_ARENA_MAX = -8
"""The parameter of mallopt(3) for it."""
HEAPS = 2
"""One thread runs Python code at a time, so that more of them save no waiting; it costs 5 MiB of 150 to have them."""


def keep_few() -> bool:
    """Has all threads share two heaps, where the C library is GNU's; tells whether it did. Callable before any thread is there."""
    if sys.platform != "linux":
        return False
    import ctypes

    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    return bool(mallopt(M_ARENA_MAX, HEAPS))
