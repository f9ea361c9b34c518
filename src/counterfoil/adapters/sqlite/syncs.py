"""Spares each command one sync: SQLite syncs the folder when it first syncs a write-ahead log that it might have made.

Only whoever makes the log has to do that, so one that is there already is opened without the permission to make
it. Everything else is left to SQLite's own file system layer, though by way of Python, which costs each access
some microseconds: worth it for the two appends of a command and for nothing that lasts. On the hot path.
"""

from __future__ import annotations

import os

import apsw

NAME = "counterfoil"


class ExistingLogs(apsw.VFS):
    """SQLite's way to the disk, which opens a write-ahead log that is there as one that is there."""

    def __init__(self) -> None:
        super().__init__(NAME, "")

    def xFullPathname(self, name: str) -> str:
        """Returns where a file really is; of a link SQLite's own answer is one that apsw takes for a failure."""
        return os.path.realpath(name)

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:
        """Opens a file; `flags` holds what is asked for and takes up what was granted."""
        if flags[0] & apsw.SQLITE_OPEN_WAL and name is not None:
            path = name if isinstance(name, str) else name.filename()
            if os.path.exists(path):
                flags[0] &= ~apsw.SQLITE_OPEN_CREATE
        return apsw.VFSFile("", name, flags)


_registered: list[ExistingLogs] = []


def registered() -> str:
    """Returns the name under which SQLite knows this layer, for as long as the process lives."""
    if not _registered:
        _registered.append(ExistingLogs())
    return NAME
