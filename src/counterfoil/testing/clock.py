"""A clock that stands still until a test moves it."""

from __future__ import annotations

import time


class FixedClock:
    """Tells the time that it was given; waiting moves it.

    Args:
        ms: milliseconds since 1970.
    """

    def __init__(self, ms: int) -> None:
        self.ms = ms

    def now_ms(self) -> int:
        """Returns milliseconds since 1970."""
        return self.ms

    def now_ns(self) -> int:
        """Returns nanoseconds since 1970."""
        return self.ms * 1_000_000

    def sleep(self, seconds: float) -> None:
        """Moves the clock instead of waiting."""
        self.ms += int(seconds * 1000)

    def utc(self, ms: int) -> str:
        """Writes a time in ISO 8601, UTC, to the second."""
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(ms // 1000))
