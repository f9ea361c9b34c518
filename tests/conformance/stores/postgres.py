"""A ledger in PostgreSQL, for the suite."""

from __future__ import annotations

from typing import TYPE_CHECKING

from postgres_server import fresh_schema

from counterfoil.adapters.postgres.store import PostgresStore

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from counterfoil.ledger.receipt import Draft, Receipt

PATIENCE_S = 30.0
"""Other workers use the same server, and what they have begun stands before what is done here."""


class Ordered(PostgresStore):
    """The store, which tells the place in the log as soon as others do: it looks its receipts up again."""

    def append(
        self, drafts: Sequence[Draft], *, now_ms: int, expect: Mapping[str, int] | None = None
    ) -> list[Receipt]:
        """Seals drafts and waits for their places."""
        sealed = super().append(drafts, now_ms=now_ms, expect=expect or {})
        return [self._placed(receipt) for receipt in sealed]

    def fork(self, name: str, draft: Draft, *, parent: str, at: int, now_ms: int) -> Receipt:
        """Makes a branch and waits for its place."""
        return self._placed(super().fork(name, draft, parent=parent, at=at, now_ms=now_ms))

    def _placed(self, receipt: Receipt) -> Receipt:
        self.size()
        found = self.receipt(receipt.hash)
        assert found is not None
        assert (found.header, found.body) == (receipt.header, receipt.body)
        return found


class InPostgres:
    """A ledger in a schema of its own."""

    def __init__(self, _folder: Path) -> None:
        from conformance.stores.backends import LEDGER

        self._ledger = LEDGER
        self.place = fresh_schema()

    def open(self) -> Ordered:
        """Opens the schema."""
        return Ordered(self.place, self._ledger, PATIENCE_S)

    def open_other(self) -> Ordered:
        """Opens another schema."""
        return Ordered(fresh_schema(), self._ledger, PATIENCE_S)
