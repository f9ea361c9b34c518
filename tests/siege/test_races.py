"""Many real processes at once: nothing is lost, of many claims one wins, readers see whole files."""

from __future__ import annotations

import json
import subprocess
from functools import partial
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, Any

import pytest
from siege.scenes import Answer, Project, begin, start, together
from world import Repository

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from world import RepositoryFactory

RACERS = 64


def test_twenty_parallel_new_make_twenty_tickets_entries_and_commits(repository: RepositoryFactory) -> None:
    project = begin(repository())
    before = project.commits()
    titles = [f"Ticket {number:02}" for number in range(20)]
    answers = together([partial(project.run, "new", title, "--json") for title in titles])
    assert [answer.status for answer in answers] == [0] * 20
    assert len({answer.data["commit"] for answer in answers}) == 20
    assert [warning for answer in answers for warning in answer.warning_codes] == []
    assert len(list((project.path / ".tickets/tickets").iterdir())) == 20
    assert sorted(entry["title"] for entry in project.index()["tickets"]) == titles
    assert len({entry["short_id"] for entry in project.index()["tickets"]}) == 20
    assert project.commits() == before + 20
    assert project.status() == []
    project.check()


def test_in_a_fresh_clone_racing_writers_register_the_merge_drivers_without_a_quarrel(
    repository: RepositoryFactory, tmp_path: Path
) -> None:
    begin(repository())
    clone = repository("clone", commit=False)
    clone.git("pull", "--quiet", str(tmp_path / "repository"), "main")
    project = Project(clone)
    answers = together([partial(project.run, "new", f"Ticket {number}", "--json") for number in range(8)])
    assert [answer.status for answer in answers] == [0] * 8
    codes = {code for answer in answers for code in answer.warning_codes}
    assert codes == {"merge_driver_registered"}


def race_for(ticket: str, folders: list[Path], actors: list[str]) -> list[Answer]:
    """Lets as many processes as there are actors claim one ticket."""
    tasks: list[Callable[[], Answer]] = [
        partial(start, folders[number % len(folders)], "claim", ticket, "--json", "--actor", actor)
        for number, actor in enumerate(actors)
    ]
    return together(tasks)


def assert_one_winner(answers: list[Answer], actors: list[str]) -> dict[str, Any]:
    """Asserts that one claim won and that all others were told who holds it and until when."""
    assert sorted(answer.status for answer in answers) == [0] + [10] * (len(answers) - 1)
    winner = next(number for number, answer in enumerate(answers) if answer.status == 0)
    claim = answers[winner].data["claim"]
    assert claim["holder"] == actors[winner]
    for answer in answers:
        if answer.status == 10:
            error = answer.error
            told = {key: error["details"][key] for key in ("holder", "until", "fence")}
            assert (error["code"], told) == (
                "claimed", {key: claim[key] for key in ("holder", "until", "fence")}
            )  # fmt: skip
            assert claim["holder"] in error["message"]
            assert claim["until"] in error["message"]
    assert isinstance(claim, dict)
    return claim


def hold_claim_rounds(project: Project, folders: list[Path], rounds: int) -> None:
    """Runs round after round, each for another ticket, each with another winner possible."""
    actors = [f"agent:racer-{number}" for number in range(RACERS)]
    lines = [
        json.dumps({"op": "new", "title": f"Prize {number}", "state": "ready"}) for number in range(rounds)
    ]
    made = project.ok("batch", "-", stdin="\n".join(lines).encode())
    before = project.commits()
    for result in made["results"]:
        assert_one_winner(race_for(result["id"], folders, actors), actors)
    assert project.commits() == before + rounds


def test_of_sixty_four_claims_by_different_actors_one_wins(repository: RepositoryFactory) -> None:
    project = begin(repository())
    hold_claim_rounds(project, [project.path], 10)
    project.check()


@pytest.mark.slow
def test_of_sixty_four_claims_one_wins_a_hundred_times(repository: RepositoryFactory) -> None:
    project = begin(repository())
    hold_claim_rounds(project, [project.path], 100)
    project.check()


def test_claims_from_two_worktrees_of_a_clone_have_one_winner(
    repository: RepositoryFactory, tmp_path: Path
) -> None:
    project = begin(repository())
    ticket = project.new("Prize", "--state", "ready")
    other = tmp_path / "other"
    project.git("worktree", "add", "--quiet", "-b", "other", str(other))
    actors = [f"agent:racer-{number}" for number in range(16)]
    assert_one_winner(race_for(ticket, [project.path, other], actors), actors)
    for worktree in (project, Project(Repository(other))):
        worktree.check()


def test_sixty_four_claims_by_one_actor_have_one_winner(repository: RepositoryFactory) -> None:
    project = begin(repository())
    ticket = project.new("Prize", "--state", "ready")
    actors = ["agent:same"] * RACERS
    claim = assert_one_winner(race_for(ticket, [project.path], actors), actors)
    assert claim["fence"] == 1


def commit_code(project: Project, number: int) -> Answer:
    """Commits a file of the user's as people do, again while another Git has the index.

    One person types one command after the other: two `git commit` at once can lose what a third has
    staged, because Git reads the index before it locks it.
    """
    name = f"code-{number}.txt"
    project.write(name, f"{number}\n")
    with ONE_PERSON:
        for _ in range(200):
            added = start(project.path, "add", name, program=("git",))
            if added.status == 0:
                done = start(
                    project.path, "commit", "-q", "-m", f"code {number}", "--", name, program=("git",)
                )
                if done.status == 0:
                    return done
                added = done
            assert "lock" in added.stderr, added
    return added


ONE_PERSON = Lock()


def test_tickets_and_code_committed_at_the_same_time_lose_nothing(repository: RepositoryFactory) -> None:
    project = begin(repository())
    first, second = project.new("First", "--state", "ready"), project.new("Second")
    project.write("staged.txt", "mine, not yet committed\n")
    project.git("add", "staged.txt")
    before = project.commits()
    tasks: list[Callable[[], Answer]] = []
    for number in range(6):
        tasks += [
            partial(project.run, "new", f"New {number}", "--json"),
            partial(project.run, "assign", first, f"agent:worker-{number}", "--json"),
            partial(project.run, "edit", second, "--label", f"+label-{number}", "--json"),
            partial(commit_code, project, number),
        ]
    tasks.append(partial(project.run, "move", first, "in_progress", "--json"))
    answers = together(tasks)
    assert [answer.status for answer in answers] == [0] * len(tasks)
    assert project.status() == ["A  staged.txt"]
    assert project.commits() == before + len(tasks)
    entries = {entry["title"]: entry for entry in project.tickets()}
    assert sorted(entries) == sorted(["First", "Second", *[f"New {number}" for number in range(6)]])
    assert entries["First"]["state"] == "in_progress"
    assert sorted(entries["Second"]["labels"]) == [f"label-{number}" for number in range(6)]
    tracked = project.git("ls-tree", "-r", "--name-only", "HEAD").splitlines()
    assert {f"code-{number}.txt" for number in range(6)} <= set(tracked)
    assert "staged.txt" not in tracked
    for answer in answers:
        if answer.stdout.startswith("{"):
            touched = project.committed_paths(answer.data["commit"])
            assert all(path.startswith(".tickets/") for path in touched), touched
    project.check()


def test_readers_beside_writers_never_see_half_a_file(repository: RepositoryFactory) -> None:
    project = begin(repository())
    ticket = project.new("Moved to and fro", "--state", "ready")
    finished = Event()
    seen: list[Answer] = []
    broken: list[str] = []

    def read_listings() -> None:
        while not finished.is_set():
            seen.append(project.run("list", "--all", "--json"))

    def read_files() -> None:
        while not finished.is_set():
            text = (project.path / ".tickets/index.json").read_text("utf-8")
            try:
                json.loads(text)
            except ValueError:
                broken.append(text)
            lines = project.file(ticket).read_text("utf-8").splitlines()
            if lines[0] != "---" or "---" not in lines[1:]:
                broken.append("\n".join(lines))

    readers = [Thread(target=read_listings), Thread(target=read_listings), Thread(target=read_files)]
    for reader in readers:
        reader.start()
    try:
        for number in range(6):
            project.ok("move", ticket, ("in_progress", "ready")[number % 2])
            project.new(f"New {number}", "--no-commit")
    finally:
        finished.set()
        for reader in readers:
            reader.join()
    assert broken == []
    assert len(seen) > 1
    titles = {"Moved to and fro", *[f"New {number}" for number in range(6)]}
    for answer in seen:
        assert (answer.status, answer.stderr) == (0, "")
        assert {entry["title"] for entry in answer.data["tickets"]} <= titles
        assert answer.envelope["warnings"] == []


def test_a_command_waits_for_the_lock_only_as_long_as_it_is_told(repository: RepositoryFactory) -> None:
    project = begin(repository())
    lock = project.path / ".git/counterfoil/lock"
    script = (
        "import fcntl,sys; f=open(sys.argv[1],'r+'); fcntl.flock(f,fcntl.LOCK_EX); print(flush=True); input()"
    )
    with subprocess.Popen(
        ["python3", "-c", script, str(lock)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdin is not None
        holder.stdout.readline()
        before = project.snapshot()
        error = project.refused(12, "new", "Too late", env={"TICKET_LOCKTIMEOUT": "0.1"})
        holder.stdin.close()
        holder.wait()
    assert error["code"] == "lock_timeout"
    assert error["hint"]
    assert project.snapshot() == before
    project.git("config", "ticket.lockTimeout", "5")
    project.new("In time")
    assert (
        project.refused(2, "new", "No number", env={"TICKET_LOCKTIMEOUT": "soon"})["code"]
        == "invalid_setting"
    )
