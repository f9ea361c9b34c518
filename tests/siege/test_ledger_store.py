"""The ledger's file under fire: killed in the middle, raced for, followed, filled by many threads, read-only."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest
from conformance.stores.backends import LEDGER, NOW_MS, InSqlite, Worker, note, notes, workers
from siege.test_disks import drop_rights

from counterfoil.adapters.sqlite.grouping import GroupCommit
from counterfoil.adapters.sqlite.store import SqliteStore
from counterfoil.errors import ConflictError, HostError
from counterfoil.kernel.digest import hash_leaf
from counterfoil.kernel.merkle import Peaks

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from counterfoil.ledger.receipt import Receipt

COMMAND = 3
"""Receipts of one append, all or none of which must be there after a kill."""

APPEND_FOREVER = """
number = 0
while True:
    drafts = [note(f"{request} {number} {part}", stream=f"s{number % 5}") for part in range(3)]
    store.append(drafts, now_ms=NOW_MS)
    number += 1
    print(json.dumps(number), flush=True)
"""
DIE_AT = """
import os, signal
from counterfoil.adapters.sqlite import store as module
points = 0
def point():
    nonlocal points
    points += 1
    if points == request["at"]:
        os.kill(os.getpid(), signal.SIGKILL)
class Watched:
    def __init__(self, cursor):
        self.cursor = cursor
    def execute(self, *arguments):
        point()
        found = self.cursor.execute(*arguments)
        point()
        return found
    def executemany(self, *arguments):
        point()
        found = self.cursor.executemany(*arguments)
        point()
        return found
    @property
    def connection(self):
        return self.cursor.connection
store._cursor = store._writer._cursor = Watched(store._cursor)
store.append([note(f"doomed {part}", stream=f"new {part}".replace(" ", "-")) for part in range(3)], now_ms=NOW_MS)
return points
"""
HOLD = """
store._cursor.execute("BEGIN IMMEDIATE")
return "held"
"""
WRITE = """
import sys
from conformance.stores.backends import *
from counterfoil.adapters.sqlite.store import SqliteStore
from counterfoil.errors import HostError
try:
    SqliteStore(sys.argv[1]).append([note()], now_ms=NOW_MS)
except HostError as error:
    print(error.code, error.fields["reason"])
"""
WAIT_FOR_TURNS = """
import time
longest = 0.0
for number in range(request["count"]):
    began = time.monotonic()
    store.append([note(f"{request['name']} {number}")], now_ms=NOW_MS)
    longest = max(longest, time.monotonic() - began)
return longest
"""


@pytest.fixture
def place(tmp_path: Path) -> str:
    """A ledger's file."""
    backend = InSqlite(tmp_path)
    backend.open().close()
    return backend.place


@pytest.fixture
def store(place: str) -> Iterator[SqliteStore]:
    """The ledger, open."""
    opened = SqliteStore(place)
    yield opened
    opened.close()


def assert_whole(store: SqliteStore) -> None:
    """Asserts that chains, hashes, tree and file are sound."""
    peaks = Peaks()
    ends: dict[str, tuple[int, bytes]] = {}
    for position, row in enumerate(store.rows()):
        seq, prev = ends.get(row.stream, (0, b""))
        assert (row.position, row.seq, row.prev) == (position, seq, prev)
        assert hash_leaf(row.header) == row.hash
        assert peaks.append(row.hash) == row.nodes
        ends[row.stream] = (seq + 1, row.hash)
    assert store.tree_head() == (peaks.size, peaks.root())
    assert store.problems() == []


def test_writers_that_are_killed_leave_whole_commands_and_all_that_was_acknowledged(place: str) -> None:
    acknowledged: dict[str, int] = {}
    for round_ in range(4):
        with workers(place, APPEND_FOREVER, 3) as doomed:
            for number, worker in enumerate(doomed):
                worker.ask(f"{round_}-{number}")
            for _ in range(10 * (round_ + 1)):
                for number, worker in enumerate(doomed):
                    acknowledged[f"{round_}-{number}"] = worker.answer()
            for worker in doomed:
                os.kill(worker.process.pid, signal.SIGKILL)
    store = SqliteStore(place)
    assert_whole(store)
    found: dict[str, list[int]] = {}
    for receipt in store.log():
        name, command, _ = str(receipt.data()["text"]).split()
        found.setdefault(name, []).append(int(command))
    for name, commands in found.items():
        assert commands == [number for number in range(max(commands) + 1) for _ in range(COMMAND)]
        assert max(commands) + 1 >= acknowledged[name]
    store.close()


def test_an_append_that_is_killed_at_any_statement_is_there_as_a_whole_or_not_at_all(place: str) -> None:
    sizes = [0]
    survived = None
    while survived is None:
        worker = Worker(place, DIE_AT)
        worker.ask({"at": len(sizes)})
        survived = worker.answer()
        worker.stop()
        assert worker.process.returncode == -signal.SIGKILL
        store = SqliteStore(place)
        assert_whole(store)
        sizes.append(store.size())
        store.close()
        assert sizes[-1] in {0, COMMAND}
    assert survived == len(sizes) - 2 > 10
    assert sizes == sorted(sizes)


def test_the_lock_of_a_killed_writer_is_gone_with_it(place: str, store: SqliteStore) -> None:
    with workers(place, HOLD, 1) as (holder,):
        holder.ask("")
        assert holder.answer() == "held"
        os.kill(holder.process.pid, signal.SIGKILL)
        assert store.append([note()], now_ms=NOW_MS)[0].seq == 0


def test_a_reader_neither_waits_for_a_writer_nor_keeps_it_waiting(place: str, store: SqliteStore) -> None:
    store.append(notes(1500), now_ms=NOW_MS)
    with workers(place, HOLD, 1) as (holder,):
        holder.ask("")
        assert holder.answer() == "held"
        assert sum(1 for _ in store.log()) == 1500
    reading = store.log()
    next(reading)
    other = SqliteStore(place, lock_timeout_s=0)
    assert other.append([note("while somebody reads")], now_ms=NOW_MS)[0].seq == 1500
    assert sum(1 for _ in reading) == 1499
    other.close()


def test_every_writer_gets_its_turn(place: str) -> None:
    with workers(place, WAIT_FOR_TURNS, 4) as greedy:
        for number, worker in enumerate(greedy):
            worker.ask({"name": str(number), "count": 100})
        assert all(isinstance(worker.answer(), float) for worker in greedy)
    store = SqliteStore(place)
    assert store.size() == 400
    assert_whole(store)
    store.close()


def test_ledgers_that_are_made_at_once_are_one(tmp_path: Path) -> None:
    path = f"{tmp_path}/new/ledger.db"
    ids = [f"01ARZ3NDEKTSV4RRFFQ69G5F{number:02}" for number in range(12)]
    found: list[str] = []

    def make(ledger: str) -> None:
        store = SqliteStore.make(path, ledger)
        found.append(store.ledger)
        store.close()

    together([threading.Thread(target=make, args=(ledger,)) for ledger in ids])
    assert len(found) == len(ids)
    assert len(set(found)) == 1
    assert [name for name in os.listdir(f"{tmp_path}/new") if name.endswith(".tmp")] == []


def together(threads: list[threading.Thread]) -> None:
    """Runs threads to their ends."""
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_threads_share_transactions_and_each_gets_its_own_answer(place: str) -> None:
    group = GroupCommit(lambda: SqliteStore(place))
    sealed: list[Receipt] = []
    refused: list[str] = []

    def work(name: int) -> None:
        for number in range(20):
            sealed.extend(group.append([note(f"{name} {number}")], now_ms=NOW_MS))
            try:
                group.append([note(f"lost {name}"), note(str(name), key="0 0")], now_ms=NOW_MS)
            except ConflictError as error:
                refused.append(error.code)

    together([threading.Thread(target=work, args=(name,)) for name in range(16)])
    group.close()
    store = SqliteStore(place)
    assert_whole(store)
    assert sorted(receipt.seq for receipt in sealed) == list(range(320))
    assert len({receipt.hash for receipt in sealed}) == store.size() == 320
    assert set(refused) <= {"key_reused"}
    store.close()


def test_of_threads_that_expect_the_same_length_one_wins_each_round(place: str) -> None:
    group = GroupCommit(lambda: SqliteStore(place))
    outcomes: list[str] = []

    def work(name: int) -> None:
        try:
            group.append([note(str(name))], now_ms=NOW_MS, expect={"ticket/a": 0})
            outcomes.append("won")
        except ConflictError as error:
            outcomes.append(error.code)

    together([threading.Thread(target=work, args=(name,)) for name in range(16)])
    group.close()
    assert sorted(outcomes) == ["version_conflict"] * 15 + ["won"]


def test_a_group_that_cannot_open_its_ledger_says_so_at_once_and_a_closed_one_takes_nothing(
    place: str,
) -> None:
    with pytest.raises(HostError) as caught:
        GroupCommit(lambda: SqliteStore(place + ".not"))
    assert caught.value.fields["reason"] == "missing"
    group = GroupCommit(lambda: SqliteStore(place))
    group.close()
    with pytest.raises(HostError):
        group.append([note()], now_ms=NOW_MS)


def test_a_follower_is_woken_long_before_it_would_look_by_itself(
    place: str, store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("counterfoil.adapters.sqlite.doorbell.LOOK_S", 600.0)
    other = SqliteStore(place)
    assert store.wait(0, 0) is False
    ringing = threading.Thread(target=lambda: SqliteStore(place).append([note()], now_ms=NOW_MS))
    ringing.start()
    assert store.wait(0, 300) is True
    ringing.join()
    other.close()


def test_a_follower_without_a_bell_looks_by_itself(
    store: SqliteStore, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("counterfoil.adapters.sqlite.doorbell.LOOK_S", 0.01)
    bells = os.path.join(os.path.dirname(place), "bells")
    with open(bells, "w", encoding="ascii"):
        pass
    silent = threading.Thread(target=lambda: SqliteStore(place).append([note()], now_ms=NOW_MS))
    silent.start()
    assert store.wait(0, 300) is True
    silent.join()


def test_bells_in_deep_folders_ring_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("counterfoil.adapters.sqlite.doorbell.LOOK_S", 600.0)
    deep = tmp_path / ("a long name " * 9) / ("another one " * 9)
    path = f"{deep}/ledger.db"
    store = SqliteStore.make(path, LEDGER)
    assert store.wait(0, 0) is False
    assert len(os.listdir(deep / "bells")) == 1
    other = SqliteStore(path)
    other.append([note()], now_ms=NOW_MS)
    assert store.wait(0, 300) is True
    store.close()
    other.close()
    assert not (deep / "bells").exists()


def test_a_bell_whose_follower_was_killed_is_taken_down_and_a_deaf_one_keeps_nobody_waiting(
    place: str, store: SqliteStore
) -> None:
    bells = os.path.join(os.path.dirname(place), "bells")
    with workers(place, "store.wait(store.size(), 0)\nreturn 1", 1) as (follower,):
        follower.ask("")
        assert follower.answer() == 1
        assert len(os.listdir(bells)) == 1
        began = time.monotonic()
        for number in range(600):  # far more than a bell's queue holds
            store.append([note(str(number))], now_ms=NOW_MS)
        assert time.monotonic() - began < 300
    store.append([note("after")], now_ms=NOW_MS)
    assert os.listdir(bells) == []


@pytest.mark.parametrize("what", ["folder", "file"])
def test_a_ledger_that_may_not_be_written_is_unavailable_for_that_reason(place: str, what: str) -> None:
    folder = os.path.dirname(place)
    names = [f"{folder}/{name}" for name in os.listdir(folder)]
    for name in names if what == "file" else []:
        os.chmod(name, 0o400)
    if what == "folder":
        for name in names:
            if name != place:
                os.unlink(name)
        os.chmod(folder, 0o500)
    command = [sys.executable, "-c", WRITE, place]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    answer = subprocess.run(
        command, preexec_fn=drop_rights, env=environment, capture_output=True, text=True, check=True
    )
    os.chmod(folder, 0o700)
    assert answer.stdout.split() == ["ledger_unavailable", "read_only"]
