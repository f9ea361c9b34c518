"""Sets a ledger aside: out of the way of a new one, whole, and never deleted."""

from __future__ import annotations

import os

import apsw

from counterfoil.adapters.sqlite import connection
from counterfoil.adapters.sqlite.blocks import read_blocks
from counterfoil.errors import HostError

BUSY_MS = 10_000


def set_aside(path: str, folder: str) -> None:
    """Moves a ledger, damaged or not, into a folder, which is made.

    All that was written is brought into the file first, so that one rename is enough: a process that is
    killed leaves the ledger where it was or aside. The log of a damaged one cannot be emptied and goes after it.

    Raises:
        HostError: `ledger_unavailable`, reason `busy`, `full`, `read_only`, `io`; nothing was moved then.
    """
    to = f"{folder}/{os.path.basename(path)}"
    try:
        os.makedirs(folder, connection.FOLDER_MODE, exist_ok=True)
        if os.path.getsize(path):  # of an empty file SQLite would delete the log
            _empty_log(path)
        for end in ("", *connection.LOGS):
            if os.path.lexists(path + end):
                os.rename(path + end, to + end)
        for changed in (folder, os.path.dirname(folder), os.path.dirname(path)):
            connection.sync(changed)
    except OSError as error:
        raise connection.unreachable(error, path) from None


def _empty_log(path: str) -> None:
    db = connection.opened(path)
    try:
        db.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        db.set_busy_timeout(BUSY_MS)
        ((is_busy, _, _),) = db.execute(read_blocks("queries.sql")["empty_log"])
        if is_busy:
            raise apsw.BusyError
    except apsw.Error as error:
        failure = connection.told(error, path)
        if isinstance(failure, HostError):
            raise failure from None
    finally:
        db.close()
