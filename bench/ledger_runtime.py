"""What state costs: folding, a command on a long stream, a fork, the views and the live tail.

Ratios are taken from pairs that run one after the other in one process; the figure is the median of the pairs.

    python3 bench/ledger_runtime.py [RECEIPTS]
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import apsw

from counterfoil.adapters.sqlite.store import SqliteStore
from counterfoil.adapters.sqlite.views import SqliteViews
from counterfoil.adapters.system import SystemClock, SystemEntropy
from counterfoil.kernel.event import Kind, Registry
from counterfoil.ledger.decider import Event
from counterfoil.ledger.fold import fold
from counterfoil.ledger.receipt import FORKED, Draft
from counterfoil.usecases import kinds, runtime, views

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from counterfoil.ledger.receipt import Receipt

RECEIPTS = 100_000
LEDGER = "01ARZ3NDEKTSV4RRFFQ69G5FAX"
LONG, SHORT = "ticket/01ARZ3NDEKTSV4RRFFQ69G5F01", "ticket/01ARZ3NDEKTSV4RRFFQ69G5F02"
PAIRS = 9
COMMANDS = 300
FORKS = 50
BEATS = 400
SCAN = """
SELECT r.position, s.name, r.seq, k.kind, k.schema, r.prev, r.hash, r.header, r.body
FROM streams s JOIN receipts r ON r.stream_id = s.id JOIN kinds k ON k.id = r.kind_id
WHERE s.name = ? ORDER BY r.seq
"""


class Figure(NamedTuple):
    """One result.

    Attributes:
        name: what was measured.
        value: the number.
        unit: its unit, empty for a ratio.
        limit: what the issue asks for, in words; empty where it asks nothing.
        holds: whether it is met.
    """

    name: str
    value: float
    unit: str
    limit: str
    holds: bool


class Bench:
    """What `runtime.execute` needs of a context."""

    def __init__(self) -> None:
        self.clock = SystemClock()
        self.entropy = SystemEntropy()


class Notes:
    """A decider that counts notes."""

    name = "bench"
    version = 1

    def initial(self) -> int:
        """Returns the state before the first receipt."""
        return 0

    def decide(self, state: int, command: str, _now_ms: int) -> Sequence[Event]:
        """Notes what is asked for."""
        return [Event(kinds.NOTED, {"text": f"{command} {state}"})]

    def evolve(self, state: int, _receipt: Receipt, _body: dict[str, Any]) -> int:
        """Counts."""
        return state + 1

    def dump(self, state: int) -> Any:
        """Returns a state as JSON data."""
        return state

    def load(self, data: Any) -> int:
        """Reads what `dump` gave."""
        return int(data)


def fill(store: SqliteStore, stream: str, count: int) -> None:
    """Seals notes of 140 bytes."""
    for start in range(0, count, 1000):
        drafts = [
            Draft(stream, kinds.NOTED, "human:ada", {"n": number, "text": "x" * 80}, key=str(number), salt=f"{number:032x}")
            for number in range(start, min(count, start + 1000))
        ]  # fmt: skip
        store.append(drafts, now_ms=1_900_000_000_000, expect={})


def seconds(work: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    """Returns how long a piece of work takes."""
    start = clock()
    work()
    return clock() - start


def fold_against_scan(path: str, stream: str) -> Figure:
    """Folds a counting reducer over bodies, against a bare scan of the same rows."""
    store = SqliteStore(path)
    database = apsw.Connection(path)
    known = Registry((Kind(kinds.NOTED, "noted"),))

    def count(state: int, _receipt: Receipt, body: dict[str, Any]) -> int:
        return state + int(body["n"] & 1)

    def scan() -> None:
        for _ in database.execute(SCAN, (stream,)):
            pass

    def folded() -> None:
        fold(store.read(stream), count, 0, known)

    ratios = [seconds(scan, time.process_time) / seconds(folded, time.process_time) for _ in range(PAIRS)]
    database.close()
    store.close()
    ratio = statistics.median(ratios)
    return Figure("fold over bodies, of a scan of the rows", ratio, "", "≥ 0.35", ratio >= 0.35)


def command_on_a_long_stream(store: SqliteStore, derived: SqliteViews) -> Figure:
    """Sends commands to a long stream and to one of 10, by turns."""
    bench: Any = Bench()

    def send(stream: str, number: int) -> None:
        runtime.execute(
            bench,
            store,
            Notes(),
            stream,
            "note",
            actor="human:ada",
            key=f"{stream} {number}",
            snapshots=derived,
        )

    send(LONG, -1)
    longer = []
    for number in range(COMMANDS):
        short = f"{SHORT}/{number}"
        fill(store, short, 10)
        there = seconds(lambda short=short, number=number: send(short, number))  # type: ignore[misc]
        longer.append((seconds(lambda number=number: send(LONG, number)) - there) * 1000)  # type: ignore[misc]
    median = statistics.median(longer)
    return Figure("a command on the long stream, over one of 10", median, "ms", "≤ 2 ms", median <= 2)


def forking(store: SqliteStore, at: int) -> Figure:
    """Forks the long stream at its end."""
    shared = next(store.read(LONG, first=at, last=at))
    taken = []
    for number in range(FORKS):
        name = f"{LONG}/fork-{number}"
        body = {"parent": LONG, "at": at, "hash": shared.id}
        draft = Draft(name, FORKED, "human:ada", body, key=name, salt=f"{number:032x}")
        taken.append(
            seconds(lambda d=draft, n=name: store.fork(n, d, parent=LONG, at=at, now_ms=1_900_000_000_000))  # type: ignore[misc]
        )
    median = statistics.median(taken) * 1000
    return Figure("fork of the long stream", median, "ms", "≤ 5 ms", median <= 5)


def keeping_views(store: SqliteStore, derived: SqliteViews) -> Figure:
    """Folds all views from nothing."""
    size = store.size()
    taken = seconds(lambda: views.rebuild(store, derived))
    return Figure("receipts folded into all views", size / taken, "/s", "", True)


FOLLOWER = """
import sys, time
from counterfoil.adapters.sqlite.store import SqliteStore
from counterfoil.usecases.following import follow
store = SqliteStore(sys.argv[1])
print("ready", flush=True)
left = int(sys.argv[3])
start = time.process_time()
for receipt in follow(store, int(sys.argv[2]), stop=lambda: False):
    now = time.time_ns()
    if receipt.data().get("text") == "quiet":
        start = time.process_time()
        continue
    if receipt.data().get("text") == "loud":
        print("idle", time.process_time() - start, flush=True)
        break
    print(now, flush=True)
"""


def tailing(path: str, idle_s: float = 10.0) -> list[Figure]:
    """Follows the log in another process: how late it hears of a receipt, and what silence costs it."""
    store = SqliteStore(path)
    arguments = [sys.executable, "-c", FOLLOWER, path, str(store.size()), str(BEATS)]
    follower = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)
    assert follower.stdout is not None
    follower.stdout.readline()
    late = []
    for number in range(BEATS + 1):
        text = "beat" if number < BEATS else "quiet"
        store.append(
            [Draft(SHORT, kinds.NOTED, "human:ada", {"text": text}, key=f"beat {number}", salt="0" * 32)],
            now_ms=time.time_ns() // 1_000_000, expect={},
        )  # fmt: skip
        acknowledged = time.time_ns()
        if number < BEATS:
            late.append(max(0, int(follower.stdout.readline()) - acknowledged) / 1e6)
            time.sleep(0.003)
    time.sleep(idle_s)
    store.append(
        [Draft(SHORT, kinds.NOTED, "human:ada", {"text": "loud"}, key="last", salt="0" * 32)],
        now_ms=time.time_ns() // 1_000_000, expect={},
    )  # fmt: skip
    idle = float(follower.stdout.readline().split()[1]) / idle_s * 100
    follower.wait()
    store.close()
    late.sort()
    p50, p99 = late[len(late) // 2], late[len(late) * 99 // 100]
    return [
        Figure("live tail, p50 from the acknowledgement on", p50, "ms", "", True),
        Figure("live tail, p99 from the acknowledgement on", p99, "ms", "≤ 5 ms", p99 <= 5),
        Figure("live tail, processor while nothing happens", idle, "%", "≤ 1 %", idle <= 1),
    ]


def figures(folder: Path, receipts: int) -> list[Figure]:
    """Measures everything in a folder."""
    path = f"{folder}/ledger.db"
    store = SqliteStore.make(path, LEDGER)
    fill(store, LONG, receipts)
    derived = SqliteViews(f"{folder}/views.db")
    try:
        return [
            fold_against_scan(path, LONG),
            command_on_a_long_stream(store, derived),
            forking(store, receipts - 1),
            keeping_views(store, derived),
            *tailing(path),
        ]
    finally:
        derived.close()
        store.close()


def main() -> None:
    """Prints the figures."""
    receipts = int(sys.argv[1]) if len(sys.argv) > 1 else RECEIPTS
    with tempfile.TemporaryDirectory() as folder:
        for figure in figures(Path(folder), receipts):
            mark = "" if figure.holds else "  MISSED"
            print(f"{figure.name:48} {figure.value:10.2f} {figure.unit:3} {figure.limit}{mark}")


if __name__ == "__main__":
    main()
