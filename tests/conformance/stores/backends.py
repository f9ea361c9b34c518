"""The stores that the suite runs on. A new one is one more entry of `BACKENDS`.

Each entry makes, in a folder of the test's own, a backend: a place where one ledger lies and can be
opened any number of times, as several connections or processes would.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from conformance.stores.postgres import InPostgres

from counterfoil.adapters.ledgers import LedgerFolder, SharedLedgers
from counterfoil.ledger.receipt import FORKED, Draft
from counterfoil.testing.ledger import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from counterfoil.ledger.receipt import Receipt
    from counterfoil.usecases.ports import Store

LEDGER = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
NOW_MS = 1_763_750_000_123
NOW = "2025-11-21T18:33:20.123Z"
ADA = "human:ada"
NOTED = "stream.noted"


class Backend(Protocol):
    """Somewhere that one ledger lies.

    Attributes:
        place: what another process opens it by; empty where none can.
    """

    place: str

    def open(self) -> Store:
        """Opens the ledger once more, making it if need be."""

    def open_other(self) -> Store:
        """Opens an empty ledger of the same id somewhere else, as a copy's destination."""


class InMemory:
    """A ledger in memory; everybody shares one."""

    place = ""

    def __init__(self, _folder: Path) -> None:
        self._store = MemoryStore(LEDGER)

    def open(self) -> Store:
        """Returns the one store."""
        return self._store

    def open_other(self) -> Store:
        """Returns an empty one."""
        return MemoryStore(LEDGER)


class InSqlite:
    """A ledger in a file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.place = f"{folder}/ledger.db"

    def open(self) -> Store:
        """Opens the file."""
        return LedgerFolder(str(self._folder), {}).open(LEDGER)

    def open_other(self) -> Store:
        """Opens another file."""
        return LedgerFolder(str(self._folder), {}).open_at(f"{self._folder}/other.db", LEDGER)


class Shared(InSqlite):
    """A ledger in a file, as the threads of one server share it."""

    def open(self) -> Store:
        """Opens the file."""
        return SharedLedgers(str(self._folder), {}).open(LEDGER)


BACKENDS: dict[str, Callable[[Path], Backend]] = {
    "memory": InMemory,
    "sqlite": InSqlite,
    "shared": Shared,
    "postgres": InPostgres,
}
FOR_PROCESSES = [name for name in BACKENDS if name != "memory"]
"""Those whose ledgers several processes can open."""


def note(
    text: str = "hello", *, key: str = "", stream: str = "ticket/a", kind: str = NOTED, salt: int = 7
) -> Draft:
    """Returns the draft of a small event; its key is its text, unless told otherwise."""
    return Draft(stream, kind, ADA, {"text": text}, key=key or text, salt=f"{salt:032x}")


def notes(count: int, stream: str = "ticket/a", prefix: str = "note") -> list[Draft]:
    """Returns drafts of different events."""
    return [note(f"{prefix} {number}", stream=stream) for number in range(count)]


def branching(name: str, parent: str, at: int, key: str = "fork") -> Draft:
    """Returns the draft that begins a branch."""
    return Draft(name, FORKED, ADA, {"parent": parent, "at": at, "hash": "00" * 32}, key=key, salt="0" * 32)


def fill(store: Store, count: int, stream: str = "ticket/a") -> list[Receipt]:
    """Appends different events to a stream."""
    return store.append(notes(count, stream, stream), now_ms=NOW_MS)


def as_data(receipt: Receipt | None) -> tuple[object, ...] | None:
    """Returns all that a receipt holds, to be compared."""
    if receipt is None:
        return None
    return (
        receipt.position, receipt.stream, receipt.seq, receipt.kind, receipt.schema, receipt.prev, receipt.hash,
        receipt.header, receipt.body,
    )  # fmt: skip


def all_data(receipts: Iterator[Receipt] | Sequence[Receipt]) -> list[tuple[object, ...] | None]:
    """Returns all that receipts hold."""
    return [as_data(receipt) for receipt in receipts]


WORKER = """
import json, sys
from counterfoil.adapters.ledgers import LedgerFolder, SharedLedgers
from conformance.stores.backends import *
from counterfoil.errors import CounterfoilError
store = LedgerFolder("/nowhere", {}).open_at(sys.argv[1])
def do(request):
BODY
print(json.dumps("ready"), flush=True)
for line in sys.stdin:
    try:
        answer = do(json.loads(line))
    except CounterfoilError as error:
        answer = {"error": error.code, "reason": error.fields.get("reason", "")}
    print(json.dumps(answer), flush=True)
"""


class Worker:
    """Another process that has the ledger open and does one thing for each line that it is sent."""

    def __init__(self, place: str, body: str) -> None:
        lines = "\n".join("    " + line for line in body.strip().splitlines())
        command = [sys.executable, "-c", WORKER.replace("BODY", lines), place]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        assert self.answer() == "ready"

    def ask(self, request: object) -> None:
        """Tells it what to do."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()

    def answer(self) -> Any:
        """Waits for what it answers; None when it has died."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        return json.loads(line) if line else None

    def stop(self) -> None:
        """Ends it."""
        self.process.kill()
        self.process.communicate()


@contextmanager
def workers(place: str, body: str, count: int) -> Iterator[list[Worker]]:
    """Starts processes that do the same, and ends them."""
    started: list[Worker] = []
    try:
        started.extend(Worker(place, body) for _ in range(count))
        yield started
    finally:
        for worker in started:
            worker.stop()
