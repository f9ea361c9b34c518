"""The times of receipts are read as they are written, and nothing else is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.kernel.instant import iso_ms
from counterfoil.ledger.instant import read_ms


@given(st.integers(0, 253_402_300_799_999))
def test_what_is_written_can_be_read(ms: int) -> None:
    assert read_ms(iso_ms(ms)) == ms


@pytest.mark.parametrize(
    "text",
    ["", "Z", "2026-11-20T09:15:00.123", "2026-11-20T09:15:00+01:00", "2026-13-01T00:00:00Z", "nowZ", "\0Z"],
)
def test_what_tells_no_time_in_utc_is_none(text: str) -> None:
    assert read_ms(text) is None
