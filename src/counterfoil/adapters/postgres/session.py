"""One connection, made when it is needed and again when the server went away between two calls.

Every error of the database leaves here as one of ours. None carries what the driver said about the
connection, because a badly written address can put a piece of the password anywhere.

What does not work behind a pooler that gives each transaction another connection: `search_path` and
`LISTEN` belong to a session. Let the ledger talk to the server itself, or pool by session.
"""

from __future__ import annotations

import select
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from counterfoil.adapters.postgres.statements import QUERIES
from counterfoil.errors import CounterfoilError, HostError, IntegrityError

try:
    import psycopg
    from psycopg import errors
    from psycopg.conninfo import conninfo_to_dict, make_conninfo
except ImportError as missing:
    raise HostError(
        "missing_extra",
        "a ledger in PostgreSQL needs psycopg, which is not installed",
        "pip install 'counterfoil[postgres]'",
        extra="postgres",
    ) from missing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from counterfoil.adapters.postgres.address import Address

CONNECTION = {
    "connect_timeout": "10",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "4",
    "tcp_user_timeout": "30000",
    "application_name": "counterfoil",
}
"""Half a minute of silence ends a connection, for whoever waits may hold the clone's lock; the address may say otherwise.

The last but one is in milliseconds (libpq, "Parameter Key Words").
"""
HINT_WHEN_LOST = "look whether the server runs, then try again: what is told twice is sealed once"

OVERTAKEN = (errors.UniqueViolation, errors.DeadlockDetected, errors.SerializationFailure)
"""Somebody else was faster: nothing of the transaction is there."""

Row = tuple[Any, ...]


class Session:
    """A connection to one schema, for one thread at a time.

    Args:
        address: where the ledger lies.

    Attributes:
        lock: held by whoever speaks; a thread may take it again.
    """

    def __init__(self, address: Address) -> None:
        self.address = address
        self.lock = threading.RLock()
        self._connection: psycopg.Connection[Row] | None = None

    def connection(self) -> psycopg.Connection[Row]:
        """Returns the connection, a new one if there is none or the server has closed it.

        Raises:
            HostError: `ledger_unavailable`.
        """
        if self._connection is not None and not _is_alive(self._connection):
            self.close()
        if self._connection is None:
            self._connection = _connect(self.address)
        return self._connection

    def run(self, name: str, parameters: Sequence[object] = ()) -> list[Row]:
        """Runs one statement and returns its rows; outside of `transaction` it is one of its own."""
        with self.lock, translated(self.address):
            cursor = self.connection().execute(QUERIES[name], parameters or None, prepare=True, binary=True)
            result = cursor.pgresult
            return cursor.fetchall() if result is not None and result.nfields else []

    def change(self, name: str, parameters: Sequence[object] = ()) -> int:
        """Runs one statement and returns how many rows it changed."""
        with self.lock, translated(self.address):
            return self.connection().execute(QUERIES[name], parameters or None, prepare=True).rowcount

    def script(self, text: str) -> None:
        """Runs several statements without parameters."""
        with self.lock, translated(self.address):
            self.connection().execute(text.encode(), prepare=False)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Makes one transaction of what runs inside; all of it is synced at the end, or none is there."""
        with self.lock, translated(self.address), self.connection().transaction():
            yield

    def close(self) -> None:
        """Lets go of the connection."""
        with self.lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None


def _connect(address: Address) -> psycopg.Connection[Row]:
    with translated(address):
        wanted: dict[str, Any] = {**CONNECTION, **conninfo_to_dict(address.conninfo)}
        connection = psycopg.connect(make_conninfo(**wanted), autocommit=True)
        connection.execute(QUERIES["connect"], (f"{address.quoted_schema()}, pg_temp",))
        return connection


def _is_alive(connection: psycopg.Connection[Row]) -> bool:
    """Tells whether the server still listens: it says goodbye to an idle connection when it goes."""
    if connection.closed:
        return False
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    try:
        while poll.poll(0):
            connection.pgconn.consume_input()
    except psycopg.OperationalError:
        return False
    return True


@contextmanager
def translated(address: Address) -> Iterator[None]:
    """Turns the driver's errors into ours.

    Those of `OVERTAKEN` pass as they are: whoever appends looks again and repeats.

    Raises:
        HostError: `ledger_unavailable`, with `reason` `connection`, `refused`, `read_only` or `io`.
        IntegrityError: `ledger_damaged`.
    """
    try:
        yield
    except OVERTAKEN:
        raise
    except psycopg.Error as error:
        raise _ours(error, address) from None


def _ours(error: psycopg.Error, address: Address) -> CounterfoilError:
    state = error.sqlstate or ""
    where = str(address)
    if isinstance(error, (errors.InsufficientPrivilege, errors.ReadOnlySqlTransaction)):
        message = f"the ledger at {where} may not be written by this user"
        return _unavailable(message, "read_only", "GRANT the user what is missing, or use another one", state)
    if isinstance(error, (errors.IntegrityError, errors.UndefinedTable, errors.UndefinedColumn)) or state in {
        "XX001",
        "XX002",
    }:
        named = error.diag.constraint_name or error.diag.table_name or state
        return IntegrityError(
            "ledger_damaged",
            f"the database at {where} refuses what does not fit what is sealed there ({named})",
            "ticket ledger verify",
            sqlstate=state,
        )
    if state.startswith("28") or state == "3D000" or _was_refused(error):
        message = f"PostgreSQL at {where} does not let this user in, or has no such database"
        return _unavailable(message, "refused", "check user, password and database of the address", state)
    if state and state[:2] not in {"08", "57"}:
        message = f"PostgreSQL at {where} could not do it (SQLSTATE {state})"
        return _unavailable(message, "io", "look into the server's log", state)
    return _unavailable(f"PostgreSQL at {where} does not answer", "connection", HINT_WHEN_LOST, state)


def _was_refused(error: psycopg.Error) -> bool:
    """Tells whether the server answered and said no; libpq gives no code for that."""
    text = str(error)
    return "FATAL:" in text and not any(
        word in text for word in ("terminating", "starting up", "shutting down")
    )


def _unavailable(message: str, reason: str, hint: str, state: str) -> HostError:
    return HostError("ledger_unavailable", message, hint, reason=reason, sqlstate=state)
