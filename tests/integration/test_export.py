"""`ticket export`: tickets as JSON lines."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from integration.intake_scene import Intake, project

if TYPE_CHECKING:
    from pathlib import Path

ODD_ID = "01HGW2BBG0000000000000000A"
ODD = f"""---\r
# a comment\r
id: {ODD_ID.lower()}\r
title: 'It''s: [odd]'\r
state: Done\r
priority: P0\r
labels:\r
  - ui\r
due: 2026-01-01\r
count: 123456789012345678901234567890\r
x_ticket:\r
  source: {{kind: intake, id: "7"}}\r
---\r
\r
Körper \U0001f600\r
"""


@pytest.fixture
def intake(tmp_path: Path) -> Intake:
    """Returns a project with three tickets, one of them written by another hand."""
    made = project(tmp_path / "work")
    made.run("new", "Later", "-p", "p3", "--body", "Text.")
    made.run("new", "Sooner", "-p", "p0", "-s", "ready", "--assignee", "human:ana")
    made.commit("scene: an odd one", **{f".tickets/tickets/{ODD_ID}.md": ODD})
    made.run("rebuild-index")
    return made


def exported(text: str) -> list[dict[str, Any]]:
    """Returns the objects of JSON lines."""
    return [json.loads(line) for line in text.splitlines()]


def test_each_ticket_is_one_line_in_the_protocols_order(intake: Intake) -> None:
    tickets = exported(intake.run("export"))
    assert [ticket["title"] for ticket in tickets] == ["Later", "Sooner", "It's: [odd]"]
    assert [ticket["id"] for ticket in tickets] == [ticket["id"] for ticket in intake.tickets()]
    assert intake.run("export") == intake.run("export")


def test_a_line_says_everything_that_the_file_says(intake: Intake) -> None:
    later, _, odd = exported(intake.run("export"))
    assert later == {
        "id": later["id"], "title": "Later", "state": "backlog", "priority": "p3", "labels": [],
        "body": "\nText.\n", "path": f".tickets/tickets/{later['id']}.md",
    }  # fmt: skip
    assert odd == {
        "id": ODD_ID, "title": "It's: [odd]", "state": "done", "priority": "p0", "labels": ["ui"],
        "due": "2026-01-01", "count": 123456789012345678901234567890,
        "x_ticket": {"source": {"kind": "intake", "id": "7"}},
        "body": "\r\nKörper \U0001f600\r\n", "path": f".tickets/tickets/{ODD_ID}.md",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("filters", "titles"),
    [
        (("-s", "ready"), ["Sooner"]),
        (("-p", "p0"), ["Sooner", "It's: [odd]"]),
        (("-l", "ui"), ["It's: [odd]"]),
        (("--assignee", "none"), ["Later", "It's: [odd]"]),
        (("-s", "blocked"), []),
    ],
)
def test_filters_choose_what_is_exported(intake: Intake, filters: tuple[str, ...], titles: list[str]) -> None:
    assert [ticket["title"] for ticket in exported(intake.run("export", *filters))] == titles


def test_with_json_there_is_one_envelope(intake: Intake) -> None:
    data = intake.data("export")
    assert data == {"tickets": exported(intake.run("export")), "total": 3}
    assert intake.run("export", "-q") == intake.run("export")


def test_a_file_is_written_in_place_of_the_old_one(intake: Intake) -> None:
    file = intake.write("out.jsonl", "old\n")
    assert intake.run("export", "-o", "out.jsonl") == ""
    assert file.read_text("utf-8") == intake.run("export")
    assert sorted(path.name for path in intake.path.iterdir()) == [".git", ".tickets", "out.jsonl"]
    assert intake.data("export", "-o", "out.jsonl", "-s", "ready") == {"total": 1, "path": "out.jsonl"}
    assert len(file.read_text("utf-8").splitlines()) == 1
    assert intake.run("export", "-o", "-") == intake.run("export")


def test_a_file_is_found_from_a_folder_below_and_through_a_linked_project(
    intake: Intake, tmp_path: Path
) -> None:
    (intake.path / "sub").mkdir()
    link = tmp_path / "link"
    link.symlink_to(intake.path)
    below = Intake(link / "sub")
    below.run("export", "-o", "../../outside.jsonl")
    assert len((tmp_path / "outside.jsonl").read_text("utf-8").splitlines()) == 3


def test_links_folders_and_devices_are_not_replaced(intake: Intake, tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("kept")
    (intake.path / "link").symlink_to(target)
    (intake.path / "folder").mkdir()
    for name in ("link", "folder", "/dev/null"):
        error = intake.error("export", "-o", name, status=7)
        assert (error["code"], error["details"]) == ("unsafe_path", {"path": name})
    assert target.read_text() == "kept"
    assert (intake.path / "link").is_symlink()
    assert intake.error("export", "-o", "missing/out", status=2)["details"] == {"value": "missing/out"}
    assert intake.error("export", "-o", "folder/", status=2)["code"] == "usage"


def test_a_broken_ticket_is_told_and_the_others_are_exported(intake: Intake) -> None:
    name = "01HGW2BBG0000000000000000B.md"
    intake.write(f".tickets/tickets/{name}", "no ticket")
    envelope = intake.envelope("export")
    assert envelope["data"]["total"] == 3
    assert [(warning["code"], warning["path"]) for warning in envelope["warnings"]] == [
        ("invalid_ticket", f".tickets/tickets/{name}")
    ]
