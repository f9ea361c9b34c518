"""Disks that fail and processes that die at a chosen moment, for tests of whoever writes files.

`FaultyFiles` stands in front of a real `Files` port and tells two callables of every write, before
and after; what they do (raise, count, kill the process) is the test's business. `CrashPoints`
goes one level deeper and counts the system calls of a whole process that change anything, so that a test
can let the process die around each of them, drafts and Git's own files included.
"""

from __future__ import annotations

import builtins
import os
import signal
from typing import TYPE_CHECKING, Any

from counterfoil.errors import HostError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from counterfoil.usecases.ports import Files, Signature

    Step = Callable[[str, str], None]

CHANGING_CALLS = (
    "fchmod", "chmod", "link", "makedirs", "mkdir", "posix_spawn", "posix_spawnp", "rename", "replace",
    "rmdir", "symlink", "truncate", "unlink",
)  # fmt: skip
"""Functions of `os` that change the file system, or start a program that may."""
TERMINAL_DESCRIPTORS = 3
"""Standard input, output and error: writing to them changes no repository."""


def nothing(_verb: str, _name: str) -> None:
    """Lets a write happen."""


class Countdown:
    """Counts writes and acts at one of them; several ports may share it.

    Args:
        at: the write, counted from 1, at which `act` is called; 0 for never.
        act: raises, kills, or does what else the test needs.
        stays: also act at every later write, as a full disk does.
    """

    def __init__(self, at: int, act: Callable[[], None], *, stays: bool = False) -> None:
        self.at = at
        self.seen: list[tuple[str, str]] = []
        self._act = act
        self._stays = stays

    def __call__(self, verb: str, name: str) -> None:
        """Counts one write."""
        self.seen.append((verb, name))
        count = len(self.seen)
        if count == self.at or (self._stays and 0 < self.at < count):
            self._act()


def disk_full() -> None:
    """Fails as `adapters.files` does when nothing more fits.

    Raises:
        HostError: `io_error`, always.
    """
    raise HostError(
        "io_error", "No space left on device", "free some space, then run the command again",
        reason="No space left on device",
    )  # fmt: skip


def die() -> None:
    """Ends this process at once, as `kill -9` does; nothing is cleaned up."""
    os.kill(os.getpid(), signal.SIGKILL)


class FaultyFiles:
    """A `Files` port that tells of every write before and after it happens.

    Args:
        files: the port that does the work.
        before, after: called with the verb (`replace`, `remove`, …) and the file's name.
    """

    def __init__(self, files: Files, before: Step = nothing, after: Step = nothing) -> None:
        self._files = files
        self._before = before
        self._after = after
        self.root = files.root

    def path(self, name: str) -> str:
        """Returns the absolute path."""
        return self._files.path(name)

    def listing(self, folder: str) -> tuple[list[str], list[int]] | None:
        """Returns the names in a folder and the hash of each signature, or None without the folder."""
        return self._files.listing(folder)

    def names(self, folder: str) -> list[str]:
        """Returns the names in a folder."""
        return self._files.names(folder)

    def signature(self, name: str) -> Signature | None:
        """Returns one file's signature."""
        return self._files.signature(name)

    def read_small(self, folder: str, suffix: str) -> Iterator[tuple[str, bytes | None]]:
        """Yields a folder's files fast; those that `read` has to be asked for come with None."""
        return self._files.read_small(folder, suffix)

    def read(self, name: str, limit: int = 1 << 28) -> bytes | None:
        """Returns a regular file's bytes, or None."""
        return self._files.read(name, limit)

    def is_folder(self, name: str) -> bool:
        """Tells whether `name` is a real folder."""
        return self._files.is_folder(name)

    def exists(self, name: str) -> bool:
        """Tells whether anything is there."""
        return self._files.exists(name)

    def replace(self, name: str, data: bytes, *, private: bool = False) -> None:
        """Writes a file atomically, unless a fault is due."""
        self._before("replace", name)
        self._files.replace(name, data, private=private)
        self._after("replace", name)

    def discard_drafts(self, folder: str, name: str = "") -> None:
        """Removes the drafts of killed processes; no fault is ever due here."""
        self._files.discard_drafts(folder, name)

    def remove(self, name: str) -> None:
        """Removes a file, unless a fault is due."""
        self._before("remove", name)
        self._files.remove(name)
        self._after("remove", name)

    def rename(self, name: str, to: str) -> None:
        """Gives a file another name, unless a fault is due."""
        self._before("rename", name)
        self._files.rename(name, to)
        self._after("rename", name)

    def make_folder(self, name: str) -> None:
        """Makes a folder, unless a fault is due."""
        self._before("make_folder", name)
        self._files.make_folder(name)
        self._after("make_folder", name)

    def remove_folder(self, name: str) -> None:
        """Removes a folder, unless a fault is due."""
        self._before("remove_folder", name)
        self._files.remove_folder(name)
        self._after("remove_folder", name)

    def make_executable(self, name: str) -> None:
        """Adds the permission to run, unless a fault is due."""
        self._before("make_executable", name)
        self._files.make_executable(name)
        self._after("make_executable", name)


class CoarseFiles(FaultyFiles):
    """A file system whose change times are rounded down, as on disks that store whole seconds.

    Args:
        files: the port that does the work.
        tick_ns: the length of the file system's tick.
    """

    def __init__(self, files: Files, tick_ns: int) -> None:
        super().__init__(files)
        self._tick_ns = tick_ns

    def listing(self, folder: str) -> tuple[list[str], list[int]] | None:
        """Returns the names in a folder and the hashes of signatures with rounded times."""
        found = super().listing(folder)
        if found is None:
            return None
        signatures = {name: self.signature(f"{folder}/{name}") for name in found[0]}
        there = {name: hash(signature) for name, signature in signatures.items() if signature is not None}
        return list(there), list(there.values())

    def signature(self, name: str) -> Signature | None:
        """Returns one file's signature with a rounded time."""
        found = super().signature(name)
        return None if found is None else self._rounded(found)

    def _rounded(self, signature: Signature) -> Signature:
        changed_ns, size, inode, mode = signature
        return (changed_ns - changed_ns % self._tick_ns, size, inode, mode)


class CrashPoints:
    """Kills the present process at one of the moments at which it changes the outside world.

    Each call in `CHANGING_CALLS`, each `os.open` that may make a file, each `os.write` to one and each
    `open` for writing gives two moments, before and after it.

    Args:
        at: the moment, counted from 1, at which the process dies; 0 for never.
        log: a file that gets one line a moment, or None.
    """

    def __init__(self, at: int, log: str | None = None) -> None:
        self._at = at
        self._count = 0
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        self._log = -1 if log is None else os.open(log, flags, 0o600)
        self._write = os.write

    def install(self) -> None:
        """Puts itself between this process and the operating system, for good."""
        for name in CHANGING_CALLS:
            setattr(os, name, self._around(name, getattr(os, name), lambda *_a, **_k: True))
        os.write = self._around("write", os.write, lambda descriptor, *_a: descriptor >= TERMINAL_DESCRIPTORS)
        os.open = self._around(
            "os.open", os.open, lambda _path, flags, *_a, **_k: flags & (os.O_CREAT | os.O_TRUNC)
        )
        builtins.open = self._around(
            "open", builtins.open, lambda _path, mode="r", *_a, **_k: not mode.startswith("r")
        )

    def _around(self, name: str, call: Callable[..., Any], matters: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*arguments: Any, **named: Any) -> Any:
            if not matters(*arguments, **named):
                return call(*arguments, **named)
            self._pass(f"before {name}", arguments)
            result = call(*arguments, **named)
            self._pass(f"after {name}", arguments)
            return result

        return watched

    def _pass(self, moment: str, arguments: tuple[Any, ...]) -> None:
        self._count += 1
        if self._log >= 0:
            told = [item for item in arguments if isinstance(item, str)][:2]
            self._write(self._log, f"{self._count} {moment} {' '.join(told)}\n".encode(errors="replace"))
        if self._count == self._at:
            die()
