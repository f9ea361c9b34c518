"""A command is killed around each of its writes; the next one finds, or makes, a sound project."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest
from siege.scenes import Project, begin, copy_of, doomed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from world import RepositoryFactory

KILLED = -9
WITHOUT_EFFECT = ("makedirs", "mkdir")
"""Calls that change nothing where the folders exist already."""
SHARES = 4
MOSTLY_SLOW = (0, *[pytest.param(share, marks=pytest.mark.slow) for share in range(1, SHARES)])
"""A quarter of the moments in every run, all of them in the long one."""


def is_worth_dying_at(line: str, following: str) -> bool:
    """Tells whether a moment differs from the one before it.

    After one call and before the next is the same state of the world, but for a program that was started
    and runs on.
    """
    _, moment, call, *_ = line.split(" ")
    if moment == "after":
        return call.startswith("posix_spawn") or not following
    return call not in WITHOUT_EFFECT


def moments(project: Project, scratch: Path, words: list[str], stdin: bytes | None) -> list[int]:
    """Runs the command to its end in a copy and returns the moments at which it can be killed."""
    log = scratch / "moments"
    shutil.rmtree(project.path / ".git/hooks")
    whole = copy_of(project, scratch / "whole")
    assert whole.run(*words, stdin=stdin, program=doomed(0, log)).status == 0
    lines = log.read_text("utf-8").splitlines()
    pairs = zip(lines, [*lines[1:], ""], strict=True)
    return [int(line.split(" ")[0]) for line, following in pairs if is_worth_dying_at(line, following)]


def siege(
    project: Project, scratch: Path, words: list[str], stdin: bytes | None,
    is_whole: Callable[[list[dict[str, object]]], bool], before: list[dict[str, object]], share: int,
) -> None:  # fmt: skip
    """Kills the command at a share of its moments and looks what the next commands make of it."""
    for at in moments(project, scratch, words, stdin)[share::SHARES]:
        copy = copy_of(project, scratch / "copy")
        died = copy.run(*words, stdin=stdin, program=doomed(at))
        assert died.status == KILLED, f"moment {at}: {died}"
        read = copy.tickets()
        assert read == before or is_whole(read) or len(words) == 1, f"moment {at}: {read}"
        copy.new("After the crash")
        now = [entry for entry in copy.index()["tickets"] if entry["title"] != "After the crash"]
        assert now == before or is_whole(now), f"moment {at}: {now}"
        copy.check()
        assert copy.status() == [], f"moment {at}"


@pytest.fixture
def project(repository: RepositoryFactory) -> Project:
    """A project with three tickets, one of them ready."""
    made = begin(repository())
    lines = [{"op": "new", "title": title, "state": state} for title, state in SCENE]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    made.ok("batch", "-", stdin=text.encode())
    return made


SCENE = (("First", "ready"), ("Second", "backlog"), ("Third", "backlog"))


def state_of(entries: list[dict[str, object]], title: str) -> object:
    """Returns the state of the ticket with this title."""
    return next((entry["state"] for entry in entries if entry["title"] == title), None)


@pytest.mark.parametrize("share", range(SHARES))
def test_new_killed_at_any_write_is_there_and_committed_or_absent(
    project: Project, tmp_path: Path, share: int
) -> None:
    siege(
        project, tmp_path, ["new", "Begun"], None, lambda entries: state_of(entries, "Begun") == "backlog",
        project.tickets(), share,
    )  # fmt: skip


@pytest.mark.parametrize("share", range(SHARES))
def test_move_killed_at_any_write_is_done_and_committed_or_undone(
    project: Project, tmp_path: Path, share: int
) -> None:
    before = project.tickets()
    name = str(next(entry["id"] for entry in before if entry["title"] == "First"))
    siege(
        project, tmp_path, ["move", name, "in_progress"], None,
        lambda entries: state_of(entries, "First") == "in_progress", before, share,
    )  # fmt: skip


@pytest.mark.parametrize("share", MOSTLY_SLOW)
def test_claim_killed_at_any_write_is_taken_or_free(project: Project, tmp_path: Path, share: int) -> None:
    before = project.tickets()
    name = str(next(entry["id"] for entry in before if entry["title"] == "First"))
    siege(
        project, tmp_path, ["claim", name], None,
        lambda entries: state_of(entries, "First") == "in_progress", before, share,
    )  # fmt: skip
    copy = Project(project.repository)
    copy.ok("claim", name)
    assert copy.refused(10, "claim", name)["code"] == "claimed"


BATCH = [
    {"op": "new", "title": "Fourth"},
    {"op": "move", "id": "First", "state": "in_progress"},
    {"op": "edit", "id": "Second", "priority": "p0"},
]


@pytest.mark.parametrize("share", MOSTLY_SLOW)
def test_a_batch_killed_at_any_write_is_there_as_a_whole_or_not_at_all(
    project: Project, tmp_path: Path, share: int
) -> None:
    text = "".join(json.dumps(line) + "\n" for line in BATCH).encode()

    def is_whole(entries: list[dict[str, object]]) -> bool:
        second = next(entry for entry in entries if entry["title"] == "Second")
        states = (state_of(entries, "Fourth"), state_of(entries, "First"))
        return states == ("backlog", "in_progress") and second["priority"] == "p0"

    siege(project, tmp_path, ["batch"], text, is_whole, project.tickets(), share)
