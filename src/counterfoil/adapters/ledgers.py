"""Where the ledgers of a clone lie, and which kind of store opens each. On the hot path.

The clone's own is `ledger.db` in the clone's own folder; those of other origins lie in `origins`, one file
each, never merged (product.md §17). A place that begins with `postgresql:` is a database server's.
"""

from __future__ import annotations

import os

from counterfoil.errors import HostError, InputError
from counterfoil.kernel.ids import is_ulid

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from counterfoil.adapters.postgres.sharing import SharedPostgres
    from counterfoil.adapters.sqlite.sharing import SharedStore, ViewsPool
    from counterfoil.usecases.ports import Store, Views

OWN = "ledger.db"
VIEWS = "views.db"
ORIGINS = "origins"
ASIDE = "aside"
DATABASE_VARIABLE = "COUNTERFOIL_DATABASE"
"""Names the PostgreSQL database that holds the clone's own ledger."""
SERVER_SCHEMES = ("postgresql:", "postgres:")
_END = ".db"


class LedgerFolder:
    """The ledgers of one clone.

    Args:
        folder: the clone's own folder.
        environ: the caller's environment.
    """

    __slots__ = ("_folder", "_own")

    def __init__(self, folder: str, environ: Mapping[str, str]) -> None:
        self._folder = folder
        self._own = environ.get(DATABASE_VARIABLE) or f"{folder}/{OWN}"

    def exists(self) -> bool:
        """Tells whether the clone has a ledger of its own; one on a server out of reach is taken to be there."""
        if not _is_server(self._own):
            return os.path.exists(self._own)
        try:
            self.open().close()
        except HostError as error:
            return error.fields.get("reason") != "missing"
        return True

    def open(self, create: str | None = None, *, brief: bool = False) -> Store:
        """Opens the clone's own ledger, making it under the id `create` if there is none.

        Args:
            create: a ULID, or None.
            brief: for the few appends of one command.

        Raises:
            HostError: `ledger_unavailable`, `missing_extra`.
            IntegrityError: `ledger_damaged`.
        """
        return self._open(self._own, create, brief)

    def is_file(self) -> bool:
        """Tells whether the clone's own ledger is its alone: a file, and no schema that others reach, too."""
        return not _is_server(self._own)

    def set_aside(self, name: str) -> str | None:
        """Moves the clone's own ledger out of the way of a new one.

        Args:
            name: of the folder to make for it.

        Returns:
            The folder, below the clone's own; None where no file is in the way.

        Raises:
            HostError: `ledger_unavailable`; nothing was moved then.
        """
        if _is_server(self._own) or not os.path.exists(self._own):
            return None
        from counterfoil.adapters.sqlite.aside import set_aside

        set_aside(self._own, f"{self._folder}/{ASIDE}/{name}")
        return f"{ASIDE}/{name}"

    def foreign(self) -> list[str]:
        """Returns the ids of the ledgers of other origins that were fetched."""
        try:
            names = os.listdir(f"{self._folder}/{ORIGINS}")
        except OSError:
            return []
        ids = [name.removesuffix(_END) for name in names if name.endswith(_END)]
        return sorted(filter(is_ulid, ids))

    def open_foreign(self, ledger: str, create: bool = False) -> Store:
        """Opens a ledger of another origin, making it if need be.

        Raises:
            InputError: `invalid_ledger`, for what is no id.
            HostError: `ledger_unavailable`.
            IntegrityError: `ledger_damaged`.
        """
        if not is_ulid(ledger):
            raise InputError(
                "invalid_ledger", f"{ledger!r} is no id of a ledger", "ticket ledger status", value=ledger
            )
        return self.open_at(f"{self._folder}/{ORIGINS}/{ledger}{_END}", ledger if create else None)

    def open_at(self, place: str, create: str | None = None) -> Store:
        """Opens a ledger at a path or at a `postgresql://` address.

        Raises:
            HostError: `ledger_unavailable`, `missing_extra`.
            IntegrityError: `ledger_damaged`.
        """
        return self._open(place, create, brief=False)

    def _open(self, place: str, create: str | None, brief: bool) -> Store:
        if _is_server(place):
            from counterfoil.adapters.postgres.store import PostgresStore

            return PostgresStore.make(place, create) if create else PostgresStore(place)
        from counterfoil.adapters.sqlite.store import SqliteStore

        return SqliteStore.make(place, create, brief=brief) if create else SqliteStore(place, brief=brief)

    def views(self, mend: bool = True) -> Views:
        """Opens what is derived; in memory, where it cannot be kept. Without `mend`, damage is an error.

        Raises:
            HostError: `views_lost`.
        """
        from counterfoil.adapters.sqlite.views import SqliteViews

        return SqliteViews(f"{self._folder}/{VIEWS}", mend)


class SharedLedgers(LedgerFolder):
    """The ledgers of one clone for the threads of one server, which share what they have opened.

    Whoever closes such a store or such views hands them back; `shut` lets go of them.
    """

    __slots__ = ("_lock", "_pool", "_remote", "_store")

    def __init__(self, folder: str, environ: Mapping[str, str]) -> None:
        from threading import RLock

        super().__init__(folder, environ)
        self._lock = RLock()
        self._store: SharedStore | None = None
        self._remote: SharedPostgres | None = None
        self._pool: ViewsPool | None = None

    def exists(self) -> bool:
        """Tells whether the clone has a ledger of its own."""
        return self._remote is not None or super().exists()

    def open(self, create: str | None = None, *, brief: bool = False) -> Store:  # noqa: ARG002
        """Returns the one store of the clone's own ledger; a file that was replaced is opened anew.

        Raises:
            HostError: `ledger_unavailable`, `missing_extra`.
            IntegrityError: `ledger_damaged`.
        """
        with self._lock:
            if _is_server(self._own):
                return self._open_remote(create)
            if self._store is None or not self._store.is_in_place():
                self._open_file(create)
            assert self._store is not None, "it was opened just now"
            return self._store

    def _open_file(self, create: str | None) -> None:
        from counterfoil.adapters.sqlite.sharing import SharedStore

        if create:
            self._open(self._own, create, brief=False).close()
        opened = SharedStore(self._own)
        if self._store is not None:
            self._store.shut()
        self._store = opened

    def _open_remote(self, create: str | None) -> Store:
        if self._remote is None:
            from counterfoil.adapters.postgres.sharing import SharedPostgres

            self._remote = SharedPostgres(self._own, create)
        return self._remote

    def views(self, mend: bool = True) -> Views:
        """Lends what is derived.

        Raises:
            HostError: `views_lost`.
        """
        if not mend:
            return super().views(mend)
        with self._lock:
            if self._pool is None:
                from counterfoil.adapters.sqlite.sharing import ViewsPool

                self._pool = ViewsPool(f"{self._folder}/{VIEWS}")
            return self._pool.lend()

    def shut(self) -> None:
        """Lets go of all that is open."""
        with self._lock:
            for each in (self._store, self._remote, self._pool):
                if each is not None:
                    each.shut()
            self._store = self._remote = self._pool = None


def _is_server(place: str) -> bool:
    return place.startswith(SERVER_SCHEMES)
