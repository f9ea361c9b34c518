"""What state costs: folding, a command on a long stream, a branch, and following the log."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import apsw
from inprocess import LEDGER, NOW_MS, notes, percentile, timed
from ledger_store import started
from measure import Sample, paired
from table import Row, at_most, basis, share

from counterfoil.adapters.sqlite.store import SqliteStore
from counterfoil.adapters.sqlite.views import SqliteViews
from counterfoil.adapters.system import SystemClock, SystemEntropy
from counterfoil.kernel.event import Kind, Registry
from counterfoil.ledger.decider import Event
from counterfoil.ledger.fold import fold
from counterfoil.ledger.receipt import FORKED, Draft
from counterfoil.usecases import kinds, runtime, views

if TYPE_CHECKING:
    from counterfoil.ledger.receipt import Receipt

STATE = "State: folds, commands, branches and views"
TAIL = "Following the log from another process"
LONG, SHORT = "ticket/01ARZ3NDEKTSV4RRFFQ69G5F01", "ticket/01ARZ3NDEKTSV4RRFFQ69G5F02"
COMMANDS, FORKS, BEATS = 200, 50, 400
IDLE_S = 5.0
SCAN = """
SELECT r.position, s.name, r.seq, k.kind, k.schema, r.prev, r.hash, r.header, r.body
FROM streams s JOIN receipts r ON r.stream_id = s.id JOIN kinds k ON k.id = r.kind_id
WHERE s.name = ? ORDER BY r.seq
"""


class Context:
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


def fill(store: SqliteStore, stream: str, number: int) -> None:
    """Seals notes."""
    while number > 0:
        store.append(notes(stream, min(number, 1000)), now_ms=NOW_MS)
        number -= 1000


def counted(store: SqliteStore, stream: str) -> int:
    """Folds a stream with a reducer that counts something in the bodies."""
    known = Registry((Kind(kinds.NOTED, "noted"),))

    def count(state: int, _receipt: Receipt, body: dict[str, Any]) -> int:
        return state + (body["n"] & 1)

    return fold(store.read(stream), count, 0, known)


def folding(path: str, receipts: int, rounds: int) -> Iterator[Row]:
    """Puts the fold against a bare scan of the same rows."""
    store, database = SqliteStore(path), apsw.Connection(path)

    def scan() -> None:
        for _ in database.execute(SCAN, (LONG,)):
            pass

    scans, folds = zip(
        *paired(rounds, lambda: timed(scan), lambda: timed(lambda: counted(store, LONG))), strict=True
    )
    yield basis(STATE, "scan of a stream's rows", receipts, scans)
    yield share(STATE, "fold of the stream, counting in its bodies", receipts, folds, scans, 0.35)
    database.close()
    store.close()


def commands(store: SqliteStore, derived: SqliteViews, receipts: int) -> Iterator[Row]:
    """Sends commands to a long stream and to streams of 10, by turns."""
    context: Any = Context()

    def send(stream: str, number: int) -> Sample:
        def work() -> None:
            runtime.execute(
                context, store, Notes(), stream, "note",
                actor="human:ada", key=f"{stream} {number}", snapshots=derived,
            )  # fmt: skip

        return timed(work)

    send(LONG, -1)
    longer = []
    for number in range(COMMANDS):
        stream = f"{SHORT}/{number}"
        fill(store, stream, 10)
        short = send(stream, number)
        longer.append((send(LONG, number).wall - short.wall) * 1e3)
    more = statistics.median(longer)
    yield at_most(STATE, "a command there, over one on a stream of 10", receipts, more, "ms", 2)


def forking(store: SqliteStore, receipts: int) -> Iterator[Row]:
    """Forks the long stream at its end."""
    at = receipts - 1
    shared = next(store.read(LONG, first=at, last=at))
    taken = []
    for number in range(FORKS):
        name = f"{LONG}/fork-{number}"
        body = {"parent": LONG, "at": at, "hash": shared.id}
        draft = Draft(name, FORKED, "human:ada", body, key=name, salt=f"{number:032x}")

        def work(name: str = name, draft: Draft = draft) -> None:
            store.fork(name, draft, parent=LONG, at=at, now_ms=NOW_MS)

        taken.append(timed(work).wall * 1e3)
    yield at_most(STATE, "a branch of the stream, at its end", receipts, statistics.median(taken), "ms", 5)


# --- following ---------------------------------------------------------------------------------

FOLLOWER = """
import sys, time
from counterfoil.bootstrap import open_ledger
from counterfoil.usecases.following import follow
store = {open}(sys.argv[1])
print("ready", flush=True)
start = time.process_time()
for receipt in follow(store, store.size(), stop=lambda: False):
    now = time.monotonic()
    text = receipt.data()["text"]
    if text == "quiet":
        start = time.process_time()
    elif text == "loud":
        print(time.process_time() - start, flush=True)
        break
    else:
        print(now, flush=True)
"""


def following(store: Any, place: str, opening: str, name: str, late_ms_max: float) -> Iterator[Row]:
    """Measures how late another process hears of a receipt, and what silence costs it.

    Args:
        store: writes.
        place: what the follower opens.
        opening: the Python expression that it opens it with, after its import.
        name: the store's.
        late_ms_max: the bound of the 99th percentile.
    """
    module, _, opener = opening.rpartition(".")
    script = FOLLOWER.replace("counterfoil.bootstrap import open_ledger", f"{module} import {opener}")
    late: list[float] = []

    def say(text: str) -> None:
        (draft,) = notes(SHORT, 1)
        draft = Draft(SHORT, kinds.NOTED, "human:ada", {"text": text}, key=draft.key, salt="0" * 32)
        store.append([draft], now_ms=NOW_MS)

    with started(script.format(open=opener), [(place,)]) as (follower,):
        assert follower.stdout
        for _ in range(BEATS):
            say("beat")
            acknowledged = time.monotonic()
            late.append(max(0.0, float(follower.stdout.readline()) - acknowledged) * 1e3)
            time.sleep(0.003)
        say("quiet")
        time.sleep(IDLE_S)
        say("loud")
        idle = float(follower.stdout.readline()) / IDLE_S * 100
    yield at_most(TAIL, f"{name}: from the acknowledgement on, median", 0, percentile(late, 50), "ms", None)
    yield at_most(TAIL, f"{name}: of 100 receipts, the 99th", 0, percentile(late, 99), "ms", late_ms_max)
    yield at_most(TAIL, f"{name}: processor while nothing happens", 0, idle, "%", 1)


# --- the rows ----------------------------------------------------------------------------------


def rows(folder: str, rounds: int, receipts: int) -> Iterator[Row]:
    """Yields what state costs."""
    path = f"{folder}/ledger.db"
    store = SqliteStore.make(path, LEDGER)
    fill(store, LONG, receipts)
    derived = SqliteViews(f"{folder}/views.db")
    yield from folding(path, receipts, rounds)
    yield from commands(store, derived, receipts)
    yield from forking(store, receipts)
    size = store.size()
    rebuilt = timed(lambda: views.rebuild(store, derived), size)
    yield Row(STATE, "all views from nothing, per receipt", size, *(
        [None, None]), f"{1 / rebuilt.cpu:,.0f} a second", counted="receipts")  # fmt: skip
    yield from following(store, path, "counterfoil.adapters.sqlite.store.SqliteStore", "SQLite", 5)
    derived.close()
    store.close()
