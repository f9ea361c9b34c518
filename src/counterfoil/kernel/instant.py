"""Moments as text: ISO 8601, UTC, to the millisecond, as they stand in headers. On the hot path."""

from __future__ import annotations

DAY_MS = 86_400_000
_ERA_DAYS = 146_097
"""Days in 400 years, after which the calendar repeats."""
_EPOCH_DAYS = 719_468
"""Days from 1 March of the year 0 to 1 January 1970; years that begin in March end with the leap day."""


def iso_ms(ms: int) -> str:
    """Writes milliseconds since 1970, none before it, as `2026-11-20T09:15:00.123Z`."""
    days, rest = divmod(ms, DAY_MS)
    minutes, rest = divmod(rest, 60_000)
    return f"{_date(days)}T{minutes // 60:02d}:{minutes % 60:02d}:{rest // 1000:02d}.{rest % 1000:03d}Z"


def _date(days: int) -> str:
    """Writes a day, counted from 1970, by the proleptic Gregorian calendar."""
    era, day = divmod(days + _EPOCH_DAYS, _ERA_DAYS)
    year = (day - day // 1460 + day // 36_524 - day // 146_096) // 365
    day -= 365 * year + year // 4 - year // 100
    month = (5 * day + 2) // 153
    day -= (153 * month + 2) // 5 - 1
    year += era * 400 + (month > 9)
    return f"{year:04d}-{month - 9 if month > 9 else month + 3:02d}-{day:02d}"
