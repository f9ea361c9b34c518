"""What the use cases need for what is derived from the ledger, as protocols; `ports` passes them on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol


class Cells(Protocol):
    """The rows of one view while receipts are applied to it."""

    def get(self, table: str, key: str) -> Any:
        """Returns a value, or None. Whoever changes it puts a changed copy."""

    def put(self, table: str, key: str, value: Any) -> None:
        """Sets a value: JSON data; None removes it."""


class Snapshots(Protocol):
    """States of streams: derived, and gone at any moment."""

    def snapshot(self, ledger: str, stream: str, name: str) -> tuple[int, bytes, bytes] | None:
        """Returns the length, the leaf hash and the data of what was kept, or None."""

    def keep_snapshot(self, ledger: str, stream: str, name: str, kept: tuple[int, bytes, bytes]) -> None:
        """Keeps a state in place of the one before."""


class Views(Snapshots, Protocol):
    """Tables that are folded from the log, by view: derived, and gone at any moment."""

    def cursor(self, view: str) -> tuple[str, str, int, bytes] | None:
        """Returns a view's version, ledger, log length and the leaf hash of the last receipt in it."""

    def get(self, view: str, table: str, key: str) -> bytes | None:
        """Returns one value."""

    def scan(self, view: str, table: str, prefix: str = "", after: str = "") -> Iterator[tuple[str, bytes]]:
        """Yields the rows whose key begins with `prefix`, by key; only those behind the key `after`."""

    def writing(self) -> AbstractContextManager[None]:
        """Begins what is wholly done or, after an exception, not at all; others wait."""

    def put(self, view: str, table: str, rows: Mapping[str, bytes | None]) -> None:
        """Sets values, or removes those that are None."""

    def move(self, view: str, cursor: tuple[str, str, int, bytes] | None) -> None:
        """Sets a view's cursor; None empties the view."""

    def close(self) -> None:
        """Lets go of the tables."""
