"""What the gate's figures over HTTP are put against: one FastAPI route that does one synced insert.

    python3 bench/bare_route.py FOLDER

It checks its body by a model, inserts 2 kB under a key, and commits with the settings that the ledger has; nobody is
identified, nothing is ruled on, logged or counted. The same server, on a free port, which it prints.
"""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from typing import Any

import apsw
from bare_server import serve
from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict

FILLING = b"x" * 2000


class Asked(BaseModel):
    """A body of two fields."""

    model_config = ConfigDict(extra="forbid")

    action: str
    payload: dict[str, Any]


def application(folder: Path) -> FastAPI:
    """Returns the application."""
    database = apsw.Connection(str(folder / "bare.db"))
    database.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL")
    database.execute("CREATE TABLE told(id INTEGER PRIMARY KEY, body BLOB NOT NULL)")
    lock = threading.Lock()
    app = FastAPI()

    @app.post("/told", status_code=202)
    def tell(asked: Asked) -> dict[str, Any]:
        with lock:
            database.execute(
                "INSERT INTO told(body) VALUES (?)", (asked.model_dump_json().encode() + FILLING,)
            )
            return {"id": database.last_insert_rowid(), "action": asked.action}

    return app


if __name__ == "__main__":
    serve(application(Path(sys.argv[1])))
