"""A repository with a ledger in memory, keys in a folder and a clock that the test moves."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from counterfoil.adapters.keys import KeyFolder
from counterfoil.bootstrap import open_project
from counterfoil.ledger import checkpoint
from counterfoil.ledger.checkpoint import Checkpoint
from counterfoil.testing.clock import FixedClock
from counterfoil.testing.ledger import MemoryStore
from counterfoil.usecases import kinds, record, signing
from counterfoil.usecases.context import Context, Options

if TYPE_CHECKING:
    from world import Repository

    from counterfoil.kernel.note import VerifierKey

LEDGER = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
REF = f"refs/counterfoil/checkpoints/{LEDGER}"
NOON_MS = 1_900_000_000_000


class Signatory:
    """A clone that signs its log."""

    def __init__(self, repository: Repository) -> None:
        (repository.path / ".tickets/tickets").mkdir(parents=True)
        self.repository = repository
        self.clock = FixedClock(NOON_MS)
        self.store = MemoryStore(LEDGER)
        self.folder = repository.path / ".git/counterfoil"
        self.folder.mkdir(exist_ok=True)
        self.count = 0

    @property
    def keys(self) -> KeyFolder:
        """The clone's keys, as a command opens them."""
        return KeyFolder(str(self.folder))

    def context(self, actor: str = "human:ada") -> Context:
        """Returns a fresh context, as every command has one."""
        context = open_project(str(self.repository.path), os.environ, Options(actor=actor))
        context.clock = self.clock
        return context

    def note(self, count: int = 1) -> None:
        """Appends receipts."""
        for _ in range(count):
            self.count += 1
            context = self.context()
            body = {"text": f"note {self.count}"}
            drafted = record.draft(context, "notes", kinds.NOTED, "human:ada", body, f"note {self.count}")
            record.append(context, self.store, [drafted])

    def sign(self, force: bool = True) -> str | None:
        """Signs, as a command does."""
        return signing.checkpoint(
            self.context(), self.store, now_ms=self.clock.now_ms(), keys=self.keys, force=force
        )

    def rotate(self, overlap: bool = True) -> str:
        """Makes a new key, as a command does."""
        return signing.rotate(
            self.context(), self.store, now_ms=self.clock.now_ms(), keys=self.keys, overlap=overlap
        )

    def signers(self, note: str) -> tuple[Checkpoint, list[VerifierKey]]:
        """Reads a note; returns what it says, and who of those who may signed it."""
        size = checkpoint.parse(note)[0].size
        return checkpoint.verify(note, signing.keys_at(self.store, size), self.keys.verify)

    def chain(self) -> list[int]:
        """Returns the sizes of the checkpoints in Git, the newest first."""
        commits = self.repository.git("rev-list", REF).split()
        return [checkpoint.parse(self.shown(commit))[0].size for commit in commits]

    def shown(self, commit: str = REF) -> str:
        """Returns the note that a commit of the chain holds."""
        return self.repository.git("cat-file", "blob", f"{commit}:checkpoint") + "\n"
