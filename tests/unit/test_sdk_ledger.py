"""The Python API's view of the ledger: what the command tells of it, as objects."""

from __future__ import annotations

import json
from dataclasses import asdict
from itertools import islice
from typing import TYPE_CHECKING

import pytest
from integration.verbs_scene import Desk, bare_repository

from counterfoil import InputError, Project
from counterfoil.ledger import checkpoint as checkpoints

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Returns a repository with a project in it, which the command and the library both use."""
    made = bare_repository(tmp_path / "work")
    Project.init(made.path)
    return made


@pytest.fixture
def project(desk: Desk) -> Project:
    """Returns the project, opened for an agent."""
    return Project.open(desk.path, actor="agent:sdk")


def test_its_status_is_the_command_s(project: Project, desk: Desk) -> None:
    project.new("T")
    stands, told = project.ledger_status(), desk.data("ledger", "status")
    assert (stands.ledger, stands.size, stands.root) == (told["ledger"], told["size"], told["root"])
    assert stands.size == desk.data("ledger", "tail")["size"]


def test_a_story_is_the_command_s(project: Project, desk: Desk) -> None:
    ticket = project.new("T", state="ready").ticket.id
    project.claim(ticket)
    story = project.trace(ticket)
    assert [entry.action for entry in story.entries] == ["create", "move"]
    assert (
        json.loads(json.dumps([asdict(entry) for entry in story.entries]))
        == desk.data("trace", ticket)["entries"]
    )
    assert project.trace("ledger").stream == "ledger"


def test_receipts_come_in_order_from_wherever_one_is(project: Project) -> None:
    ticket = project.new("T").ticket.id
    project.new("Another")
    every = list(project.receipts())
    assert [receipt.position for receipt in every] == list(range(project.ledger_status().size))
    assert [receipt.id for receipt in project.receipts(after=2)] == [receipt.id for receipt in every[2:]]
    own = list(project.receipts(ticket))
    assert [receipt.kind for receipt in own] == ["ticket.intended", "ticket.applied"]
    assert [receipt.seq for receipt in project.receipts(ticket, after=1)] == [1]


def test_whoever_follows_gets_what_is_sealed_from_here_on(project: Project, desk: Desk) -> None:
    project.new("T")
    size = project.ledger_status().size
    assert [receipt.position for receipt in islice(project.follow(size - 2), 2)] == [size - 2, size - 1]
    known: list[int] = []

    def stop() -> bool:
        if not known and project.ledger_status().size == size:
            desk.say("new", "Another")
        return len(known) == 2

    for receipt in project.follow(stop=stop):
        known.append(receipt.position)
    assert known == [size, size + 1]
    with pytest.raises(InputError) as caught:
        next(project.follow(10_000))
    assert caught.value.code == "receipt_not_found"


def test_a_checkpoint_signs_all_there_is(project: Project) -> None:
    project.new("T")
    note = project.checkpoint()
    found, _ = checkpoints.parse(note)
    stands = project.ledger_status()
    assert (found.ledger, found.size, found.root.hex()) == (stands.ledger, stands.signed, stands.root)
    assert project.checkpoint() == note


def test_what_verify_finds_is_reported_and_not_raised(project: Project, desk: Desk) -> None:
    project.new("T")
    project.checkpoint()
    report = project.verify_ledger(deep=True)
    assert (report.sound, report.size) == (True, project.ledger_status().size)
    for part in (desk.path / ".git/counterfoil").glob("ledger.db*"):
        part.write_bytes(b"no database" * 1000)
    found = project.verify_ledger()
    assert not found.sound
    assert [finding.code for finding in found.findings][:1] == ["ledger_damaged"]


@pytest.mark.parametrize("door", ["trace", "receipts", "follow", "checkpoint"])
def test_where_there_is_no_ledger_none_is_made(tmp_path: Path, door: str) -> None:
    desk = bare_repository(tmp_path / "bare")
    desk.write(".tickets/config.yml", "format_version: 1\n")
    project = Project.open(desk.path)
    calls = {
        "trace": lambda: project.trace("ledger"),
        "receipts": lambda: list(project.receipts()),
        "follow": lambda: next(project.follow()),
        "checkpoint": project.checkpoint,
    }
    with pytest.raises(InputError) as caught:
        calls[door]()
    assert caught.value.code == "ledger_not_found"
    assert project.ledger_status().ledger is None
    assert project.verify_ledger().sound
    assert not (desk.path / ".git/counterfoil/ledger.db").exists()
