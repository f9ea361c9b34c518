"""What every store promises of appending: sealed once, in order, all or nothing."""

from __future__ import annotations

import pytest
from conformance.stores.backends import (
    ADA,
    LEDGER,
    NOTED,
    NOW,
    NOW_MS,
    Backend,
    all_data,
    as_data,
    fill,
    note,
    notes,
)

from counterfoil.errors import ConflictError
from counterfoil.kernel import canonical
from counterfoil.kernel.digest import hash_leaf, sha256_hex
from counterfoil.kernel.merkle import EMPTY_ROOT
from counterfoil.ledger.receipt import Draft, key_digest
from counterfoil.usecases.ports import Head, Store


def test_an_empty_ledger_is_empty(store: Store) -> None:
    assert store.ledger == LEDGER
    assert (store.size(), store.tree_head()) == (0, (0, EMPTY_ROOT))
    assert store.head("ticket/a") == Head(0, b"", "")
    assert (list(store.log()), list(store.rows()), list(store.read("ticket/a"))) == ([], [], [])
    assert (store.streams(), store.kinds(), store.checkpoints(), store.problems()) == ([], [], [], [])
    assert store.append([], now_ms=NOW_MS) == []


def test_a_header_says_everything_in_canonical_bytes(store: Store) -> None:
    first, second = store.append([note("one"), note("two")], now_ms=NOW_MS)
    expected = {
        "actor": ADA, "at": NOW, "body": sha256_hex(note("two").body), "key": key_digest(ADA, "two"), "kind": NOTED,
        "ledger": LEDGER, "prev": first.id, "schema": 1, "seq": 1, "stream": "ticket/a", "v": 1,
    }  # fmt: skip
    assert canonical.decode(second.header) == expected
    assert (second.hash, second.prev) == (hash_leaf(second.header), first.hash)
    assert (second.position, second.seq, second.body) == (1, 1, note("two").body)
    assert first.prev == b""
    assert store.head("ticket/a") == Head(2, second.hash, NOW)


def test_what_was_appended_is_what_is_read_by_whoever_opens_it(backend: Backend) -> None:
    sealed = fill(backend.open(), 3)
    assert all_data(backend.open().read("ticket/a")) == all_data(sealed)


def test_streams_are_counted_apart_and_the_log_together(store: Store) -> None:
    drafts = [note("1", stream="a"), note("2", stream="b"), note("3", stream="a")]
    sealed = store.append(drafts, now_ms=NOW_MS)
    assert [(each.position, each.stream, each.seq) for each in sealed] == [
        (0, "a", 0),
        (1, "b", 0),
        (2, "a", 1),
    ]
    assert sealed[2].prev == sealed[0].hash
    assert all_data(store.log()) == all_data(sealed)


def test_time_never_runs_backwards_within_a_stream(store: Store) -> None:
    (first,) = store.append([note("1")], now_ms=NOW_MS)
    (second,) = store.append([note("2")], now_ms=NOW_MS - 60_000)
    (elsewhere,) = store.append([note("3", stream="b")], now_ms=NOW_MS - 60_000)
    assert (first.at, second.at) == (NOW, NOW)
    assert elsewhere.at == "2025-11-21T18:32:20.123Z"


def test_a_statement_is_committed_in_the_header(store: Store) -> None:
    statement = ("a" * 64, ["c" * 64, "b" * 64])
    draft = Draft("s", NOTED, ADA, {}, key="k", salt="0" * 32, statement=statement)
    (sealed,) = store.append([draft], now_ms=NOW_MS)
    assert sealed.fields["pae"] == "a" * 64
    assert sealed.fields["sigs"] == ["b" * 64, "c" * 64]


def test_the_same_key_and_body_is_the_same_receipt_whatever_the_salt(store: Store) -> None:
    (first,) = store.append([note("once", salt=1)], now_ms=NOW_MS)
    (again,) = store.append([note("once", salt=2)], now_ms=NOW_MS + 5000)
    assert as_data(again) == as_data(first)
    assert store.size() == 1


def test_a_key_counts_in_its_stream_alone(store: Store) -> None:
    store.append([note("once"), note("once", stream="b")], now_ms=NOW_MS)
    assert store.size() == 2


def test_the_same_draft_twice_in_one_append_is_sealed_once(store: Store) -> None:
    first, second = store.append([note("once"), note("once")], now_ms=NOW_MS)
    assert as_data(first) == as_data(second)
    assert store.size() == 1


@pytest.mark.parametrize(
    "other", [note("other", key="k"), note("same", key="k", kind="stream.other")], ids=["body", "kind"]
)
def test_a_key_that_was_used_for_another_event_is_refused(store: Store, other: Draft) -> None:
    store.append([note("same", key="k")], now_ms=NOW_MS)
    with pytest.raises(ConflictError) as caught:
        store.append([note("before it"), other, note("after it")], now_ms=NOW_MS)
    assert caught.value.code == "key_reused"
    assert (caught.value.fields["stream"], caught.value.fields["seq"]) == ("ticket/a", 0)
    assert store.size() == 1


def test_new_and_known_drafts_in_one_append_come_back_in_order(store: Store) -> None:
    old = fill(store, 2)
    drafts = [note("new"), *notes(2, prefix="ticket/a"), note("newer")]
    sealed = store.append(drafts, now_ms=NOW_MS)
    assert [each.position for each in sealed] == [2, 0, 1, 3]
    assert all_data(sealed[1:3]) == all_data(old)
    assert store.append([note("newest")], now_ms=NOW_MS)[0].prev == sealed[3].hash


def test_an_append_relies_on_the_length_of_a_stream(store: Store) -> None:
    assert len(store.append(notes(2), now_ms=NOW_MS, expect={"ticket/a": 0})) == 2
    assert len(store.append([note("third")], now_ms=NOW_MS, expect={"ticket/a": 2, "b": 0})) == 1
    with pytest.raises(ConflictError) as caught:
        store.append([note("x", stream="b"), note("fourth")], now_ms=NOW_MS, expect={"ticket/a": 2})
    error = caught.value
    assert (error.code, error.fields) == (
        "version_conflict",
        {"stream": "ticket/a", "expected": 2, "actual": 3},
    )
    assert (store.size(), store.stream("b")) == (3, None)


def test_an_expectation_may_name_a_stream_that_nothing_is_appended_to(store: Store) -> None:
    fill(store, 1, "policy")
    with pytest.raises(ConflictError) as caught:
        store.append([note()], now_ms=NOW_MS, expect={"policy": 0})
    assert caught.value.fields["stream"] == "policy"
    assert len(store.append([note()], now_ms=NOW_MS, expect={"policy": 1})) == 1


def test_a_repeated_append_is_answered_although_its_stream_is_longer_now(store: Store) -> None:
    first = store.append(notes(2), now_ms=NOW_MS, expect={"ticket/a": 0})
    again = store.append(notes(2), now_ms=NOW_MS, expect={"ticket/a": 0})
    assert all_data(again) == all_data(first)
    with pytest.raises(ConflictError) as caught:
        store.append([*notes(2), note("new")], now_ms=NOW_MS, expect={"ticket/a": 0})
    assert caught.value.code == "version_conflict"
    assert store.size() == 2


def test_after_a_refusal_the_next_append_goes_on_where_the_log_ends(store: Store) -> None:
    fill(store, 5)
    with pytest.raises(ConflictError):
        store.append([note("x"), note("y", key="ticket/a 1")], now_ms=NOW_MS)
    (sealed,) = store.append([note("z")], now_ms=NOW_MS)
    assert (sealed.position, sealed.seq) == (5, 5)
    assert store.tree_head()[0] == 6


def test_two_openings_of_a_ledger_see_what_the_other_appended(backend: Backend) -> None:
    one, two = backend.open(), backend.open()
    for number in range(6):
        (one, two)[number % 2].append([note(str(number))], now_ms=NOW_MS)
    assert [each.seq for each in two.read("ticket/a")] == list(range(6))
    assert one.tree_head() == two.tree_head()


def test_an_erased_body_is_gone_and_its_receipt_stays(store: Store) -> None:
    sealed = fill(store, 3)
    assert store.erase([1, 1, 99]) == 1
    assert store.erase([1]) == 0
    (found,) = store.read("ticket/a", first=1, last=1)
    assert (found.hash, found.header, found.body) == (sealed[1].hash, sealed[1].header, None)
    assert [row.body is None for row in store.rows()] == [False, True, False]
    assert store.size() == 3


def test_what_was_erased_is_not_sealed_again(store: Store) -> None:
    sealed = fill(store, 1)
    store.erase([0])
    (again,) = store.append(notes(1, prefix="ticket/a"), now_ms=NOW_MS)
    assert (again.hash, again.body) == (sealed[0].hash, None)
    assert store.size() == 1


def test_checkpoints_are_kept_by_size_and_the_later_of_one_size_counts(store: Store) -> None:
    store.keep_checkpoint(5, "five\n")
    store.keep_checkpoint(2, "two\n")
    store.keep_checkpoint(5, "five, signed twice — ✓\n")
    assert store.checkpoints() == [(2, "two\n"), (5, "five, signed twice — ✓\n")]
