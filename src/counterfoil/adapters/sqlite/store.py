"""The port `Store` on one SQLite file. On the hot path.

Receipts are read in pages of a bounded size, up to an end that is fixed when reading begins: what
stands in the log never changes, so this sees what one long transaction would see, without keeping a
checkpoint of the write-ahead log waiting. A store belongs to the thread that opened it.
"""

from __future__ import annotations

import os
from itertools import chain, starmap

import apsw

from counterfoil.adapters.sqlite import connection
from counterfoil.adapters.sqlite.blocks import read_blocks
from counterfoil.adapters.sqlite.doorbell import Bells
from counterfoil.adapters.sqlite.turns import Turns
from counterfoil.adapters.sqlite.writer import NotFresh, Writer
from counterfoil.errors import CounterfoilError, IntegrityError
from counterfoil.ledger.admission import (
    check_same,
    receipt_not_found,
    sealed_at,
    stream_exists,
    stream_not_found,
)
from counterfoil.ledger.receipt import Receipt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from typing import Any, NoReturn, TypeVar

    from counterfoil.adapters.sqlite.doorbell import Follower
    from counterfoil.adapters.sqlite.writer import Request
    from counterfoil.ledger.receipt import Draft
    from counterfoil.usecases.ports import Head, StoredRow, Stream

    SqlRow = tuple[Any, ...]
    T = TypeVar("T")

LOCK_TIMEOUT_S = 10.0
TAKEN_AT_ONCE = 4096
"""How many rows of another store go into one transaction."""
HASH_BYTES = 32
EVERYTHING = 1 << 62
_NOTHING_EXPECTED: dict[str, int] = {}


class SqliteStore:
    """One ledger in one SQLite file.

    Args:
        path: the file, which is there.
        lock_timeout_s: how long to wait for other writers at most.

    Raises:
        HostError: `ledger_unavailable`, reason `sqlite`, `network`, `missing`, `newer`, `read_only`, `io`, `busy`.
        IntegrityError: `ledger_damaged`.
    """

    __slots__ = (
        "_bells",
        "_cursor",
        "_db",
        "_follower",
        "_sql",
        "_turns",
        "_version",
        "_writer",
        "ledger",
        "path",
    )

    def __init__(self, path: str, lock_timeout_s: float = LOCK_TIMEOUT_S) -> None:
        self.path = os.path.abspath(path)
        self._sql = read_blocks("queries.sql")
        try:
            self._turns = Turns(os.path.dirname(self.path), lock_timeout_s)
        except FileNotFoundError:
            raise connection.missing(self.path) from None
        except OSError as error:
            raise connection.unreachable(error, self.path) from None
        try:
            self._db = connection.connect(self.path, self._turns.wait)
            self._cursor = self._db.cursor()
            self.ledger = self._read_ledger()
        except BaseException:
            self._turns.close()
            raise
        self._writer = Writer(self._cursor, self._sql, self.ledger, self._fetch, self.by_key, self.node)
        self._version = -1
        self._bells = Bells(self.path)
        self._follower: Follower | None = None

    @classmethod
    def make(cls, path: str, ledger: str, lock_timeout_s: float = LOCK_TIMEOUT_S) -> SqliteStore:
        """Opens a ledger, which is made under the id `ledger` if there is none."""
        if not os.path.exists(path):
            connection.make(os.path.abspath(path), ledger)
        return cls(path, lock_timeout_s)

    def _read_ledger(self) -> str:
        rows = self._fetch("ledger")
        if not rows:
            self._damaged("the id of the ledger is gone")
        return str(rows[0][0])

    def close(self) -> None:
        """Lets go of the database."""
        if self._follower is not None:
            self._follower.close()
        self._db.close()
        self._turns.close()

    # --- asking -----------------------------------------------------------------------------------

    def _fetch(self, name: str, values: Sequence[object] = ()) -> list[SqlRow]:
        try:
            return self._cursor.execute(self._sql[name], values).fetchall()
        except apsw.Error as error:
            raise connection.told(error, self.path) from None
        except UnicodeDecodeError as error:
            self._damaged(f"text that is no text: {error}")

    def _damaged(self, message: str) -> NoReturn:
        raise IntegrityError(
            "ledger_damaged", f"{self.path}: {message}", connection.RESTORE_HINT, path=self.path
        )

    def size(self) -> int:
        """Returns how many receipts are in the log."""
        return int(self._fetch("size")[0][0])

    def tree_head(self) -> tuple[int, bytes]:
        """Returns the size of the log and the root of its Merkle tree, both of one moment."""
        peaks = self._writer.peaks()
        return peaks.size, peaks.root()

    def node(self, height: int, index: int) -> bytes:
        """Returns the hash of the complete subtree over leaves `index << height` and on (RFC 6962).

        Raises:
            IntegrityError: `ledger_damaged`, when the log does not have it.
        """
        if height == 0:
            rows = self._fetch("node_leaf", (index,))
        else:
            begin = (height - 1) * HASH_BYTES + 1
            rows = self._fetch("node_inner", (begin, ((index + 1) << height) - 1))
        found: bytes = rows[0][0] if rows else b""
        if len(found) != HASH_BYTES:
            self._damaged(f"the hash of subtree {index} of height {height} is gone")
        return found

    def head(self, stream: str) -> Head:
        """Returns the end of a stream's own receipts."""
        from counterfoil.usecases.ports import Head

        rows = self._fetch("head", (stream,))
        if not rows or rows[0][1] is None:
            return Head(0, b"", "")
        _, seq, leaf, header = rows[0]
        return Head(seq + 1, leaf, sealed_at(header))

    def read(self, stream: str, *, first: int = 0, last: int | None = None) -> Iterator[Receipt]:
        """Yields a stream's own receipts by seq, from `first` to `last`, both included."""
        rows = self._fetch("head", (stream,))
        end = rows[0][1] if rows and rows[0][1] is not None else -1
        end = end if last is None else min(last, end)
        return starmap(Receipt, self._paged("receipts_of_stream", 2, first, end, (stream,)))

    def log(self, *, first: int = 0, last: int | None = None, bodies: bool = True) -> Iterator[Receipt]:
        """Yields all receipts in the order of the log, from position `first` to `last`, both included."""
        name = "receipts_of_log" if bodies else "headers_of_log"
        return starmap(Receipt, self._paged(name, 0, first, self._until(last)))

    def rows(self, *, first: int = 0, last: int | None = None) -> Iterator[StoredRow]:
        """Yields the rows of the log as they are stored."""
        from functools import partial

        from counterfoil.usecases.ports import StoredRow

        as_row = partial(tuple.__new__, StoredRow)
        return map(as_row, self._paged("rows", 0, first, self._until(last)))

    def _until(self, last: int | None) -> int:
        end = self.size() - 1
        return end if last is None else min(last, end)

    def _paged(
        self, name: str, place: int, first: int, last: int, more: tuple[object, ...] = ()
    ) -> Iterator[SqlRow]:
        """Returns the rows of a query that is ordered by its column `place`, from `first` to `last`."""
        return chain.from_iterable(self._pages(name, place, first, last, more))

    def _pages(
        self, name: str, place: int, first: int, last: int, more: tuple[object, ...]
    ) -> Iterator[list[SqlRow]]:
        before = max(first, 0) - 1
        while before < last:
            page = self._page(name, (before, last, *more))
            if not page:
                return
            yield page
            before = page[-1][place]

    def _page(self, name: str, values: tuple[object, ...]) -> list[SqlRow]:
        if name != "rows":
            return self._fetch(name, values)
        try:
            return self._cursor.execute(self._sql[name], values).fetchall()
        except apsw.Error as error:
            raise connection.told(error, self.path) from None
        except UnicodeDecodeError:
            return [_mended(row) for row in self._fetch("damaged_rows", values)]

    def receipt(self, leaf: bytes) -> Receipt | None:
        """Returns the receipt with this leaf hash."""
        rows = self._fetch("receipt_by_hash", (leaf,))
        return Receipt(*rows[0]) if rows else None

    def by_key(self, stream: str, key: str) -> Receipt | None:
        """Returns the receipt that a stream holds for the digest of an idempotency key."""
        rows = self._fetch("receipt_by_key", (stream, bytes.fromhex(key)))
        return Receipt(*rows[0]) if rows else None

    def stream(self, name: str) -> Stream | None:
        """Returns one stream, or None."""
        found = self._streams(name, name)
        return found[0] if found else None

    def streams(self, prefix: str = "") -> list[Stream]:
        """Returns the streams whose name begins with `prefix`, by name."""
        return self._streams(prefix, prefix + "\U0010ffff")

    def _streams(self, first: str, last: str) -> list[Stream]:
        from counterfoil.usecases.ports import Stream

        return [Stream(*row) for row in self._fetch("streams", (first, last))]

    def kinds(self) -> list[tuple[str, int]]:
        """Returns every (kind, schema) that was ever sealed here."""
        return [(kind, schema) for kind, schema, _ in self._fetch("kind_ids")]

    def checkpoints(self) -> list[tuple[int, str]]:
        """Returns the signed checkpoints, by size: the size of the log and the note's text."""
        return [(size, note) for size, note in self._fetch("checkpoints")]

    def newest_checkpoint(self) -> tuple[int, str]:
        """Returns the signed checkpoint of the greatest size, by one look-up; (0, "") without one."""
        found = self._fetch("newest_checkpoint")
        return (found[0][0], found[0][1]) if found else (0, "")

    def problems(self) -> list[str]:
        """Lets the database check itself and returns what it says, empty when it is sound."""
        said = [str(row[0]) for row in self._fetch("check")]
        orphans = [
            f"{table} {row}: refers to {parent}, which lacks it"
            for table, row, parent, _ in self._fetch("check_references")
        ]
        return [line for line in said if line != "ok"] + orphans

    # --- writing ----------------------------------------------------------------------------------

    def _begin(self) -> None:
        self._turns.stand_back()
        try:
            self._cursor.execute(self._sql["begin"])
        finally:
            self._turns.done()
        if self._db.data_version() != self._version:
            self._writer.forget()

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
            self._writer.forget()
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

    def wait(self, after: int, timeout_s: float) -> bool:
        """Waits until the log is longer than `after`; False when the time is over."""
        if self._follower is None:
            from counterfoil.adapters.sqlite.doorbell import Follower

            self._follower = Follower(self.path)
        return self._follower.wait(lambda: self.size() > after, timeout_s)

    def backup(self, path: str) -> None:
        """Copies the ledger as it is now to a file, which appears whole or not at all; others go on writing."""
        connection.copy(self._db, path)


def _mended(row: SqlRow) -> SqlRow:
    """Returns a row whose text was read as bytes; what is no text becomes None."""
    position, stream, seq, kind, *rest = row
    return (position, _text(stream), seq, _text(kind), *rest)


def _text(data: bytes | None) -> str | None:
    try:
        return None if data is None else data.decode("utf-8")
    except UnicodeDecodeError:
        return None
