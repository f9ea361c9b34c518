"""A ledger that grows: whether cost stays linear and memory flat, and what it takes on the disk.

Each size is filled, verified and folded in processes of their own, whose peak memory is theirs alone.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator

import apsw
import ledger_verify
from inprocess import NOW_MS, notes, peak_kib, timed
from table import Row, at_most

from counterfoil.adapters.sqlite.store import SqliteStore
from counterfoil.ledger.fold import fold
from counterfoil.usecases import kinds

SECTION = "A ledger of many receipts"
ACTIVE, EACH = 100, 500
"""So many streams are worked on at a time, and each ends after so many receipts."""
BYTES_MAX = 1000
LINEAR = 1.1
"""Ten times the receipts may cost eleven times the time."""
FLAT_MIB = 16
"""So much memory a process may need more for ten times the receipts and be called flat: the verifier keeps a
filter of keys that grows up to this size."""
STEPS = ("append", "verify", "fold")


def append(folder: str, receipts: int) -> None:
    """Appends notes of 140 bytes, 1,000 at once, to the streams that are worked on at the time."""
    store = ledger_verify.make(folder)
    for start in range(0, receipts, 1000):
        cohort = start // (ACTIVE * EACH)
        drafts = []
        for stream in range(ACTIVE):
            drafts += notes(f"ticket/01ARZ3NDEKTSV4RRFFQ{cohort:04d}{stream:03d}", 1000 // ACTIVE)
        store.append(drafts, now_ms=NOW_MS)
    store.close()


def fold_all(folder: str, receipts: int) -> None:
    """Folds the whole log, counting in the bodies."""
    store = SqliteStore(ledger_verify.path_of(folder))
    count = fold(store.log(), lambda state, _receipt, body: state + len(body["text"]), 0, kinds.KINDS)
    assert count == receipts * 119
    store.close()


def step(name: str, folder: str, receipts: int) -> None:
    """Is one process: does one thing and prints what it cost, in seconds and MiB."""
    work = {
        "append": lambda: append(folder, receipts),
        "verify": lambda: ledger_verify.verify(folder, receipts, deep=False),
        "fold": lambda: fold_all(folder, receipts),
    }[name]
    sample = timed(work)
    print(json.dumps([sample.cpu, sample.wall, peak_kib() / 1024]))


def of_size(receipts: int) -> tuple[dict[str, tuple[float, float, float]], float]:
    """Returns what each step cost (processor and wall seconds, MiB), and bytes a receipt on the disk."""
    costs = {}
    with tempfile.TemporaryDirectory() as folder:
        for name in STEPS:
            words = [sys.executable, __file__, name, folder, str(receipts)]
            cpu, wall, memory = json.loads(subprocess.run(words, check=True, stdout=subprocess.PIPE).stdout)
            costs[name] = (cpu, wall, memory)
        path = ledger_verify.path_of(folder)
        database = apsw.Connection(path)
        database.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        database.close()
        return costs, os.path.getsize(path) / receipts


def rows(small: int, large: int) -> Iterator[Row]:
    """Yields how costs grow from one size to the other."""
    before, _ = of_size(small)
    after, size = of_size(large)
    times = large / small
    for name in STEPS:
        growth = after[name][0] / before[name][0]
        yield at_most(
            SECTION,
            f"{name}: × {times:g} the receipts, × the processor time",
            large,
            growth,
            "×",
            LINEAR * times,
        )
        yield at_most(
            SECTION, f"{name}: peak memory", large, after[name][2], "MiB", before[name][2] + FLAT_MIB
        )
    yield at_most(SECTION, "bytes a receipt on the disk", large, size, "B", BYTES_MAX)


if __name__ == "__main__":
    step(sys.argv[1], sys.argv[2], int(sys.argv[3]))
