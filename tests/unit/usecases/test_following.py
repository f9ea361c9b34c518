"""The live tail: where it begins, goes on and stops; `conformance/stores` follows real processes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from counterfoil.errors import InputError
from counterfoil.ledger.receipt import Draft
from counterfoil.testing.ledger import MemoryStore
from counterfoil.usecases.following import follow

if TYPE_CHECKING:
    from collections.abc import Callable

LEDGER = "01ARZ3NDEKTSV4RRFFQ69G5FAX"


def note(store: MemoryStore, *texts: str) -> None:
    """Seals notes."""
    drafts = [
        Draft("text", "stream.noted", "human:ada", {"text": text}, key=text, salt="0" * 32) for text in texts
    ]
    store.append(drafts, now_ms=1_900_000_000_000, expect={})


def after(count: int) -> Callable[[], bool]:
    """Returns what stops a follower when it has asked so often."""
    asked = iter(range(count))
    return lambda: next(asked, None) is None


def test_a_follower_goes_on_with_what_is_sealed_while_it_reads() -> None:
    store = MemoryStore(LEDGER)
    note(store, "0", "1")
    seen = []
    for receipt in follow(store, 0, stop=after(9), look_up_s=0):
        seen.append(receipt.position)
        if len(seen) < 5:
            note(store, f"more {len(seen)}")
    assert seen == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize(("known", "expected"), [(0, [0, 1, 2]), (2, [2]), (3, [])])
def test_a_follower_begins_behind_what_is_known(known: int, expected: list[int]) -> None:
    store = MemoryStore(LEDGER)
    note(store, "0", "1", "2")
    assert [receipt.position for receipt in follow(store, known, stop=after(6), look_up_s=0)] == expected


def test_a_follower_that_is_told_to_stop_stops_between_two_receipts() -> None:
    store = MemoryStore(LEDGER)
    note(store, "0", "1", "2")
    seen: list[int] = []
    for receipt in follow(store, 0, stop=lambda: len(seen) == 2, look_up_s=0):
        seen.append(receipt.position)
    assert seen == [0, 1]


@pytest.mark.parametrize("known", [-1, 4])
def test_nobody_can_have_seen_more_than_there_is(known: int) -> None:
    store = MemoryStore(LEDGER)
    note(store, "0", "1", "2")
    with pytest.raises(InputError) as caught:
        next(follow(store, known, stop=lambda: False))
    assert caught.value.code == "receipt_not_found"


def test_bodies_that_are_not_wanted_are_not_read() -> None:
    store = MemoryStore(LEDGER)
    note(store, "0")
    assert [receipt.body for receipt in follow(store, 0, stop=after(3), look_up_s=0, bodies=False)] == [None]
