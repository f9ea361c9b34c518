"""`ticket log`: the history of a ticket as Git tells it, newest first, field by field."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from integration.history_scene import Clone, project

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    """Returns a project of `human:ana`."""
    return project(tmp_path / "work")


def told(clone: Clone, ticket: str, *words: str) -> list[dict[str, Any]]:
    """Returns the events without what differs from run to run."""
    events: list[dict[str, Any]] = clone.data("log", ticket, *words)["events"]
    return [{key: event[key] for key in ("kind", "actor", "subject", "changes")} for event in events]


def change(field: str, before: object, after: object, **lines: int) -> dict[str, object]:
    """Returns a change as JSON holds it."""
    return {"field": field, "from": before, "to": after, **lines}


def test_each_commit_tells_who_changed_which_field(clone: Clone) -> None:
    ticket = clone.new("A thing", "-l", "ui", "--body", "One\nTwo\n")
    short = ticket[:8]
    clone.say("move", ticket, "ready", "--actor", "agent:bot")
    clone.say("edit", ticket, "-l", "+api", "-l", "-ui", "-p", "p1")
    assert told(clone, ticket) == [
        {
            "kind": "changed",
            "actor": "human:ana",
            "subject": f"ticket: update TK-{short}",
            "changes": [change("priority", "p2", "p1"), change("labels", ["ui"], ["api"])],
        },
        {
            "kind": "changed",
            "actor": "agent:bot",
            "subject": f"ticket: TK-{short} → ready",
            "changes": [change("state", "backlog", "ready")],
        },
        {
            "kind": "created",
            "actor": "human:ana",
            "subject": f"ticket: create TK-{short} A thing",
            "changes": [
                change("title", None, "A thing"),
                change("state", None, "backlog"),
                change("priority", None, "p2"),
                change("labels", [], ["ui"]),
                change("body", None, None, added=3, removed=0),
            ],
        },
    ]


def test_people_get_a_timeline_that_fits_eighty_columns(clone: Clone) -> None:
    clone.on_day(0)
    ticket = clone.new("A title of some length " * 6, "-l", "ui")
    clone.on_day(1)
    clone.say("move", ticket, "ready")
    shas = [line[:9] for line in clone.git("log", "--format=%H").splitlines()]
    lines = clone.say("log", ticket)[0].splitlines()
    assert lines[:3] == [
        f"2023-11-15 22:13  human:ana                                      @3-4  {shas[0]}",
        "  state backlog → ready",
        f"2023-11-14 22:13  human:ana                                      @1-2  {shas[1]}",
    ]
    assert lines[3].startswith("  created: A title of some length A title")
    assert max(map(len, lines)) <= 80


def test_an_edit_that_is_not_committed_comes_first(clone: Clone) -> None:
    ticket = clone.new("A thing", "--body", "One\nTwo\n")
    clone.replace(ticket, "Two\n", "Deux\nTrois\n")
    first = told(clone, ticket)[0]
    assert first == {
        "kind": "uncommitted",
        "actor": None,
        "subject": "not committed",
        "changes": [change("body", None, None, added=2, removed=1)],
    }
    assert clone.say("log", ticket)[0].splitlines()[:2] == ["not committed", "  body edited (+2 −1 lines)"]


def test_a_ticket_that_was_never_committed_has_one_event(clone: Clone) -> None:
    ticket = clone.new("A thing", "--no-commit")
    (event,) = clone.data("log", ticket)["events"]
    assert (event["kind"], event["commit"], event["source"]) == ("uncommitted", None, "both")
    assert [place["kind"] for place in event["receipts"]] == ["ticket.intended", "ticket.applied"]
    assert clone.say("log", ticket)[0].splitlines() == [
        "not committed  human:ana                                         @1-2",
        "  created: A thing (backlog; p2)",
    ]


def test_a_limit_keeps_the_newest(clone: Clone) -> None:
    ticket = clone.new("A thing")
    clone.say("move", ticket, "ready")
    clone.say("move", ticket, "blocked")
    assert [event["subject"][-5:] for event in told(clone, ticket, "-n", "2")] == ["ocked", "ready"]
    assert told(clone, ticket, "--limit", "0") == []


def test_without_a_trailer_the_author_acts(clone: Clone) -> None:
    ticket = clone.new("A thing")
    clone.replace(ticket, "A thing", "Another thing")
    clone.git("-c", "user.name=Zoë Example", "commit", "-qam", "by hand")
    event = told(clone, ticket)[0]
    assert event == {
        "kind": "changed",
        "actor": "human:zoe-example",
        "subject": "by hand",
        "changes": [change("title", "A thing", "Another thing")],
    }


def test_both_sides_of_a_merge_are_told_and_the_merge_where_it_says_something_new(clone: Clone) -> None:
    ticket = clone.new("A thing")
    clone.git("switch", "-qc", "side")
    clone.say("edit", ticket, "-p", "p0")
    clone.git("switch", "-q", "main")
    clone.say("edit", ticket, "-p", "p1")
    clone.git("merge", "-q", "side", "-m", "bring side in", status=None)
    text = clone.git("show", f"side:.tickets/tickets/{ticket}.md") + "\n"
    clone.file(ticket).write_text(text.replace("priority: p0", "priority: p3"), "utf-8")
    clone.git("add", "--all")
    clone.git("commit", "-qm", "bring side in")
    said = [
        (event["kind"], item["from"], item["to"])
        for event in told(clone, ticket)
        for item in event["changes"]
        if item["field"] == "priority"
    ]
    assert said[0] == ("changed", "p1", "p3")
    assert set(said[1:3]) == {("changed", "p2", "p0"), ("changed", "p2", "p1")}
    assert said[3:] == [("created", None, "p2")]


def test_a_removed_ticket_is_still_found_by_its_id(clone: Clone) -> None:
    ticket = clone.new("A thing")
    clone.git("rm", "-q", f".tickets/tickets/{ticket}.md")
    clone.git("commit", "-qm", "away with it")
    newest = told(clone, ticket[:8])[0]
    assert (newest["kind"], newest["subject"]) == ("removed", "away with it")
    assert clone.error("log", "01ZZZZZZ", status=4)["code"] == "ticket_not_found"


def test_a_file_that_was_unreadable_for_a_while_is_told_by_its_lines(clone: Clone) -> None:
    ticket = clone.new("A thing")
    clone.replace(ticket, "priority: p2", "priority: [")
    clone.git("commit", "-qam", "broken")
    clone.replace(ticket, "priority: [", "priority: p2")
    clone.git("commit", "-qam", "mended")
    lines = change("file", None, None, added=1, removed=1)
    assert [event["changes"] for event in told(clone, ticket)][:2] == [[lines], [lines]]


def test_a_change_of_spelling_alone_is_a_change_of_layout(clone: Clone) -> None:
    ticket = clone.new("A thing")
    clone.replace(ticket, "title: A thing", 'title: "A thing"')
    clone.git("commit", "-qam", "quotes")
    assert told(clone, ticket)[0]["changes"] == [change("layout", None, None, added=1, removed=1)]


def test_a_shallow_clone_says_where_its_knowledge_ends(clone: Clone, tmp_path: Path) -> None:
    ticket = clone.new("A thing")
    clone.say("move", ticket, "ready")
    clone.say("move", ticket, "blocked")
    shallow = clone.clone_to(tmp_path / "shallow", "--depth=2")
    assert [(event["kind"], event["changes"]) for event in told(shallow, ticket)] == [
        ("changed", [change("state", "ready", "blocked")]),
        ("boundary", []),
    ]
    assert "git fetch --unshallow" in shallow.say("log", ticket)[0]


def test_a_blobless_clone_tells_the_events_and_fetches_nothing(clone: Clone, tmp_path: Path) -> None:
    ticket = clone.new("A thing")
    clone.say("move", ticket, "ready")
    clone.say("move", ticket, "blocked")
    blobless = clone.clone_to(tmp_path / "blobless", "--filter=blob:none")
    before = blobless.git("count-objects", "-v")
    events = told(blobless, ticket)
    assert [(event["subject"][-5:], event["changes"]) for event in events][:2] == [
        ("ocked", None),
        ("ready", None),
    ]
    assert "what changed is not in this clone" in blobless.say("log", ticket)[0]
    assert blobless.git("count-objects", "-v") == before


def test_a_treeless_clone_warns_and_fetches_nothing(clone: Clone, tmp_path: Path) -> None:
    ticket = clone.new("A thing")
    clone.say("move", ticket, "ready")
    treeless = clone.clone_to(tmp_path / "treeless", "--filter=tree:0")
    before = treeless.git("count-objects", "-v")
    envelope = treeless.answer("log", ticket)
    assert [warning["code"] for warning in envelope["warnings"]] == ["history_incomplete"]
    assert envelope["data"]["events"] == []
    assert treeless.git("count-objects", "-v") == before


def test_line_ends_that_git_converts_are_no_edit(clone: Clone) -> None:
    ticket = clone.new("A thing", "--body", "One\n")
    clone.git("config", "core.autocrlf", "true")
    clone.file(ticket).unlink()
    clone.git("checkout", "--", ".tickets")
    assert b"\r\n" in clone.file(ticket).read_bytes()
    assert [event["kind"] for event in told(clone, ticket)] == ["created"]


def test_settings_that_change_what_git_log_prints_change_nothing(clone: Clone) -> None:
    ticket = clone.new("A thing")
    clone.say("move", ticket, "ready")
    expected = told(clone, ticket)
    for setting in ("log.showSignature=true", "log.follow=true", "color.ui=always", "diff.noprefix=true",
                    "log.date=relative", "diff.relative=true", "diff.renames=copies", "core.quotePath=true"):  # fmt: skip
        clone.git("config", *setting.split("="))
    assert told(clone, ticket) == expected


def test_a_sha256_repository_has_a_log_too(tmp_path: Path) -> None:
    clone = project(tmp_path / "sha256", object_format="sha256")
    ticket = clone.new("A thing")
    clone.say("move", ticket, "ready")
    events = clone.data("log", ticket)["events"]
    assert [(event["kind"], len(event["commit"])) for event in events] == [("changed", 64), ("created", 64)]


def test_a_second_log_needs_no_walk_through_the_history(clone: Clone) -> None:
    ticket = clone.new("A thing")
    clone.say("move", ticket, "ready")
    expected = told(clone, ticket)
    trace = clone.path / "trace"
    clone.env["GIT_TRACE"] = str(trace)
    assert told(clone, ticket) == expected
    logs = [line for line in trace.read_text("utf-8").splitlines() if "built-in: git log" in line]
    assert len(logs) == 1
    assert "--no-walk" in logs[0]
