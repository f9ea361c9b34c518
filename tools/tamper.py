"""Rewrites one receipt in a copy of a ledger, as somebody with the file and SQL could. For the demo.

    python tools/tamper.py LEDGER_DB OLD_ACTOR NEW_ACTOR

To be run by a Python that has apsw. The database refuses this by its triggers, so they are dropped first.
"""

from __future__ import annotations

import sys
from typing import Any

import apsw


def main() -> int:
    """Lets another actor stand in the last receipt of the first one."""
    path, old, new = sys.argv[1:]
    db = apsw.Connection(path)
    triggers = [name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'")]
    db.execute("PRAGMA foreign_keys = OFF")
    for trigger in triggers:
        db.execute(f'DROP TRIGGER "{trigger}"')
    wanted = f'{{"actor":"{old}"'.encode()
    rows: list[Any] = db.execute("SELECT position, header FROM receipts ORDER BY 1 DESC").fetchall()
    position, header = next(row for row in rows if row[1].startswith(wanted))
    edited = header.replace(wanted, f'{{"actor":"{new}"'.encode())
    db.execute("UPDATE receipts SET header = ? WHERE position = ?", (edited, position))
    db.close()
    print(f"receipt @{position} now says that {new} did it; {len(triggers)} triggers were dropped for that")
    return 0


if __name__ == "__main__":
    sys.exit(main())
