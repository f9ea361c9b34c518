"""How often a command has the ledger's files brought to the disk: counted, not guessed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import apsw
import pytest
from integration.verbs_scene import Desk

if TYPE_CHECKING:
    from collections.abc import Iterator

MOVES = 100


class Counted(apsw.VFS):
    """SQLite's way to the disk, which notes what is synced.

    Attributes:
        synced: the names of the files, one for each time; `folder` where SQLite also syncs the folder, which it
            does the first time that it syncs a log which it was allowed to make.
    """

    def __init__(self) -> None:
        self.synced: list[str] = []
        super().__init__("counted", "unix", makedefault=True)

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:
        path = name.filename() if isinstance(name, apsw.URIFilename) else name or ""
        may_make = bool(flags[0] & apsw.SQLITE_OPEN_WAL and flags[0] & apsw.SQLITE_OPEN_CREATE)
        return CountedFile(name, flags, os.path.basename(path), may_make, self.synced)


class CountedFile(apsw.VFSFile):
    """A file of it."""

    def __init__(
        self,
        name: str | apsw.URIFilename | None,
        flags: list[int],
        short: str,
        may_make: bool,
        synced: list[str],
    ) -> None:
        self.short = short
        self.may_make = may_make
        self.synced = synced
        super().__init__("unix", name, flags)

    def xSync(self, flags: int) -> None:
        self.synced += [self.short, "folder"] if self.may_make else [self.short]
        self.may_make = False
        super().xSync(flags)


@pytest.fixture
def synced() -> Iterator[list[str]]:
    """What was synced since the test began."""
    layer = Counted()
    yield layer.synced
    layer.unregister()


def test_a_move_has_the_ledger_synced_twice_and_a_hundred_moves_two_hundred_times(
    desk: Desk, synced: list[str]
) -> None:
    ticket = desk.new("Sell shoes", "--state", "ready")
    desk.say("move", ticket, "in_progress")
    synced.clear()
    states = ("ready", "in_progress") * (MOVES // 2)
    each = []
    for state in states:
        before = len(synced)
        desk.say("move", ticket, state)
        each.append(synced[before:])
    assert each == [["ledger.db-wal", "ledger.db-wal"]] * MOVES


def test_a_command_that_only_reads_has_nothing_synced(desk: Desk, synced: list[str]) -> None:
    ticket = desk.new("Sell shoes")
    synced.clear()
    for words in (
        ("list",),
        ("show", ticket),
        ("ledger", "status"),
        ("ledger", "tail"),
        ("ledger", "verify"),
    ):
        desk.say(*words)
    assert synced == []
