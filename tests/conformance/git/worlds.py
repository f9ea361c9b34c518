"""One working tree with its Git, real or in memory, that stands at the same moment with the same identity."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from counterfoil.adapters.files import WorkTree
from counterfoil.adapters.git import Git
from counterfoil.adapters.location import find_worktree
from counterfoil.adapters.process import Programs
from counterfoil.testing.clock import FixedClock
from counterfoil.testing.memory_files import MemoryDisk
from counterfoil.testing.memory_git import MemoryGit
from counterfoil.testing.memory_worktree import FOREIGN, MemoryRepository, MemoryWorktree

if TYPE_CHECKING:
    from pathlib import Path

    from counterfoil.usecases.ports import Files, Repository

BEGUN_S = 1_790_000_000
IDENTITY = ("Test Person", "test.person@example.org")


class GitWorld:
    """What both kinds of world offer.

    Attributes:
        git: the port under test.
        files: the working tree's files.
    """

    git: Repository
    files: Files

    def write(self, name: str, text: str) -> None:
        """Writes a file, with the folders above it."""
        self.files.make_folder(name.rpartition("/")[0])
        self.files.replace(name, text.encode())

    def do(self, *arguments: str, status: int = 0) -> None:
        """Runs a Git command as a person does."""
        answer = self.git.run(*arguments, env={"LC_ALL": "C"})
        assert answer.status == status, answer.stderr

    def commit(
        self, *paths: str, message: str = "ticket: a change", told: list[int] | None = None
    ) -> str | None:
        """Commits paths through the port."""
        started = (lambda _pid: None) if told is None else told.append
        return self.git.commit(paths, message, started=started, lock_timeout_s=0.05)

    def pass_seconds(self, seconds: int) -> None:
        """Lets time go on for commits."""
        raise NotImplementedError

    def refuse_commits(self, words: str) -> None:
        """Lets a hook refuse every commit, with these words."""
        raise NotImplementedError

    def hold_index(self) -> None:
        """Lets another program hold the lock of the index."""
        raise NotImplementedError

    def lock_branch(self, name: str) -> int:
        """Locks a branch as a Git does that dies then, and returns when (ns)."""
        raise NotImplementedError


class RealWorld(GitWorld):
    """A working tree on the disk, and the `git` command."""

    def __init__(self, root: Path, environ: dict[str, str]) -> None:
        self._environ = environ | {"LC_ALL": "C"}
        self._seconds = BEGUN_S
        self.pass_seconds(0)
        root.mkdir(parents=True)
        subprocess.run(["git", "init", "-q", "-b", "main", str(root)], check=True)
        location = find_worktree(str(root))
        assert location is not None
        self.git = Git(Programs(self._environ), location)
        self.files = WorkTree(str(root))

    def pass_seconds(self, seconds: int) -> None:
        """Lets time go on for commits."""
        self._seconds += seconds
        self._environ["GIT_AUTHOR_DATE"] = self._environ["GIT_COMMITTER_DATE"] = f"{self._seconds} +0000"

    def refuse_commits(self, words: str) -> None:
        """Installs a hook."""
        self.files.make_folder(".git/hooks")
        self.files.replace(".git/hooks/pre-commit", f"#!/bin/sh\necho '{words}' >&2\nexit 1\n".encode())
        self.files.make_executable(".git/hooks/pre-commit")

    def hold_index(self) -> None:
        """Makes the lock file."""
        self.files.replace(".git/index.lock", b"")

    def lock_branch(self, name: str) -> int:
        """Makes the lock file."""
        self.files.replace(f".git/refs/heads/{name}.lock", b"")
        signature = self.files.signature(f".git/refs/heads/{name}.lock")
        assert signature is not None
        return signature[0]


class MemoryWorld(GitWorld):
    """The same in memory."""

    def __init__(self) -> None:
        self.clock = FixedClock(BEGUN_S * 1000)
        self.disk = MemoryDisk(self.clock)
        repository = MemoryRepository(self.disk, "/repository/.git")
        repository.config.update({"user.name": [IDENTITY[0]], "user.email": [IDENTITY[1]]})
        self.tree = MemoryWorktree(repository, "/repository", "/repository/.git")
        self.git = MemoryGit(self.tree, self.clock)
        self.files = self.disk.files("/repository")

    def pass_seconds(self, seconds: int) -> None:
        """Moves the clock."""
        self.clock.sleep(seconds)

    def refuse_commits(self, words: str) -> None:
        """Sets the refusal."""
        self.tree.refusal = words

    def hold_index(self) -> None:
        """Sets the lock."""
        self.tree.locked_by = FOREIGN

    def lock_branch(self, name: str) -> int:
        """Notes the lock."""
        self.tree.repository.ref_locks[f"refs/heads/{name}"] = self.clock.now_ns()
        return self.clock.now_ns()
