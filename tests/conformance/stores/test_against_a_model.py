"""Any sequence of appends, branches, erasures and copies, on any store, against a few dictionaries."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest
from conformance.stores.backends import BACKENDS, NOW_MS, branching, note
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from counterfoil.errors import ConflictError, InputError
from counterfoil.kernel.digest import hash_leaf
from counterfoil.kernel.merkle import Peaks
from counterfoil.usecases.ports import Stream

T = TypeVar("T")
STREAMS = st.sampled_from(["a", "b", "c/d"])
EVENTS = st.tuples(STREAMS, st.integers(0, 6), st.sampled_from(["x", "y"]))
"""Stream, key, text."""
ERASED = ""
"""Stands for the text of an erased body, which could have been any."""


def outcome(work: Callable[[], T]) -> tuple[T | None, str]:
    """Returns what something answers, or the code of its refusal."""
    try:
        return work(), ""
    except (ConflictError, InputError) as error:
        return None, error.code


class Machine(RuleBasedStateMachine):
    """One ledger that is opened twice, and what it should hold."""

    def __init__(self, backend: str) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        place = BACKENDS[backend](Path(self.folder.name))
        self.openings = [place.open(), place.open()]
        self.other = place.open_other()
        self.log: list[tuple[str, int, str | None]] = []
        self.keys: dict[tuple[str, int], str] = {}
        self.parents: dict[str, tuple[str, int]] = {}
        self.erased: set[int] = set()
        self.turn = 0

    def teardown(self) -> None:
        """Closes and removes everything."""
        for store in (*self.openings, self.other):
            store.close()
        self.folder.cleanup()

    @property
    def store(self):  # type: ignore[no-untyped-def]
        """One opening, then the other."""
        self.turn += 1
        return self.openings[self.turn % 2]

    def length(self, stream: str) -> int:
        """Returns how many receipts a stream should have."""
        return sum(1 for name, _, _ in self.log if name == stream)

    @rule(events=st.lists(EVENTS, max_size=5), expected=st.none() | st.tuples(STREAMS, st.integers(0, 4)))
    def append(self, events: list[tuple[str, int, str]], expected: tuple[str, int] | None) -> None:
        """Appends, or is refused for a good reason."""
        drafts = [note(text, key=str(key), stream=stream) for stream, key, text in events]
        known, fresh, reused = dict(self.keys), [], False
        for stream, key, text in events:
            reused = reused or known.setdefault((stream, key), text) not in {text, ERASED}
            if (stream, key) not in self.keys and (stream, key, text) not in fresh:
                fresh.append((stream, key, text))
        expect = dict([expected] if expected else [])
        stale = any(
            self.length(stream) != length
            and (
                not any(name == stream for name, _, _ in events)
                or any((name, key) not in self.keys for name, key, _ in events if name == stream)
            )
            for stream, length in expect.items()
        )
        sealed, code = outcome(lambda: self.store.append(drafts, now_ms=NOW_MS, expect=expect))
        assert code == ("version_conflict" if stale else "key_reused" if reused else "")
        if sealed is None:
            return
        self.log += fresh
        self.keys = known
        assert [(each.stream, each.kind) for each in sealed] == [(each.stream, each.kind) for each in drafts]

    @rule(name=st.sampled_from(["e", "f"]), parent=st.sampled_from(["a", "b", "e"]), at=st.integers(0, 3))
    def fork(self, name: str, parent: str, at: int) -> None:
        """Branches off, or is refused for a good reason."""
        draft = branching(name, parent, at, key=f"{parent} {at}")
        expected = (
            ("" if self.parents[name] == (parent, at) else "stream_exists") if name in self.parents
            else "stream_not_found" if not self.length(parent)
            else "" if at < self.length(parent)
            else "receipt_not_found"
        )  # fmt: skip
        begun, code = outcome(lambda: self.store.fork(name, draft, parent=parent, at=at, now_ms=NOW_MS))
        assert code == expected
        if begun is None or name in self.parents:
            return
        self.log.append((name, -1, None))
        self.parents[name] = (parent, at)

    @precondition(lambda self: self.log)
    @rule(data=st.data())
    def erase(self, data: st.DataObject) -> None:
        """Erases one body."""
        place = data.draw(st.integers(0, len(self.log) - 1))
        assert self.store.erase([place]) == (place not in self.erased)
        self.erased.add(place)
        stream, key, _ = self.log[place]
        self.keys[stream, key] = ERASED

    @rule()
    def copy(self) -> None:
        """Brings the copy up to date."""
        store = self.store
        done = self.other.size()
        assert self.other.take(store.rows(first=done), store.streams()) == len(self.log) - done
        assert self.other.tree_head() == store.tree_head()
        assert self.other.streams() == store.streams()

    @invariant()
    def the_store_holds_what_it_should(self) -> None:
        """Compares everything that can be read."""
        store = self.store
        rows = list(store.rows())
        names = list(dict.fromkeys(name for name, _, _ in self.log))
        assert [row.stream for row in rows] == [name for name, _, _ in self.log]
        assert [row.position for row in rows] == list(range(len(self.log)))
        assert {row.position for row in rows if row.body is None} == self.erased
        assert [each.hash for each in store.log()] == [row.hash for row in rows]
        peaks = Peaks()
        for row in rows:
            assert hash_leaf(row.header) == row.hash
            assert peaks.append(row.hash) == row.nodes
        assert store.tree_head() == (len(rows), peaks.root())
        for name in names:
            mine = [row for row in rows if row.stream == name]
            assert [row.seq for row in mine] == list(range(len(mine)))
            assert [row.prev for row in mine] == [b"", *[row.hash for row in mine[:-1]]]
            parent, at = self.parents.get(name, (None, -1))
            shared = b"" if parent is None else [row for row in rows if row.stream == parent][at].hash
            assert store.stream(name) == Stream(name, len(mine), mine[-1].hash, parent, at, shared)
        assert [each.name for each in store.streams()] == sorted(names)


@pytest.mark.parametrize("backend", BACKENDS)
def test_whatever_is_done_the_store_holds_what_it_should(backend: str) -> None:
    run_state_machine_as_test(
        lambda: Machine(backend),
        settings=settings(max_examples=25, stateful_step_count=20, deadline=None),
    )
