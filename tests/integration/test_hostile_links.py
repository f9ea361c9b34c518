"""Linked folders: nothing outside of the repository is read, copied, changed or removed through them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from integration.verbs_scene import FIRST, TICKETS, Desk

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "the neighbour's secret"


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder of somebody else's, with a file that looks like a ticket."""
    folder = tmp_path / "outside"
    folder.mkdir()
    text = f"---\nid: {FIRST}\ntitle: {SECRET}\nstate: ready\npriority: p1\nlabels: []\n---\n\n{SECRET}\n"
    (folder / f"{FIRST}.md").write_text(text, "utf-8")
    (folder / "t.md").write_text(f"{SECRET}\n", "utf-8")
    return folder


@pytest.mark.parametrize(
    "words",
    [
        ("show", FIRST),
        ("show", FIRST, "--dates"),
        ("branch", FIRST),
        ("diff", FIRST),
        ("log", FIRST),
        ("search", "secret"),
        ("validate", "--all"),
        ("list",),
        ("export",),
        ("move", FIRST, "in_progress"),
        ("new", "Another one"),
    ],
    ids=" ".join,
)
def test_a_linked_folder_of_tickets_is_not_entered(desk: Desk, outside: Path, words: tuple[str, ...]) -> None:
    tickets = desk.path / TICKETS
    for file in tickets.iterdir():
        file.unlink()
    tickets.rmdir()
    tickets.symlink_to(outside)
    before = {file.name: file.read_bytes() for file in outside.iterdir()}
    said = desk.say(*words, status=None)
    assert said.status != 0
    assert SECRET not in said.out + said.err
    assert f"{TICKETS} is a symbolic link" in said.out + said.err
    assert {file.name: file.read_bytes() for file in outside.iterdir()} == before


def test_a_linked_folder_of_templates_gives_none(desk: Desk, outside: Path) -> None:
    (desk.path / ".tickets/templates").symlink_to(outside)
    head = desk.git("rev-parse", "HEAD")
    assert desk.error("new", "T", "-t", "t", status=7)["code"] == "unsafe_path"
    assert desk.error("new", "T", "-t", "none", status=7)["code"] == "unsafe_path"
    assert desk.git("rev-parse", "HEAD") == head
    assert SECRET not in desk.say("__complete", "--", "new", "-t", "").out


def test_the_repository_itself_may_lie_behind_a_link(desk: Desk, tmp_path: Path) -> None:
    desk.put(FIRST, "Fix login")
    (tmp_path / "alias").symlink_to(desk.path)
    assert "Fix login" in Desk(tmp_path / "alias").say("show", FIRST).out
