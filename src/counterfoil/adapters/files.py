"""The working tree: listing, reading and replacing files without following links.

Neither a file's own name nor a folder on the way to it may be a link: whoever makes a repository could
lead out of it that way. The folders between the root and a file are looked at once and then remembered, until
the folder is listed anew; the root itself is the caller's choice and may lie behind links.

A file's signature (change time, size, inode, mode) says whether it may have changed since it was
read. The change time cannot be set by hand, and whoever uses signatures re-reads a file
whose change time is so recent that a further edit could share it (`usecases.catalog`).
On the hot path.
"""

from __future__ import annotations

import os
from _operator import attrgetter
from errno import EISDIR, ELOOP, ENOENT, ENOSPC, ENOTDIR, ENXIO, EROFS

from counterfoil.errors import HostError, InputError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from counterfoil.usecases.ports import Signature

DRAFT_END = ".tmp"
"""A file is written as `.NAME.PROCESS.tmp` before it takes its name."""
SMALL_BYTES = 1 << 16
"""What `read_small` reads of a file at most."""
_signature = attrgetter("st_ctime_ns", "st_size", "st_ino", "st_mode")


class WorkTree:
    """Files below one folder; every path is relative to it and written with `/`.

    Args:
        root: the folder.
        folder_mode: of the folders that are made, before the umask takes its share.
    """

    def __init__(self, root: str, folder_mode: int = 0o777) -> None:
        self.root = root
        self._folder_mode = folder_mode
        self._real_folders = {""}

    def path(self, name: str) -> str:
        """Returns where `name` lies in the file system."""
        return f"{self.root}/{name}" if name else self.root

    def listing(self, folder: str) -> tuple[list[str], list[int]] | None:
        """Returns the names in a folder and a fingerprint of each, or None if there is no such folder.

        A fingerprint is the hash of the signature: it says whether a file may have changed.

        Raises:
            InputError: `unsafe_path` when the folder, or one above it, is a symbolic link.
        """
        self._check_folders(folder)
        try:
            descriptor = os.open(self.path(folder), os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        except OSError as error:
            if os.path.islink(self.path(folder)):
                raise _link(folder) from None
            if error.errno in {ENOENT, ENOTDIR}:
                return None
            raise _failure(error, folder) from None
        try:
            names = os.listdir(descriptor)
            return names, [
                hash(_signature(os.stat(name, dir_fd=descriptor, follow_symlinks=False))) for name in names
            ]
        except OSError:
            return self._listing_while_changing(descriptor)
        finally:
            os.close(descriptor)

    @staticmethod
    def _listing_while_changing(descriptor: int) -> tuple[list[str], list[int]]:
        """Lists a folder from which something disappeared between listing and looking."""
        names: list[str] = []
        prints: list[int] = []
        for name in os.listdir(descriptor):
            try:
                prints.append(hash(_signature(os.stat(name, dir_fd=descriptor, follow_symlinks=False))))
            except OSError:
                continue
            names.append(name)
        return names, prints

    def names(self, folder: str) -> list[str]:
        """Returns the names in a folder, in no order; none if there is no such folder.

        Raises:
            InputError: `unsafe_path` when the folder, or one above it, is a symbolic link.
        """
        self._check_folders(folder)
        try:
            return os.listdir(self.path(folder))
        except OSError:
            return []

    def signature(self, name: str) -> Signature | None:
        """Returns the signature of one file, or None if there is none."""
        try:
            return _signature(os.lstat(self.path(name)))
        except OSError:
            return None

    def read(self, name: str, limit: int = 1 << 28) -> bytes | None:
        """Returns a regular file's bytes, or None if it does not exist.

        Raises:
            InputError: `unsafe_path` for a link on the way, a folder or another thing that is no file,
                `too_large` beyond `limit` bytes.
            HostError: `io_error`.
        """
        self._check_way(name)
        try:
            descriptor = os.open(self.path(name), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError as error:
            if error.errno in {ENOENT, ENOTDIR}:
                return None
            raise _failure(error, name) from None
        try:
            data = os.read(descriptor, 1 << 14)
            if len(data) < 1 << 14:
                if not data and not _is_regular(os.fstat(descriptor).st_mode):
                    raise _no_file(name)
                return data
            chunks, size = [data], len(data)
            while data := os.read(descriptor, 1 << 22):
                chunks.append(data)
                size += len(data)
                if size > limit:
                    raise InputError(
                        "too_large", f"{name} is larger than {limit} bytes", path=name, limit=limit
                    )
            return b"".join(chunks)
        except OSError as error:
            raise _failure(error, name) from None
        finally:
            os.close(descriptor)

    def read_small(self, folder: str, suffix: str) -> Iterator[tuple[str, bytes | None]]:
        """Yields the files of a folder whose name ends in `suffix`, in no order and as fast as may be.

        A file that is no small regular one (a link, a large file, one that vanished) comes with None: ask
        `read`, which says what is the matter.

        Raises:
            InputError: `unsafe_path` when the folder, or one above it, is a symbolic link.
        """
        self._check_folders(folder)
        try:
            descriptor = os.open(self.path(folder), os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        except OSError:
            return
        try:
            for name in os.listdir(descriptor):
                if not name.endswith(suffix) or name.startswith("."):
                    continue
                try:
                    file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=descriptor)
                except OSError:
                    yield name, None
                    continue
                try:
                    data: bytes | None = os.read(file, SMALL_BYTES)
                except OSError:
                    data = None
                finally:
                    os.close(file)
                yield name, data if data and len(data) < SMALL_BYTES else None
        finally:
            os.close(descriptor)

    def replace(self, name: str, data: bytes, *, private: bool = False) -> None:
        """Writes a file so that readers see the old bytes or the new, never a part.

        The permissions of a file that exists are kept; a new one that is private is for its owner alone.

        Raises:
            InputError: `unsafe_path` when a folder on the way is a symbolic link.
            HostError: `io_error`; the file is then as it was.
        """
        self._check_way(name)
        path = self.path(name)
        folder, _, base = path.rpartition("/")
        draft = f"{folder}/.{base}.{os.getpid()}{DRAFT_END}"
        try:
            try:
                mode = os.lstat(path).st_mode & 0o7777
            except FileNotFoundError:
                mode = None
            descriptor = os.open(
                draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600 if private else 0o666
            )
            try:
                if mode is not None:
                    os.fchmod(descriptor, mode)
                left = memoryview(data)
                while left:
                    left = left[os.write(descriptor, left) :]
            finally:
                os.close(descriptor)
            os.replace(draft, path)
        except BaseException as error:
            try:
                os.unlink(draft)
            except OSError:
                pass
            if isinstance(error, OSError):
                raise _failure(error, name) from None
            raise

    def discard_drafts(self, folder: str, name: str = "") -> None:
        """Removes the drafts that killed processes left in a folder.

        Args:
            folder: where to look.
            name: only drafts of this file; empty for those of any.
        """
        for draft in self.names(folder):
            stem, _, owner = draft.removesuffix(DRAFT_END).rpartition(".")
            ours = draft.endswith(DRAFT_END) and draft.startswith(".") and owner.isascii() and owner.isdigit()
            if ours and (not name or stem == f".{name}") and _is_abandoned(int(owner)):
                self.remove(f"{folder}/{draft}" if folder else draft)

    def remove(self, name: str) -> None:
        """Removes a file; one that is gone already is fine."""
        self._check_way(name)
        try:
            os.unlink(self.path(name))
        except FileNotFoundError:
            pass
        except OSError as error:
            raise _failure(error, name) from None

    def rename(self, name: str, to: str) -> None:
        """Gives a file, or a link as such, another name in the same folder tree."""
        self._check_way(name)
        self._check_way(to)
        try:
            os.replace(self.path(name), self.path(to))
        except OSError as error:
            raise _failure(error, name) from None

    def make_folder(self, name: str) -> None:
        """Makes a folder and those above it."""
        self._check_folders(name)
        try:
            for path in (self.root, self.path(name)):
                os.makedirs(path, self._folder_mode, exist_ok=True)
        except OSError as error:
            raise _failure(error, name) from None

    def remove_folder(self, name: str) -> None:
        """Removes a folder and all below it, without following links; one that is gone is fine."""
        from shutil import rmtree

        self._check_way(name)
        try:
            rmtree(self.path(name))
        except FileNotFoundError:
            pass
        except OSError as error:
            raise _failure(error, name) from None

    def is_folder(self, name: str) -> bool:
        """Tells whether `name` is a folder and no link to one."""
        path = self.path(name)
        return os.path.isdir(path) and not os.path.islink(path)

    def exists(self, name: str) -> bool:
        """Tells whether anything is there, a dangling link included."""
        return os.path.lexists(self.path(name))

    def make_executable(self, name: str) -> None:
        """Lets the owner and whoever may read the file run it."""
        self._check_way(name)
        path = self.path(name)
        try:
            mode = os.stat(path).st_mode
            os.chmod(path, mode | ((mode & 0o444) >> 2))
        except OSError as error:
            raise _failure(error, name) from None

    def _check_way(self, name: str) -> None:
        """Refuses a name that a linked folder leads to; a folder that was looked at is not looked at again."""
        folder = name.rpartition("/")[0]
        if folder not in self._real_folders:
            self._check_folders(folder)

    def _check_folders(self, folder: str) -> None:
        """Refuses a linked folder, and one below a linked folder, as they are now.

        Raises:
            InputError: `unsafe_path`, naming the link.
        """
        end = 0
        while folder and end >= 0:
            end = folder.find("/", end + 1)
            part = folder if end < 0 else folder[:end]
            try:
                mode = os.lstat(f"{self.root}/{part}").st_mode
            except OSError:
                return  # whoever opens it will learn why
            if mode & 0o170000 == 0o120000:
                self._real_folders.discard(folder)
                raise _link(part)
        self._real_folders.add(folder)


def _is_regular(mode: int) -> bool:
    return mode & 0o170000 == 0o100000


def _link(name: str) -> InputError:
    return InputError(
        "unsafe_path",
        f"{name} is a symbolic link",
        "replace the link by what it leads to; links are never followed",
        path=name,
    )


def _no_file(name: str) -> InputError:
    return InputError("unsafe_path", f"{name} is no regular file", "move it away", path=name)


def _is_abandoned(pid: int) -> bool:
    """Tells whether the process that wrote a draft is gone; this one is writing none."""
    from counterfoil.adapters.process import Programs

    return pid == os.getpid() or not Programs.lives(pid)


def _failure(error: OSError, name: str) -> InputError | HostError:
    reason = error.strerror or str(error)
    if error.errno == ELOOP:
        return _link(name)
    if error.errno == ENXIO:
        return _no_file(name)  # a socket
    if error.errno == EISDIR:
        return InputError("unsafe_path", f"{name} is a folder, not a file", "move the folder away", path=name)
    hint = {
        ENOSPC: "free some space, then run the command again",
        EROFS: "the file system is read-only; work in a writable clone",
    }.get(error.errno or 0, "check the file's owner and permissions")
    return HostError("io_error", f"{name}: {reason}", hint, path=name, reason=reason)
