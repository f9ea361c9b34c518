"""Merging the index: never a conflict, and what a rebuild of the merged tickets would say."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.tickets.test_index import TABLES, ULID, row, whole

from counterfoil.tickets.index_merge import entries, merge_indexes
from counterfoil.tickets.model import Row

OTHER = "01BRZ3NDEKTSV4RRFFQ69G5FAV"


def merged(base: list[Row], ours: list[Row], theirs: list[Row]) -> bytes:
    """Merges three indexes."""
    return merge_indexes(whole(base), whole(ours), whole(theirs), "TK")


@given(TABLES, TABLES)
def test_one_sides_changes_are_taken_whole(base: list[Row], changed: list[Row]) -> None:
    assert merged(base, changed, base) == whole(changed)
    assert merged(base, base, changed) == whole(changed)


@given(TABLES, TABLES)
def test_the_same_change_on_both_sides_is_one(base: list[Row], changed: list[Row]) -> None:
    assert merged(base, changed, changed) == whole(changed)


@given(TABLES, TABLES, TABLES)
def test_both_sides_come_to_the_same_tickets(base: list[Row], ours: list[Row], theirs: list[Row]) -> None:
    def ids(text: bytes) -> list[str]:
        return [entry["id"] for entry in json.loads(text)["tickets"]]

    assert sorted(ids(merged(base, ours, theirs))) == sorted(ids(merged(base, theirs, ours)))


def test_fields_merge_as_those_of_tickets_do() -> None:
    base = row(labels=("a", "b"))
    ours = row(title="Ours", state="in_progress", labels=("b", "o"))
    theirs = row(state="blocked", priority="p0", labels=("a", "b", "t"), assignee="human:ana")
    assert list(entries(merged([base], [ours], [theirs])).values()) == [
        row(title="Ours", state="in_progress", priority="p0", labels=("b", "o", "t"), assignee="human:ana")
    ]


def test_a_ticket_that_one_side_removed_and_the_other_left_is_gone() -> None:
    base = [row(), row(OTHER)]
    assert merged(base, [row()], base) == whole([row()])
    assert merged(base, base, [row(OTHER)]) == whole([row(OTHER)])


def test_the_later_time_stays() -> None:
    early, late = whole([], time="2026-01-01T00:00:00Z"), whole([], time="2026-02-01T00:00:00Z")
    for ours, theirs in ((early, late), (late, early)):
        assert merge_indexes(b"", ours, theirs, "TK") == late


@pytest.mark.parametrize(
    "text", [b"", b"{", b"[]", b"{}", b"\xff", b'{"tickets": [1, {"id": "../"}]}', b"[" * 100_000]
)
def test_a_side_that_is_no_index_counts_as_empty(text: bytes) -> None:
    good = whole([row()])
    assert merge_indexes(b"", text, good, "TK") == good
    assert merge_indexes(b"", good, text, "TK") == good
    assert entries(text) == {}


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_hostile_bytes_give_an_index(ours: bytes, theirs: bytes) -> None:
    assert json.loads(merge_indexes(b"", ours, theirs, "TK"))["tickets"] == []


def test_the_prefix_of_the_configuration_is_written() -> None:
    both = whole([row()], "OLD")
    assert merge_indexes(both, both, both, "NEW") == whole([row()], "NEW")
    assert ULID in entries(both)
