"""The times of receipts: ISO 8601, UTC, to the millisecond, as claimed by whoever sealed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def read_ms(text: str) -> int | None:
    """Returns milliseconds since 1970, or None for a text that tells no time in UTC."""
    if not text.endswith("Z"):
        return None
    try:
        return (datetime.fromisoformat(text) - _EPOCH) // _MILLISECOND
    except (ValueError, OverflowError):
        return None
