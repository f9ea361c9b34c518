"""How often somebody may ask. Everybody is counted by what the connection says, never by what headers say.

Counters live in memory: a restart forgives. Policy has rates of its own for what agents may do; these only
keep one caller from taking the server away from the others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

if TYPE_CHECKING:
    from counterfoil.usecases.ports import Clock

PER_MINUTE = {
    "address": 60_000,
    "principal": 30_000,
    "visitor": 6_000,
    "webhook": 100,
    "bad-token": 20,
    "sign-in": 10,
    "unnamed": 600,
}
"""Whom each counts: `address`, all requests of one peer; `principal`, those of one agent; `visitor`, what one person asks for
with all their browsers; `webhook`, those
of one peer to the webhooks; `bad-token`, tokens and signatures of one peer that are none; `sign-in`, one-time codes likewise; `unnamed`, requests without
any. Whoever is told to wait for bad tokens or codes may still send a good one: nobody guesses 256 bits, and one
agent's mistake should not lock out the others of a machine."""


class Rates:
    """Counts, by kind and name.

    Args:
        clock: tells the time.
        per_minute: other limits than the usual ones.
    """

    def __init__(self, clock: Clock, per_minute: dict[str, int] | None = None) -> None:
        self._clock = clock
        wanted = {**PER_MINUTE, **(per_minute or {})}
        self._items = {kind: RateLimitItemPerMinute(count) for kind, count in wanted.items()}
        self._limiter = FixedWindowRateLimiter(MemoryStorage())

    def count(self, kind: str, name: str) -> int:
        """Counts one request; returns 0, or after how many seconds to come back."""
        item = self._items[kind]
        if self._limiter.hit(item, kind, name):
            return 0
        return self._wait_s(item, kind, name)

    def _wait_s(self, item: RateLimitItemPerMinute, kind: str, name: str) -> int:
        reset = self._limiter.get_window_stats(item, kind, name).reset_time
        return max(1, int(reset - self._clock.now_ms() / 1000) + 1)
