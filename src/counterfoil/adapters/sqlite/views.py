"""What is derived from the ledger, in a SQLite file of its own beside it.

The file may be deleted at any moment, so its writes wait for no disk, and one that is damaged, or of another
program's making, is deleted and begun anew. Where no file can be written the tables are kept in memory
and folded again by each command.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import apsw

from counterfoil.adapters.sqlite.blocks import read_blocks
from counterfoil.adapters.sqlite.connection import opened
from counterfoil.adapters.sqlite.place import refuse_network
from counterfoil.errors import HostError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Cursor = tuple[str, str, int, bytes]

FORMAT = 1
IN_MEMORY = ":memory:"
BUSY_MS = 10_000
FILE_MODE = 0o600
"""As the ledger's own: what is derived says the same things."""
PAGE_ROWS = 500
"""How many rows are read at a time, so that no reader keeps the file from being tidied."""


class SqliteViews:
    """Derived tables in one file.

    Args:
        path: the file, which need not be there; `IN_MEMORY` for none.
        mend: whether a damaged file is deleted and begun anew.

    Raises:
        HostError: `views_lost`, where it is damaged and not to be mended.
    """

    def __init__(self, path: str, mend: bool = True) -> None:
        self._sql = read_blocks("views.sql")
        self._path = path
        self._mend = mend
        self._connection = self._open()

    def snapshot(self, ledger: str, stream: str, name: str) -> tuple[int, bytes, bytes] | None:
        """Returns the length, the leaf hash and the data of what was kept, or None."""
        try:
            rows = self._ask("snapshot", (ledger, stream, name))
        except HostError:
            return None
        return rows[0] if rows else None

    def keep_snapshot(self, ledger: str, stream: str, name: str, kept: tuple[int, bytes, bytes]) -> None:
        """Keeps a state in place of the one before; where that is impossible, the next command folds longer."""
        try:
            self._ask("keep snapshot", (ledger, stream, name, *kept))
        except HostError:
            return

    def cursor(self, view: str) -> Cursor | None:
        """Returns a view's version, ledger, log length and the leaf hash of the last receipt in it."""
        rows = self._ask("cursor", (view,))
        return rows[0] if rows else None

    def get(self, view: str, table: str, key: str) -> bytes | None:
        """Returns one value."""
        rows = self._ask("get", (view, table, key))
        return rows[0][0] if rows else None

    def scan(self, view: str, table: str, prefix: str = "", after: str = "") -> Iterator[tuple[str, bytes]]:
        """Yields the rows whose key begins with `prefix`, by key; only those behind the key `after`."""
        start = max(prefix, after + "\0") if after else prefix
        while True:
            rows = self._ask("scan", (view, table, start), PAGE_ROWS)
            for key, value in rows:
                if not key.startswith(prefix):
                    return
                yield key, value
            if len(rows) < PAGE_ROWS:
                return
            start = rows[-1][0] + "\0"

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Begins what is wholly done or, after an exception, not at all; others wait."""
        self._ask("begin", ())
        try:
            yield
            self._ask("commit", ())
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute(self._sql["rollback"])
            raise

    def put(self, view: str, table: str, rows: Mapping[str, bytes | None]) -> None:
        """Sets values, or removes those that are None."""
        kept = [(view, table, key, value) for key, value in rows.items() if value is not None]
        gone = [(view, table, key) for key, value in rows.items() if value is None]
        self._ask_many("put", kept)
        self._ask_many("remove", gone)

    def move(self, view: str, cursor: Cursor | None) -> None:
        """Sets a view's cursor; None empties the view."""
        if cursor is not None:
            self._ask("move", (view, *cursor))
            return
        self._ask("forget cursor", (view,))
        self._ask("forget cells", (view,))

    def close(self) -> None:
        """Lets go of the tables."""
        self._connection.close()

    def _ask(self, block: str, values: tuple[Any, ...], rows_max: int = -1) -> list[Any]:
        with self._translated():
            cursor = self._connection.execute(self._sql[block], values)
            if rows_max < 0:
                return cursor.fetchall()
            rows = []
            for row in cursor:
                rows.append(row)
                if len(rows) == rows_max:
                    break
            cursor.close()
            return rows

    def _ask_many(self, block: str, values: list[tuple[Any, ...]]) -> None:
        with self._translated():
            self._connection.executemany(self._sql[block], values)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Makes a new file in place of one that turns out to be damaged, or that somebody took away."""
        try:
            yield
        except (*_DAMAGED, apsw.ReadOnlyError) as error:
            if self._mend:
                self._connection.close()
                if isinstance(error, _DAMAGED):
                    _delete(self._path)
                self._connection = self._open()
            raise _lost(self._path, error) from None
        except apsw.Error as error:
            raise HostError("io_error", f"{self._path}: {error}", path=self._path) from None

    def _open(self) -> apsw.Connection:
        path = self._path if _can_be_kept(self._path) else IN_MEMORY
        try:
            return self._connect(path)
        except _DAMAGED as error:
            if not self._mend:
                raise _lost(path, error) from None
            _delete(path)
        except (apsw.Error, OSError):
            path = IN_MEMORY
        return self._connect(path)

    def _connect(self, path: str) -> apsw.Connection:
        if path != IN_MEMORY:
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE))
        connection = apsw.Connection(path) if path == IN_MEMORY else opened(path)
        try:
            connection.set_busy_timeout(BUSY_MS)
            connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
            connection.execute(self._sql["settings"])
            found = connection.execute(self._sql["format"]).get
            if found != FORMAT:
                if found != 0:
                    raise apsw.NotADBError(f"format {found} is not ours")
                connection.execute(self._sql["schema"])
        except BaseException:
            connection.close()
            raise
        return connection


_DAMAGED = (apsw.CorruptError, apsw.NotADBError, apsw.SQLError)


def _lost(path: str, error: apsw.Error) -> HostError:
    return HostError("views_lost", f"{path} is damaged: {error}", "ticket rebuild", path=path)


def _can_be_kept(path: str) -> bool:
    folder = os.path.dirname(path)
    if path == IN_MEMORY or not os.access(folder, os.W_OK) or os.path.isdir(path):
        return False
    try:
        refuse_network(folder)
    except HostError:
        return False
    return not os.path.exists(path) or os.access(path, os.W_OK)


def _delete(path: str) -> None:
    for name in (path, f"{path}-wal", f"{path}-shm"):
        try:
            os.unlink(name)
        except FileNotFoundError:
            continue
