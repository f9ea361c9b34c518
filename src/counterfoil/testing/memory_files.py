"""A file system in memory, as far as the `Files` port shows one.

Signatures behave as on a disk: a replaced file is another inode, a file written in place keeps its own,
and the change time is the clock's. A file is written as a draft that takes its name; whoever dies in between
leaves the draft. There are no links, sockets or permissions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterfoil.errors import HostError, InputError
from counterfoil.testing.machine import Machine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from counterfoil.usecases.ports import Clock, Signature

PLAIN_FILE = 0o100644
FOLDER = 0o040755
EXECUTABLE = 0o111
DRAFT_END = ".tmp"
SMALL_BYTES = 1 << 16


class MemoryDisk:
    """All files of a simulated machine; survives the processes that use it.

    Args:
        clock: gives the change times.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._folders: dict[str, dict[str, tuple[bytes, Signature] | None]] = {"": {}}
        self._inodes = 0

    def files(self, root: str, machine: Machine | None = None) -> MemoryFiles:
        """Returns the files below an absolute path, as one process sees them."""
        self.make_folder(root)
        return MemoryFiles(self, root, machine or Machine())

    def get(self, path: str) -> tuple[bytes, Signature] | None:
        """Returns a file's content and signature."""
        folder, _, name = path.rpartition("/")
        return self._folders.get(folder, {}).get(name)

    def put(self, path: str, data: bytes, *, mode: int | None = None, in_place: bool = False) -> None:
        """Gives a file this content: a new file under the old name, or the old file written anew.

        Raises:
            FileNotFoundError: without the folder.
            IsADirectoryError: where a folder stands.
        """
        folder, _, name = path.rpartition("/")
        if folder not in self._folders:
            raise FileNotFoundError(path)
        if path in self._folders:
            raise IsADirectoryError(path)
        known = self._folders[folder].get(name)
        if in_place and known is not None:
            inode = known[1][2]
        else:
            self._inodes += 1
            inode = self._inodes
        kept = known[1][3] if known is not None else PLAIN_FILE
        signature = (self.clock.now_ns(), len(data), inode, kept if mode is None else mode)
        self._folders[folder][name] = (data, signature)

    def drop(self, path: str) -> None:
        """Removes a file, if it is there."""
        folder, _, name = path.rpartition("/")
        if self._folders.get(folder, {}).get(name) is not None:
            del self._folders[folder][name]

    def make_folder(self, path: str) -> None:
        """Makes a folder and those above it.

        Raises:
            NotADirectoryError: where a file stands.
        """
        if path in self._folders:
            return
        above, _, name = path.rpartition("/")
        self.make_folder(above)
        if self._folders[above].get(name) is not None:
            raise NotADirectoryError(path)
        self._folders[above][name] = None
        self._folders[path] = {}

    def drop_folder(self, path: str) -> None:
        """Removes a folder and all below it."""
        for folder in [folder for folder in self._folders if folder == path or folder.startswith(f"{path}/")]:
            del self._folders[folder]
        above, _, name = path.rpartition("/")
        self._folders.get(above, {}).pop(name, None)

    def is_folder(self, path: str) -> bool:
        """Tells whether a folder stands there."""
        return path in self._folders

    def names(self, folder: str) -> list[str]:
        """Returns what a folder holds."""
        return list(self._folders.get(folder, ()))

    def below(self, root: str) -> Iterator[str]:
        """Yields the paths of all files below a folder, relative to it."""
        for folder, entries in self._folders.items():
            if folder == root or folder.startswith(f"{root}/"):
                start = folder[len(root) + 1 :]
                for name, entry in entries.items():
                    if entry is not None:
                        yield f"{start}/{name}" if start else name


class MemoryFiles:
    """A `Files` port over a `MemoryDisk`, for one process.

    Args:
        disk: what survives the process.
        root: the absolute path of its folder.
        machine: told before and after every change.
    """

    def __init__(self, disk: MemoryDisk, root: str, machine: Machine) -> None:
        self._disk = disk
        self._machine = machine
        self.root = root

    def path(self, name: str) -> str:
        """Returns the absolute path."""
        return f"{self.root}/{name}" if name else self.root

    # --- reading ------------------------------------------------------------------------------

    def listing(self, folder: str) -> tuple[list[str], list[int]] | None:
        """Returns the names in a folder and the hash of each signature, or None without the folder."""
        self._machine.check()
        path = self.path(folder)
        if not self._disk.is_folder(path):
            return None
        names = self._disk.names(path)
        return names, [hash(self._signature(f"{path}/{name}")) for name in names]

    def names(self, folder: str) -> list[str]:
        """Returns the names in a folder."""
        self._machine.check()
        return self._disk.names(self.path(folder))

    def signature(self, name: str) -> Signature | None:
        """Returns one file's signature."""
        self._machine.check()
        return self._signature(self.path(name))

    def _signature(self, path: str) -> Signature | None:
        found = self._disk.get(path)
        if found is not None:
            return found[1]
        return (0, 0, 0, FOLDER) if self._disk.is_folder(path) else None

    def read_small(self, folder: str, suffix: str) -> Iterator[tuple[str, bytes | None]]:
        """Yields a folder's files fast; those that `read` has to be asked for come with None."""
        for name in self.names(folder):
            if name.endswith(suffix) and not name.startswith("."):
                found = self._disk.get(self.path(f"{folder}/{name}" if folder else name))
                data = None if found is None else found[0]
                yield name, data if data and len(data) < SMALL_BYTES else None

    def read(self, name: str, limit: int = 1 << 28) -> bytes | None:
        """Returns a file's bytes, or None.

        Raises:
            InputError: `unsafe_path` for a folder, `too_large`.
        """
        self._machine.check()
        found = self._disk.get(self.path(name))
        if found is None:
            if self._disk.is_folder(self.path(name)):
                raise _folder_there(name)
            return None
        if len(found[0]) > limit:
            raise InputError("too_large", f"{name} is larger than {limit} bytes", path=name, limit=limit)
        return found[0]

    def is_folder(self, name: str) -> bool:
        """Tells whether `name` is a folder."""
        self._machine.check()
        return self._disk.is_folder(self.path(name))

    def exists(self, name: str) -> bool:
        """Tells whether anything is there."""
        self._machine.check()
        return self._signature(self.path(name)) is not None

    # --- writing ------------------------------------------------------------------------------

    def replace(self, name: str, data: bytes, *, private: bool = False) -> None:  # noqa: ARG002
        """Writes a file atomically; who dies before its draft has its name leaves the draft.

        Raises:
            InputError: `unsafe_path` where a folder stands.
            HostError: `io_error` without the folder.
        """
        self._machine(f"before replace {name}")
        path = self.path(name)
        folder, _, base = path.rpartition("/")
        if self._disk.is_folder(path):
            raise _folder_there(name)
        draft = f"{folder}/.{base}.1{DRAFT_END}"
        try:
            self._disk.put(draft, data)
        except FileNotFoundError:
            raise _missing(name) from None
        self._machine(f"inside replace {name}")
        self._disk.drop(draft)
        self._disk.put(path, data)
        self._machine(f"after replace {name}")

    def overwrite(self, name: str, data: bytes) -> None:
        """Writes a file in place, as many editors do: the same inode with another content.

        Raises:
            HostError: `io_error` without the folder.
        """
        self._machine(f"before overwrite {name}")
        try:
            self._disk.put(self.path(name), data, in_place=True)
        except FileNotFoundError:
            raise _missing(name) from None
        self._machine(f"after overwrite {name}")

    def discard_drafts(self, folder: str, name: str = "") -> None:
        """Removes the drafts that killed processes left in a folder, of one file or of any."""
        for draft in self.names(folder):
            stem, _, owner = draft.removesuffix(DRAFT_END).rpartition(".")
            ours = draft.endswith(DRAFT_END) and draft.startswith(".") and owner.isdigit()
            if ours and (not name or stem == f".{name}"):
                self.remove(f"{folder}/{draft}" if folder else draft)

    def remove(self, name: str) -> None:
        """Removes a file, if it is there.

        Raises:
            InputError: `unsafe_path` for a folder.
        """
        self._machine(f"before remove {name}")
        if self._disk.is_folder(self.path(name)):
            raise _folder_there(name)
        self._disk.drop(self.path(name))
        self._machine(f"after remove {name}")

    def rename(self, name: str, to: str) -> None:
        """Gives a file another name.

        Raises:
            HostError: `io_error` when there is no such file, or no such folder.
        """
        self._machine(f"before rename {name}")
        found = self._disk.get(self.path(name))
        if found is None:
            raise _missing(name)
        try:
            self._disk.put(self.path(to), found[0], mode=found[1][3])
        except FileNotFoundError:
            raise _missing(to) from None
        if name != to:
            self._disk.drop(self.path(name))
        self._machine(f"after rename {name}")

    def make_folder(self, name: str) -> None:
        """Makes a folder and those above.

        Raises:
            HostError: `io_error` where a file stands.
        """
        if self.is_folder(name):
            return
        self._machine(f"before make_folder {name}")
        try:
            self._disk.make_folder(self.path(name))
        except NotADirectoryError:
            raise HostError(
                "io_error", f"{name}: Not a directory", path=name, reason="Not a directory"
            ) from None
        self._machine(f"after make_folder {name}")

    def remove_folder(self, name: str) -> None:
        """Removes a folder and all below it."""
        self._machine(f"before remove_folder {name}")
        self._disk.drop_folder(self.path(name))
        self._machine(f"after remove_folder {name}")

    def make_executable(self, name: str) -> None:
        """Adds the permission to run.

        Raises:
            HostError: `io_error` when there is no such file.
        """
        self._machine(f"before make_executable {name}")
        found = self._disk.get(self.path(name))
        if found is None:
            raise _missing(name)
        self._disk.put(self.path(name), found[0], mode=found[1][3] | EXECUTABLE, in_place=True)
        self._machine(f"after make_executable {name}")


def _missing(name: str) -> HostError:
    reason = "No such file or directory"
    return HostError(
        "io_error", f"{name}: {reason}", "check the file's owner and permissions", path=name, reason=reason
    )


def _folder_there(name: str) -> InputError:
    return InputError("unsafe_path", f"{name} is a folder, not a file", "move the folder away", path=name)
