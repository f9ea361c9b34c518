"""`ticket import`: tickets from our own lines, GitHub, tk, beads and Backlog.md, in one commit."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest
from integration.intake_scene import Intake, lines, project

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "ghp_" + "a1B2" * 9
ISSUES: list[dict[str, Any]] = [
    {"number": 1, "title": "Crash: on start", "body": "Boom", "state": "OPEN", "labels": [{"name": "Good First Issue"}],
     "assignees": [{"login": "Alice"}], "url": "https://github.com/o/r/issues/1"},
    {"number": 2, "title": "Done thing", "body": None, "state": "CLOSED", "labels": [{"name": "P0"}],
     "assignees": [], "url": "https://github.com/o/r/issues/2"},
]  # fmt: skip

LINE: dict[str, Any] = {
    "id": "01HGW2BBG0000000000000000A", "title": "A", "state": "ready", "priority": "p1", "labels": [],
}  # fmt: skip
OTHER_ID = LINE["id"][:-1] + "B"
"""Another ticket with the same short id."""


@pytest.fixture
def intake(tmp_path: Path) -> Intake:
    """Returns an empty project."""
    return project(tmp_path / "work")


def taken_over(intake: Intake) -> list[tuple[str, str, str, dict[str, str] | None]]:
    """Returns title, state, priority and source of all tickets, by title."""
    return sorted((t["title"], t["state"], t["priority"], t.get("extras")) for t in intake.tickets())


def test_what_gh_prints_becomes_tickets_in_one_commit(intake: Intake) -> None:
    data = intake.data("import", stdin=json.dumps(ISSUES))
    assert (data["kind"], data["changed"], data["committed"]) == ("github", True, True)
    assert [(ticket["where"], ticket["title"]) for ticket in data["tickets"]] == [
        ("item 1", "Crash: on start"),
        ("item 2", "Done thing"),
    ]
    assert taken_over(intake) == [
        ("Crash: on start", "backlog", "p2", {"source_kind": "github", "source_id": "o/r#1"}),
        ("Done thing", "done", "p0", {"source_kind": "github", "source_id": "o/r#2"}),
    ]
    assert intake.subjects() == ["ticket: 2 changes", "scene: begin"]
    shown = intake.data("show", data["tickets"][0]["id"])
    assert shown["frontmatter"]["labels"] == ["good-first-issue"]
    assert shown["frontmatter"]["assignee"] == "human:alice"
    assert shown["body_md"] == "\nBoom\n\n## Imported\n\n- address: https://github.com/o/r/issues/1\n"
    intake.run("validate", "--all")


def test_importing_again_adds_only_what_is_new(intake: Intake) -> None:
    intake.run("import", stdin=json.dumps(ISSUES[:1]))
    data = intake.data("import", stdin=lines(*ISSUES, ISSUES[1]))
    assert [ticket["title"] for ticket in data["tickets"]] == ["Done thing"]
    assert data["skipped"] == [
        {"where": "line 1", "reason": "already_imported", "message": "o/r#1 was imported before"},
        {"where": "line 3", "reason": "already_imported", "message": "o/r#2 stands twice"},
    ]
    before = intake.state()
    assert intake.data("import", stdin=lines(*ISSUES))["changed"] is False
    assert intake.state() == before


def test_a_ticket_that_was_changed_since_is_not_touched_by_importing_again(intake: Intake) -> None:
    ticket = intake.data("import", stdin=json.dumps(ISSUES))["tickets"][0]["id"]
    intake.run("edit", ticket, "--title", "Ours now")
    intake.run("import", stdin=json.dumps(ISSUES))
    assert intake.data("show", ticket)["ticket"]["title"] == "Ours now"
    assert len(intake.tickets()) == 2


def test_relations_between_imported_tickets_are_ours(intake: Intake) -> None:
    issues = [
        {"id": "bd-1", "title": "First", "status": "closed"},
        {"id": "bd-2", "title": "Second", "status": "open",
         "dependencies": [{"depends_on_id": "bd-1", "type": "blocks"}, {"depends_on_id": "bd-3", "type": "blocks"},
                          {"depends_on_id": "bd-gone", "type": "blocks"}]},
    ]  # fmt: skip
    intake.write(".beads/issues.jsonl", lines({"id": "bd-3", "title": "Earlier", "status": "open"}))
    earlier = intake.data("import", ".")["tickets"][0]["id"]
    intake.write(".beads/issues.jsonl", lines(*issues))
    first, second = [ticket["id"] for ticket in intake.data("import", ".beads/issues.jsonl")["tickets"]]
    shown = intake.data("show", second)
    assert shown["frontmatter"]["x_ticket"] == {
        "source": {"kind": "beads", "id": "bd-2"},
        "relations": {"blocked_by": [first, earlier]},
    }
    assert "- waits for: bd-gone" in shown["body_md"]


def make_tk(folder: Path) -> None:
    """Makes a folder as tk leaves it, with things in it that are no tickets."""
    (folder / ".tickets").mkdir(parents=True)
    head = "---\nid: {0}\nstatus: {1}\ndeps: [{2}]\npriority: 1\n---\n# {3}\n\nText.\n"
    (folder / ".tickets/a-1.md").write_text(head.format("a-1", "closed", "", "One: first"))
    (folder / ".tickets/a-2.md").write_text(head.format("a-2", "open", "a-1", "Two"))
    (folder / ".tickets/README.md").write_text("# Read me\n")
    (folder / ".tickets/notes.txt").write_text("no")
    (folder / ".tickets/binary.md").write_bytes(b"---\n\xff\n---\n")


def test_a_folder_of_tk_is_imported_and_the_rest_is_reported(intake: Intake, tmp_path: Path) -> None:
    make_tk(tmp_path / "old")
    secret = tmp_path / "outside.md"
    secret.write_text("---\nid: a-9\nstatus: open\n---\n# Outside\n")
    (tmp_path / "old/.tickets/link.md").symlink_to(secret)
    envelope = intake.envelope("import", str(tmp_path / "old"))
    data = envelope["data"]
    assert taken_over(intake) == [
        ("One: first", "done", "p1", {"source_kind": "tk", "source_id": "a-1"}),
        ("Two", "ready", "p1", {"source_kind": "tk", "source_id": "a-2"}),
    ]
    assert [(skip["where"], skip["reason"]) for skip in data["skipped"]] == [
        ("../old/.tickets/README.md", "unreadable"),
        ("../old/.tickets/binary.md", "unreadable"),
        ("../old/.tickets/link.md", "unreadable"),
    ]
    assert [(warning["code"], warning["count"]) for warning in envelope["warnings"]] == [("not_imported", 3)]
    one, two = [ticket["id"] for ticket in data["tickets"]]
    assert intake.data("show", two)["frontmatter"]["x_ticket"]["relations"] == {"blocked_by": [one]}
    said = intake.run("import", "../old/.tickets", "--from", "tk")
    assert said.splitlines()[:2] == [
        "Imported 0 tickets (2 left alone, 3 not understood)",
        "  not imported: ../old/.tickets/README.md: the first line must be exactly --- (line 1, column 1)",
    ]


def test_a_linked_folder_below_the_named_one_is_not_followed(intake: Intake, tmp_path: Path) -> None:
    make_tk(tmp_path / "old")
    (tmp_path / "trap").mkdir()
    (tmp_path / "trap/.tickets").symlink_to(tmp_path / "old/.tickets")
    (tmp_path / "trap/backlog").symlink_to(tmp_path / "old")
    error = intake.error("import", str(tmp_path / "trap"), status=2)
    assert error["code"] == "usage"
    assert intake.tickets() == []


def test_a_folder_of_backlog_is_imported(intake: Intake) -> None:
    head = "---\nid: {0}\ntitle: '{1}'\nstatus: {2}\ndependencies: [{3}]\npriority: low\n---\n\nText.\n"
    intake.write("backlog/tasks/task-2 - two.md", head.format("task-2", "Two", "To Do", "TASK-1"))
    intake.write("backlog/completed/task-1 - one.md", head.format("task-1", "One", "Done", ""))
    intake.write("backlog/drafts/task-3 - three.md", head.format("task-3", "Three", "Draft", ""))
    intake.write("backlog/archive/tasks/task-4.md", head.format("task-4", "Four", "Done", ""))
    data = intake.data("import", ".")
    assert data["kind"] == "backlog"
    assert taken_over(intake) == [
        ("One", "done", "p3", {"source_kind": "backlog", "source_id": "TASK-1"}),
        ("Three", "backlog", "p3", {"source_kind": "backlog", "source_id": "TASK-3"}),
        ("Two", "ready", "p3", {"source_kind": "backlog", "source_id": "TASK-2"}),
    ]
    ids = {ticket["title"]: ticket["id"] for ticket in data["tickets"]}
    relations = intake.data("show", ids["Two"])["frontmatter"]["x_ticket"]["relations"]
    assert relations == {"blocked_by": [ids["One"]]}


def test_an_export_comes_back_with_its_ids_byte_for_byte(intake: Intake, tmp_path: Path) -> None:
    intake.run("new", "A: thing", "-l", "ui", "--body", "Text.\n\n# More\n")
    other = intake.tickets()[0]["id"]
    intake.run("new", "Waits", "--blocked-by", other, "-s", "ready", "-p", "p0")
    text = intake.run("export")
    second = project(tmp_path / "second")
    data = second.data("import", "-", stdin=text)
    assert [ticket["id"] for ticket in data["tickets"]] == [ticket["id"] for ticket in intake.tickets()]
    assert second.run("export") == text
    for ticket in intake.tickets():
        assert (second.path / ticket["path"]).read_bytes() == (intake.path / ticket["path"]).read_bytes()
    second.run("validate", "--all")


def test_what_is_here_already_is_left_alone_and_a_difference_is_a_conflict(intake: Intake) -> None:
    intake.run("new", "Same")
    intake.run("new", "Changed")
    text = intake.run("export")
    changed = next(ticket["id"] for ticket in intake.tickets() if ticket["title"] == "Changed")
    intake.run("edit", changed, "--title", "Ours")
    before = intake.state()
    envelope = intake.envelope("import", stdin=text)
    data = envelope["data"]
    assert (data["kind"], data["tickets"], data["changed"]) == ("jsonl", [], False)
    assert [skip["reason"] for skip in data["skipped"]] == ["identical"]
    assert [(conflict["reason"], changed in conflict["message"]) for conflict in data["conflicts"]] == [
        ("conflict", True)
    ]
    assert [(warning["code"], warning["count"]) for warning in envelope["warnings"]] == [("conflict", 1)]
    assert intake.state() == before


def test_an_id_that_stands_twice_is_taken_once(intake: Intake) -> None:
    data = intake.data("import", stdin=lines(LINE, LINE, LINE | {"title": "B"}))
    assert [ticket["title"] for ticket in data["tickets"]] == ["A"]
    assert [(skip["where"], skip["reason"]) for skip in data["skipped"] + data["conflicts"]] == [
        ("line 2", "identical"),
        ("line 3", "conflict"),
    ]


def test_an_unreadable_ticket_in_the_way_is_a_conflict(intake: Intake) -> None:
    file = intake.write(f".tickets/tickets/{LINE['id']}.md", "broken")
    assert [conflict["where"] for conflict in intake.data("import", stdin=lines(LINE))["conflicts"]] == [
        "line 1"
    ]
    assert file.read_text() == "broken"


def test_a_short_id_that_is_taken_is_told(intake: Intake) -> None:
    warnings = intake.envelope("import", stdin=lines(LINE, LINE | {"id": OTHER_ID}))["warnings"]
    assert [(warning["code"], warning["count"]) for warning in warnings] == [("short_id_taken", 1)]


def test_a_line_that_is_no_ticket_does_not_stop_the_others(intake: Intake) -> None:
    data = intake.data("import", stdin=lines(LINE, LINE | {"id": OTHER_ID, "state": "over"}))
    assert [ticket["title"] for ticket in data["tickets"]] == ["A"]
    assert data["skipped"] == [
        {"where": "line 2", "reason": "invalid_state", "message": "'over' is no state"}
    ]


def test_when_nothing_is_understood_the_call_fails(intake: Intake) -> None:
    before = intake.state()
    error = intake.error("import", "--from", "github", stdin='[{"a": 1}, {"b": 2}]', status=7)
    assert error["code"] == "validation_failed"
    assert [item["where"] for item in error["details"]["items"]] == ["item 1", "item 2"]
    assert intake.state() == before


def test_secrets_stop_everything_and_are_named(intake: Intake) -> None:
    before = intake.state()
    issues = [ISSUES[0], ISSUES[1] | {"body": f"first\ntoken {SECRET}"}]
    error = intake.error("import", stdin=json.dumps(issues), status=7)
    assert (error["code"], error["details"]["count"]) == ("secret_found", 1)
    [item] = error["details"]["items"]
    assert (item["where"], [finding["rule"] for finding in item["findings"]]) == ("item 2", ["github-token"])
    assert "--redact" in error["hint"]
    assert SECRET not in json.dumps(error)
    assert intake.state() == before


def test_secrets_are_masked_on_request(intake: Intake) -> None:
    issues = [ISSUES[0] | {"title": f"Key {SECRET} leaked", "body": f"token {SECRET}"}]
    envelope = intake.envelope("import", "--redact", stdin=json.dumps(issues))
    assert [warning["code"] for warning in envelope["warnings"]] == ["masked"]
    assert envelope["data"]["masked"] == {"github-token": 2}
    assert SECRET not in intake.run("export")
    assert [ticket["title"] for ticket in intake.tickets()] == ["Key [github-token-redacted] leaked"]


def test_personal_data_is_one_warning(intake: Intake) -> None:
    issues = [ISSUES[0] | {"number": n, "body": f"joe{n}@corp.io", "url": ""} for n in range(5)]
    warnings = intake.envelope("import", stdin=json.dumps(issues))["warnings"]
    assert [(warning["code"], warning["places"], warning["rules"]) for warning in warnings] == [
        ("personal_data", 5, {"email": 5})
    ]


def test_a_dry_run_says_what_would_be_made(intake: Intake) -> None:
    before = intake.state()
    data = intake.data("import", "--dry-run", stdin=json.dumps(ISSUES))
    assert [(ticket["id"], ticket["title"]) for ticket in data["tickets"]] == [
        (None, "Crash: on start"),
        (None, "Done thing"),
    ]
    assert (data["dry_run"], data["committed"]) == (True, False)
    said = intake.run("import", "--dry-run", stdin=json.dumps(ISSUES))
    assert said == (
        "Would import 2 tickets\n  item 1  backlog  p2  Crash: on start\n  item 2  done  p0  Done thing\n"
    )
    assert intake.state() == before


@pytest.mark.parametrize(
    ("words", "stdin", "code", "status"),
    [
        (("--from", "jira"), "", "usage", 2),
        (("--from", "tk"), "{}", "usage", 2),
        (("--from", "github", "."), "", "usage", 2),
        ((".",), "", "usage", 2),
        ((), '{"x": 1}', "usage", 2),
        ((), '{"x": ', "invalid_json", 2),
        ((), "[1]", "invalid_json", 2),
        ((), '{"id": "bd-1", "title": "x", "status": "open"}\n[]', "invalid_json", 2),
        (("missing.jsonl",), "", "io_error", 12),
        (("--from", "beads", "binary"), "", "invalid_json", 2),
    ],
)
def test_what_makes_no_sense_is_refused(
    intake: Intake, words: tuple[str, ...], stdin: str, code: str, status: int
) -> None:
    intake.commit("scene: no text", binary="\x00\x01")
    before = intake.state()
    error = intake.error("import", *words, stdin=stdin, status=status)
    assert (error["code"], bool(error["hint"])) == (code, True)
    assert intake.state() == before


def test_nothing_at_all_is_nothing_to_do(intake: Intake) -> None:
    assert intake.run("import", stdin="") == "Imported 0 tickets\n"


def test_nothing_asks_the_network(intake: Intake) -> None:
    """A `gh`, `curl` or `git fetch` on the way would find a command that fails loudly."""
    for name in ("gh", "curl", "wget"):
        script = intake.write(f"bin/{name}", "#!/bin/sh\ntouch called\nexit 1\n")
        script.chmod(0o755)
    path = f"{intake.path}/bin:{os.environ['PATH']}"
    intake.run("import", stdin=json.dumps(ISSUES), PATH=path, https_proxy="http://127.0.0.1:1")
    assert not (intake.path / "called").exists()


def test_thousands_of_tickets_have_short_ids_of_their_own(intake: Intake) -> None:
    issues = [{"id": f"bd-{n}", "title": f"T{n}", "status": "open"} for n in range(3000)]
    intake.run("import", stdin=lines(*issues))
    assert len({ticket["short_id"] for ticket in intake.tickets()}) == 3000
    assert intake.subjects() == ["ticket: 3000 changes", "scene: begin"]


def test_long_lists_are_cut_for_people(intake: Intake) -> None:
    issues = [{"id": f"bd-{n:02}", "title": f"T{n}", "status": "open"} for n in range(25)]
    said = intake.run("import", stdin=lines(*issues)).splitlines()
    assert (said[0], len(said), said[-1]) == ("Imported 25 tickets", 22, "  and 5 more")


def test_a_ticket_does_not_wait_for_itself(intake: Intake) -> None:
    relation = {"depends_on_id": "bd-1", "type": "blocks"}
    issue = {"id": "bd-1", "title": "T", "status": "open", "dependencies": [relation]}
    ticket = intake.data("import", stdin=lines(issue))["tickets"][0]["id"]
    front = intake.data("show", ticket)["frontmatter"]
    assert front["x_ticket"] == {"source": {"kind": "beads", "id": "bd-1"}}
