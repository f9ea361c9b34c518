"""Durable appends to the SQLite store, against bare INSERTs, another library, and itself.

The bare loop writes the same bytes (header, body, hash and the hash before) under an ordinary primary key,
with the same SQLite and the same settings, and syncs as often. It has no chain, no tree and no idempotency
keys: nothing is hashed, looked up or checked. A second one has the two unique keys without which neither versions nor
idempotency keys can be compared, as the receipts have them; it shows how much of the difference is sealing.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count, islice
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

import apsw
from eventsourcing.persistence import StoredEvent
from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteDatastore
from inprocess import LEDGER, NOW_MS, notes, timed
from measure import Sample, paired
from table import Row, at_most, basis, share

from counterfoil.adapters.sqlite.connection import PAGE_BYTES, WAL_BYTES_MAX
from counterfoil.adapters.sqlite.grouping import GroupCommit
from counterfoil.adapters.sqlite.store import SqliteStore
from counterfoil.ledger.receipt import Draft, Receipt

SECTION = "Durable appends to SQLite, per receipt"
STREAM = "ticket/01ARZ3NDEKTSV4RRFFQ69G5FAV"
TABLE = """
CREATE TABLE bare(position INTEGER PRIMARY KEY, prev BLOB NOT NULL, hash BLOB NOT NULL,
  header BLOB NOT NULL, body BLOB NOT NULL) STRICT;
CREATE TABLE keyed(position INTEGER PRIMARY KEY, stream INTEGER NOT NULL, seq INTEGER NOT NULL, key BLOB NOT NULL,
  prev BLOB NOT NULL, hash BLOB NOT NULL, header BLOB NOT NULL, body BLOB NOT NULL,
  UNIQUE(stream, seq), UNIQUE(stream, key)) STRICT;
"""
INSERT = "INSERT INTO bare(prev, hash, header, body) VALUES (?, ?, ?, ?)"
INSERT_KEYED = "INSERT INTO keyed(stream, seq, key, prev, hash, header, body) VALUES (?, ?, ?, ?, ?, ?, ?)"
ALONE, TOGETHER, GROUP = 500, 2_000, 100
THREADS, EACH = 64, 100
PROCESSES = 4
WAIT_MS_MAX = 200
T = TypeVar("T")
_streams = count()


def batched(items: Iterable[T], size: int) -> Iterator[tuple[T, ...]]:
    """Yields groups of items; Python 3.11 has none of its own."""
    source = iter(items)
    while part := tuple(islice(source, size)):
        yield part


class Bare:
    """The baselines' tables."""

    def __init__(self, path: str, sample: Receipt) -> None:
        self.db = apsw.Connection(path)
        self.db.execute(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = FAST;"
            "PRAGMA foreign_keys = ON"
        )
        self.db.wal_autocheckpoint(WAL_BYTES_MAX // PAGE_BYTES)
        self.db.execute(TABLE)
        self.row = (sample.hash, sample.hash, sample.header, sample.body)

    def insert(self, number: int, group: int) -> Sample:
        """Inserts rows, so many to a transaction."""
        return self._insert(INSERT, [self.row] * number, group)

    def insert_keyed(self, number: int, group: int) -> Sample:
        """Inserts rows of a new stream with unique keys; making the keys is not measured."""
        stream = next(_streams)
        rows = [(stream, seq, os.urandom(32), *self.row) for seq in range(number)]
        return self._insert(INSERT_KEYED, rows, group)

    def _insert(self, statement: str, rows: Sequence[tuple[object, ...]], group: int) -> Sample:
        cursor = self.db.cursor()
        parts = list(batched(rows, group))

        def work() -> None:
            for part in parts:
                cursor.execute("BEGIN IMMEDIATE")
                for row in part:
                    cursor.execute(statement, row)
                cursor.execute("COMMIT")

        return timed(work, len(rows))


def append(store: SqliteStore, number: int, group: int) -> Sample:
    """Appends receipts to a new stream, so many at once; making the drafts is not measured."""
    parts = list(batched(notes(f"{STREAM}/{next(_streams)}", number), group))

    def work() -> None:
        for part in parts:
            store.append(part, now_ms=NOW_MS)

    return timed(work, number)


def eventsourcing(folder: str, state: bytes) -> Callable[[], Sample]:
    """Returns what inserts single events by that library's own recorder for SQLite."""
    recorder = SQLiteApplicationRecorder(SQLiteDatastore(f"{folder}/eventsourcing.db"))
    recorder.create_table()

    def insert() -> Sample:
        stream = uuid4()
        events = [StoredEvent(stream, version, "ticket.noted", state) for version in range(ALONE)]

        def work() -> None:
            for event in events:
                recorder.insert_events([event])

        return timed(work, ALONE)

    return insert


def grouped(path: str) -> Sample:
    """Lets the threads of one server append through group commit."""
    group = GroupCommit(lambda: SqliteStore(path))
    parts = [list(batched(notes(STREAM, EACH), 1)) for _ in range(THREADS)]
    gate = threading.Barrier(THREADS + 1)

    def serve(part: Sequence[Sequence[Draft]]) -> None:
        gate.wait()
        for drafts in part:
            group.append(drafts, now_ms=NOW_MS)

    threads = [threading.Thread(target=serve, args=(part,)) for part in parts]

    def work() -> None:
        gate.wait()
        for thread in threads:
            thread.join()

    for thread in threads:
        thread.start()
    sample = timed(work, THREADS * EACH)
    group.close()
    return sample


# --- processes ---------------------------------------------------------------------------------

WRITER = """
import sys, time
sys.path.insert(0, sys.argv[3])
from ledger_store import NOW_MS, STREAM, SqliteStore, notes
store = SqliteStore(sys.argv[1])
waiting = notes(STREAM, int(sys.argv[2]))
print("ready", flush=True)
input()
longest, begun = 0.0, time.process_time()
for draft in waiting:
    before = time.perf_counter()
    store.append([draft], now_ms=NOW_MS)
    longest = max(longest, time.perf_counter() - before)
print(longest, time.process_time() - begun, flush=True)
"""


@contextmanager
def started(script: str, arguments: Sequence[Sequence[str]]) -> Iterator[list[subprocess.Popen[str]]]:
    """Starts processes that have said that they are ready; ends them."""
    here = str(Path(__file__).parent)
    running = [
        subprocess.Popen(
            [sys.executable, "-c", script, *words, here],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for words in arguments
    ]
    try:
        for process in running:
            assert process.stdout
            process.stdout.readline()
        yield running
    finally:
        for process in running:
            process.kill()
            process.communicate()


def race(path: str, racers: int, number: int, waits: list[float]) -> Sample:
    """Lets processes append to one stream, so many receipts in all, and notes the longest wait."""
    each = number // racers
    with started(WRITER, [(path, str(each))] * racers) as running:
        begun = time.perf_counter()
        for process in running:
            assert process.stdin
            process.stdin.write("\n")
            process.stdin.flush()
        answers = [process.stdout.readline().split() for process in running if process.stdout]
        wall = time.perf_counter() - begun
    waits.append(max(float(longest) for longest, _ in answers))
    cpu = sum(float(used) for _, used in answers)
    return Sample(cpu / number, wall / number, wall / number, 0, racers, 0)


# --- the rows ----------------------------------------------------------------------------------


def rows(folder: str, rounds: int) -> Iterator[Row]:
    """Yields what appends cost."""
    path = f"{folder}/ledger.db"
    store = SqliteStore.make(path, LEDGER)
    (sample,) = store.append(notes(STREAM, 1), now_ms=NOW_MS)
    bare = Bare(f"{folder}/raw.db", sample)
    other = eventsourcing(folder, sample.body or b"")

    bares, keyed, others, mine = zip(
        *paired(
            rounds,
            lambda: bare.insert(ALONE, 1),
            lambda: bare.insert_keyed(ALONE, 1),
            other,
            lambda: append(store, ALONE, 1),
        ),
        strict=True,
    )
    yield basis(SECTION, "INSERT and commit of the same bytes, one by one", 0, bares)
    yield share(SECTION, "append, one by one", 0, mine, bares, 0.8, by_wall=True)
    yield basis(SECTION, "the same INSERT with two unique keys", 0, keyed)
    yield share(SECTION, "append, one by one, of those", 0, mine, keyed, None, by_wall=True)
    yield basis(SECTION, "eventsourcing's recorder, one by one", 0, others)
    yield share(SECTION, "append, one by one, of eventsourcing's", 0, mine, others, 1, by_wall=True)

    bares, keyed, mine = zip(
        *paired(
            rounds,
            lambda: bare.insert(TOGETHER, GROUP),
            lambda: bare.insert_keyed(TOGETHER, GROUP),
            lambda: append(store, TOGETHER, GROUP),
        ),
        strict=True,
    )
    yield basis(SECTION, f"INSERTs and commit, {GROUP} at once", 0, bares)
    yield share(SECTION, f"append, {GROUP} at once", 0, mine, bares, 0.4, by_wall=True)
    yield basis(SECTION, f"the same INSERTs with two unique keys, {GROUP} at once", 0, keyed)
    yield share(SECTION, f"append, {GROUP} at once, of those", 0, mine, keyed, None, by_wall=True)

    alone, mine = zip(*paired(rounds, lambda: append(store, ALONE, 1), lambda: grouped(path)), strict=True)
    yield basis(SECTION, "append, one thread", 0, alone)
    yield share(SECTION, f"append, {THREADS} threads through group commit", 0, mine, alone, 4, by_wall=True)

    waits: list[float] = []
    one, four = zip(
        *paired(rounds, lambda: race(path, 1, 2000, []), lambda: race(path, PROCESSES, 2000, waits)),
        strict=True,
    )
    yield basis(SECTION, "append, one process", 0, one)
    yield share(SECTION, f"append, {PROCESSES} processes on one stream", 0, four, one, 0.8, by_wall=True)
    longest = max(waits) * 1e3
    yield at_most(SECTION, f"the longest of {PROCESSES} processes' appends", 0, longest, "ms", WAIT_MS_MAX)
    store.close()
