"""`ticket log`: what Git and the ledgers know of a ticket is one timeline, in which one thing stands once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from integration.history_scene import Clone, project
from integration.ledger_scene import World, make_world  # noqa: F401

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    """Returns a project of `human:ana`."""
    return project(tmp_path / "work")


def told(clone: Clone, ticket: str, *words: str) -> list[dict[str, Any]]:
    """Returns the events."""
    found: list[dict[str, Any]] = clone.data("log", ticket, *words)["events"]
    return found


def shape(events: list[dict[str, Any]]) -> list[tuple[str, str, list[int]]]:
    """Returns of each event what it is, who knows of it, and its receipts' numbers."""
    return [
        (event["kind"], event["source"], [place["position"] for place in event["receipts"]])
        for event in events
    ]


def state_of(clone: Clone) -> dict[str, bytes]:
    """Returns the files of the clone's own folder; what is kept of Git's history to be faster is left out."""
    root = clone.path / ".git" / "counterfoil"
    return {
        str(file.relative_to(root)): file.read_bytes()
        for file in sorted(root.rglob("*"))
        if file.is_file() and file.parent.name != "cache" and not file.name.endswith("-shm")
    }


def test_a_commit_that_a_receipt_names_is_one_event_with_what_was_sealed_of_it(clone: Clone) -> None:
    ticket = clone.new("A thing", "--state", "ready")
    clone.say("claim", ticket, "--actor", "agent:bot")
    taken, created = told(clone, ticket)
    assert shape([taken, created]) == [("changed", "both", [3, 4, 5]), ("created", "both", [1, 2])]
    assert [place["kind"] for place in taken["receipts"]] == [
        "ticket.intended",
        "ticket.applied",
        "claim.taken",
    ]
    assert (taken["actor"], taken["commit"]) == ("agent:bot", clone.git("rev-parse", "HEAD"))
    assert [(claim["what"], claim["holder"], claim["fence"]) for claim in taken["claims"]] == [
        ("taken", "agent:bot", 1)
    ]
    lines = clone.say("log", ticket)[0].splitlines()
    assert lines[0].endswith(f"  agent:bot                                      @3-5  {taken['commit'][:9]}")
    assert lines[3].startswith("  took the claim until ")


def test_the_receipt_says_who_acted_where_nobody_wrote_a_trailer(clone: Clone) -> None:
    clone.git("config", "ticket.trailers", "off")
    ticket = clone.new("A thing", "--actor", "agent:bot")
    (event,) = told(clone, ticket)
    assert (event["actor"], event["source"]) == ("agent:bot", "both")


def test_what_only_the_ledger_knows_stands_between_the_commits(clone: Clone) -> None:
    ticket = clone.new("A thing", "--state", "ready")
    clone.say("ledger", "note", ticket, "A customer\ncalled")
    hook = clone.path / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n", "utf-8")
    hook.chmod(0o755)
    clone.say("move", ticket, "blocked", status=12)
    hook.unlink()
    clone.say("start", ticket)
    clone.say("edit", ticket, "-p", "p1", "--no-commit")
    clone.say("edit", ticket, "-p", "p0", "--no-commit")
    clone.say("edit", ticket, "-l", "ui")
    kinds = [event["kind"] for event in told(clone, ticket)]
    assert kinds == ["changed", "written", "written", "changed", "abandoned", "note", "created"]
    text = clone.say("log", ticket)[0]
    assert "  A customer\n  called\n" in text
    assert "  state ready → blocked\n  did not come about: failed\n" in text
    assert "  priority p1 → p0\n  written, not committed\n" in text
    assert max(map(len, text.splitlines())) <= 80


def test_an_edit_that_is_not_committed_is_told_once_though_the_ledger_tells_it_too(clone: Clone) -> None:
    ticket = clone.new("A thing")
    clone.say("edit", ticket, "-p", "p1", "--no-commit")
    assert shape(told(clone, ticket)) == [("uncommitted", "both", [3, 4]), ("created", "both", [1, 2])]
    clone.replace(ticket, "A thing", "Another")
    assert shape(told(clone, ticket)) == [
        ("uncommitted", "git", []),
        ("written", "ledger", [3, 4]),
        ("created", "both", [1, 2]),
    ]


def test_what_others_committed_stays_as_git_tells_it_and_is_no_second_event_once_it_was_found(
    clone: Clone,
) -> None:
    ticket = clone.new("A thing")
    clone.replace(ticket, "A thing", "Another")
    clone.git("-c", "user.name=Zoë Example", "commit", "-qam", "by hand")
    before = told(clone, ticket)
    assert shape(before) == [("changed", "git", []), ("created", "both", [1, 2])]
    clone.say("ledger", "reconcile")
    after = told(clone, ticket)
    assert shape(after) == [("changed", "both", [3]), ("created", "both", [1, 2])]
    assert after[0]["actor"] == before[0]["actor"] == "human:zoe-example"


def test_a_rewritten_commit_is_the_event_of_the_one_before_it(clone: Clone) -> None:
    ticket = clone.new("A thing")
    clone.say("edit", ticket, "-p", "p1")
    old = clone.git("rev-parse", "HEAD")
    clone.git("commit", "-q", "--amend", "-m", "in other words")
    assert sorted(event["kind"] for event in told(clone, ticket)) == ["changed", "created", "elsewhere"]
    clone.say("ledger", "reconcile")
    newest, _ = told(clone, ticket)
    assert (newest["subject"], newest["was"]) == ("in other words", [old])
    assert [place["kind"] for place in newest["receipts"]][-1] == "ledger.reconciled"
    assert f"  rewritten: it was commit {old[:9]}\n" in clone.say("log", ticket)[0]


def test_a_dropped_commit_is_told_as_what_the_branch_no_longer_has(clone: Clone) -> None:
    ticket = clone.new("A thing")
    clone.say("edit", ticket, "-p", "p1")
    gone = clone.git("rev-parse", "HEAD")
    clone.git("reset", "-q", "--hard", "HEAD~1")
    clone.say("ledger", "reconcile")
    dropped, elsewhere, _ = told(clone, ticket)
    assert (dropped["kind"], dropped["commit"], dropped["was"]) == ("dropped", None, [gone])
    assert (elsewhere["kind"], elsewhere["commit"]) == ("elsewhere", gone)
    text = clone.say("log", ticket)[0]
    assert f"  dropped: the branch no longer has commit {gone[:9]}\n" in text
    assert f"  in commit {gone[:9]}, which is not in the history here\n" in text


def test_what_was_sealed_late_says_so(clone: Clone) -> None:
    ticket = clone.new("A thing")
    ledger = clone.path / ".git/counterfoil/ledger.db"
    kept = {part.name: part.read_bytes() for part in ledger.parent.glob("ledger.db*")}
    for part in ledger.parent.glob("ledger.db-*"):
        part.unlink()
    ledger.write_bytes(b"no database" * 1000)
    clone.say("edit", ticket, "-p", "p1")
    for name, data in kept.items():
        (ledger.parent / name).write_bytes(data)
    clone.say("ledger", "reconcile")
    newest, first = told(clone, ticket)
    assert (newest["kind"], newest["source"], newest["late"]) == ("changed", "both", True)
    assert "late" not in first
    assert "  sealed late: the ledger was closed at the time\n" in clone.say("log", ticket)[0]


def test_a_limit_counts_what_either_of_them_knows(clone: Clone) -> None:
    ticket = clone.new("A thing")
    clone.say("ledger", "note", ticket, "one")
    clone.say("move", ticket, "ready")
    clone.say("ledger", "note", ticket, "two")
    every = told(clone, ticket)
    assert [event["kind"] for event in every] == ["note", "changed", "note", "created"]
    for limit in range(6):
        assert told(clone, ticket, "-n", str(limit)) == every[:limit]


def test_nothing_is_written_and_no_ledger_is_made(clone: Clone, tmp_path: Path) -> None:
    ticket = clone.new("A thing")
    clone.say("ledger", "note", ticket, "one")
    before = state_of(clone)
    told(clone, ticket)
    assert state_of(clone) == before
    fresh = clone.clone_to(tmp_path / "fresh")
    assert shape(told(fresh, ticket)) == [("created", "git", [])]
    assert not (fresh.path / ".git/counterfoil/ledger.db").exists()
    assert fresh.git("config", "--get-all", "ticket.origin", status=1) == ""


def test_a_damaged_ledger_is_a_warning_and_git_is_told(clone: Clone) -> None:
    ticket = clone.new("A thing")
    expected = [(event["kind"], event["commit"], event["changes"]) for event in told(clone, ticket)]
    for part in (clone.path / ".git/counterfoil").glob("ledger.db*"):
        part.write_bytes(b"no database" * 1000)
    envelope = clone.answer("log", ticket)
    assert [warning["code"] for warning in envelope["warnings"]] == ["ledger_unavailable"]
    events = envelope["data"]["events"]
    assert [(event["kind"], event["commit"], event["changes"]) for event in events] == expected
    assert shape(events) == [("created", "git", [])]


def test_what_another_clone_sealed_names_its_ledger(world: World) -> None:
    world.ada.say("ledger", "note", world.ticket, "a customer called")
    world.ada.say("claim", world.ticket)
    world.ada.git("push", "--quiet")
    world.ada.say("ledger", "push")
    world.bob.git("pull", "--quiet")
    world.bob.say("ledger", "fetch")
    ledger = world.ada.ledger()
    events = world.bob.data("log", world.ticket)["events"]
    assert [(event["kind"], event["source"]) for event in events] == [
        ("changed", "both"),
        ("note", "ledger"),
        ("created", "both"),
    ]
    assert {event["origin"] for event in events} == {ledger}
    assert {place["origin"] for event in events for place in event["receipts"]} == {ledger}
    assert f"{ledger[:8]}… @" in world.bob.say("log", world.ticket).out
    assert not any("origin" in event for event in world.ada.data("log", world.ticket)["events"])
