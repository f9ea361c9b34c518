"""What the ledger's SQLite store costs, each figure beside a baseline that ran right before it.

The baseline of appends is a loop of INSERT and COMMIT on a table without any chain, hash or encoding: the same
bytes in the same number of columns, with the same two unique keys, the same SQLite and the same settings (WAL,
`synchronous=FULL`). Run by hand: `python bench/ledger_store.py [--receipts N]`; `figures` is for whoever wires
it into a table.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count, islice
from pathlib import Path
from typing import NamedTuple, TypeVar

import apsw

from counterfoil.adapters.sqlite.grouping import GroupCommit
from counterfoil.adapters.sqlite.store import SqliteStore
from counterfoil.ledger.receipt import FORKED, Draft

LEDGER = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
STREAM = "ticket/01ARZ3NDEKTSV4RRFFQ69G5FAV"
NOW_MS = 1_763_750_000_123
TABLE = """
CREATE TABLE raw(position INTEGER PRIMARY KEY, stream INTEGER NOT NULL, seq INTEGER NOT NULL, key BLOB NOT NULL,
  header BLOB NOT NULL, body BLOB NOT NULL, UNIQUE(stream, seq), UNIQUE(stream, key)) STRICT
"""
INSERT = "INSERT INTO raw(stream, seq, key, header, body) VALUES (1, ?, ?, ?, ?)"
PAIRS = 9
_numbers = count()
T = TypeVar("T")


def batched(items: Iterable[T], size: int) -> Iterator[tuple[T, ...]]:
    """Yields groups of items; Python 3.11 has none of its own."""
    source = iter(items)
    while part := tuple(islice(source, size)):
        yield part


class Figure(NamedTuple):
    """One result: the median of the ratios, pair by pair, and what it should be.

    Attributes:
        value: see `unit`.
        least: the smallest value that is good enough, or None.
        most: the greatest, or None.
    """

    name: str
    value: float
    unit: str
    least: float | None = None
    most: float | None = None

    def line(self) -> str:
        """Writes it for people."""
        bounds = "".join(
            [f" ≥ {self.least:g}" if self.least is not None else "", f" ≤ {self.most:g}" if self.most else ""]
        )
        good = (self.least is None or self.value >= self.least) and (
            self.most is None or self.value <= self.most
        )
        return f"{'ok ' if good else '-- '} {self.name:58} {self.value:10.2f} {self.unit:12}{bounds}"


def drafts(number: int) -> list[Draft]:
    """Returns drafts of different events with a body of 140 bytes, the salt not counted."""
    found = []
    for _ in range(number):
        key = next(_numbers)
        body = {"commit": f"{key:040x}", "text": "x" * 74}
        found.append(
            Draft(STREAM, "ticket.applied", "human:ada", body, key=str(key), salt=os.urandom(16).hex())
        )
    return found


class Raw:
    """The baseline's table."""

    def __init__(self, path: str, sample: tuple[bytes, bytes]) -> None:
        self.db = apsw.Connection(path)
        self.db.pragma("journal_mode", "wal")
        self.db.pragma("synchronous", "full")
        self.db.wal_autocheckpoint(1024)
        self.db.execute(TABLE)
        self.cursor = self.db.cursor()
        self.sample = sample
        self.seq = 0

    def append(self, number: int, group: int) -> Callable[[], None]:
        """Returns what inserts rows, `group` of them to a transaction; making the rows is not measured."""
        rows = [(self.seq + place, os.urandom(32), *self.sample) for place in range(number)]
        self.seq += number

        def work() -> None:
            for part in batched(rows, group):
                self.cursor.execute("BEGIN IMMEDIATE")
                for row in part:
                    self.cursor.execute(INSERT, row)
                self.cursor.execute("COMMIT")

        return work


def batched_drafts(number: int, group: int) -> list[Sequence[Draft]]:
    """Returns drafts in groups."""
    return list(batched(drafts(number), group))


def ours(store: SqliteStore, number: int, group: int) -> Callable[[], None]:
    """Returns what appends receipts, `group` of them at once; making the drafts is not measured."""
    parts = batched_drafts(number, group)

    def work() -> None:
        for part in parts:
            store.append(part, now_ms=NOW_MS)

    return work


def seconds(work: Callable[[], object]) -> tuple[float, float]:
    """Returns wall and processor seconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def pairs(name: str, base: Callable[[], Callable[[], object]], mine: Callable[[], Callable[[], object]],
          least: float) -> Iterator[Figure]:  # fmt: skip
    """Yields how fast something is beside its baseline, by the wall and by the processor."""
    walls, cpus = [], []
    for _ in range(PAIRS):
        base_wall, base_cpu = seconds(base())
        wall, cpu = seconds(mine())
        walls.append(base_wall / wall)
        cpus.append(base_cpu / cpu)
    yield Figure(name, statistics.median(walls), "x wall", least)
    yield Figure(name, statistics.median(cpus), "x processor")


def appends(folder: str) -> Iterator[Figure]:
    """Measures appends of one thread, of many threads, of many processes, and another library's."""
    store = SqliteStore.make(f"{folder}/ledger.db", LEDGER)
    (first,) = store.append(drafts(1), now_ms=NOW_MS)
    assert first.body
    raw = Raw(f"{folder}/raw.db", (first.header, first.body))
    yield from pairs(
        "one by one, of a raw INSERT and COMMIT", lambda: raw.append(500, 1), lambda: ours(store, 500, 1), 0.8
    )
    yield from pairs(
        "100 at once, of raw", lambda: raw.append(4000, 100), lambda: ours(store, 4000, 100), 0.4
    )
    yield from pairs(
        "one by one, of eventsourcing's recorder", eventsourcing(folder), lambda: ours(store, 500, 1), 1.0
    )
    yield grouped(folder, store)
    yield from processes(folder)
    store.close()


def eventsourcing(folder: str) -> Callable[[], Callable[[], None]]:
    """Returns what makes appends by the library's own SQLite recorder, one event each."""
    from uuid import uuid4

    from eventsourcing.persistence import StoredEvent
    from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteDatastore

    datastore = SQLiteDatastore(f"{folder}/eventsourcing.db")
    recorder = SQLiteApplicationRecorder(datastore)
    recorder.create_table()
    state = b"x" * 190

    def make() -> Callable[[], None]:
        stream = uuid4()

        def work() -> None:
            for version in range(500):
                recorder.insert_events([StoredEvent(stream, version, "ticket.applied", state)])

        return work

    return make


def grouped(folder: str, store: SqliteStore, threads: int = 64, each: int = 100) -> Figure:
    """Measures 64 threads that share transactions against one that does not."""
    ratios = []
    for _ in range(5):
        alone, _ = seconds(ours(store, 1000, 1))
        group = GroupCommit(lambda: SqliteStore(f"{folder}/ledger.db"))
        parts = [batched_drafts(each, 1) for _ in range(threads)]
        gate = threading.Barrier(threads + 1)
        workers = [threading.Thread(target=_through, args=(group, part, gate)) for part in parts]
        for worker in workers:
            worker.start()
        gate.wait()
        began = time.perf_counter()
        for worker in workers:
            worker.join()
        together = time.perf_counter() - began
        group.close()
        ratios.append((threads * each / together) / (1000 / alone))
    return Figure("64 threads through group commit, of one", statistics.median(ratios), "x wall", 4)


def _through(group: GroupCommit, parts: Sequence[Sequence[Draft]], gate: threading.Barrier) -> None:
    gate.wait()
    for part in parts:
        group.append(part, now_ms=NOW_MS)


WRITER = """
import sys, time
sys.path.insert(0, sys.argv[4])
from ledger_store import Draft, NOW_MS, STREAM, SqliteStore
store = SqliteStore(sys.argv[1])
name, number = sys.argv[2], int(sys.argv[3])
made = [Draft(STREAM, "ticket.applied", "human:ada", {"text": "x" * 120}, key=f"{name} {n}", salt="0" * 32)
        for n in range(number)]
print("ready", flush=True)
input()
longest, began = 0.0, time.perf_counter()
for draft in made:
    before = time.perf_counter()
    store.append([draft], now_ms=NOW_MS)
    longest = max(longest, time.perf_counter() - before)
print(longest, flush=True)
"""


@contextmanager
def started(script: str, arguments: Sequence[Sequence[str]]) -> Iterator[list[subprocess.Popen[str]]]:
    """Starts processes that are ready to begin."""
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


def race(path: str, racers: int, each: int) -> tuple[float, float]:
    """Returns appends in a second of all racers together, and the longest that any append took."""
    names = [(path, f"{next(_numbers)}-{racer}", str(each)) for racer in range(racers)]
    with started(WRITER, names) as running:
        began = time.perf_counter()
        for process in running:
            assert process.stdin
            process.stdin.write("\n")
            process.stdin.flush()
        longest = max(float(process.stdout.readline()) for process in running if process.stdout)
        return racers * each / (time.perf_counter() - began), longest


def processes(folder: str) -> Iterator[Figure]:
    """Measures four processes on one stream against one."""
    ratios, waits = [], []
    for _ in range(5):
        one, _ = race(f"{folder}/ledger.db", 1, 2000)
        four, longest = race(f"{folder}/ledger.db", 4, 500)
        ratios.append(four / one)
        waits.append(longest * 1000)
    yield Figure("4 processes on one stream, of one", statistics.median(ratios), "x wall", 0.8)
    yield Figure("4 processes: the longest append", max(waits), "ms", None, 200)


FOLLOWER = """
import sys, time
sys.path.insert(0, sys.argv[2])
from ledger_store import SqliteStore
store = SqliteStore(sys.argv[1])
size = store.size()
store.wait(size, 0)
print("ready", flush=True)
input()
cpu = time.process_time()
while store.wait(size, 3.0):
    size = store.size()
    print(time.clock_gettime(time.CLOCK_MONOTONIC), flush=True)
    cpu = time.process_time()
print("idle", (time.process_time() - cpu) / 3.0 * 100, flush=True)
"""


def tail(folder: str, rounds: int = 400) -> Iterator[Figure]:
    """Measures how long after its commit a receipt is seen by a follower in another process."""
    store = SqliteStore(f"{folder}/ledger.db")
    delays = []
    with started(FOLLOWER, [(f"{folder}/ledger.db",)]) as (follower,):
        assert follower.stdin
        assert follower.stdout
        follower.stdin.write("\n")
        follower.stdin.flush()
        for _ in range(rounds):
            store.append(drafts(1), now_ms=NOW_MS)
            sealed = time.clock_gettime(time.CLOCK_MONOTONIC)
            delays.append((float(follower.stdout.readline()) - sealed) * 1000)
            time.sleep(0.002)
        idle = float(follower.stdout.readline().split()[1])
    store.close()
    delays.sort()
    yield Figure("tail: from commit to reader, median", delays[len(delays) // 2], "ms")
    yield Figure("tail: from commit to reader, 99 of 100", delays[int(len(delays) * 0.99)], "ms", None, 5)
    yield Figure("tail: idle follower", idle, "% processor", None, 1)


def large(folder: str, receipts: int) -> Iterator[Figure]:
    """Measures a ledger of many receipts: growth, size, scans, branches, what opening and one append cost."""
    import resource

    path = f"{folder}/large.db"
    store = SqliteStore.make(path, LEDGER)
    tenth = receipts // 10
    times, memory = [], []
    for _ in range(10):
        times.append(seconds(lambda: _fill(store, tenth))[1])
        memory.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    yield Figure(
        f"{receipts}: the last tenth, of the second (processor)", times[-1] / times[1], "x", None, 1.5
    )
    yield Figure(
        f"{receipts}: memory, the last tenth less the second", memory[-1] - memory[1], "MiB", None, 16
    )
    store._db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    yield Figure(f"{receipts}: on disk", os.path.getsize(path) / receipts, "B a receipt", None, 1000)
    yield from scans(store)
    at = receipts - 1
    body = {"parent": STREAM, "at": at, "hash": "0" * 64}
    forks = []
    for number in range(20):
        draft = Draft(f"fork/{number}", FORKED, "human:ada", body, key="fork", salt="0" * 32)
        forks.append(
            seconds(lambda draft=draft: store.fork(draft.stream, draft, parent=STREAM, at=at, now_ms=1))[0]
        )
    yield Figure(f"{receipts}: fork", statistics.median(forks) * 1000, "ms", None, 5)
    store.close()
    opens, firsts = [], []
    for _ in range(20):
        began = time.perf_counter()
        store = SqliteStore(path)
        opens.append(time.perf_counter() - began)
        draft = drafts(1)
        firsts.append(seconds(lambda draft=draft, store=store: store.append(draft, now_ms=NOW_MS))[0])  # type: ignore[misc]
        store.close()
    yield Figure("open", statistics.median(opens) * 1000, "ms", None, 1)
    yield Figure(f"{receipts}: the first append after it", statistics.median(firsts) * 1000, "ms", None, 2)


def _fill(store: SqliteStore, number: int) -> None:
    for part in batched(range(number), 1000):
        store.append(drafts(len(part)), now_ms=NOW_MS)


def scans(store: SqliteStore) -> Iterator[Figure]:
    """Measures the store's readings against bare scans of the same columns."""

    def bare(each: Callable[[bytes, bytes], object]) -> Callable[[], Callable[[], None]]:
        def work() -> None:
            for row in store._db.execute("SELECT * FROM receipts ORDER BY position"):
                each(row[-2], row[-1])

        return lambda: work

    def digest(header: bytes) -> None:
        hashlib.sha256(b"\0" + header).digest()

    def log() -> None:
        for receipt in store.log():
            len(receipt.body or b"")

    def rows() -> None:
        for row in store.rows():
            digest(row[8])

    def count_body(_header: bytes, body: bytes) -> None:
        len(body)

    def digest_header(header: bytes, _body: bytes) -> None:
        digest(header)

    yield from pairs("receipts with bodies, of a scan of the rows", bare(count_body), lambda: log, 0.35)
    yield from pairs("rows and SHA-256, of a scan and SHA-256", bare(digest_header), lambda: rows, 0.7)


def figures(receipts: int) -> Iterator[Figure]:
    """Yields all figures."""
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_FOLDER")) as folder:
        yield from appends(folder)
        yield from tail(folder)
        yield from large(folder, receipts)


def main() -> None:
    """Prints all figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--receipts", type=int, default=100_000)
    for figure in figures(parser.parse_args().receipts):
        print(figure.line(), flush=True)


if __name__ == "__main__":
    main()
