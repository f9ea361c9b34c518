"""The Python API: the command's verbs, by the same rules and with the same errors."""

from __future__ import annotations

import importlib
import json
import os
import textwrap
from typing import TYPE_CHECKING, Any

import pytest
from integration.verbs_scene import FIRST, SECOND, Desk, bare_repository, core

import counterfoil
from counterfoil import ConflictError, CounterfoilError, InputError, Project, sdk

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Returns a repository with a project in it."""
    made = bare_repository(tmp_path / "work")
    Project.init(made.path)
    return made


@pytest.fixture
def project(desk: Desk) -> Project:
    """Returns the project, opened for an agent."""
    return Project.open(desk.path, actor="agent:sdk")


def test_the_example_of_the_documentation_runs(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    example = textwrap.dedent((sdk.__doc__ or "").split("\n\n", 1)[1].split("\n\nIds may")[0])
    monkeypatch.chdir(desk.path)
    names: dict[str, Any] = {}
    exec(example, names)
    entry = desk.index()[0]
    assert (entry["title"], entry["priority"], entry["labels"]) == ("Fix login", "p2", ["auth"])
    assert (entry["state"], entry["assignee"]) == ("done", "agent:claude")


def test_every_public_name_is_there_and_no_other() -> None:
    for name in counterfoil.__all__:
        assert getattr(counterfoil, name) is not None
    with pytest.raises(AttributeError, match="has no attribute 'Nothing'"):
        importlib.import_module("counterfoil").Nothing  # noqa: B018


def test_every_public_method_says_what_it_does() -> None:
    for name, member in vars(Project).items():
        if not name.startswith("_"):
            assert (getattr(member, "__doc__", None) or "").strip().endswith(
                "."
            ) or "Raises" in member.__doc__, name


def test_init_makes_a_project_and_keeps_one(tmp_path: Path) -> None:
    bare = bare_repository(tmp_path / "work")
    Project.init(bare.path, prefix="WEB")
    assert bare.subjects()[0] == "ticket: initialise .tickets"
    before = bare.state()
    Project.init(bare.path)
    assert bare.state() == before
    assert Project.open(bare.path).new("T").ticket.id in bare.index()[0]["path"]
    assert bare.index()[0]["display_id"].startswith("WEB-")


def test_a_ticket_goes_through_its_life(project: Project, desk: Desk) -> None:
    made = project.new("T", state="ready", priority="p3", labels=["A"], assignee="human:ana", body="Hello\n")
    assert made.changed
    assert made.commit == desk.git("rev-parse", "HEAD")
    ticket = made.ticket
    assert (ticket.title, ticket.state, ticket.labels, ticket.assignee) == ("T", "ready", ("a",), "human:ana")
    assert project.start(ticket.id).ticket.state == "in_progress"
    assert project.assign(ticket.id, "none").ticket.assignee is None
    assert project.reviewer(ticket.id[:8], "human:bo").ticket.reviewer == "human:bo"
    edited = project.edit(
        f"TK-{ticket.id[:8]}", title="New", priority="p2", labels=["+b", "-a"], body="Bye\n"
    ).ticket
    assert (edited.title, edited.priority, edited.labels) == ("New", "p2", ("b",))
    assert project.done(ticket.id).ticket.state == "done"
    again = project.done(ticket.id)
    assert (again.changed, again.commit) == (False, None)
    shown = project.show(ticket.id)
    assert (shown.ticket.title, shown.frontmatter["state"], shown.body.strip(), shown.claim) == (
        "New", "done", "Bye", None,
    )  # fmt: skip
    assert [event.kind for event in project.log(ticket.id)][-1] == "created"
    assert project.diff(ticket.id).text == ""
    assert set(project.dates()) == {ticket.id}
    assert "Ticket-Actor: agent:sdk" in desk.git("log", "-1", "--format=%B")


def test_reading_finds_what_the_command_finds(project: Project, desk: Desk) -> None:
    first = project.new("Fix login", state="ready", priority="p1", labels=["bug"], body="cookie\n").ticket.id
    second = project.new("Write docs", state="ready", blocked_by=[first]).ticket.id
    assert [ticket.id for ticket in project.list()] == [first, second]
    for words, filters in (
        (("--state", "ready"), {"state": ["ready"]}), (("--priority", "p1"), {"priority": ["p1"]}),
        (("--label", "bug"), {"label": ["bug"]}), (("--text", "docs"), {"text": "docs"}),
        (("--assignee", "none"), {"assignee": "none"}),
    ):  # fmt: skip
        told = [entry["id"] for entry in desk.data("list", *words)["tickets"]]
        assert [ticket.id for ticket in project.list(**filters)] == told  # type: ignore[arg-type]
    assert [ticket.id for ticket in project.search("COOKIE")] == [first]
    assert [row[0] for row in project.ready().ready] == [first]
    assert list(project.ready().blocked) == [second]
    following = project.next()
    assert following is not None
    assert following.id == first
    assert project.branch(first) == desk.data("branch", first)["branch"]
    assert project.pull_request_title(first) == desk.data("branch", first)["pr_title"]
    assert [item["id"] for item in project.export(state=["ready"])] == [first, second]
    explained = desk.data("policy", "explain", "merge", first, "--actor", "agent:sdk")
    assert dict(project.explain_policy(first)) == explained


def test_a_block_holds_a_claim_and_gives_back_what_failed(project: Project, desk: Desk) -> None:
    ticket = project.new("T", state="ready").ticket.id
    with project.claimed(ticket, minutes=5) as claim:
        assert (claim.holder, claim.fence) == ("agent:sdk", 1)
        assert desk.index()[0]["state"] == "in_progress"
    project.release(ticket)

    def fail() -> None:
        with project.claimed(ticket):
            raise RuntimeError("oh")

    with pytest.raises(RuntimeError, match="oh"):
        fail()
    assert desk.index()[0]["state"] == "ready"
    with project.claimed(ticket) as claim:
        assert claim.fence == 3
    assert project.show(ticket).claim is not None
    assert project.renew(ticket, minutes=600).until_ms > claim.until_ms
    with pytest.raises(ConflictError) as caught:
        Project.open(desk.path, actor="agent:other").claim(ticket)
    assert (caught.value.code, caught.value.fields["holder"]) == ("claimed", "agent:sdk")
    assert project.release(ticket).ticket.state == "ready"


def test_a_number_guards_writes(project: Project, desk: Desk) -> None:
    ticket = project.new("T", state="ready").ticket.id
    project.claim(ticket)
    project.release(ticket)
    project.claim(ticket)
    with pytest.raises(ConflictError) as caught:
        Project.open(desk.path, actor="agent:sdk", fence=1).edit(ticket, title="Late")
    assert caught.value.code == "stale"


def test_many_changes_are_one_commit_and_can_be_undone(project: Project, desk: Desk) -> None:
    done = project.batch(
        [{"op": "new", "title": "One", "as": "a"}, {"op": "move", "id": "$a", "state": "ready"}]
    )
    assert [result.op for result in done.results] == ["new", "move"]
    assert desk.subjects()[0].startswith("ticket: create")
    before = desk.git("rev-parse", "HEAD")
    assert project.batch([{"op": "new", "title": "Two"}], dry_run=True).outcome is None
    assert desk.git("rev-parse", "HEAD") == before
    project.undo()
    assert desk.index() == []


def test_what_is_exported_can_be_imported(project: Project, tmp_path: Path) -> None:
    project.new("One", labels=["a"], body="Text\n")
    lines = "".join([json.dumps(item) + "\n" for item in project.export()])
    other = bare_repository(tmp_path / "other")
    into = Project.init(other.path)
    into.import_data(lines.encode())
    assert [(ticket.title, ticket.labels) for ticket in into.list()] == [("One", ("a",))]


def test_checking_returns_a_report_and_mending_works(project: Project, desk: Desk) -> None:
    ticket = project.new("T").ticket.id
    assert project.validate().errors == []
    desk.write(".tickets/index.json", "{}")
    assert [item.code for item in project.validate().errors] == ["index_corrupt"]
    assert project.validate(ticket).errors == []
    assert project.rebuild_index() is True
    assert project.rebuild_index() is False
    desk.put(FIRST, state="nonsense")
    desk.git("add", ".")
    assert [item.code for item in project.validate_staged().errors] == ["invalid_state"]
    assert list(project.install_hooks()) == ["pre-commit", "pre-push"]
    assert list(project.install_hooks()) == []
    assert {finding.name: finding.state for finding in project.doctor()}["tickets"] == "error"


def test_settings_and_leaving(project: Project, desk: Desk) -> None:
    told = desk.data("config")["settings"]
    assert project.settings() == {name: (entry["value"], entry["origin"]) for name, entry in told.items()} | {
        "actor": ("agent:sdk", "--actor")
    }
    project.install_hooks()
    left = Project.open(desk.path, actor="human:sdk").uninstall()
    assert (left.hooks, left.drivers) == (["pre-commit", "pre-push"], ["ticket-index", "ticket-file"])
    assert (left.settings, left.state) == (True, False)


def test_syncing_works(project: Project, desk: Desk) -> None:
    desk.git("init", "-q", "--bare", "../origin.git")
    desk.git("remote", "add", "origin", "../origin.git")
    desk.git("push", "-q", "-u", "origin", "main")
    project.new("T")
    assert [subject for _, subject in project.sync().pushed] == desk.subjects("-1")


def test_nothing_is_committed_on_request(desk: Desk) -> None:
    before = desk.git("rev-parse", "HEAD")
    written = Project.open(desk.path, commit=False).new("T")
    assert (written.changed, written.commit) == (True, None)
    assert desk.git("rev-parse", "HEAD") == before


def test_titles_are_guessed_only_on_request(desk: Desk) -> None:
    desk.put(FIRST, "Fix login")
    with pytest.raises(InputError) as caught:
        Project.open(desk.path).show("login")
    assert caught.value.code == "ticket_not_found"
    assert Project.open(desk.path, guess=True).show("login").ticket.id == FIRST
    assert Project.open(desk.path, guess=True).show(FIRST[:5]).ticket.id == FIRST
    assert Project.open(desk.path).show(FIRST[:8]).ticket.id == FIRST


ERRORS: list[tuple[Callable[[Project], object], tuple[str, ...]]] = [
    (lambda project: project.show("01ZZZZZZ"), ("show", "01ZZZZZZ", "--ci")),
    (lambda project: project.new(""), ("new", "")),
    (lambda project: project.new("T", state="open"), ("new", "T", "-s", "open")),
    (lambda project: project.new("T", priority="p9"), ("new", "T", "-p", "p9")),
    (lambda project: project.new("T", labels=["a b"]), ("new", "T", "-l", "a b")),
    (lambda project: project.new("T", template="x"), ("new", "T", "-t", "x")),
    (lambda project: project.move(FIRST, "done"), ("move", FIRST, "done")),
    (lambda project: project.move(FIRST, "open"), ("move", FIRST, "open")),
    (lambda project: project.assign(FIRST, "bob"), ("assign", FIRST, "bob")),
    (lambda project: project.edit(FIRST, state="done"), ("edit", FIRST, "-s", "done")),
    (lambda project: project.claim(FIRST), ("claim", FIRST)),
    (lambda project: project.renew(FIRST), ("claim", FIRST, "--renew")),
    (lambda project: project.list(state=["open"]), ("list", "-s", "open")),
    (lambda project: project.show(SECOND), ("show", SECOND)),
    (lambda project: project.undo(), ("undo",)),
    (lambda project: project.sync(), ("sync",)),
]


def test_errors_are_those_of_the_command(tmp_path: Path) -> None:
    desk = core(tmp_path / "work")
    desk.put(FIRST)
    desk.write(f".tickets/tickets/{SECOND}.md", "rubbish\n---\n")
    project = Project.open(desk.path)
    for call, words in ERRORS:
        with pytest.raises(CounterfoilError) as caught:
            call(project)
        error = desk.say("--json", "--ci", *words, status=None).envelope["error"]
        assert (caught.value.code, caught.value.fields) == (error["code"], error["details"]), words
        assert caught.value.message == error["message"]
        assert caught.value.hint == error.get("hint", "")


@pytest.mark.parametrize(("make", "code"), [(bare_repository, "not_initialized"), (None, "not_git_repo")])
def test_a_place_without_a_project_is_told(
    tmp_path: Path, make: Callable[[Path], Desk] | None, code: str
) -> None:
    path = make(tmp_path / "work").path if make else tmp_path
    with pytest.raises(InputError) as caught:
        Project.open(path)
    assert (caught.value.code, caught.value.fields) == (code, {"path": str(path)})


def test_a_project_is_found_from_below_and_the_environment_is_the_callers(desk: Desk) -> None:
    (desk.path / "src").mkdir()
    environ = {**os.environ, "TICKET_ACTOR": "human:env"}
    Project.open(desk.path / "src", environ=environ).new("T")
    assert "Ticket-Actor: human:env" in desk.git("log", "-1", "--format=%B")


def test_a_project_that_stays_open_sees_what_others_change(project: Project, desk: Desk) -> None:
    ticket = project.new("T").ticket.id
    desk.say("edit", ticket, "--title", "By another")
    assert [found.title for found in project.list()] == ["By another"]
    assert project.move(ticket, "ready").ticket.title == "By another"
