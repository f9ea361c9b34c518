"""The database itself refuses whatever would break a chain, whoever asks it: raw SQL on a real file."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import apsw
import pytest

from counterfoil.adapters.sqlite.store import SqliteStore
from counterfoil.ledger.receipt import FORKED, Draft

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LEDGER = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
INSERT = """
INSERT OR {how} INTO receipts(position, stream_id, seq, kind_id, prev, hash, key, nodes, header)
VALUES (:position, :stream, :seq, 1, :prev, :hash, :key, :nodes, x'7b7d')
"""
NEW = bytes(32)
KEY = b"k" * 32


@pytest.fixture
def db(tmp_path: Path) -> Iterator[apsw.Connection]:
    """A ledger of two streams, of three receipts and one; the second branches off the first at 1."""
    path = f"{tmp_path}/ledger.db"
    store = SqliteStore.make(path, LEDGER)
    drafts = [Draft("a", "x.y", "human:ada", {}, key=str(n), salt="0" * 32) for n in range(3)]
    store.append(drafts, now_ms=0)
    store.fork("b", Draft("b", FORKED, "human:ada", {}, key="f", salt="0" * 32), parent="a", at=1, now_ms=0)
    store.close()
    opened = apsw.Connection(path)
    opened.pragma("foreign_keys", True)
    yield opened
    opened.close()


def hash_of(db: apsw.Connection, position: int) -> bytes:
    """Returns a leaf hash."""
    found = db.execute("SELECT hash FROM receipts WHERE position = ?", (position,)).get
    assert isinstance(found, bytes)
    return found


def receipt(db: apsw.Connection, **changes: object) -> dict[str, object]:
    """Returns the values of a receipt that could follow, with changes."""
    good = {
        "position": 4,
        "stream": 1,
        "seq": 3,
        "prev": hash_of(db, 2),
        "hash": NEW,
        "key": KEY,
        "nodes": b"",
    }
    return {**good, **changes}


def dump(db: apsw.Connection) -> list[tuple[object, ...]]:
    """Returns everything that the tables hold."""
    tables = ("receipts", "streams", "kinds", "meta")
    return [row for table in tables for row in db.execute(f"SELECT * FROM {table}")]


def test_a_receipt_that_follows_is_taken(db: apsw.Connection) -> None:
    db.execute(INSERT.format(how="ABORT"), receipt(db))
    assert db.execute("SELECT count(*) FROM receipts").get == 5


@pytest.mark.parametrize("how", ["ABORT", "REPLACE", "IGNORE"])
@pytest.mark.parametrize(
    "changes",
    [
        {"prev": NEW},
        {"prev": b""},
        {"seq": 4},
        {"seq": 2, "prev": "hash of 1"},
        {"seq": 1, "prev": "hash of 0"},
        {"seq": 0, "prev": b""},
        {"seq": -1},
        {"prev": "hash of 3"},
        {"stream": 2, "seq": 1},
        {"stream": 9, "seq": 0, "prev": b""},
        {"position": 5},
        {"position": 3},
        {"position": 0},
        {"position": -1},
        {"hash": b"short"},
        {"hash": NEW + b"!"},
        {"key": "key of 1"},
        {"key": b"short"},
        {"nodes": b"no hashes"},
    ],
    ids=lambda changes: " ".join(f"{name} {value!s:.12}" for name, value in changes.items()),
)
def test_a_receipt_that_does_not_follow_is_refused(
    db: apsw.Connection, changes: dict[str, object], how: str
) -> None:
    known = {f"hash of {position}": hash_of(db, position) for position in range(4)}
    known["key of 1"] = bytes(db.execute("SELECT key FROM receipts WHERE position = 1").get)
    meant = {
        name: known.get(value, value) if isinstance(value, str) else value for name, value in changes.items()
    }
    before = dump(db)
    try:
        db.execute(INSERT.format(how=how), receipt(db, **meant))
    except apsw.ConstraintError:
        pass
    assert dump(db) == before


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE receipts SET header = x'00' WHERE position = 1",
        "UPDATE receipts SET hash = zeroblob(32) WHERE position = 2",
        "UPDATE receipts SET position = 9 WHERE position = 3",
        "UPDATE receipts SET seq = 9 WHERE position = 2",
        "UPDATE receipts SET stream_id = 2 WHERE position = 2",
        "UPDATE receipts SET kind_id = 2 WHERE position = 1",
        "UPDATE receipts SET prev = zeroblob(32) WHERE position = 2",
        "UPDATE receipts SET key = zeroblob(32) WHERE position = 2",
        "UPDATE receipts SET nodes = zeroblob(32) WHERE position = 2",
        "UPDATE receipts SET body = x'7b7d' WHERE position = 1",
        "UPDATE receipts SET body = x'7b7d'",
        "DELETE FROM receipts WHERE position = 3",
        "DELETE FROM receipts",
        "UPDATE streams SET name = 'c' WHERE id = 1",
        "UPDATE streams SET fork_seq = 0 WHERE id = 2",
        "UPDATE streams SET parent_id = NULL, fork_seq = NULL, fork_hash = NULL WHERE id = 2",
        "DELETE FROM streams WHERE id = 2",
        "INSERT INTO streams(name) VALUES ('a')",
        "INSERT OR REPLACE INTO streams(name) VALUES ('a')",
        "INSERT OR REPLACE INTO streams(id, name) VALUES (1, 'z')",
        "INSERT OR REPLACE INTO kinds(id, kind, schema) VALUES (1, 'z', 1)",
        "INSERT OR REPLACE INTO meta(name, value) VALUES ('ledger', 'z')",
        "INSERT INTO streams(name, parent_id, fork_seq, fork_hash) VALUES ('c', 1, 1, zeroblob(32))",
        "INSERT INTO streams(name, parent_id) VALUES ('c', 1)",
        "UPDATE kinds SET kind = 'z'",
        "DELETE FROM kinds",
        "UPDATE meta SET value = '01BX5ZZKBKACTAV9WEVGEMMVRZ' WHERE name = 'ledger'",
        "DELETE FROM meta",
    ],
)
def test_what_was_sealed_is_not_changed(db: apsw.Connection, statement: str) -> None:
    before = dump(db)
    with pytest.raises(apsw.ConstraintError):
        db.execute(statement)
    assert dump(db) == before


def test_a_body_can_go_and_does_not_come_back(db: apsw.Connection) -> None:
    db.execute("UPDATE receipts SET body = NULL WHERE position = 1")
    assert db.execute("SELECT body FROM receipts WHERE position = 1").get is None
    with pytest.raises(apsw.ConstraintError):
        db.execute("UPDATE receipts SET body = x'7b7d' WHERE position = 1")


def test_an_erased_body_is_nowhere_in_the_folder(tmp_path: Path) -> None:
    store = SqliteStore.make(f"{tmp_path}/ledger.db", LEDGER)
    secret = "a secret that nobody should have written"
    drafts = [Draft("a", "x.y", "human:ada", {"t": secret}, key=str(n), salt="0" * 32) for n in range(40)]
    store.append(drafts, now_ms=0)
    assert any(secret.encode() in file.read_bytes() for file in tmp_path.iterdir())
    assert store.erase(range(40)) == 40
    assert not any(secret.encode() in file.read_bytes() for file in tmp_path.iterdir() if file.is_file())
    store.close()
    assert sorted(os.listdir(tmp_path)) == ["ledger.db", "ledger.db-shm", "ledger.db-wal"]
