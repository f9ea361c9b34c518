"""What it costs to verify a ledger, against the limit that its bytes set.

The limit is a bare loop over SQLite: it reads the columns that a verifier has to read, in the order of the log, and takes
the SHA-256 of each header and of each body, and nothing else. A second one also takes the hashes of the Merkle
tree, without which no checkpoint can be compared. `verify` is measured as the command runs it, with Git and
all. Each figure is the median of pairs that run one after the other in one process.

    python3 bench/ledger_verify.py [RECEIPTS]
"""

from __future__ import annotations

import hashlib
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from typing import TYPE_CHECKING

import apsw

from counterfoil.adapters.sqlite.store import SqliteStore
from counterfoil.bootstrap import Options, open_project
from counterfoil.ledger.receipt import Draft
from counterfoil.usecases import auditing, kinds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from counterfoil.usecases.context import Context

RECEIPTS = 100_000
LEDGER = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
STREAMS = 2_000
BATCH = 1_000
PAIRS = 9
LIMITS = {"plain": 0.7, "deep": 0.4}
ROWS = """
SELECT r.position, s.name, r.seq, k.kind, k.schema, r.prev, r.hash, r.key, r.header, r.body, r.nodes
FROM receipts r CROSS JOIN streams s ON s.id = r.stream_id CROSS JOIN kinds k ON k.id = r.kind_id
ORDER BY r.position
"""


def drafts(receipts: int) -> Iterator[Draft]:
    """Yields receipts as moving tickets makes them, with bodies of about 140 bytes."""
    for number in range(receipts):
        ticket = f"01ARZ3NDEKTSV4RRFFQ69{number // 2 * 7 % STREAMS:05d}"
        kind = kinds.APPLIED if number % 2 else kinds.INTENDED
        body = {"command": f"01ARZ3NDEKTSV4RRFFQ{number:07d}", "project": "", "ticket": ticket}
        yield Draft(
            f"ticket/{ticket}", kind, ("human:ada", "agent:builder")[number % 3 == 0], body,
            key=f"{number}", salt=f"{number:032x}",
        )  # fmt: skip


def make(folder: str, receipts: int) -> Context:
    """Makes a clone with a ledger of so many receipts."""
    commands = ("init -q", "config user.name Bench", "config user.email bench@example.org",
                "commit -q --allow-empty -m begin", f"config ticket.origin {LEDGER}")  # fmt: skip
    for words in commands:
        subprocess.run(["git", "-C", folder, *words.split()], check=True)
    os.makedirs(f"{folder}/.tickets/tickets")
    os.makedirs(f"{folder}/.git/counterfoil")
    store = SqliteStore.make(f"{folder}/.git/counterfoil/ledger.db", LEDGER)
    batch: list[Draft] = []
    now_ms = 1_790_000_000_000
    for draft in drafts(receipts):
        batch.append(draft)
        if len(batch) == BATCH:
            now_ms += 1000
            store.append(batch, now_ms=now_ms)
            batch = []
    if batch:
        store.append(batch, now_ms=now_ms)
    store.close()
    return open_project(folder, dict(os.environ), Options())


def limit(path: str, tree: bool) -> None:
    """Reads and hashes everything, as fast as Python does."""
    sha256 = hashlib.sha256
    leaves = []
    database = apsw.Connection(path)
    for row in database.execute(ROWS):
        leaves.append(sha256(b"\0" + row[8]).digest())
        sha256(row[9]).digest()
    database.close()
    while tree and len(leaves) > 1:
        pairs = zip(leaves[::2], leaves[1::2], strict=False)
        leaves = [sha256(b"\1" + left + right).digest() for left, right in pairs]


def seconds(work: Callable[[], object]) -> float:
    """Returns how long something takes."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def main() -> None:
    """Prints the figures."""
    receipts = int(sys.argv[1]) if len(sys.argv) > 1 else RECEIPTS
    with tempfile.TemporaryDirectory() as folder:
        context = make(folder, receipts)
        path = f"{folder}/.git/counterfoil/ledger.db"
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for name, wanted in LIMITS.items():
            ratios, with_tree, took = [], [], []
            for _ in range(PAIRS):
                bare = seconds(lambda: limit(path, tree=False))
                hashed = seconds(lambda: limit(path, tree=True))
                report: list[auditing.Report] = []
                took.append(seconds(lambda: report.append(auditing.verify(context, deep=name == "deep"))))  # noqa: B023
                assert report[0].sound, report[0].findings
                assert report[0].size == receipts
                ratios.append(bare / took[-1])
                with_tree.append(hashed / took[-1])
            ratio, rate = statistics.median(ratios), receipts / statistics.median(took)
            mark = "" if ratio >= wanted else "  MISSED"
            print(f"verify {name:6} {ratio:6.2f} of the limit (asked: {wanted}){mark}")
            print(
                f"             {statistics.median(with_tree):6.2f} of the limit with the tree's hashes; {rate:,.0f} receipts/s"
            )
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        print(f"memory gained while verifying, the limit's own list included: {grown / 1024:.0f} MiB")


if __name__ == "__main__":
    main()
