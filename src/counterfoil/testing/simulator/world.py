"""What survives the processes of a run: the disk, Git, the ledger, and the clone's lock."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Protocol

from counterfoil.errors import HostError
from counterfoil.testing.clock import FixedClock
from counterfoil.testing.keys import MemoryKeys
from counterfoil.testing.ledger import MemoryLedgers
from counterfoil.testing.machine import Machine
from counterfoil.testing.memory_files import DRAFT_END, MemoryDisk
from counterfoil.testing.memory_git import MemoryGit, MemoryPrograms
from counterfoil.testing.memory_worktree import FOREIGN, MemoryRepository, MemoryWorktree
from counterfoil.testing.outbound import MemoryOutbound
from counterfoil.testing.signers import MemorySigners
from counterfoil.testing.watched import Reach, WatchedKeys, WatchedLedgers
from counterfoil.usecases.context import Context, Options

if TYPE_CHECKING:
    from counterfoil.tickets.frontmatter import Mapping as FrontMatter
    from counterfoil.usecases.ports import Files, Repository, Store

BEGUN_MS = 1_790_000_000_000
ROOT, GIT_DIR, STATE = "/clone", "/clone/.git", "/clone/.git/counterfoil"


class World(Protocol):
    """What a run needs of the place where it happens; `MemoryWorld` is the usual one.

    Attributes:
        clock: stands still until the run moves it.
        work, state: the files of the project and of the clone's own folder, as a person sees them.
        git: the repository, as a person sees it.
    """

    clock: FixedClock
    work: Files
    state: Files
    git: Repository

    def context(self, machine: Machine, actor: str, *, commit: bool = True) -> Context:
        """Starts a process and returns what its use cases are given."""

    def store(self) -> Store | None:
        """Returns the clone's ledger for the checks, or None without one."""

    def hide_ledger(self, hidden: bool) -> None:
        """Makes the ledger unavailable, or available again."""

    def lose_ledger(self) -> None:
        """Deletes the ledger."""

    def refuse_commits(self, words: str) -> None:
        """Lets a hook refuse every commit with these words; none ends it."""

    def hold_index(self, held: bool) -> None:
        """Lets another program hold the index, or let it go."""

    def write_in_place(self, name: str, data: bytes) -> None:
        """Writes a project's file as many editors do: the same inode, another content."""

    def leftovers(self) -> list[str]:
        """Returns the locks, drafts and processes that nobody cleared away."""

    def close(self) -> None:
        """Lets go of everything."""


class MemoryWorld:
    """A machine without a disk, a Git or a database; a run in it takes milliseconds.

    Args:
        seed: gives the entropy.
    """

    def __init__(self, seed: str) -> None:
        self.clock = FixedClock(BEGUN_MS)
        self._random = random.Random(f"{seed}/entropy")
        self._disk = MemoryDisk(self.clock)
        repository = MemoryRepository(self._disk, GIT_DIR)
        repository.config.update({"user.name": ["Ada"], "user.email": ["ada@example.org"]})
        self._tree = MemoryWorktree(repository, ROOT, GIT_DIR)
        self._ledgers = MemoryLedgers()
        self._keys = MemoryKeys()
        self._reach = Reach()
        self._processes = 1
        self.holders: dict[str, Machine] = {}
        self._files = self._disk.files(ROOT)
        self.work: Files = self._files
        self.state: Files = self._disk.files(STATE)
        self.git: Repository = MemoryGit(self._tree, self.clock, pid=FOREIGN)

    def bits(self, count: int) -> int:
        """Returns `count` bits of the seed's chance."""
        return self._random.getrandbits(count)

    def context(self, machine: Machine, actor: str, *, commit: bool = True) -> Context:
        """Starts a process and returns what its use cases are given."""
        self._processes += 1
        pid = self._processes
        return Context(
            work=self._disk.files(ROOT, machine),
            state=self._disk.files(STATE, machine),
            open_git=lambda _programs: MemoryGit(self._tree, self.clock, machine, pid=pid),
            open_programs=lambda: MemoryPrograms(self._tree, machine),
            prefix="",
            clock=self.clock,
            entropy=self,
            environ={},
            full=_no_full_reader,
            open_lock=lambda _timeout_s, name: MemoryLock(self, machine, name),
            options=Options(actor=actor, commit=commit, ci=True),
            settings_file=dict,
            program="ticket",
            folder=lambda path: self._disk.files(path, machine),
            open_ledgers=lambda: WatchedLedgers(self._ledgers, machine, self._reach),
            open_keys=lambda: WatchedKeys(self._keys, machine),
            open_signers=lambda _context: MemorySigners(),
            open_outbound=MemoryOutbound,
        )

    def store(self) -> Store | None:
        """Returns the clone's ledger for the checks, or None without one."""
        return self._ledgers.own

    def hide_ledger(self, hidden: bool) -> None:
        """Makes the ledger unavailable, or available again."""
        self._reach.reason = "network" if hidden else ""

    def lose_ledger(self) -> None:
        """Deletes the ledger."""
        self._ledgers.own = None

    def refuse_commits(self, words: str) -> None:
        """Lets a hook refuse every commit with these words; none ends it."""
        self._tree.refusal = words

    def hold_index(self, held: bool) -> None:
        """Lets another program hold the index, or let it go."""
        if held and self._tree.locked_by is None:
            self._tree.locked_by = FOREIGN
        elif not held and self._tree.locked_by == FOREIGN:
            self._tree.locked_by = None

    def write_in_place(self, name: str, data: bytes) -> None:
        """Writes a project's file as many editors do: the same inode, another content."""
        self._files.overwrite(name, data)

    def leftovers(self) -> list[str]:
        """Returns the locks, drafts and processes that nobody cleared away."""
        found = [name for name in self._disk.below("") if name.endswith(DRAFT_END)]
        found += [f"lock of {name}" for name in self._tree.repository.ref_locks]
        found += [f"process {pid}" for pid in self._tree.children]
        return [*found, *(["index.lock"] if self._tree.locked_by is not None else [])]

    def close(self) -> None:
        """Lets go of everything."""


class MemoryLock:
    """A lock of the clone's; a dead holder holds nothing."""

    def __init__(self, world: MemoryWorld, machine: Machine, name: str) -> None:
        self._world = world
        self._machine = machine
        self._name = name

    def __enter__(self) -> None:
        """Takes the lock.

        Raises:
            HostError: `lock_timeout`.
        """
        self._machine.check()
        holder = self._world.holders.get(self._name)
        if holder is not None and holder.alive:
            raise HostError("lock_timeout", "another `ticket` has been writing for 60 seconds", "wait for it")
        self._world.holders[self._name] = self._machine

    def __exit__(self, *_: object) -> None:
        """Releases it."""
        if self._world.holders.get(self._name) is self._machine:
            del self._world.holders[self._name]


def _no_full_reader(text: str) -> FrontMatter:
    raise AssertionError(f"the fast reader did not take this front matter: {text!r}")
