"""What every store promises of reading: ranges, look-ups, the Merkle tree, and one moment for one reader."""

from __future__ import annotations

import pytest
from conformance.stores.backends import NOW_MS, Backend, all_data, as_data, branching, fill, note, notes

from counterfoil.errors import ConflictError, InputError, IntegrityError
from counterfoil.kernel.merkle import Peaks, root_of
from counterfoil.ledger.receipt import key_digest
from counterfoil.usecases.ports import Store, StoredRow, Stream

PAGES = 1100
"""More than two pages of any store."""


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [(0, None, [0, 1, 2, 3]), (2, None, [2, 3]), (1, 2, [1, 2]), (0, 0, [0]), (3, 9, [3]), (4, None, []),
     (2, 1, []), (-5, 1, [0, 1]), (0, -1, [])],
)  # fmt: skip
def test_ranges_include_both_ends(store: Store, first: int, last: int | None, expected: list[int]) -> None:
    fill(store, 4)
    assert [each.seq for each in store.read("ticket/a", first=first, last=last)] == expected
    assert [each.position for each in store.log(first=first, last=last)] == expected
    assert [row.position for row in store.rows(first=first, last=last)] == expected


def test_a_stream_of_many_pages_is_read_whole_and_in_order(store: Store) -> None:
    store.append([note(str(number), stream="ab"[number % 2]) for number in range(2 * PAGES)], now_ms=NOW_MS)
    assert [each.seq for each in store.read("b")] == list(range(PAGES))
    assert [each.position for each in store.log()] == list(range(2 * PAGES))
    assert [row.position for row in store.rows(first=7)] == list(range(7, 2 * PAGES))


def test_a_reader_sees_the_log_as_it_was_when_it_began(backend: Backend) -> None:
    reader, writer = backend.open(), backend.open()
    fill(writer, PAGES)
    readings = [reader.read("ticket/a"), reader.log(), reader.rows()]
    begun = [next(reading) for reading in readings]
    writer.append(notes(PAGES, prefix="later"), now_ms=NOW_MS)
    reader.append([note("mine")], now_ms=NOW_MS)
    assert len(begun) == 3
    assert [sum(1 for _ in reading) for reading in readings] == [PAGES - 1] * 3
    assert sum(1 for _ in reader.log()) == 2 * PAGES + 1


def test_a_log_without_bodies_has_everything_else(store: Store) -> None:
    sealed = fill(store, 3)
    found = list(store.log(bodies=False))
    assert [(each.hash, each.header, each.kind, each.body) for each in found] == [
        (each.hash, each.header, each.kind, None) for each in sealed
    ]


def test_rows_hold_what_receipts_hold_and_the_tree_besides(store: Store) -> None:
    sealed = fill(store, 8)
    rows = list(store.rows())
    assert all(type(row) is StoredRow for row in rows)
    assert [row.header for row in rows] == [each.header for each in sealed]
    assert [row.key.hex() for row in rows] == [each.fields["key"] for each in sealed]
    assert [len(row.nodes) // 32 for row in rows] == [0, 1, 0, 2, 0, 1, 0, 3]


def test_a_receipt_is_found_by_its_leaf_and_by_its_key(store: Store) -> None:
    sealed = fill(store, 3)
    assert as_data(store.receipt(sealed[1].hash)) == as_data(sealed[1])
    assert store.receipt(bytes(32)) is None
    assert store.receipt(b"") is None
    key = str(sealed[2].fields["key"])
    assert as_data(store.by_key("ticket/a", key)) == as_data(sealed[2])
    assert store.by_key("ticket/b", key) is None
    assert store.by_key("ticket/a", key_digest("human:ada", "never")) is None


def test_streams_are_listed_by_name_and_by_the_beginning_of_their_name(store: Store) -> None:
    names = ["ticket/b", "ticket/a", "claim/a", "ticket", "ticket-x", "ticketx"]
    for name in names:
        fill(store, 1, name)
    assert [each.name for each in store.streams()] == sorted(names)
    assert [each.name for each in store.streams("ticket/")] == ["ticket/a", "ticket/b"]
    assert store.streams("nothing") == []
    assert store.stream("ticket") == store.streams("ticket")[0]
    assert store.stream("tick") is None


def test_kinds_are_listed_once(store: Store) -> None:
    store.append([note("1"), note("2", kind="ticket.applied"), note("3")], now_ms=NOW_MS)
    assert sorted(store.kinds()) == [("stream.noted", 1), ("ticket.applied", 1)]


def test_a_kind_that_was_taken_back_was_never_sealed(store: Store) -> None:
    fill(store, 1)
    with pytest.raises(ConflictError):
        store.append([note("x", kind="new.kind"), note("other", key="ticket/a 0")], now_ms=NOW_MS)
    assert store.kinds() == [("stream.noted", 1)]
    store.append([note("x", kind="new.kind")], now_ms=NOW_MS)
    assert sorted(store.kinds()) == [("new.kind", 1), ("stream.noted", 1)]


def test_the_tree_is_the_same_however_it_grew(store: Store) -> None:
    peaks, size = Peaks(), 0
    for count in (1, 1, 1, 5, 40, 7, 64, 2):
        drafts = [note(str(number)) for number in range(size, size + count)]
        for receipt in store.append(drafts, now_ms=NOW_MS):
            peaks.append(receipt.hash)
        size += count
        assert store.tree_head() == (size, peaks.root())
        assert root_of(size, store.node) == peaks.root()


def test_a_subtree_that_is_not_there_is_damage(store: Store) -> None:
    fill(store, 5)
    assert store.node(0, 4) == list(store.log())[4].hash
    for height, index in ((0, 5), (1, 2), (2, 1), (3, 0)):
        with pytest.raises(IntegrityError) as caught:
            store.node(height, index)
        assert caught.value.code == "ledger_damaged"


def test_a_branch_shares_its_parents_past_and_has_a_life_of_its_own(store: Store) -> None:
    sealed = fill(store, 4)
    begun = store.fork("b", branching("b", "ticket/a", 1), parent="ticket/a", at=1, now_ms=NOW_MS)
    assert (begun.position, begun.stream, begun.seq, begun.prev) == (4, "b", 0, b"")
    (more,) = store.append([note("on", stream="b")], now_ms=NOW_MS)
    store.append([note("on")], now_ms=NOW_MS)
    assert (more.seq, more.prev) == (1, begun.hash)
    assert store.stream("b") == Stream("b", 2, more.hash, "ticket/a", 1, sealed[1].hash)
    assert store.stream("ticket/a") is not None
    assert [each.seq for each in store.read("b")] == [0, 1]


def test_branches_branch(store: Store) -> None:
    fill(store, 2)
    first = store.fork("b", branching("b", "ticket/a", 1), parent="ticket/a", at=1, now_ms=NOW_MS)
    store.fork("c", branching("c", "b", 0), parent="b", at=0, now_ms=NOW_MS)
    found = store.stream("c")
    assert found is not None
    assert (found.parent, found.fork_seq, found.fork_hash) == ("b", 0, first.hash)


def test_a_branch_is_no_older_than_what_it_branches_off(store: Store) -> None:
    sealed = fill(store, 1)
    begun = store.fork("b", branching("b", "ticket/a", 0), parent="ticket/a", at=0, now_ms=NOW_MS - 9999)
    assert begun.at == sealed[0].at


@pytest.mark.parametrize(
    ("parent", "at", "code"),
    [
        ("nobody", 0, "stream_not_found"),
        ("ticket/a", 2, "receipt_not_found"),
        ("ticket/a", -1, "receipt_not_found"),
    ],
)
def test_a_branch_needs_something_to_branch_off(store: Store, parent: str, at: int, code: str) -> None:
    fill(store, 2)
    with pytest.raises(InputError) as caught:
        store.fork("b", branching("b", parent, at), parent=parent, at=at, now_ms=NOW_MS)
    assert caught.value.code == code
    assert (store.size(), store.stream("b")) == (2, None)


def test_a_branch_needs_a_name_of_its_own_and_may_be_begun_again_by_the_same_draft(store: Store) -> None:
    fill(store, 2)
    begun = store.fork("b", branching("b", "ticket/a", 1), parent="ticket/a", at=1, now_ms=NOW_MS)
    again = store.fork("b", branching("b", "ticket/a", 1), parent="ticket/a", at=1, now_ms=NOW_MS + 1)
    assert as_data(again) == as_data(begun)
    for draft in (branching("b", "ticket/a", 1, key="other"), branching("ticket/a", "b", 0)):
        with pytest.raises(ConflictError) as caught:
            store.fork(draft.stream, draft, parent="ticket/a", at=1, now_ms=NOW_MS)
        assert caught.value.code == "stream_exists"


def test_rows_are_taken_over_verbatim_with_branches_and_gaps_in_bodies(backend: Backend) -> None:
    source, target = backend.open(), backend.open_other()
    fill(source, 3)
    source.fork("b", branching("b", "ticket/a", 1), parent="ticket/a", at=1, now_ms=NOW_MS)
    source.erase([2])
    assert target.take(source.rows(), source.streams()) == 4
    source.append([note("more", stream="b", kind="new.kind")], now_ms=NOW_MS)
    assert target.take(source.rows(first=4), source.streams()) == 1
    assert list(target.rows()) == list(source.rows())
    assert target.streams() == source.streams()
    assert (target.tree_head(), target.kinds()) == (source.tree_head(), source.kinds())
    target.append([note("goes on")], now_ms=NOW_MS)
    assert target.tree_head()[0] == 6
    assert all_data(target.read("ticket/a"))[:3] == all_data(source.read("ticket/a"))


@pytest.mark.parametrize("wrong", ["gap", "again", "prev", "seq"])
def test_rows_that_do_not_follow_are_refused(backend: Backend, wrong: str) -> None:
    source, target = backend.open(), backend.open_other()
    fill(source, 4)
    rows = list(source.rows())
    target.take(rows[:2], source.streams())
    bad = {
        "gap": rows[3],
        "again": rows[1],
        "prev": rows[2]._replace(prev=bytes(32)),
        "seq": rows[2]._replace(seq=7),
    }[wrong]
    with pytest.raises(IntegrityError) as caught:
        target.take([bad], source.streams())
    assert caught.value.code == "ledger_damaged"
    assert target.size() == 2
    assert target.take(rows[2:], source.streams()) == 2


def test_waiting_ends_at_once_when_there_is_something_and_in_time_when_there_is_not(store: Store) -> None:
    assert store.wait(0, 0) is False
    assert store.wait(0, 0.01) is False
    fill(store, 1)
    assert store.wait(0, 600) is True
    assert store.wait(1, 0) is False
