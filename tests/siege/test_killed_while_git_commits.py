"""The command, its Git, or both at once are killed inside `git add` and `git commit`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from siege.scenes import Project, begin
from world import Repository

if TYPE_CHECKING:
    from pathlib import Path

    from world import RepositoryFactory

KILLED = -9
VICTIMS = {
    "the command": 'kill -9 "$DOOMED"',
    "its Git": 'kill -9 "$PPID"',
    "the whole group": 'kill -9 "-$DOOMED"',
}
PHASES = (
    "clean filter",
    "pre-commit",
    "commit-msg",
    "reference prepared",
    "reference committed",
    "post-commit",
)
AS_DOOMED = ("sh", "-c", 'DOOMED=$$; export DOOMED; exec ticket "$@"', "ticket")
"""Starts the command with its own process id, which is also its group's, in the environment."""


def set_trap(project: Project, phase: str, deed: str) -> None:
    """Lets `deed` happen in one phase of a commit by a doomed command, and in no other."""
    script = f'[ -z "$DOOMED" ] || {{ {deed}; }}'
    if phase == "clean filter":
        filter_file = project.hook("clean-filter", f"{script}\nexec cat")
        project.write(".git/info/attributes", "*.md filter=trap\n")
        project.git("config", "filter.trap.clean", str(filter_file))
    elif phase.startswith("reference"):
        moment = phase.removeprefix("reference ")
        project.hook("reference-transaction", f'[ "$1" = {moment} ] || exit 0\n{script}\nexit 0')
    else:
        project.hook(phase, f"{script}\nexit 0")


@pytest.mark.parametrize("victim", VICTIMS)
@pytest.mark.parametrize("phase", PHASES)
def test_after_a_death_inside_git_the_change_is_committed_or_absent(
    repository: RepositoryFactory, phase: str, victim: str
) -> None:
    project = begin(repository())
    first = project.new("First", "--state", "ready")
    set_trap(project, phase, VICTIMS[victim])
    died = project.run("start", first, "--json", program=AS_DOOMED, start_new_session=True)
    if victim == "its Git":
        assert died.status in (0, 12), died
        told = died.envelope
        whole = bool(told["ok"])
        assert (project.git("log", "-1", "--format=%s").endswith("→ in_progress")) is whole
        assert project.left_behind() == []
        if not whole:
            assert (told["error"]["code"], told["error"]["details"]["committed"]) == ("commit_failed", False)
    else:
        assert died.status == KILLED, died
    project.tickets()
    project.git("status")
    project.new("After the death")
    states = {entry["title"]: entry["state"] for entry in project.tickets()}
    assert states["First"] in ("ready", "in_progress")
    project.check()
    assert project.status() == []
    committed = project.git("show", f"HEAD:.tickets/tickets/{first}.md")
    assert f"\nstate: {states['First']}\n" in committed


def test_a_git_that_outlives_its_command_is_waited_for(repository: RepositoryFactory) -> None:
    project = begin(repository())
    project.hook("pre-commit", '[ -z "$DOOMED" ] || { kill -9 "$DOOMED"; sleep 1; }')
    assert project.run("new", "Begun", program=AS_DOOMED, start_new_session=True).status == KILLED
    after = project.run("new", "After", "--json")
    assert (after.status, after.warning_codes) == (0, ["recovered"])
    assert project.titles() == ["After", "Begun"]
    subjects = project.git("log", "-2", "--format=%s").splitlines()
    assert [subject.split(" ")[-1] for subject in subjects] == ["After", "Begun"]
    project.check()
    assert project.status() == []


def test_what_a_dead_command_began_is_taken_back_when_it_cannot_be_committed(
    repository: RepositoryFactory,
) -> None:
    project = begin(repository())
    ticket = project.new("First", "--state", "ready")
    before = project.snapshot()
    hook = project.hook("pre-commit", 'kill -9 "-$DOOMED"')
    died = project.run("start", ticket, program=AS_DOOMED, start_new_session=True)
    assert died.status == KILLED
    hook.write_text("#!/bin/sh\necho never again >&2\nexit 1\n", "utf-8")
    refused = project.run("new", "Refused", "--json")
    assert refused.status == 12
    assert refused.warning_codes == ["not_committed", "recovered"]
    hook.unlink()
    assert project.snapshot() == before
    project.check()


def test_control_c_before_the_commit_takes_everything_back(repository: RepositoryFactory) -> None:
    project = begin(repository())
    ticket = project.new("First", "--state", "ready")
    project.hook("pre-commit", '[ -z "$DOOMED" ] || { kill -INT "$DOOMED"; sleep 5; }')
    before = project.snapshot()
    assert project.run("start", ticket, program=AS_DOOMED).status == 130
    assert project.snapshot() == before
    assert project.left_behind() == []


def test_control_c_after_the_commit_lets_the_change_stand(repository: RepositoryFactory) -> None:
    project = begin(repository())
    ticket = project.new("First", "--state", "ready")
    project.hook("post-commit", '[ -z "$DOOMED" ] || { kill -INT "$DOOMED"; sleep 5; }')
    answer = project.run("start", ticket, "--json", program=AS_DOOMED)
    assert (answer.status, answer.data["ticket"]["state"], answer.data["committed"]) == (
        0,
        "in_progress",
        True,
    )
    assert answer.data["commit"] == project.git("rev-parse", "HEAD")
    project.check()
    assert project.status() == []


def test_a_hook_that_leaves_a_process_behind_holds_nobody_up(repository: RepositoryFactory) -> None:
    project = begin(repository())
    project.hook("post-commit", 'sleep 60 & echo $! > "$(git rev-parse --git-common-dir)/left.pid"')
    try:
        project.new("Not waiting for a minute")
        project.git("log", "-1")
    finally:
        project.run(program=("sh", "-c", "kill $(cat .git/left.pid)"))
    (project.path / ".git/left.pid").unlink()
    project.check()


@pytest.mark.parametrize(
    ("phase", "ends"), [("pre-commit", "ticket.abandoned"), ("post-commit", "ticket.applied")]
)
def test_what_died_in_a_working_tree_that_is_gone_since_comes_to_its_end_all_the_same(
    repository: RepositoryFactory, tmp_path: Path, phase: str, ends: str
) -> None:
    project = begin(repository())
    first = project.new("First", "--state", "ready")
    project.git("worktree", "add", "--quiet", "-b", "side", str(tmp_path / "side"))
    set_trap(project, phase, 'kill -KILL "$DOOMED"; sleep 0.3; exit 1')
    side = Project(Repository(tmp_path / "side"))
    assert side.run("start", first, program=AS_DOOMED, start_new_session=True).status == KILLED
    project.git("worktree", "remove", "--force", str(tmp_path / "side"))

    doctor = {each["check"]: each for each in project.ok("doctor")["findings"]}
    assert (doctor["interrupted"]["state"], doctor["interrupted"]["hint"]) == (
        "warning",
        "ticket doctor --fix",
    )
    project.ok("doctor", "--fix")

    assert project.ok("ledger", "show", f"ticket/{first}@3")["kind"] == ends
    assert {each["state"] for each in project.ok("doctor")["findings"]} == {"ok"}
    assert project.run("ledger", "verify").status == 0
