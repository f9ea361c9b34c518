"""Disks that are full or read-only: the change fails as a whole, and reading goes on."""

from __future__ import annotations

import ctypes
import os
from typing import TYPE_CHECKING

import pytest
from siege.scenes import Project, only

from counterfoil.bootstrap import open_project
from counterfoil.errors import HostError
from counterfoil.testing.faults import Countdown, FaultyFiles, disk_full
from counterfoil.usecases.context import Options
from counterfoil.usecases.desk import Desk
from counterfoil.usecases.gateway import carry_out

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from world import Repository


DROP_CAPABILITY = 24
ABOVE_PERMISSIONS = (1, 2, 3)
"""CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH and CAP_FOWNER, by which permissions do not bind root."""


def drop_rights() -> None:
    """Lets the permissions of files bind what is started next, also for root."""
    if os.geteuid() == 0:
        for capability in ABOVE_PERMISSIONS:
            assert ctypes.CDLL(None).prctl(DROP_CAPABILITY, capability, 0, 0, 0) == 0


@pytest.fixture
def read_only(project: Project) -> Iterator[Project]:
    """The project where nobody may write."""
    change_modes(project.repository, lambda mode: mode & ~0o222)
    yield project
    change_modes(project.repository, lambda mode: mode | 0o200)


def change_modes(repository: Repository, change: Callable[[int], int]) -> None:
    """Changes the permissions of everything in a repository."""
    for path in [repository.path, *sorted(repository.path.rglob("*"))]:
        path.chmod(change(path.stat().st_mode & 0o7777))


def test_a_read_only_repository_is_read_and_not_written(read_only: Project) -> None:
    project = read_only
    before = {str(file): file.stat().st_mtime_ns for file in project.repository.path.rglob("*")}
    listing = project.run("list", "--json", preexec_fn=drop_rights)
    assert [entry["title"] for entry in listing.data["tickets"]] == ["First"]
    refused = project.run("new", "Nowhere", "--json", preexec_fn=drop_rights)
    assert (refused.status, refused.error["code"]) == (12, "io_error")
    assert refused.error["hint"]
    after = {str(file): file.stat().st_mtime_ns for file in project.repository.path.rglob("*")}
    assert after == before


@pytest.mark.parametrize("limit", [0, 64, 128, 400, 700])
def test_when_no_file_may_grow_a_change_fails_as_a_whole(project: Project, limit: int) -> None:
    """The kernel's limit on file sizes stands in for a full disk: writes fail half way, in Git too."""
    limited = ("python3", "-c", LIMITED, str(limit))
    before = project.snapshot()
    error = project.refused(12, "new", "Too much", "--body", "x" * 300, program=limited)
    assert error["code"] in ("io_error", "commit_failed")
    assert error["hint"]
    assert project.snapshot() == before
    project.new("Enough room again")
    project.check()
    assert project.titles() == ["Enough room again", "First"]


LIMITED = """
import os, resource, sys
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), hard))
os.execvp("ticket", ["ticket", *sys.argv[2:]])
"""


WRITES = 8
"""More than any of the verbs below makes; the last rounds see no fault."""


def start_with_fault(project: Project, countdown: Countdown, when: str) -> None:
    """Starts the project's ticket inside this process, on disks that fail as the countdown says."""
    context = open_project(str(project.path), os.environ, Options())
    faults = {when: countdown}
    context.work = FaultyFiles(context.work, **faults)
    context.state = FaultyFiles(context.state, **faults)
    carry_out(context, lambda desk: _start(desk, only(project)))


def _start(desk: Desk, ticket: str) -> None:
    desk.move(desk.open(ticket), "in_progress")


@pytest.mark.parametrize("at", range(1, WRITES + 1))
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("stays", [False, True], ids=["for a moment", "for good"])
def test_a_disk_that_fills_up_at_any_write_leaves_all_or_nothing(
    project: Project, at: int, when: str, stays: bool
) -> None:
    commits, ticket = project.commits(), only(project)
    file, before = project.file(ticket), project.file(ticket).read_bytes()
    error = failure_of(lambda: start_with_fault(project, Countdown(at, disk_full, stays=stays), when))
    if error is None:
        assert project.commits() == commits + 1
    else:
        assert (error.code, bool(error.hint)) == ("io_error", True)
        project.new("Room again")
        if b"in_progress" in file.read_bytes():
            assert project.commits() == commits + 2
        else:
            assert (file.read_bytes(), project.commits()) == (before, commits + 1)
    project.check()
    assert project.status() == []


def failure_of(work: Callable[[], None]) -> HostError | None:
    """Returns the error with which `work` ends, or None."""
    try:
        work()
    except HostError as error:
        return error
    return None
