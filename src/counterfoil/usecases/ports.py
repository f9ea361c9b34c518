"""What the use cases need of the world, as protocols. Nothing here runs.

The module exists for the type checker and for whoever writes an adapter; on the hot path it
is never imported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from counterfoil.tickets.model import Row, Ticket

if TYPE_CHECKING:
    pass

Signature = tuple[int, int, int, int]
"""Change time in ns, size in bytes, inode, mode."""

Trace = Callable[[Sequence[str], int, float], None]
"""Told of each program that ran: arguments, status, seconds."""

__all__ = [
    "Clock",
    "Completed",
    "Entropy",
    "Files",
    "Lock",
    "Place",
    "ProgramRunner",
    "Repository",
    "Row",
    "Signature",
    "Ticket",
    "Trace",
]


class Completed(Protocol):
    """What a program left behind."""

    status: int
    stdout: bytes
    stderr: bytes


class ProgramRunner(Protocol):
    """Starts other programs."""

    def run(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        stdin: bytes | None = None,
        timeout_s: float = 120.0,
        terminal: bool = False,
        started: Callable[[int], None] | None = None,
        apart: bool = False,
    ) -> Completed:
        """Runs one program to its end."""

    def lives(self, pid: int) -> bool:
        """Tells whether a process still runs."""


class Clock(Protocol):
    """Tells the time."""

    def now_ms(self) -> int:
        """Returns milliseconds since 1970."""

    def now_ns(self) -> int:
        """Returns nanoseconds since 1970."""

    def sleep(self, seconds: float) -> None:
        """Waits."""

    def utc(self, ms: int) -> str:
        """Writes a time in ISO 8601, UTC, to the second."""


class Entropy(Protocol):
    """Gives random numbers."""

    def bits(self, count: int) -> int:
        """Returns `count` random bits."""


class Files(Protocol):
    """Files below one folder, named by `/`-separated relative paths."""

    root: str

    def path(self, name: str) -> str:
        """Returns the absolute path."""

    def listing(self, folder: str) -> tuple[list[str], list[int]] | None:
        """Returns the names in a folder and the hash of each signature, or None without the folder."""

    def names(self, folder: str) -> list[str]:
        """Returns the names in a folder."""

    def signature(self, name: str) -> Signature | None:
        """Returns one file's signature."""

    def read(self, name: str, limit: int = ...) -> bytes | None:
        """Returns a regular file's bytes, or None."""

    def read_small(self, folder: str, suffix: str) -> Iterator[tuple[str, bytes | None]]:
        """Yields a folder's files fast; those that `read` has to be asked for come with None."""

    def replace(self, name: str, data: bytes) -> None:
        """Writes a file atomically."""

    def discard_drafts(self, folder: str, name: str = "") -> None:
        """Removes the drafts that killed processes left in a folder, of one file or of any."""

    def remove(self, name: str) -> None:
        """Removes a file, if it is there."""

    def rename(self, name: str, to: str) -> None:
        """Gives a file, or a link as such, another name."""

    def make_folder(self, name: str) -> None:
        """Makes a folder and those above."""

    def remove_folder(self, name: str) -> None:
        """Removes a folder and all below it, without following links."""

    def is_folder(self, name: str) -> bool:
        """Tells whether `name` is a real folder."""

    def exists(self, name: str) -> bool:
        """Tells whether anything is there."""

    def make_executable(self, name: str) -> None:
        """Adds the permission to run."""


class Lock(Protocol):
    """An exclusive lock, held inside a `with` block."""

    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...


class Place(Protocol):
    """Where a working tree's parts lie."""

    root: str
    git_dir: str
    common_dir: str


class Repository(Protocol):
    """Git, as far as the writing verbs need it."""

    @property
    def location(self) -> Place:
        """Where the working tree lies."""

    def run(
        self,
        *arguments: str,
        env: Mapping[str, str] = ...,
        stdin: bytes | None = None,
        timeout_s: float = 120.0,
        started: Callable[[int], None] | None = None,
        terminal: bool = False,
    ) -> Completed:
        """Runs `git` and returns whatever it answers."""

    def read(self, *arguments: str, stdin: bytes | None = None) -> bytes:
        """Returns what a reading Git command prints."""

    def config(self) -> Mapping[str, str]:
        """Returns the relevant part of the Git configuration."""

    def head(self) -> str | None:
        """Returns the commit of HEAD."""

    def branch(self) -> str | None:
        """Returns the branch that is checked out."""

    def in_progress(self) -> str | None:
        """Returns the operation that Git is in the middle of."""

    def commit(
        self, paths: Sequence[str], message: str, *, started: Callable[[int], None], lock_timeout_s: float
    ) -> str | None:
        """Commits exactly `paths`."""

    def is_committed(self, paths: Sequence[str]) -> bool:
        """Tells whether HEAD has `paths` as the working tree has them."""

    def discard_leftovers(self, since_ns: int) -> None:
        """Removes what a killed command and its Git left behind."""

    def discard_locks(self, branch: str, since_ns: int) -> None:
        """Removes what a Git that was killed in a merge or a rebase has left locked."""

    def keep_index(self) -> None:
        """Keeps a copy of the index."""

    def restore_index(self, lock_timeout_s: float) -> None:
        """Puts the index back as it was kept."""

    def forget_index(self) -> None:
        """Drops the copy that was kept."""

    def sync_index(self, paths: Sequence[str], lock_timeout_s: float) -> None:
        """Lets the index hold `paths` as the working tree does."""
