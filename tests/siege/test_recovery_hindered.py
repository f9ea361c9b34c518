"""A command died half done, a person went on with Git, and whoever recovers then is hindered by a hook or another Git."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from siege.scenes import Project, begin
from siege.test_killed_while_git_commits import AS_DOOMED, KILLED

if TYPE_CHECKING:
    from collections.abc import Callable

    from world import RepositoryFactory

IMPATIENT = {"TICKET_LOCKTIMEOUT": "0.2"}
TRAP = '[ -z "$DOOMED" ] || kill -9 "-$DOOMED"'


def hold_the_index(project: Project) -> None:
    """Lets another Git hold the index."""
    project.write(".git/index.lock", b"")


def let_go_of_the_index(project: Project) -> None:
    """Lets the other Git end."""
    (project.path / ".git/index.lock").unlink()


def refuse_commits(project: Project) -> None:
    """Installs a hook that lets nobody commit."""
    project.hook("pre-commit", "echo never again >&2\nexit 1")


def allow_commits(project: Project) -> None:
    """Removes the hook."""
    (project.path / ".git/hooks/pre-commit").unlink()


HINDRANCES: dict[str, tuple[Callable[[Project], None], Callable[[Project], None]]] = {
    "a hook refuses": (refuse_commits, allow_commits),
    "another Git holds the index": (hold_the_index, let_go_of_the_index),
}


def die(project: Project, *words: str) -> None:
    """Lets a command die when its files are written and its commit is not made."""
    hook = project.hook("pre-commit", TRAP)
    assert project.run(*words, program=AS_DOOMED, start_new_session=True).status == KILLED
    hook.unlink()
    project.repository.path.joinpath(".git/index.lock").unlink(missing_ok=True)


def commit_by_hand(project: Project, folder: str = ".") -> None:
    """Commits all there is in a folder, as a person does."""
    project.git("add", "--all", folder)
    project.git("commit", "--quiet", "--message", "by hand")


@pytest.mark.parametrize("hindrance", HINDRANCES)
def test_a_ticket_that_a_person_committed_stays_where_recovery_cannot_commit(
    repository: RepositoryFactory, hindrance: str
) -> None:
    hinder, relieve = HINDRANCES[hindrance]
    project = begin(repository())
    first = project.new("First", "--state", "ready")
    die(project, "new", "Second")
    commit_by_hand(project, ".tickets/tickets")
    hinder(project)

    refused = project.run("start", first, "--json", env=IMPATIENT)

    assert (refused.status, refused.warning_codes) == (12, ["recovered"])
    relieve(project)
    assert project.titles() == ["First", "Second"]
    assert project.status() == [" M .tickets/index.json"]
    project.ok("start", first)
    assert project.status() == []
    project.check()
    (second,) = [each["id"] for each in project.tickets() if each["title"] == "Second"]
    assert project.ok("ledger", "show", f"ticket/{second}@1")["kind"] == "ticket.applied"
    assert project.run("ledger", "verify").status == 0


def test_what_git_committed_and_did_not_put_into_its_index_is_undone_by_nobody(
    repository: RepositoryFactory,
) -> None:
    project = begin(repository())
    first = project.new("First", "--state", "ready")
    project.hook("post-commit", TRAP)
    assert project.run("start", first, program=AS_DOOMED, start_new_session=True).status == KILLED
    project.hook("post-commit", "exit 0")
    assert project.git("diff", "--cached", "--name-only") != ""  # what is staged would undo the commit
    (project.path / ".git/index.lock").unlink(missing_ok=True)
    hold_the_index(project)

    for _ in range(2):
        error = project.refused(12, "new", "Not now", "--no-commit", env=IMPATIENT)
        assert error["code"] == "lock_timeout"

    let_go_of_the_index(project)
    after = project.run("new", "Now", "--json")
    assert (after.status, after.warning_codes) == (0, ["recovered"])
    assert project.status() == []
    project.write("code.py", "pass\n")
    commit_by_hand(project)
    assert project.committed_paths() == ["code.py"]
    assert {each["title"]: each["state"] for each in project.tickets()}["First"] == "in_progress"
    project.check()
    assert project.ok("ledger", "show", f"ticket/{first}@3")["kind"] == "ticket.applied"
