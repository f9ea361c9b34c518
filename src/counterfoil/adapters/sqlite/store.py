"""The port `Store` on one SQLite file. A store belongs to the thread that opened it. On the hot path."""

from __future__ import annotations

import os

import apsw

from counterfoil.adapters.sqlite import connection
from counterfoil.adapters.sqlite.blocks import read_blocks
from counterfoil.adapters.sqlite.doorbell import Bells
from counterfoil.adapters.sqlite.reader import Reader
from counterfoil.adapters.sqlite.turns import Turns
from counterfoil.adapters.sqlite.writer import NotFresh, Writer
from counterfoil.errors import CounterfoilError, InputError
from counterfoil.ledger.admission import (
    check_same,
    receipt_not_found,
    stream_exists,
    stream_not_found,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import TypeVar

    from counterfoil.adapters.sqlite.doorbell import Follower
    from counterfoil.adapters.sqlite.writer import Request
    from counterfoil.ledger.receipt import Draft, Receipt
    from counterfoil.usecases.ports import StoredRow, Stream

    T = TypeVar("T")

LOCK_TIMEOUT_S = 10.0
TAKEN_AT_ONCE = 4096
"""How many rows of another store go into one transaction."""
_NOTHING_EXPECTED: dict[str, int] = {}


class SqliteStore(Reader):
    """One ledger in one SQLite file.

    Args:
        path: the file, which is there.
        lock_timeout_s: how long to wait for other writers at most.
        brief: for the few appends of one command (`syncs`).

    Raises:
        HostError: `ledger_unavailable`, reason `sqlite`, `network`, `missing`, `newer`, `read_only`, `io`, `busy`.
        IntegrityError: `ledger_damaged`.
    """

    __slots__ = ("_bells", "_db", "_file", "_follower", "_turns", "_version", "_writer", "ledger")

    def __init__(self, path: str, lock_timeout_s: float = LOCK_TIMEOUT_S, *, brief: bool = False) -> None:
        path = os.path.abspath(path)
        try:
            self._turns = Turns(os.path.dirname(path), lock_timeout_s)
        except FileNotFoundError:
            raise connection.missing(path) from None
        except OSError as error:
            raise connection.unreachable(error, path) from None
        try:
            self._db = connection.connect(path, self._turns.wait, brief)
            super().__init__(path, self._db.cursor(), read_blocks("queries.sql"))
            self.ledger = self._read_ledger()
        except BaseException:
            self._turns.close()
            raise
        self._writer = Writer(self._cursor, self._sql, self.ledger, self._fetch, self.by_key, self.node)
        self._file = _identify(path)
        self._version = -1
        self._bells = Bells(path)
        self._follower: Follower | None = None

    @classmethod
    def make(
        cls, path: str, ledger: str, lock_timeout_s: float = LOCK_TIMEOUT_S, *, brief: bool = False
    ) -> SqliteStore:
        """Opens a ledger, which is made under the id `ledger` if there is none."""
        if not os.path.exists(path):
            connection.make(os.path.abspath(path), ledger)
        return cls(path, lock_timeout_s, brief=brief)

    def close(self) -> None:
        """Lets go of the database."""
        if self._follower is not None:
            self._follower.close()
        self._db.close()
        self._turns.close()

    def tree_head(self) -> tuple[int, bytes]:
        """Returns the size of the log and the root of its Merkle tree, both of one moment."""
        peaks = self._writer.peaks()
        return peaks.size, peaks.root()

    def _begin(self) -> None:
        self._turns.stand_back()
        try:
            self._cursor.execute(self._sql["begin"])
        finally:
            self._turns.done()
        if self._db.data_version() != self._version:
            self._writer.outdate()

    def _commit(self) -> None:
        self._cursor.execute(self._sql["commit"])
        self._version = self._db.data_version()

    def _take_back(self) -> None:
        self._writer.forget()
        if self._db.in_transaction:
            self._cursor.execute(self._sql["rollback"])

    def _change(self, work: Callable[[], T]) -> T:
        """Does something in one transaction that writes; all of it is taken back when it fails."""
        try:
            self._begin()
            done = work()
            self._commit()
        except BaseException as error:
            self._take_back()
            if isinstance(error, apsw.Error):
                raise connection.told(error, self.path) from None
            raise
        self._bells.ring()
        return done

    def append(
        self, drafts: Sequence[Draft], *, now_ms: int, expect: Mapping[str, int] = _NOTHING_EXPECTED
    ) -> list[Receipt]:
        """Seals drafts in one transaction: all of them or none, in this order.

        Raises:
            ConflictError: `version_conflict`, unless all that is to be sealed in that stream is there
                already; `key_reused`.
        """
        request = (drafts, now_ms, expect)
        if len(drafts) == 1:
            receipt = self._append_ahead(request)
            if receipt is not None:
                return [receipt]
        (outcome,) = self.append_all([request])
        if isinstance(outcome, CounterfoilError):
            raise outcome
        return outcome

    def _append_ahead(self, request: Request) -> Receipt | None:
        """Appends one receipt by one statement, or returns None if that has to be done with more care."""
        sealed = self._writer.seal_ahead(request)
        if sealed is None:
            return None
        self._turns.stand_back()
        try:
            self._cursor.execute(self._sql["add_receipt"], sealed[0])
        except apsw.ConstraintError:
            self._writer.take_back_one()
            return None
        except BaseException as error:
            self._writer.forget()
            if isinstance(error, apsw.Error):
                raise connection.told(error, self.path) from None
            raise
        finally:
            self._turns.done()
        self._version = self._db.data_version()
        self._bells.ring()
        return sealed[1]

    def append_all(self, requests: Sequence[Request]) -> list[list[Receipt] | CounterfoilError]:
        """Carries out the appends of several callers in one transaction.

        Each is carried out as a whole or not at all, whatever becomes of the others; the outcome of each is
        its receipts or its error.
        """
        return self._change(lambda: self._append_all(requests))

    def _append_all(self, requests: Sequence[Request]) -> list[list[Receipt] | CounterfoilError]:
        try:
            return [*self._writer.append_fresh(requests)]
        except (NotFresh, apsw.ConstraintError):
            self._take_back()
            self._begin()
            return [self._writer.append_carefully(request) for request in requests]

    def fork(self, name: str, draft: Draft, *, parent: str, at: int, now_ms: int) -> Receipt:
        """Makes a branch of `parent` that shares its receipts 0 to `at`; `draft` is its first receipt.

        Raises:
            InputError: `stream_not_found`, `receipt_not_found`.
            ConflictError: `stream_exists`, unless the same draft began it; `key_reused`.
        """
        assert draft.stream == name, "the first receipt of a branch stands in the branch"
        return self._change(lambda: self._begun(draft) or self._fork(draft, parent, at, now_ms))

    def _begun(self, draft: Draft) -> Receipt | None:
        """Returns the receipt that began a branch before, by the same draft, or None without a stream."""
        if self._writer.end(draft.stream) is None:
            return None
        found = self.by_key(draft.stream, draft.key)
        if found is None or found.seq != 0:
            raise stream_exists(draft.stream)
        check_same(draft, found)
        return found

    def _fork(self, draft: Draft, parent: str, at: int, now_ms: int) -> Receipt:
        end = self._writer.end(parent)
        if end is None:
            raise stream_not_found(parent)
        rows = self._fetch("hash_at", (end.id, at))
        if not rows:
            raise receipt_not_found(parent, at, end.length)
        return self._writer.begin_branch(draft, now_ms, end.id, at, rows[0][0])

    def take(self, rows: Iterable[StoredRow], streams: Sequence[Stream]) -> int:
        """Writes rows of another store of the same ledger behind the last one, verbatim; returns how many.

        The schema checks the chain. Rows are written some thousands at a time, so when one is refused, those
        before it may stay: a beginning of a log is a log.

        Raises:
            IntegrityError: `ledger_damaged`, when rows do not follow what is here.
        """
        from functools import partial
        from itertools import islice

        known = {stream.name: stream for stream in streams}
        count = 0
        source = iter(rows)
        while part := list(islice(source, TAKEN_AT_ONCE)):
            count += self._change(partial(self._take, part, known))
            self._writer.forget()
        return count

    def _take(self, rows: Sequence[StoredRow], streams: Mapping[str, Stream]) -> int:
        for row in rows:
            if row.seq == 0:
                self._take_stream(streams[row.stream])
            end = self._fetch("stream_id", (row.stream,))[0][0]
            (kind_id,) = self._writer.add_kinds([(row.kind, row.schema)])
            place = (row.position, end, row.seq, kind_id, row.prev, row.hash, row.key)
            self._cursor.execute(self._sql["add_receipt"], (*place, row.nodes, row.header, row.body))
        return len(rows)

    def _take_stream(self, stream: Stream) -> None:
        if stream.parent is None:
            self._cursor.execute(self._sql["add_stream"], (stream.name,))
            return
        parent = self._fetch("stream_id", (stream.parent,))
        values = (stream.name, parent[0][0] if parent else -1, stream.fork_seq, stream.fork_hash)
        self._cursor.execute(self._sql["add_branch"], values)

    def keep_checkpoint(self, size: int, note: str) -> None:
        """Keeps a signed checkpoint; a later one of the same size takes its place."""
        self._change(lambda: self._cursor.execute(self._sql["keep_checkpoint"], (size, note)))

    def erase(self, positions: Sequence[int]) -> int:
        """Deletes bodies, so that their bytes are in the file no more; the receipts stay. Returns how many."""
        values = [(position,) for position in positions]
        self._fetch("overwrite")
        erased = self._change(lambda: self._erase(values))
        self._fetch("empty_log")
        return erased

    def _erase(self, values: list[tuple[int]]) -> int:
        before = self._db.total_changes()
        self._cursor.executemany(self._sql["erase"], values)
        return self._db.total_changes() - before

    def shrink(self, dry_run: bool = False) -> int:
        """Empties the write-ahead log; returns how many bytes it took, 0 while somebody reads from it."""
        before = self._log_bytes()
        if dry_run or not before:
            return before
        self._fetch("empty_log")
        return before - self._log_bytes()

    def _log_bytes(self) -> int:
        try:
            return os.path.getsize(f"{self.path}-wal")
        except OSError:
            return 0

    def wait(self, after: int, timeout_s: float) -> bool:
        """Waits until the log is longer than `after`; False when the time is over.

        Raises:
            HostError: `ledger_unavailable`, reason `replaced`: nothing more will come into the file that is open.
        """
        if self._follower is None:
            from counterfoil.adapters.sqlite.doorbell import Follower

            self._follower = Follower(self.path)
        return self._follower.wait(lambda: self._is_longer(after), timeout_s)

    def _is_longer(self, after: int) -> bool:
        if _identify(self.path) != self._file:
            raise connection.replaced(self.path)
        return self.size() > after

    def backup(self, path: str) -> None:
        """Copies the ledger as it is now to a file, which appears whole or not at all; others go on writing.

        Raises:
            InputError: `file_exists`, when that is the ledger itself.
            HostError: `ledger_unavailable`.
        """
        if os.path.exists(path) and os.path.samefile(path, self.path):
            raise InputError("file_exists", f"{path} is the ledger itself", "name another file", path=path)
        connection.copy(self._db, path)


def _identify(path: str) -> tuple[int, int] | None:
    """Returns what no other file has as long as this one is open; None where there is none."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino
