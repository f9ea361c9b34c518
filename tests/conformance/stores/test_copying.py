"""The same ledger in another store: from each kind to each, resumed, refused where it is not the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from conformance.stores.backends import BACKENDS, LEDGER, NOW_MS, all_data, fill, note

from counterfoil.errors import ConflictError, InputError, IntegrityError
from counterfoil.ledger.receipt import FORKED, Draft
from counterfoil.testing.ledger import MemoryStore
from counterfoil.usecases.copying import Copied, copy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from counterfoil.usecases.ports import Store

PAIRS = [(source, target) for source in BACKENDS for target in BACKENDS]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[[str], Store]]:
    """Opens empty ledgers of one id, by the kind of store."""
    stores: list[Store] = []

    def open_one(kind: str) -> Store:
        folder = tmp_path / str(len(stores))
        folder.mkdir()
        stores.append(BACKENDS[kind](folder).open())
        return stores[-1]

    yield open_one
    for store in stores:
        store.close()


def forked(store: Store, name: str, parent: str, at: int) -> None:
    """Makes a branch whose first receipt says what it branches off."""
    shared = next(store.read(parent, first=at, last=at))
    body = {"parent": parent, "at": at, "hash": shared.id}
    draft = Draft(name, FORKED, "human:ada", body, key=f"fork {name}", salt="0" * 32)
    store.fork(name, draft, parent=parent, at=at, now_ms=NOW_MS)


@pytest.mark.parametrize(("source", "target"), PAIRS, ids=["-to-".join(pair) for pair in PAIRS])
def test_a_copy_is_the_same_ledger(source: str, target: str, opened: Callable[[str], Store]) -> None:
    one, two = opened(source), opened(target)
    fill(one, 5)
    forked(one, "try", "ticket/a", 2)
    fill(one, 3, "try")
    forked(one, "try-again", "try", 1)
    one.erase([1])
    one.keep_checkpoint(4, "four\n")
    size, root = one.tree_head()

    assert copy(one, two) == Copied(LEDGER, 10, 10, root.hex(), 1)

    assert list(two.rows()) == list(one.rows())
    assert two.streams() == one.streams()
    assert two.checkpoints() == one.checkpoints()
    assert two.tree_head() == (size, root)
    assert all_data(two.append([note("on")], now_ms=NOW_MS)) == all_data(
        one.append([note("on")], now_ms=NOW_MS)
    )


@pytest.mark.parametrize(("source", "target"), PAIRS, ids=["-to-".join(pair) for pair in PAIRS])
def test_a_copy_goes_on_where_it_was_left(source: str, target: str, opened: Callable[[str], Store]) -> None:
    one, two = opened(source), opened(target)
    fill(one, 4)
    two.take(one.rows(last=2), one.streams())
    one.erase([0])
    fill(one, 2, "later")
    one.keep_checkpoint(6, "six\n")
    assert copy(one, two).receipts == 3
    assert list(two.rows()) == list(one.rows())
    assert copy(one, two) == Copied(LEDGER, 0, 6, one.tree_head()[1].hex(), 1)


def test_an_empty_ledger_is_copied_too(opened: Callable[[str], Store]) -> None:
    assert copy(opened("memory"), opened("sqlite")).size == 0


def test_progress_is_told_up_to_the_end(opened: Callable[[str], Store]) -> None:
    one = opened("memory")
    fill(one, 30)
    told: list[tuple[int, int]] = []
    copy(one, opened("memory"), progress=lambda done, total: told.append((done, total)))
    assert told == sorted(told)
    assert (told[0], told[-1]) == ((30, 90), (90, 90))


@pytest.mark.parametrize("there", ["others", "more"])
@pytest.mark.parametrize("target", BACKENDS)
def test_what_is_no_beginning_of_the_source_is_left_alone(
    there: str, target: str, opened: Callable[[str], Store]
) -> None:
    one, two = opened("memory"), opened(target)
    fill(one, 3)
    if there == "more":
        copy(one, two)
    fill(two, 2, "ticket/other")
    before = list(two.rows())
    with pytest.raises(ConflictError) as caught:
        copy(one, two)
    assert caught.value.code == "copies_differ"
    assert list(two.rows()) == before


def test_a_ledger_of_another_id_is_no_target(opened: Callable[[str], Store]) -> None:
    with pytest.raises(InputError) as caught:
        copy(opened("memory"), MemoryStore("01BX5ZZKBKACTAV9WEVGEMMVRZ"))
    assert caught.value.code == "other_ledger"


def test_a_damaged_source_is_not_copied(opened: Callable[[str], Store]) -> None:
    one, two = MemoryStore(LEDGER), opened("sqlite")
    fill(one, 3)
    one.log_rows[1] = one.log_rows[1]._replace(body=b'{"text":"other"}')
    with pytest.raises(IntegrityError) as caught:
        copy(one, two)
    assert caught.value.code == "ledger_damaged"
    assert two.size() == 0


def test_a_target_that_was_damaged_on_the_way_is_found_out(opened: Callable[[str], Store]) -> None:
    one, two = opened("sqlite"), MemoryStore(LEDGER)
    fill(one, 3)
    two.take(one.rows(), one.streams())
    two.log_rows[1] = two.log_rows[1]._replace(body=b'{"text":"other"}')
    with pytest.raises(IntegrityError) as caught:
        copy(one, two)
    assert "the copy" in caught.value.message
