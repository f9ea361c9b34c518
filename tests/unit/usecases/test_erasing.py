"""Which bodies an erasure is about, however many it names and whoever wrote it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from counterfoil.ledger.receipt import Draft
from counterfoil.testing.ledger import MemoryStore
from counterfoil.usecases import erasing, kinds
from counterfoil.usecases.addressing import find_receipt

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from counterfoil.ledger.receipt import Receipt

LEDGER = "01ARZ3NDEKTSV4RRFFQ69G5FAV"


class Counted(MemoryStore):
    """A store that counts how often all of it is read, and is never asked for single leaves."""

    def __init__(self, ledger: str) -> None:
        super().__init__(ledger)
        self.passes: list[bool] = []

    def receipt(self, leaf: bytes) -> Receipt | None:
        """Refuses: looking for a leaf reads all of them."""
        raise AssertionError(leaf)

    def log(self, *, first: int = 0, last: int | None = None, bodies: bool = True) -> Iterator[Receipt]:
        """Counts."""
        if first != last:
            self.passes.append(bodies)
        return super().log(first=first, last=last, bodies=bodies)

    def seal(self, kind: str, stream: str, **body: Any) -> Receipt:
        """Appends one receipt."""
        key = str(self.size())
        (sealed,) = self.append([Draft(stream, kind, "human:ada", body, key=key, salt="0" * 32)], now_ms=0)
        return sealed


@pytest.fixture
def store() -> Counted:
    """A ledger of its opening, three notes and nothing erased."""
    store = Counted(LEDGER)
    store.seal(kinds.OPENED, kinds.LEDGER, project="")
    for number in range(3):
        store.seal(kinds.NOTED, "ticket/T", text=f"note {number}")
    return store


def leaves(store: Counted, *positions: int) -> list[str]:
    """Returns the ids of receipts."""
    every = [receipt.id for receipt in MemoryStore.log(store)]
    return [every[position] for position in positions]


def test_a_ledger_that_erased_nothing_is_not_read_for_it(store: Counted) -> None:
    assert (erasing.unfinished(store), store.passes) == ([], [])


def test_a_hundred_thousand_names_are_looked_for_in_one_pass(store: Counted) -> None:
    strange = [f"{number:064x}" for number in range(100_000)]
    store.seal(kinds.ERASED, kinds.LEDGER, receipts=[*strange, *leaves(store, 1, 3)], bodies=[], reason="x")
    assert erasing.unfinished(store) == [1, 3]
    assert store.passes == [True]


def test_what_is_gone_is_not_unfinished(store: Counted) -> None:
    store.seal(kinds.ERASED, kinds.LEDGER, receipts=leaves(store, 1, 3), bodies=[], reason="x")
    assert erasing.follow(store) == 2
    assert (erasing.unfinished(store), erasing.follow(store)) == ([], 0)


def test_what_the_ledger_cannot_be_checked_without_stays_whoever_names_it(store: Counted) -> None:
    draft = Draft("ticket/T/fork-1", "stream.forked", "human:ada", {}, key="f", salt="0" * 32)
    store.fork("ticket/T/fork-1", draft, parent="ticket/T", at=1, now_ms=0)
    store.seal(kinds.ERASED, kinds.LEDGER, receipts=leaves(store, 0, 2, 4), bodies=[], reason="x")
    assert erasing.unfinished(store) == [2]


def test_what_was_erased_before_a_place_is_not_named_behind_it(store: Counted) -> None:
    store.seal(kinds.ERASED, kinds.LEDGER, receipts=leaves(store, 1), bodies=[], reason="x")
    store.seal(kinds.ERASED, kinds.LEDGER, receipts=leaves(store, 2), bodies=[], reason="x")
    assert [leaf.hex() for leaf in erasing.named(store, first=5)] == leaves(store, 2)
    assert len(erasing.named(store)) == 2


def test_a_receipt_is_found_by_how_its_hash_begins_without_a_body_being_read(store: Counted) -> None:
    (wanted,) = leaves(store, 2)
    found = find_receipt(None, store, wanted[:8])  # type: ignore[arg-type]
    assert (found.id, store.passes) == (wanted, [False])
    assert found.body is not None
