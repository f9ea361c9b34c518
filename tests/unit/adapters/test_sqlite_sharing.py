"""The store that the threads of a server share: readers that go back, files that were replaced, an orderly end."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from conformance.stores.backends import LEDGER, NOW_MS, fill, note

from counterfoil.adapters.ledgers import SharedLedgers
from counterfoil.adapters.sqlite.sharing import SharedStore
from counterfoil.errors import HostError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def ledgers(tmp_path: Path) -> Iterator[SharedLedgers]:
    """The ledgers of a clone, whose own is made."""
    made = SharedLedgers(str(tmp_path), {})
    made.open(LEDGER)
    yield made
    made.shut()


def test_all_are_given_the_one_store_and_closing_it_does_nothing(ledgers: SharedLedgers) -> None:
    store = ledgers.open()
    store.close()
    assert ledgers.open() is store
    fill(store, 3)
    assert store.size() == 3


def test_what_many_threads_append_is_all_there_and_each_reads_its_own(ledgers: SharedLedgers) -> None:
    store = ledgers.open()
    found: list[bool] = []

    def work(thread: int) -> None:
        for number in range(25):
            (receipt,) = store.append([note(f"{thread}/{number}", stream=f"ticket/{thread}")], now_ms=NOW_MS)
            found.append(store.receipt(receipt.hash) is not None)

    threads = [threading.Thread(target=work, args=(each,)) for each in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(found), all(found), store.size()) == (200, True, 200)


def test_an_iterator_that_is_left_half_way_gives_its_reader_back(ledgers: SharedLedgers) -> None:
    store = ledgers.open()
    assert isinstance(store, SharedStore)
    fill(store, 5)
    before = len(store._idle)
    for _ in range(10):
        reading = store.log()
        next(reading)
        del reading
    assert len(store._idle) == before


def test_a_file_that_was_replaced_is_opened_anew(ledgers: SharedLedgers, tmp_path: Path) -> None:
    fill(ledgers.open(), 3)
    for file in tmp_path.glob("ledger.db*"):
        file.unlink()
    other = SharedLedgers(str(tmp_path), {})
    other.open(LEDGER[:-1] + "W")
    other.shut()
    assert (ledgers.open().ledger[-1], ledgers.open().size()) == ("W", 0)


def test_views_are_lent_and_come_back(ledgers: SharedLedgers) -> None:
    first = ledgers.views()
    second = ledgers.views()
    assert first is not second
    first.close()
    assert ledgers.views() is first
    second.close()


def test_views_whose_file_is_gone_are_not_lent_again(ledgers: SharedLedgers, tmp_path: Path) -> None:
    first = ledgers.views()
    first.close()
    (tmp_path / "views.db").unlink()
    again = ledgers.views()
    assert again is not first
    again.close()


def test_what_comes_after_the_end_is_refused(ledgers: SharedLedgers) -> None:
    store = ledgers.open()
    ledgers.shut()
    with pytest.raises(HostError) as error:
        store.append([note()], now_ms=NOW_MS)
    assert error.value.fields["reason"] == "closed"
