"""Whatever is the matter with the ledger, tickets are changed and committed, with a warning; afterwards it is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import apsw
import pytest
from integration.verbs_scene import Desk, core

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

WORDS = (
    ("claim", "TICKET"), ("edit", "TICKET", "--label", "+summer"), ("assign", "TICKET", "human:bob"), ("release", "TICKET"),
    ("start", "TICKET"), ("done", "TICKET"), ("undo",),
)  # fmt: skip
READING = (("list",), ("show", "TICKET"), ("ready",), ("next",), ("validate",))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A project of somebody who has sealed something."""
    desk = core(tmp_path / "project")
    desk.env = {"TICKET_ACTOR": "human:ada"}
    return desk


def nonsense(file: Path) -> None:
    """Puts something else in its place."""
    file.write_bytes(b"no database" * 1000)


def folder(file: Path) -> None:
    """Puts a folder in its place."""
    file.unlink()
    file.mkdir()


def newer(file: Path) -> None:
    """Lets a newer program have written it."""
    database = apsw.Connection(str(file))
    database.execute("PRAGMA user_version = 99")
    database.close()


WAYS: dict[str, Callable[[Path], None]] = {"nonsense": nonsense, "folder": folder, "newer": newer}


@pytest.mark.parametrize("way", WAYS)
def test_every_verb_works_with_a_ledger_that_cannot_be_opened_and_is_recorded_afterwards(
    desk: Desk, way: str
) -> None:
    ticket = desk.new("Sell shoes", "--state", "ready")
    desk.new("Sell laces", "--state", "ready")
    state = desk.path / ".git" / "counterfoil"
    kept = {part.name: part.read_bytes() for part in state.glob("ledger.db*")}
    for part in state.glob("ledger.db-*"):
        part.unlink()
    WAYS[way](state / "ledger.db")

    before = int(desk.git("rev-list", "--count", "HEAD"))
    for words in WORDS:
        answer = desk.envelope(*[word.replace("TICKET", ticket) for word in words])
        assert [each["code"] for each in answer["warnings"]] == ["ledger_unavailable"], words
    for words in READING:
        assert desk.codes(*[word.replace("TICKET", ticket) for word in words]) == []
    assert set(desk.codes("log", ticket)) <= {"ledger_unavailable"}, "Git's part is told all the same"
    assert int(desk.git("rev-list", "--count", "HEAD")) == before + len(WORDS)
    assert len(list((state / "unrecorded").iterdir())) == len(WORDS)

    for part in state.glob("ledger.db*"):
        part.rmdir() if part.is_dir() else part.unlink()
    for name, data in kept.items():
        (state / name).write_bytes(data)
    assert desk.data("ledger", "reconcile")["late"] == len(WORDS)
    assert desk.data("ledger", "verify", "--deep")["findings"] == []
