"""A page that cannot know something says so, and does not say that there is nothing."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from integration.dashboard_scene import Dash

from counterfoil.usecases import watching
from counterfoil.usecases.spaces import ADMIN, MEMBER, VIEWER
from counterfoil.web.dashboard.visit import NOBODY

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from integration.verbs_scene import Desk


def _gone(folder: Path) -> None:
    shutil.rmtree(folder)


def _only_tickets_gone(folder: Path) -> None:
    shutil.rmtree(folder / "tickets")


def _a_file_in_its_place(folder: Path) -> None:
    shutil.rmtree(folder / "tickets")
    (folder / "tickets").write_text("no folder")


@pytest.mark.parametrize(
    ("harm", "words", "hint"),
    [
        (_gone, ".tickets is gone", "git checkout -- .tickets"),
        (_only_tickets_gone, ".tickets/tickets is gone", "git checkout -- .tickets"),
        (_a_file_in_its_place, ".tickets/tickets is no folder", "ticket doctor"),
    ],
)
def test_tickets_that_cannot_be_read_are_not_told_to_be_none(
    desk: Desk, harm: Callable[[Path], None], words: str, hint: str
) -> None:
    desk.new("Wash the windows")
    dash = Dash(desk)
    harm(desk.path / ".tickets")

    pages = {page: dash.get(page).text for page in ("/board/work", "/list", "/attention", "/settings")}

    assert all(words in text and hint in text for text in pages.values())
    assert "No tickets yet" not in pages["/board/work"]
    assert "No ticket is like that" not in pages["/list"]
    assert "Nothing needs attention" not in pages["/attention"]


def test_without_trouble_nothing_is_said_of_any(desk: Desk) -> None:
    page = Dash(desk).get("/board/work").text
    assert 'id="troubles" role="status"></div>' in page


def test_a_merge_that_begins_is_watched_for(desk: Desk) -> None:
    server = Dash(desk).space.projects[0].server
    marks = watching.of_project(server, NOBODY).marks()
    assert str(desk.path / ".git" / "MERGE_HEAD") in marks


@pytest.mark.parametrize(("role", "is_told"), [(ADMIN, True), (VIEWER, False)])
def test_what_git_is_in_the_middle_of_is_told_above_every_page(desk: Desk, role: str, is_told: bool) -> None:
    desk.new("Wash the windows")
    dash = Dash(desk, role=role)
    merge = desk.path / ".git" / "MERGE_HEAD"
    merge.write_text("0" * 40 + "\n")
    page = dash.get("/settings").text
    assert "A merge is in progress" in page
    assert ("git merge --continue" in page) is is_told
    merge.unlink()
    assert "A merge is in progress" not in dash.get("/settings").text


def test_a_commit_that_is_on_no_branch_is_told_above_and_warned_of_as_it_is_made(desk: Desk) -> None:
    ticket = desk.new("Wash the windows")
    desk.git("checkout", "-q", "--detach")
    dash = Dash(desk, role=MEMBER)
    assert "HEAD is detached" in dash.get("/board/work").text
    told = dash.post(f"/tickets/work/{ticket}/move", state="ready")
    assert told["warnings"] == ["HEAD is detached: put the commit on a branch, or it may be lost"]
