"""Real clones with real ledgers, and what their receipts say of Git."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from integration.history_scene import Clone, pair_of, project

from counterfoil.bootstrap import open_project
from counterfoil.usecases import kinds, observed
from counterfoil.usecases.context import Context, Options
from counterfoil.usecases.reconcile import Reconciled, catch_up

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from counterfoil.ledger.receipt import Receipt
    from counterfoil.usecases.ports import Store

Entry = list[str | None]


class Counted:
    """Counts the programs that a context starts."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def __call__(self, argv: Any, _status: int, _seconds: float) -> None:
        self.calls.append(" ".join(argv[3:]))


def context_of(clone: Clone, folder: str = "", counted: Counted | None = None) -> Context:
    """Returns a fresh context, as every command has one."""
    environ = {**os.environ, **clone.env}
    return open_project(str(clone.path / folder), environ, Options(), trace=counted)


@contextmanager
def ledger(clone: Clone) -> Iterator[Store]:
    """Opens the clone's ledger."""
    store = context_of(clone).ledgers.open()
    yield store
    store.close()


def reconcile(clone: Clone, folder: str = "") -> Reconciled:
    """Reconciles as a command would; what it warns of fails the test."""
    context = context_of(clone, folder)
    with context.lock():
        done = catch_up(context)
    assert done is not None
    assert context.warnings == []
    assert not observed.due(context_of(clone, folder))
    return done


def receipts(clone: Clone, *wanted: str) -> list[Receipt]:
    """Returns the receipts of some kinds, in the order of the log; of all kinds if none is named."""
    with ledger(clone) as store:
        return [receipt for receipt in store.log() if not wanted or receipt.kind in wanted]


def bodies(clone: Clone, *wanted: str) -> list[dict[str, Any]]:
    """Returns what they say."""
    return [receipt.data() for receipt in receipts(clone, *wanted)]


def told(clone: Clone, name: str) -> list[Entry]:
    """Returns all entries of one list, `changes`, `rewritten` or `dropped`, of all reconciles."""
    return [entry for body in bodies(clone, kinds.RECONCILED) for entry in body[name]]


def blob(clone: Clone, ticket: str, revision: str = "HEAD", folder: str = "") -> str | None:
    """Returns a ticket's blob at a revision."""
    found = clone.git(
        "rev-parse", "-q", "--verify", f"{revision}:{folder}.tickets/tickets/{ticket}.md", status=None
    )
    return found or None


def edit(clone: Clone, ticket: str, old: str, new: str, message: str = "by hand") -> str:
    """Edits a ticket by hand, commits it and returns the commit."""
    clone.replace(ticket, old, new)
    clone.git("commit", "-qam", message)
    return clone.git("rev-parse", "HEAD")


def change_of(clone: Clone, ticket: str, commit: str) -> Entry:
    """Returns the entry that a commit's change of a ticket is to have."""
    return [ticket, blob(clone, ticket, f"{commit}^"), blob(clone, ticket, commit), commit]


def check_agreement(clone: Clone, folder: str = "") -> None:
    """Insists that every blob of the base branch is known: adopted, applied or observed."""
    known: set[str | None] = set()
    for receipt in receipts(clone):
        body: dict[str, Any] = receipt.data()
        if receipt.kind == kinds.OPENED and body["tip"] is not None:
            listing = clone.git("ls-tree", "-r", body["tip"], "--", f"{folder}.tickets/tickets")
            known |= {line.split()[2] for line in listing.splitlines()}
        if receipt.kind in {kinds.APPLIED, kinds.REVERTED}:
            known.add(body["after"])
        if receipt.kind == kinds.RECONCILED:
            known |= {entry[2] for entry in body["changes"]}
    listing = clone.git("ls-tree", "-r", "main", "--", f"{folder}.tickets/tickets")
    assert {line.split()[2] for line in listing.splitlines() if line.endswith(".md")} <= known


def begun(path: Path, **options: Any) -> tuple[Clone, str]:
    """Returns a project with a ledger and one ticket, `First`, all of it observed."""
    clone = project(path, **options)
    ticket = clone.new("First", "--body", "One\nTwo\nThree\n")
    reconcile(clone)
    return clone, ticket


def begun_pair(path: Path) -> tuple[Clone, Clone]:
    """Returns two clones of one remote, each with a ledger and all observed."""
    ana, ben = pair_of(path)
    reconcile(ana)
    ben.new("Of ben")
    ben.git("push", "-q")
    ana.git("pull", "-q", "--rebase")
    for clone in (ana, ben):
        reconcile(clone)
    return ana, ben


# --- fixtures, for whoever imports them -----------------------------------------------------------


@pytest.fixture(name="scene")
def one_clone(tmp_path: Path) -> tuple[Clone, str]:
    """Returns a clone with a ledger and one ticket."""
    return begun(tmp_path / "work")


@pytest.fixture(name="pair")
def two_clones(tmp_path: Path) -> tuple[Clone, Clone]:
    """Returns two clones of one remote, each with a ledger and all observed."""
    return begun_pair(tmp_path)
