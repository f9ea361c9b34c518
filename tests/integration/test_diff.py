"""`ticket diff`: a ticket in the working tree against a revision."""

from __future__ import annotations

import os
import pty
import subprocess
from typing import TYPE_CHECKING

import pytest
from integration.history_scene import Clone, project

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    """Returns a project of `human:ana`."""
    return project(tmp_path / "work")


def test_fields_come_first_then_the_lines(clone: Clone) -> None:
    ticket = clone.new("A thing", "-l", "ui")
    clone.replace(ticket, "labels: [ui]", "labels: [ui, api]")
    path = f".tickets/tickets/{ticket}.md"
    diff = (
        f"--- a/{path}\n+++ b/{path}\n@@ -3,5 +3,5 @@\n title: A thing\n state: backlog\n priority: p2\n"
        "-labels: [ui]\n+labels: [ui, api]\n ---\n"
    )
    head = clone.git("rev-parse", "HEAD")
    assert clone.say("diff", ticket)[0] == f"labels +api\n\n{diff}"
    assert clone.data("diff", ticket) == {
        "id": ticket,
        "display_id": f"TK-{ticket[:8]}",
        "from": {"revision": "HEAD", "commit": head},
        "to": {"revision": None, "commit": None},
        "changes": [{"field": "labels", "from": ["ui"], "to": ["ui", "api"]}],
        "diff": diff,
    }


def test_the_lines_are_a_patch_that_git_takes(clone: Clone) -> None:
    ticket = clone.new("A thing", "--body", "Text")
    edited = clone.file(ticket).read_bytes().replace(b"Text\n", b"More\ttext, no end of line")
    clone.file(ticket).write_bytes(edited)
    patch = clone.data("diff", ticket)["diff"]
    clone.git("checkout", "--", ".tickets")
    clone.write("change.patch", patch)
    clone.git("apply", "change.patch")
    assert clone.file(ticket).read_bytes() == edited


def test_an_older_revision_may_be_named_in_any_way_that_git_knows(clone: Clone) -> None:
    ticket = clone.new("A thing")
    clone.git("tag", "-a", "v1", "-m", "one")
    clone.say("move", ticket, "ready")
    clone.say("move", ticket, "in_progress")
    for revision in ("v1", "HEAD~2", clone.git("rev-parse", "v1^{commit}"), "main~2", ":/create TK"):
        changes = clone.data("diff", ticket, revision)["changes"]
        assert changes == [{"field": "state", "from": "backlog", "to": "in_progress"}], revision


def test_nothing_differs(clone: Clone) -> None:
    ticket = clone.new("A thing")
    assert clone.say("diff", ticket)[0] == f"No change in TK-{ticket[:8]} since HEAD.\n"
    assert clone.data("diff", ticket)["changes"] == []


def test_a_revision_before_the_ticket_shows_all_of_it_as_new(clone: Clone) -> None:
    ticket = clone.new("A thing")
    data = clone.data("diff", ticket, "HEAD~1")
    assert data["changes"][0] == {"field": "title", "from": None, "to": "A thing"}
    assert data["diff"].startswith(f"--- /dev/null\n+++ b/.tickets/tickets/{ticket}.md\n")


@pytest.mark.parametrize(
    "revision", ["nope", "--output=stolen", "-p", "HEAD..main", "", "HEAD\nHEAD", "HEAD:README"]
)
def test_what_names_no_commit_is_not_found_and_never_an_option(clone: Clone, revision: str) -> None:
    ticket = clone.new("A thing")
    error = clone.error("diff", ticket, "--", revision, status=4)
    assert (error["code"], error["details"]) == ("revision_not_found", {"revision": revision})
    assert not (clone.path / "stolen").exists()


def test_before_the_first_commit_everything_is_new(tmp_path: Path) -> None:
    path = tmp_path / "fresh"
    path.mkdir()
    clone = Clone(path)
    clone.git("init", "-q")
    clone.write(".tickets/tickets/.gitkeep", "")
    ticket = clone.new("A thing", "--no-commit", "--actor", "human:ana")
    data = clone.data("diff", ticket)
    assert (data["from"], data["changes"][0]["to"]) == ({"revision": "HEAD", "commit": None}, "A thing")
    assert [event["kind"] for event in clone.data("log", ticket)["events"]] == ["uncommitted"]


def test_a_partial_clone_without_the_revision_says_so_and_fetches_nothing(
    clone: Clone, tmp_path: Path
) -> None:
    ticket = clone.new("A thing")
    clone.say("move", ticket, "ready")
    blobless = clone.clone_to(tmp_path / "blobless", "--filter=blob:none")
    before = blobless.git("count-objects", "-v")
    error = blobless.error("diff", ticket, "HEAD~1", status=12)
    assert (error["code"], error["details"]["kind"]) == ("io_error", "partial")
    assert blobless.git("count-objects", "-v") == before
    assert blobless.data("diff", ticket)["diff"] == ""


@pytest.mark.parametrize(("no_color", "coloured"), [(False, True), (True, False)])
def test_a_terminal_gets_colours_and_no_control_characters(
    clone: Clone, no_color: bool, coloured: bool
) -> None:
    ticket = clone.new("A thing", "--body", "One")
    clone.replace(ticket, "One", "\x1b[2JOne")
    controller, terminal = pty.openpty()
    environ = dict(os.environ, TERM="xterm", **({"NO_COLOR": "1"} if no_color else {}))
    process = subprocess.Popen(["ticket", "diff", ticket], cwd=clone.path, env=environ, stdout=terminal)
    assert process.wait() == 0
    os.close(terminal)
    shown = os.read(controller, 65536).decode()
    os.close(controller)
    assert "\x1b[2J" not in shown
    assert "\\u001b[2JOne" in shown
    assert ("\x1b[32m+" in shown) is coloured
