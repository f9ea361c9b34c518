"""The port `Store` for all threads of one process: one of them writes, and each reads by a connection of its own.

What several threads append at the same time becomes one transaction (`grouping`). A reader is lent for as
long as one call lasts, or one iterator, and goes back to those that wait; so there are as many connections
as there ever were calls at the same moment.
"""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from counterfoil.adapters.sqlite.grouping import GroupCommit
from counterfoil.adapters.sqlite.store import SqliteStore
from counterfoil.adapters.sqlite.views import SqliteViews

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from counterfoil.ledger.receipt import Draft, Receipt
    from counterfoil.usecases.ports import Head, StoredRow, Stream

_NOTHING_EXPECTED: dict[str, int] = {}


class SharedStore:
    """One ledger in one SQLite file, for any number of threads.

    Args:
        path: the file, which is there.

    Raises:
        HostError: `ledger_unavailable`.
        IntegrityError: `ledger_damaged`.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._idle: list[SqliteStore] = []
        self._closed = False
        self._place = _identify(path)
        self._lock = threading.Lock()
        self._group = GroupCommit(lambda: SqliteStore(path))
        with self._reader() as reader:
            self.ledger = reader.ledger

    def is_in_place(self) -> bool:
        """Tells whether the file that is open is still the one that the path leads to."""
        return _identify(self.path) == self._place

    def close(self) -> None:
        """Does nothing: a store that is shared is let go of by whoever shares it (`shut`)."""

    def shut(self) -> None:
        """Writes what was handed in before, and lets go of the database."""
        self._group.close()
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for reader in idle:
            reader.close()

    @contextmanager
    def _reader(self) -> Iterator[SqliteStore]:
        with self._lock:
            reader = self._idle.pop() if self._idle else None
        if reader is None:
            reader = SqliteStore(self.path)
        try:
            yield reader
        finally:
            with self._lock:
                kept = not self._closed
                if kept:
                    self._idle.append(reader)
            if not kept:
                reader.close()

    # --- writing ----------------------------------------------------------------------------------

    def append(
        self, drafts: Sequence[Draft], *, now_ms: int, expect: Mapping[str, int] = _NOTHING_EXPECTED
    ) -> list[Receipt]:
        """Seals drafts in one transaction: all of them or none; see the port."""
        return self._group.append(drafts, now_ms=now_ms, expect=expect)

    def fork(self, name: str, draft: Draft, *, parent: str, at: int, now_ms: int) -> Receipt:
        """Makes a branch of `parent`; see the port."""
        with self._reader() as reader:
            return reader.fork(name, draft, parent=parent, at=at, now_ms=now_ms)

    def take(self, rows: Iterable[StoredRow], streams: Sequence[Stream]) -> int:
        """Writes rows of another store of the same ledger behind the last one; see the port."""
        with self._reader() as reader:
            return reader.take(rows, streams)

    def keep_checkpoint(self, size: int, note: str) -> None:
        """Keeps a signed checkpoint."""
        with self._reader() as reader:
            reader.keep_checkpoint(size, note)

    def erase(self, positions: Sequence[int]) -> int:
        """Deletes bodies; the receipts stay. Returns how many there were."""
        with self._reader() as reader:
            return reader.erase(positions)

    def shrink(self, dry_run: bool = False) -> int:
        """Gives room back that is needed for writing only; returns how many bytes."""
        with self._reader() as reader:
            return reader.shrink(dry_run)

    def backup(self, path: str) -> None:
        """Copies the ledger to a file while others go on writing."""
        with self._reader() as reader:
            reader.backup(path)

    # --- asking -----------------------------------------------------------------------------------

    def head(self, stream: str) -> Head:
        """Returns the end of a stream's own receipts."""
        with self._reader() as reader:
            return reader.head(stream)

    def read(self, stream: str, *, first: int = 0, last: int | None = None) -> Iterator[Receipt]:
        """Yields a stream's own receipts by seq, from `first` to `last`, both included."""
        with self._reader() as reader:
            yield from reader.read(stream, first=first, last=last)

    def log(self, *, first: int = 0, last: int | None = None, bodies: bool = True) -> Iterator[Receipt]:
        """Yields all receipts in the order of the log, from position `first` to `last`, both included."""
        with self._reader() as reader:
            yield from reader.log(first=first, last=last, bodies=bodies)

    def rows(self, *, first: int = 0, last: int | None = None) -> Iterator[StoredRow]:
        """Yields the rows of the log as they are stored."""
        with self._reader() as reader:
            yield from reader.rows(first=first, last=last)

    def receipt(self, leaf: bytes) -> Receipt | None:
        """Returns the receipt with this leaf hash."""
        with self._reader() as reader:
            return reader.receipt(leaf)

    def by_key(self, stream: str, key: str) -> Receipt | None:
        """Returns the receipt that a stream holds for the digest of an idempotency key."""
        with self._reader() as reader:
            return reader.by_key(stream, key)

    def stream(self, name: str) -> Stream | None:
        """Returns one stream, or None."""
        with self._reader() as reader:
            return reader.stream(name)

    def streams(self, prefix: str = "") -> list[Stream]:
        """Returns the streams whose name begins with `prefix`, by name."""
        with self._reader() as reader:
            return reader.streams(prefix)

    def kinds(self) -> list[tuple[str, int]]:
        """Returns every (kind, schema) that was ever sealed here."""
        with self._reader() as reader:
            return reader.kinds()

    def size(self) -> int:
        """Returns how many receipts are in the log."""
        with self._reader() as reader:
            return reader.size()

    def tree_head(self) -> tuple[int, bytes]:
        """Returns the size of the log and the root of its Merkle tree, both of one moment."""
        with self._reader() as reader:
            return reader.tree_head()

    def node(self, height: int, index: int) -> bytes:
        """Returns the hash of the complete subtree over leaves `index << height` and on (RFC 6962)."""
        with self._reader() as reader:
            return reader.node(height, index)

    def checkpoints(self) -> list[tuple[int, str]]:
        """Returns the signed checkpoints, by size."""
        with self._reader() as reader:
            return reader.checkpoints()

    def newest_checkpoint(self) -> tuple[int, str]:
        """Returns the signed checkpoint of the greatest size; (0, "") without one."""
        with self._reader() as reader:
            return reader.newest_checkpoint()

    def problems(self) -> list[str]:
        """Lets the database check itself and returns what it says, empty when it is sound."""
        with self._reader() as reader:
            return reader.problems()

    def wait(self, after: int, timeout_s: float) -> bool:
        """Waits until the log is longer than `after`; False when the time is over."""
        with self._reader() as reader:
            return reader.wait(after, timeout_s)


class LentViews(SqliteViews):
    """Derived tables that go back to those that wait, instead of being closed."""

    def __init__(self, path: str, home: ViewsPool) -> None:
        super().__init__(path)
        self._home = home

    def close(self) -> None:
        """Gives the tables back."""
        self._home.give_back(self)

    def end(self) -> None:
        """Lets go of the tables."""
        super().close()


class ViewsPool:
    """The connections of one process to what is derived from the ledger.

    Args:
        path: the file, which need not be there.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._idle: list[tuple[LentViews, tuple[int, int] | None]] = []
        self._closed = False

    def lend(self) -> LentViews:
        """Returns one that nobody else uses until it is closed; one whose file is gone is not lent again."""
        place = _identify(self._path)
        while True:
            with self._lock:
                found = self._idle.pop() if self._idle else None
            if found is None:
                return LentViews(self._path, self)
            views, was = found
            if was == place and place is not None:
                return views
            views.end()

    def give_back(self, views: LentViews) -> None:
        """Takes one back."""
        place = _identify(self._path)
        with self._lock:
            kept = not self._closed and place is not None
            if kept:
                self._idle.append((views, place))
        if not kept:
            views.end()

    def shut(self) -> None:
        """Lets go of all that nobody uses; the others go when they are given back."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for views, _ in idle:
            views.end()


def _identify(path: str) -> tuple[int, int] | None:
    """Returns what no other file has as long as this one is open; None where there is none."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino
