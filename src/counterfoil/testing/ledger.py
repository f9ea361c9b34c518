"""A ledger in memory: the port `Store` in its simplest form, and the ledgers of a clone that has no disk.

It is what the other stores are compared with, and what the simulator runs on. Closing it changes nothing:
opened again it holds what it held, as a database would after a crash.
"""

from __future__ import annotations

from threading import Condition
from typing import TYPE_CHECKING, NamedTuple

from counterfoil.errors import HostError, IntegrityError
from counterfoil.kernel.instant import iso_ms
from counterfoil.kernel.merkle import Peaks
from counterfoil.ledger.admission import (
    check_same,
    receipt_not_found,
    sealed_at,
    stream_exists,
    stream_not_found,
    version_conflict,
)
from counterfoil.ledger.receipt import Receipt, seal
from counterfoil.testing.views import MemoryViews
from counterfoil.usecases.ports import Head, StoredRow, Stream

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from counterfoil.ledger.receipt import Draft

__all__ = ["MemoryLedgers", "MemoryStore"]


class Fork(NamedTuple):
    """Where a branch leaves its parent."""

    parent: str
    at: int
    hash: bytes


class MemoryStore:
    """One ledger in memory, which several threads may share.

    Attributes:
        log: all rows by position; a test that tampers replaces some.
    """

    def __init__(self, ledger: str) -> None:
        self.ledger = ledger
        self.log_rows: list[StoredRow] = []
        self._streams: dict[str, list[int]] = {}
        self._forks: dict[str, Fork] = {}
        self._keys: dict[tuple[str, bytes], int] = {}
        self._notes: dict[int, str] = {}
        self._peaks = Peaks()
        self._changed = Condition()

    def append(
        self, drafts: Sequence[Draft], *, now_ms: int, expect: Mapping[str, int] | None = None
    ) -> list[Receipt]:
        """Seals drafts: all of them or none, in this order; see the port."""
        with self._changed:
            before = len(self.log_rows)
            try:
                self._check_expected(drafts, expect or {})
                done = [self._stored(draft) or self._seal(draft, iso_ms(now_ms)) for draft in drafts]
            except BaseException:
                self._cut(before)
                raise
            self._changed.notify_all()
            return done

    def fork(self, name: str, draft: Draft, *, parent: str, at: int, now_ms: int) -> Receipt:
        """Makes a branch; see the port."""
        assert draft.stream == name, "the first receipt of a branch stands in the branch"
        with self._changed:
            if name in self._streams:
                found = self._stored(draft)
                if found is None or found.seq != 0:
                    raise stream_exists(name)
                return found
            if parent not in self._streams:
                raise stream_not_found(parent)
            places = self._streams[parent]
            if not 0 <= at < len(places):
                raise receipt_not_found(parent, at, len(places))
            shared = self.log_rows[places[at]]
            receipt = self._seal(draft, max(iso_ms(now_ms), sealed_at(shared.header)))
            self._forks[name] = Fork(parent, at, shared.hash)
            self._changed.notify_all()
            return receipt

    def _check_expected(self, drafts: Sequence[Draft], expect: Mapping[str, int]) -> None:
        for stream, expected in expect.items():
            actual = len(self._streams.get(stream, ()))
            mine = [draft for draft in drafts if draft.stream == stream]
            if actual != expected and (not mine or any(self._found(draft) is None for draft in mine)):
                raise version_conflict(stream, expected, actual)

    def _found(self, draft: Draft) -> Receipt | None:
        return self.by_key(draft.stream, draft.key)

    def _stored(self, draft: Draft) -> Receipt | None:
        found = self._found(draft)
        if found is not None:
            check_same(draft, found)
        return found

    def _seal(self, draft: Draft, now: str) -> Receipt:
        head = self.head(draft.stream)
        at = max(now, head.at)
        header, leaf = seal(draft, ledger=self.ledger, seq=head.length, prev=head.hash, at=at)
        position, nodes = len(self.log_rows), self._peaks.append(leaf)
        row = StoredRow(
            position, draft.stream, head.length, draft.kind, draft.schema, head.hash, leaf,
            bytes.fromhex(draft.key), header, draft.body, nodes,
        )  # fmt: skip
        self._keep(row)
        return _receipt(row)

    def _keep(self, row: StoredRow) -> None:
        self.log_rows.append(row)
        self._streams.setdefault(row.stream, []).append(row.position)
        self._keys[row.stream, row.key] = row.position

    def _cut(self, size: int) -> None:
        """Takes back what was appended from position `size` on."""
        while len(self.log_rows) > size:
            row = self.log_rows.pop()
            del self._keys[row.stream, row.key]
            self._streams[row.stream].pop()
            if not self._streams[row.stream]:
                del self._streams[row.stream]
        if self._peaks.size != size:
            self._peaks = Peaks.load(size, self.node)

    def head(self, stream: str) -> Head:
        """Returns the end of a stream's own receipts."""
        places = self._streams.get(stream)
        if not places:
            return Head(0, b"", "")
        row = self.log_rows[places[-1]]
        return Head(len(places), row.hash, sealed_at(row.header))

    def read(self, stream: str, *, first: int = 0, last: int | None = None) -> Iterator[Receipt]:
        """Yields a stream's own receipts by seq."""
        end = None if last is None else last + 1
        places = self._streams.get(stream, [])[max(first, 0) : end]
        return (_receipt(self.log_rows[place]) for place in places)

    def log(self, *, first: int = 0, last: int | None = None, bodies: bool = True) -> Iterator[Receipt]:
        """Yields all receipts in the order of the log."""
        return (
            _receipt(row if bodies else row._replace(body=None)) for row in self.rows(first=first, last=last)
        )

    def rows(self, *, first: int = 0, last: int | None = None) -> Iterator[StoredRow]:
        """Yields the rows of the log as they are stored."""
        return iter(self.log_rows[max(first, 0) : None if last is None else last + 1])

    def receipt(self, leaf: bytes) -> Receipt | None:
        """Returns the receipt with this leaf hash."""
        return next((_receipt(row) for row in self.log_rows if row.hash == leaf), None)

    def by_key(self, stream: str, key: str) -> Receipt | None:
        """Returns the receipt that a stream holds for the digest of an idempotency key."""
        place = self._keys.get((stream, bytes.fromhex(key)))
        return None if place is None else _receipt(self.log_rows[place])

    def stream(self, name: str) -> Stream | None:
        """Returns one stream, or None."""
        return self._stream(name) if name in self._streams else None

    def streams(self, prefix: str = "") -> list[Stream]:
        """Returns the streams whose name begins with `prefix`, by name."""
        return [self._stream(name) for name in sorted(self._streams) if name.startswith(prefix)]

    def _stream(self, name: str) -> Stream:
        head, fork = self.head(name), self._forks.get(name)
        if fork is None:
            return Stream(name, head.length, head.hash, None, -1, b"")
        return Stream(name, head.length, head.hash, fork.parent, fork.at, fork.hash)

    def kinds(self) -> list[tuple[str, int]]:
        """Returns every (kind, schema) that was ever sealed here."""
        return sorted({(row.kind, row.schema) for row in self.log_rows})

    def size(self) -> int:
        """Returns how many receipts are in the log."""
        return len(self.log_rows)

    def tree_head(self) -> tuple[int, bytes]:
        """Returns the size of the log and the root of its Merkle tree."""
        with self._changed:
            return self._peaks.size, self._peaks.root()

    def node(self, height: int, index: int) -> bytes:
        """Returns the hash of a complete subtree (RFC 6962)."""
        leaf = ((index + 1) << height) - 1
        row = self.log_rows[leaf] if 0 <= leaf < len(self.log_rows) else None
        found = b"" if row is None else row.nodes[(height - 1) * 32 : height * 32] if height else row.hash
        if len(found) != 32:
            raise IntegrityError("ledger_damaged", f"the hash of subtree {index} of height {height} is gone")
        return found

    def take(self, rows: Iterable[StoredRow], streams: Sequence[Stream]) -> int:
        """Writes rows of another store of the same ledger behind the last one, verbatim."""
        with self._changed:
            before = len(self.log_rows)
            known = {stream.name: stream for stream in streams}
            for row in rows:
                self._take(row, known)
            self._changed.notify_all()
            return len(self.log_rows) - before

    def _take(self, row: StoredRow, streams: Mapping[str, Stream]) -> None:
        head = self.head(row.stream)
        stands = (row.position, row.seq, row.prev) == (len(self.log_rows), head.length, head.hash)
        if not stands or (row.stream, row.key) in self._keys:
            raise IntegrityError("ledger_damaged", f"receipt {row.position} does not follow what is here")
        stream = streams[row.stream]
        if row.seq == 0 and stream.parent is not None:
            self._forks[row.stream] = Fork(stream.parent, stream.fork_seq, stream.fork_hash)
        self._keep(row)
        self._peaks.append(row.hash)

    def checkpoints(self) -> list[tuple[int, str]]:
        """Returns the signed checkpoints, by size."""
        return sorted(self._notes.items())

    def newest_checkpoint(self) -> tuple[int, str]:
        """Returns the signed checkpoint of the greatest size; (0, "") without one."""
        return max(self._notes.items(), default=(0, ""))

    def keep_checkpoint(self, size: int, note: str) -> None:
        """Keeps a signed checkpoint; a later one of the same size takes its place."""
        self._notes[size] = note

    def erase(self, positions: Sequence[int]) -> int:
        """Deletes bodies; the receipts stay."""
        with self._changed:
            there = {place for place in positions if self.rows_body(place) is not None}
            for place in there:
                self.log_rows[place] = self.log_rows[place]._replace(body=None)
            return len(there)

    def shrink(self, dry_run: bool = False) -> int:  # noqa: ARG002
        """Does nothing: memory has no log of writes."""
        return 0

    def rows_body(self, position: int) -> bytes | None:
        """Returns the body at a position, or None."""
        return self.log_rows[position].body if 0 <= position < len(self.log_rows) else None

    def problems(self) -> list[str]:
        """Says nothing: memory has no pages that could break."""
        return []

    def wait(self, after: int, timeout_s: float) -> bool:
        """Waits until the log is longer than `after`; False when the time is over."""
        with self._changed:
            return self._changed.wait_for(lambda: len(self.log_rows) > after, timeout_s)

    def backup(self, path: str) -> None:
        """Refuses: there is nothing that a file could be a copy of."""
        raise HostError("ledger_unavailable", "a ledger in memory has no file", reason="io", path=path)

    def close(self) -> None:
        """Does nothing."""


def _receipt(row: StoredRow) -> Receipt:
    return Receipt(
        row.position, row.stream, row.seq, row.kind, row.schema, row.prev, row.hash, row.header, row.body
    )


class MemoryLedgers:
    """The ledgers of a clone, in memory.

    Attributes:
        own: the clone's own, or None.
        others: those of other origins, by id.
        at: those at other places, by place.
        derived: what is derived from them.
        shared: whether the clone's own is on a server.
        fault: raised instead of opening anything, if it is set.
    """

    def __init__(self, own: MemoryStore | None = None) -> None:
        self.own = own
        self.others: dict[str, MemoryStore] = {}
        self.at: dict[str, MemoryStore] = {}
        self.derived = MemoryViews()
        self.shared = False
        self.fault: Exception | None = None

    def exists(self) -> bool:
        """Tells whether the clone has a ledger of its own."""
        return self.own is not None

    def open(self, create: str | None = None, *, brief: bool = False) -> MemoryStore:  # noqa: ARG002
        """Opens the clone's own ledger."""
        self._check()
        if self.own is None:
            self.own = _made(create)
        return self.own

    def is_file(self) -> bool:
        """Tells whether the clone's own ledger is its alone."""
        return not self.shared

    def set_aside(self, name: str) -> str | None:
        """Moves the clone's own ledger to another place; returns its folder."""
        if self.own is None or self.shared:
            return None
        self.at[f"aside/{name}/ledger.db"], self.own = self.own, None
        return f"aside/{name}"

    def foreign(self) -> list[str]:
        """Returns the ids of the ledgers of other origins."""
        return sorted(self.others)

    def open_foreign(self, ledger: str, create: bool = False) -> MemoryStore:
        """Opens a ledger of another origin."""
        self._check()
        if ledger not in self.others:
            self.others[ledger] = _made(ledger if create else None)
        return self.others[ledger]

    def open_at(self, place: str, create: str | None = None) -> MemoryStore:
        """Opens a ledger at a place."""
        self._check()
        if place not in self.at:
            self.at[place] = _made(create)
        return self.at[place]

    def views(self, mend: bool = True) -> MemoryViews:
        """Opens what is derived, which is never damaged."""
        del mend
        return self.derived

    def _check(self) -> None:
        if self.fault is not None:
            raise self.fault


def _made(ledger: str | None) -> MemoryStore:
    if ledger is None:
        raise HostError("ledger_unavailable", "there is no ledger", reason="missing")
    return MemoryStore(ledger)
