"""The live tail over real processes: every receipt once, in order, also after the follower was killed."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from counterfoil.adapters.sqlite.store import SqliteStore
from counterfoil.errors import InputError
from counterfoil.ledger.receipt import Draft
from counterfoil.testing.ledger import MemoryStore
from counterfoil.usecases.following import follow

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LEDGER = "01ARZ3NDEKTSV4RRFFQ69G5FAX"
WRITERS, EACH = 3, 60
WRITER = """
import sys
from counterfoil.adapters.sqlite.store import SqliteStore
from counterfoil.ledger.receipt import Draft
path, name, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
store = SqliteStore(path)
for number in range(count):
    drafts = [Draft(stream, "stream.noted", "agent:" + name, {"text": f"{name} {number}"}, key=f"{name} {number}",
                    salt="0" * 32) for stream in ("text/" + name, "text/all")]
    store.append(drafts, now_ms=1_900_000_000_000, expect={})
"""
FOLLOWER = """
import sys
from counterfoil.adapters.sqlite.store import SqliteStore
from counterfoil.usecases.following import follow
store = SqliteStore(sys.argv[1])
print("ready", flush=True)
for receipt in follow(store, int(sys.argv[2]), stop=lambda: False):
    print(receipt.position, receipt.id, flush=True)
"""


def start(program: str, *arguments: object) -> subprocess.Popen[str]:
    """Starts a Python program of its own."""
    command = [sys.executable, "-c", program, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def started(path: str, known: int) -> subprocess.Popen[str]:
    """Starts a follower and waits until it has opened the ledger."""
    follower = start(FOLLOWER, path, known)
    assert follower.stdout is not None
    assert follower.stdout.readline() == "ready\n"
    return follower


def killed(follower: subprocess.Popen[str]) -> None:
    """Kills a follower."""
    follower.kill()
    follower.communicate()


def lines(follower: subprocess.Popen[str], count: int) -> list[tuple[int, str]]:
    """Reads what a follower prints."""
    assert follower.stdout is not None
    found = []
    for _ in range(count):
        position, leaf = follower.stdout.readline().split()
        found.append((int(position), leaf))
    return found


def test_a_follower_that_is_killed_and_resumes_has_seen_everything_once(tmp_path: Path) -> None:
    path = f"{tmp_path}/ledger.db"
    SqliteStore.make(path, LEDGER).close()
    total = 2 * WRITERS * EACH
    seen: list[tuple[int, str]] = []
    follower = started(path, 0)
    writers = [start(WRITER, path, name, EACH) for name in "abc"[:WRITERS]]
    while len(seen) < total:
        seen += lines(follower, min(77, total - len(seen)))
        killed(follower)
        follower = started(path, seen[-1][0] + 1)
    killed(follower)
    assert [writer.communicate()[0] or writer.returncode for writer in writers] == [0] * WRITERS
    store = SqliteStore(path)
    assert seen == [(receipt.position, receipt.id) for receipt in store.log()]
    assert [position for position, _ in seen] == list(range(total))
    store.close()


def note(store: MemoryStore, *texts: str) -> None:
    """Seals notes."""
    drafts = [
        Draft("text", "stream.noted", "human:ada", {"text": text}, key=text, salt="0" * 32) for text in texts
    ]
    store.append(drafts, now_ms=1_900_000_000_000, expect={})


def after(count: int) -> Callable[[], bool]:
    """Returns what stops a follower when it has asked so often."""
    asked = iter(range(count))
    return lambda: next(asked, None) is None


def test_a_follower_goes_on_with_what_is_sealed_while_it_reads() -> None:
    store = MemoryStore(LEDGER)
    note(store, "0", "1")
    seen = []
    for receipt in follow(store, 0, stop=after(9), look_up_s=0):
        seen.append(receipt.position)
        if len(seen) < 5:
            note(store, f"more {len(seen)}")
    assert seen == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize(("known", "expected"), [(0, [0, 1, 2]), (2, [2]), (3, [])])
def test_a_follower_begins_behind_what_is_known(known: int, expected: list[int]) -> None:
    store = MemoryStore(LEDGER)
    note(store, "0", "1", "2")
    assert [receipt.position for receipt in follow(store, known, stop=after(6), look_up_s=0)] == expected


def test_a_follower_that_is_told_to_stop_stops_between_two_receipts() -> None:
    store = MemoryStore(LEDGER)
    note(store, "0", "1", "2")
    seen: list[int] = []
    for receipt in follow(store, 0, stop=lambda: len(seen) == 2, look_up_s=0):
        seen.append(receipt.position)
    assert seen == [0, 1]


@pytest.mark.parametrize("known", [-1, 4])
def test_nobody_can_have_seen_more_than_there_is(known: int) -> None:
    store = MemoryStore(LEDGER)
    note(store, "0", "1", "2")
    with pytest.raises(InputError) as caught:
        next(follow(store, known, stop=lambda: False))
    assert caught.value.code == "receipt_not_found"


def test_bodies_that_are_not_wanted_are_not_read() -> None:
    store = MemoryStore(LEDGER)
    note(store, "0")
    assert [receipt.body for receipt in follow(store, 0, stop=after(3), look_up_s=0, bodies=False)] == [None]
