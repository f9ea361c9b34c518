"""Whatever is the matter with the ledger, tickets are changed and committed, with a warning; afterwards it is told."""

from __future__ import annotations

import marshal
import os
from binascii import crc32
from typing import TYPE_CHECKING

import apsw
import pytest
from integration.verbs_scene import Desk, core

from counterfoil.kernel import canonical
from counterfoil.usecases.effect import MAGIC

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


FORGED = [
    ("proposal/P-0123456789ABCDEF", "proposal.approved"),
    ("policy/root", "policy.accepted"),
    ("person/ada", "credential.added"),
    ("agent/bot", "principal.added"),
    ("ledger/keys", "ledger.key-added"),
    ("proposal/P-0123456789ABCDEF", "ticket.applied"),
    ("ticket/01ARZ3NDEKTSV4RRFFQ69G5FAV", "effect.applied"),
]


@pytest.mark.parametrize(("stream", "kind"), FORGED)
def test_nothing_that_decides_is_taken_from_a_file_that_waits_to_be_sealed(
    desk: Desk, stream: str, kind: str
) -> None:
    desk.new("Sell shoes")
    before = desk.data("ledger", "status")["size"]
    waiting = desk.path / ".git" / "counterfoil" / "unrecorded"
    waiting.mkdir(exist_ok=True)
    item = {"stream": stream, "kind": kind, "body": {"by": "human:boss"}, "key": "forged"}
    entry = {"actor": "human:boss", "at": 1, "command": "forged", "items": [item]}
    (waiting / "01ARZ3NDEKTSV4RRFFQ69G5FAV").write_bytes(canonical.encode(entry))
    assert "unrecorded_damaged" in desk.codes("ledger", "reconcile")
    assert desk.data("ledger", "status")["size"] == before


@pytest.mark.parametrize(("stream", "kind"), FORGED)
def test_nothing_that_decides_is_taken_from_the_note_of_a_dead_command(
    desk: Desk, stream: str, kind: str
) -> None:
    desk.new("Sell shoes")
    before = desk.data("ledger", "status")["size"]
    item = (stream, kind, {"project": "", "path": ".tickets/x", "after": None}, "forged")
    note = ("01ARZ3NDEKTSV4RRFFQ69G5FAV", "human:boss", [], [item])
    intents = desk.path / ".git" / "counterfoil" / "intents"
    intents.mkdir(exist_ok=True)
    root = str(desk.path.resolve())
    name = f"{crc32(os.fsencode(root)):08x}"
    (intents / name).write_bytes(marshal.dumps((MAGIC, root, "", [("left", None, b"x", True)], note)))
    (desk.path / ".git" / "counterfoil" / "left").write_bytes(b"x")
    desk.data("new", "Sell laces")
    assert desk.data("ledger", "status")["size"] == before + 2
