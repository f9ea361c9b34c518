"""The world of the simulator on a disk, with the real Git and SQLite; processes die by an exception.

Nothing dies in the middle of a write or a Git here, and what an adapter clears away by itself it clears away dead or
alive; tests/siege kills real processes at every system call instead.
"""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING, cast

from counterfoil.adapters.files import WorkTree
from counterfoil.adapters.git import Git
from counterfoil.adapters.keys import KeyFolder
from counterfoil.adapters.ledgers import LedgerFolder
from counterfoil.adapters.location import Location, find_worktree
from counterfoil.adapters.lock import FileLock
from counterfoil.adapters.process import Programs
from counterfoil.bootstrap import read_full
from counterfoil.testing.clock import FixedClock
from counterfoil.testing.outbound import MemoryOutbound
from counterfoil.testing.signers import MemorySigners
from counterfoil.testing.simulator.world import BEGUN_MS
from counterfoil.testing.watched import Reach, WatchedFiles, WatchedKeys, WatchedLedgers, WatchedPrograms
from counterfoil.usecases.context import Context, Options

if TYPE_CHECKING:
    from pathlib import Path

    from counterfoil.testing.machine import Machine
    from counterfoil.usecases.ports import Files, Ledgers, ProgramRunner, Repository, Signature, Store

LOCK_S = "0.02"
LOCKS = (".lock", ".tmp")


class StateFiles(WatchedFiles):
    """The clone's own folder, whose files are as old as the run: its clock is not the disk's."""

    def signature(self, name: str) -> Signature | None:
        """Returns one file's signature, dated back to the beginning."""
        self._machine.check()
        found = self._files.signature(name)
        return None if found is None else (BEGUN_MS * 1_000_000, *found[1:])


class RealWorld:
    """A clone in a folder of its own.

    Args:
        seed: gives the entropy.
        root: where the clone is made.
    """

    def __init__(self, seed: str, root: Path) -> None:
        self.clock = FixedClock(BEGUN_MS)
        self._random = random.Random(f"{seed}/entropy")
        self._environ = {**os.environ, "LC_ALL": "C"}
        self._dated()
        root.mkdir(parents=True)
        programs = Programs(self._environ)
        programs.run(("git", "init", "-q", "-b", "main", str(root)))
        location = find_worktree(str(root))
        assert location is not None
        self._location: Location = location
        self._state = f"{location.common_dir}/counterfoil"
        os.makedirs(self._state)
        self._keys = KeyFolder(self._state)
        self._reach = Reach()
        self._opened: list[Store] = []
        self.work: Files = WorkTree(str(root))
        self.state: Files = WorkTree(self._state)
        self.git: Repository = Git(programs, location)
        self.git.run("config", "--local", "ticket.lockTimeout", LOCK_S, env={})

    def _dated(self) -> None:
        date = f"{self.clock.ms // 1000} +0000"
        self._environ.update(GIT_AUTHOR_DATE=date, GIT_COMMITTER_DATE=date)

    def bits(self, count: int) -> int:
        """Returns `count` bits of the seed's chance."""
        return self._random.getrandbits(count)

    def context(self, machine: Machine, actor: str, *, commit: bool = True) -> Context:
        """Starts a process and returns what its use cases are given."""
        self._dated()
        programs = cast("ProgramRunner", WatchedPrograms(Programs(self._environ), machine))
        ledgers = cast("Ledgers", LedgerFolder(self._state, {}))
        return Context(
            work=cast("Files", WatchedFiles(WorkTree(self.work.root), machine)),
            state=cast("Files", StateFiles(WorkTree(self._state), machine)),
            open_git=lambda programs: Git(programs, self._location),
            open_programs=lambda: programs,
            prefix="",
            clock=self.clock,
            entropy=self,
            environ={},
            full=read_full,
            open_lock=lambda timeout_s, name: FileLock(f"{self._state}/{name}", timeout_s),
            options=Options(actor=actor, commit=commit, ci=True),
            settings_file=dict,
            program="ticket",
            folder=WorkTree,
            open_ledgers=lambda: cast("Ledgers", WatchedLedgers(ledgers, machine, self._reach)),
            open_keys=lambda: WatchedKeys(self._keys, machine),
            open_signers=lambda _context: MemorySigners(),
            open_outbound=MemoryOutbound,
        )

    def store(self) -> Store | None:
        """Returns the clone's ledger for the checks, or None without one."""
        ledgers = LedgerFolder(self._state, {})
        if not ledgers.exists():
            return None
        self._opened.append(ledgers.open())
        return self._opened[-1]

    def hide_ledger(self, hidden: bool) -> None:
        """Makes the ledger unavailable, or available again."""
        self._reach.reason = "network" if hidden else ""

    def lose_ledger(self) -> None:
        """Deletes the ledger's files."""
        for name in os.listdir(self._state):
            if name.startswith("ledger.db"):
                os.unlink(f"{self._state}/{name}")

    def refuse_commits(self, words: str) -> None:
        """Installs a hook, or removes it."""
        hooks = WorkTree(f"{self._location.common_dir}")
        hooks.make_folder("hooks")
        hooks.remove("hooks/pre-commit")
        if words:
            hooks.replace("hooks/pre-commit", f"#!/bin/sh\necho '{words}' >&2\nexit 1\n".encode())
            hooks.make_executable("hooks/pre-commit")

    def hold_index(self, held: bool) -> None:
        """Makes the lock of another program, or removes it."""
        lock = f"{self._location.git_dir}/index.lock"
        if held:
            open(lock, "ab").close()
        elif os.path.exists(lock):
            os.unlink(lock)

    def write_in_place(self, name: str, data: bytes) -> None:
        """Writes a project's file as many editors do: the same inode, another content."""
        with open(self.work.path(name), "r+b") as file:
            file.write(data)
            file.truncate()

    def leftovers(self) -> list[str]:
        """Returns the locks and drafts that nobody cleared away."""
        return [
            f"{folder}/{name}"
            for folder, _, names in os.walk(self.work.root)
            for name in names
            if name.endswith(LOCKS) or name.startswith("index.ticket")
        ]

    def close(self) -> None:
        """Lets go of the ledger."""
        for store in self._opened:
            store.close()
