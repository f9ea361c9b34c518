"""What it costs to verify a ledger, against the limit that its bytes set.

The limit is a bare loop: it reads the columns that a verifier has to read, in the order of the log, takes the
SHA-256 of each header and of each body, and does nothing else. A second one also takes the hashes of the
Merkle tree, without which no checkpoint can be compared. `verify` is the whole use case, Git and all.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Iterator
from itertools import islice

import apsw
from inprocess import LEDGER, NOW_MS, moves, timed
from ledger_store import batched
from measure import paired
from table import Row, basis, share

from counterfoil.adapters.sqlite.store import SqliteStore
from counterfoil.bootstrap import Options, open_project
from counterfoil.usecases import auditing
from counterfoil.usecases.context import Context

SECTION = "Verifying"
STREAMS = 2_000
ROWS = """
SELECT r.position, s.name, r.seq, k.kind, k.schema, r.prev, r.hash, r.key, r.header, r.body, r.nodes
FROM receipts r CROSS JOIN streams s ON s.id = r.stream_id CROSS JOIN kinds k ON k.id = r.kind_id
ORDER BY r.position
"""
SETUP = ("init -q", "config user.name Bench", "config user.email bench@example.invalid",
         "commit -q --allow-empty -m begin", f"config ticket.origin {LEDGER}")  # fmt: skip


def path_of(folder: str) -> str:
    """Returns where the ledger of a clone lies."""
    return f"{folder}/.git/counterfoil/ledger.db"


def make(folder: str) -> SqliteStore:
    """Makes a clone with a ledger without receipts."""
    for words in SETUP:
        subprocess.run(["git", "-C", folder, *words.split()], check=True)
    os.makedirs(f"{folder}/.tickets/tickets")
    os.makedirs(os.path.dirname(path_of(folder)))
    return SqliteStore.make(path_of(folder), LEDGER)


def fill(store: SqliteStore, receipts: int) -> None:
    """Appends receipts of many tickets."""
    for number, batch in enumerate(batched(islice(moves(STREAMS), receipts), 1000)):
        store.append(batch, now_ms=NOW_MS + number)


def opened(folder: str) -> Context:
    """Returns the project as a command sees it."""
    return open_project(folder, dict(os.environ), Options())


def limit(path: str, *, tree: bool) -> None:
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


def verify(folder: str, receipts: int, *, deep: bool) -> None:
    """Verifies, and sees that all of it was looked at and is sound."""
    report = auditing.verify(opened(folder), deep=deep)
    if not report.sound or report.size != receipts:
        raise AssertionError(f"{report.size} receipts, {report.findings}")


def rows(folder: str, rounds: int, receipts: int) -> Iterator[Row]:
    """Yields what verifying costs."""
    store = make(folder)
    fill(store, receipts)
    store.close()
    path = path_of(folder)
    bares, hashed, plain, deep = zip(
        *paired(
            rounds,
            lambda: timed(lambda: limit(path, tree=False)),
            lambda: timed(lambda: limit(path, tree=True)),
            lambda: timed(lambda: verify(folder, receipts, deep=False)),
            lambda: timed(lambda: verify(folder, receipts, deep=True)),
        ),
        strict=True,
    )
    yield basis(SECTION, "scan of the rows, SHA-256 of header and body", receipts, bares)
    yield share(SECTION, "the same and the tree's hashes", receipts, hashed, bares, None)
    yield share(SECTION, "verify", receipts, plain, bares, 0.7)
    yield share(SECTION, "verify --deep", receipts, deep, bares, 0.4)
