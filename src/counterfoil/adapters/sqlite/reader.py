"""What can be asked of a ledger in SQLite. On the hot path.

Receipts are read in pages of a bounded size, up to an end that is fixed when reading begins: what
stands in the log never changes, so this sees what one long transaction would see, without keeping a
checkpoint of the write-ahead log waiting.
"""

from __future__ import annotations

from itertools import chain, starmap

import apsw

from counterfoil.adapters.sqlite import connection
from counterfoil.errors import IntegrityError
from counterfoil.ledger.admission import sealed_at
from counterfoil.ledger.receipt import Receipt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any, NoReturn

    from counterfoil.usecases.ports import Head, StoredRow, Stream

    SqlRow = tuple[Any, ...]

HASH_BYTES = 32


class Reader:
    """The half of a store that changes nothing.

    Args:
        path: the database's file, for what is said of it.
        cursor: of an open connection.
        sql: the named blocks of `queries.sql`.
    """

    __slots__ = ("_cursor", "_sql", "path")

    def __init__(self, path: str, cursor: apsw.Cursor, sql: Mapping[str, str]) -> None:
        self.path = path
        self._cursor = cursor
        self._sql = sql

    def _read_ledger(self) -> str:
        rows = self._fetch("ledger")
        if not rows:
            self._damaged("the id of the ledger is gone")
        return str(rows[0][0])

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
        from counterfoil.ledger.head import Head

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


def _mended(row: SqlRow) -> SqlRow:
    """Returns a row whose text was read as bytes; what is no text becomes None."""
    position, stream, seq, kind, *rest = row
    return (position, _text(stream), seq, _text(kind), *rest)


def _text(data: bytes | None) -> str | None:
    try:
        return None if data is None else data.decode("utf-8")
    except UnicodeDecodeError:
        return None
