"""A store on a server that the threads of one process share: whoever closes it hands it back."""

from __future__ import annotations

from counterfoil.adapters.postgres.store import PostgresStore


class SharedPostgres(PostgresStore):
    """One ledger in one schema, kept open between the calls of a server."""

    def close(self) -> None:
        """Does nothing: a store that is shared is let go of by whoever shares it (`shut`)."""

    def shut(self) -> None:
        """Lets go of the database."""
        super().close()
