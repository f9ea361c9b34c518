"""What is taken back of a dead command: only what it wrote itself, and nobody has committed or edited since."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from unit.usecases.desk_scene import Office
from unit.usecases.test_change import NOTE, OTHER, intents, leave_intent

from counterfoil.errors import HostError
from counterfoil.testing.faults import Countdown, FaultyFiles, disk_full
from counterfoil.usecases.change import perform
from counterfoil.usecases.plan import FileChange, Plan
from counterfoil.usecases.recovery import perform_recovery

if TYPE_CHECKING:
    from world import RepositoryFactory

    from counterfoil.usecases.context import Context

LONG_AGO = "1600000000 +0000"


@pytest.fixture
def office(repository: RepositoryFactory) -> Office:
    """A project of its own, with a commit that is old."""
    office = Office(repository())
    office.repository.write(OTHER, b"old")
    office.repository.git("add", "--all")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(os.environ, "GIT_COMMITTER_DATE", LONG_AGO)
        office.repository.git("commit", "--quiet", "--message", "long ago")
    return office


def refuse_commits(office: Office) -> None:
    """Lets a hook refuse every commit."""
    hook = office.repository.write(".git/hooks/pre-commit", "#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)


def fail_for_good(office: Office, files: list[FileChange], writes: int) -> None:
    """Lets a command fail because the disk is full from one write on, so that not even taking back is possible."""
    context = office.context()
    context.work = FaultyFiles(context.work, before=Countdown(writes, disk_full, stays=True))
    with pytest.raises(HostError):
        perform(context, lambda _catalog: Plan(files, "fails"))
    assert [name.endswith(".undo") for name in intents(context)] == [True]


def recovered(office: Office) -> Context:
    """Lets the next command recover, and returns it."""
    later = office.context(commit=True)
    perform_recovery(later)
    assert intents(later) == []
    return later


def codes(context: Context) -> list[object]:
    """Returns the codes of a command's warnings."""
    return [warning["code"] for warning in context.warnings]


def test_of_a_change_that_a_person_committed_by_half_the_other_half_is_taken_back(office: Office) -> None:
    leave_intent(
        office.context(), (NOTE, None, b"new", False), (OTHER, b"old", b"new", False), message="half\n"
    )
    office.repository.commit("by hand", **{NOTE: "new"})
    office.repository.write(OTHER, b"new")
    refuse_commits(office)

    later = recovered(office)

    assert (later.work.read(NOTE), later.work.read(OTHER)) == (b"new", b"old")
    assert codes(later) == ["not_committed", "recovered"]
    assert later.warnings[-1]["message"].endswith(f"apart from what somebody has committed since: {NOTE}")
    assert office.repository.git("status", "--porcelain") == ""


def test_a_removal_that_a_person_committed_is_not_taken_back(office: Office) -> None:
    leave_intent(
        office.context(), (OTHER, b"old", None, False), (NOTE, None, b"new", False), message="remove\n"
    )
    office.repository.git("rm", "--quiet", OTHER)
    office.repository.commit("by hand")
    refuse_commits(office)

    later = recovered(office)

    assert (later.work.read(OTHER), later.work.read(NOTE)) == (None, None)
    assert office.repository.git("status", "--porcelain") == ""


def test_what_was_committed_and_edited_since_is_left_as_it_is(office: Office) -> None:
    leave_intent(
        office.context(), (NOTE, None, b"new", False), (OTHER, b"old", b"new", False), message="both\n"
    )
    office.repository.commit("by hand", **{NOTE: "new", OTHER: "new"})
    office.repository.write(OTHER, b"edited since")
    refuse_commits(office)

    later = recovered(office)

    assert (later.work.read(NOTE), later.work.read(OTHER)) == (b"new", b"edited since")


def test_what_a_failed_command_left_and_a_person_committed_stays(office: Office) -> None:
    fail_for_good(office, [FileChange(OTHER, b"old", b"new"), FileChange(NOTE, None, b"new")], 2)
    office.repository.commit("by hand")

    later = recovered(office)

    assert (later.work.read(OTHER), later.work.read(NOTE)) == (b"new", None)
    assert office.repository.git("status", "--porcelain") == ""


def test_an_edit_that_nobody_committed_comes_back_though_head_has_what_was_written(office: Office) -> None:
    office.repository.write(OTHER, b"an edit")
    fail_for_good(office, [FileChange(OTHER, b"an edit", b"old"), FileChange(NOTE, None, b"new")], 2)
    assert office.context().work.read(OTHER) == b"old"

    later = recovered(office)

    assert (later.work.read(OTHER), later.work.read(NOTE)) == (b"an edit", None)


def test_before_the_first_commit_everything_is_taken_back(repository: RepositoryFactory) -> None:
    office = Office(repository(commit=False))
    office.repository.write(OTHER, b"old")
    fail_for_good(office, [FileChange(OTHER, b"old", b"new"), FileChange(NOTE, None, b"new")], 2)

    later = recovered(office)

    assert (later.work.read(OTHER), later.work.read(NOTE)) == (b"old", None)
