"""The clock, chance and the terminal's user. No other module reads them. On the hot path."""

from __future__ import annotations

import os
import time


class SystemClock:
    """The machine's clock."""

    def now_ms(self) -> int:
        """Returns milliseconds since 1970."""
        return time.time_ns() // 1_000_000

    def now_ns(self) -> int:
        """Returns nanoseconds since 1970."""
        return time.time_ns()

    def sleep(self, seconds: float) -> None:
        """Waits."""
        time.sleep(seconds)

    def utc(self, ms: int) -> str:
        """Writes a time as `2026-02-16T18:22:11Z`, to the second."""
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(ms // 1000))


class SystemEntropy:
    """The machine's random numbers."""

    def bits(self, count: int) -> int:
        """Returns `count` random bits as an integer."""
        return int.from_bytes(os.urandom((count + 7) // 8), "big") >> (-count % 8)
