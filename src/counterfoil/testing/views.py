"""What is derived from a ledger, in dictionaries, for tests."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Cursor = tuple[str, str, int, bytes]
    Cells = dict[tuple[str, str], dict[str, bytes]]


class MemoryViews:
    """Derived tables of one process."""

    def __init__(self) -> None:
        self._cursors: dict[str, Cursor] = {}
        self._cells: Cells = {}
        self._snapshots: dict[tuple[str, str, str], tuple[int, bytes, bytes]] = {}

    def snapshot(self, ledger: str, stream: str, name: str) -> tuple[int, bytes, bytes] | None:
        """Returns the length, the leaf hash and the data of what was kept, or None."""
        return self._snapshots.get((ledger, stream, name))

    def keep_snapshot(self, ledger: str, stream: str, name: str, kept: tuple[int, bytes, bytes]) -> None:
        """Keeps a state in place of the one before."""
        self._snapshots[ledger, stream, name] = kept

    def cursor(self, view: str) -> Cursor | None:
        """Returns a view's version, ledger, log length and the leaf hash of the last receipt in it."""
        return self._cursors.get(view)

    def get(self, view: str, table: str, key: str) -> bytes | None:
        """Returns one value."""
        return self._cells.get((view, table), {}).get(key)

    def scan(self, view: str, table: str, prefix: str = "", after: str = "") -> Iterator[tuple[str, bytes]]:
        """Yields the rows whose key begins with `prefix`, by key; only those behind the key `after`."""
        for key, value in sorted(self._cells.get((view, table), {}).items()):
            if key.startswith(prefix) and key > after:
                yield key, value

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Begins what is wholly done or, after an exception, not at all."""
        before = dict(self._cursors), {place: dict(cells) for place, cells in self._cells.items()}
        try:
            yield
        except BaseException:
            self._cursors, self._cells = before
            raise

    def put(self, view: str, table: str, rows: Mapping[str, bytes | None]) -> None:
        """Sets values, or removes those that are None."""
        cells = self._cells.setdefault((view, table), {})
        for key, value in rows.items():
            if value is None:
                cells.pop(key, None)
            else:
                cells[key] = value

    def move(self, view: str, cursor: Cursor | None) -> None:
        """Sets a view's cursor; None empties the view."""
        if cursor is not None:
            self._cursors[view] = cursor
            return
        self._cursors.pop(view, None)
        for place in [place for place in self._cells if place[0] == view]:
            del self._cells[place]

    def close(self) -> None:
        """Keeps everything, as a file would."""
