"""`ticket undo`: restores what the caller's last unpushed commit changed (product.md §29)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from integration.history_scene import Clone, project, team

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    """Returns a project of `human:ana`."""
    return project(tmp_path / "work")


def test_a_move_is_taken_back_by_a_commit_that_names_it(clone: Clone) -> None:
    ticket = clone.new("A thing")
    before = clone.file(ticket).read_bytes()
    moved = clone.data("move", ticket, "ready")["commit"]
    data = clone.data("undo")
    display = f"TK-{ticket[:8]}"
    assert clone.file(ticket).read_bytes() == before
    assert clone.states() == {"A thing": "backlog"}
    said, _, _ = clone.git("log", "-1", "--format=%B").partition("\nTicket-Receipt: ")
    assert said == f"ticket: undo {display} → ready\n\nTicket-Actor: human:ana\nTicket-Undoes: {moved}"
    assert {
        key: data[key] for key in ("changed", "committed", "commit", "removed", "released", "dry_run")
    } == {
        "changed": True,
        "committed": True,
        "commit": clone.git("rev-parse", "HEAD"),
        "removed": [],
        "released": [],
        "dry_run": False,
    }
    assert (data["undone"]["commit"], [entry["state"] for entry in data["tickets"]]) == (moved, ["backlog"])
    assert data["changes"] == {ticket: [{"field": "state", "from": "ready", "to": "backlog"}]}
    assert clone.git("status", "--porcelain") == ""


def test_people_read_what_was_undone_and_how_to_bring_it_back(clone: Clone) -> None:
    ticket = clone.new("A thing")
    clone.say("move", ticket, "ready")
    display = f"TK-{ticket[:8]}"
    assert clone.say("undo") == (
        f"Undid {display} → ready\n  {display}: state ready → backlog\n",
        "`ticket undo` again brings it back\n",
    )


def test_undoing_an_undo_brings_the_change_back(clone: Clone) -> None:
    ticket = clone.new("A thing")
    clone.say("move", ticket, "ready")
    after = clone.file(ticket).read_bytes()
    clone.say("undo")
    clone.say("undo")
    assert clone.file(ticket).read_bytes() == after
    assert clone.states() == {"A thing": "ready"}


def test_undoing_new_removes_the_file(clone: Clone) -> None:
    ticket = clone.new("A thing")
    data = clone.data("undo")
    assert (data["removed"], data["tickets"], clone.file(ticket).exists()) == ([ticket], [], False)
    assert clone.states() == {}
    clone.say("undo")
    assert clone.states() == {"A thing": "backlog"}


def test_undoing_a_batch_restores_all_of_it(clone: Clone) -> None:
    tickets = [clone.new(f"Ticket {number}") for number in range(3)]
    clone.say("edit", tickets[2], "-p", "p1")
    lines = "".join([f'{{"op":"move","id":"{ticket}","state":"ready"}}\n' for ticket in tickets])
    clone.write("changes.jsonl", lines)
    clone.say("batch", "changes.jsonl")
    assert set(clone.states().values()) == {"ready"}
    clone.say("undo")
    assert set(clone.states().values()) == {"backlog"}
    assert clone.subjects()[0] == "ticket: undo 3 changes"


def test_done_is_undone_while_it_is_unpushed_and_ones_own(clone: Clone) -> None:
    ticket = clone.new("A thing", "-s", "in_progress")
    clone.say("done", ticket)
    error = clone.error("undo", "--actor", "human:ben", status=2)
    assert (error["code"], error["details"]["reason"]) == ("nothing_to_undo", "none")
    assert clone.states() == {"A thing": "done"}
    clone.say("undo")
    assert clone.states() == {"A thing": "in_progress"}


def test_only_the_callers_own_change_is_taken_back(clone: Clone) -> None:
    mine, theirs = clone.new("Mine"), clone.new("Theirs")
    clone.say("move", mine, "ready")
    clone.say("move", theirs, "ready", "--actor", "agent:bot")
    clone.say("undo")
    assert clone.states() == {"Mine": "backlog", "Theirs": "ready"}


def test_what_is_pushed_stays(tmp_path: Path) -> None:
    [clone] = team(tmp_path, "ana")
    ticket = clone.new("A thing")
    clone.git("push", "-q")
    error = clone.error("undo", status=2)
    assert (error["code"], error["details"]["reason"]) == ("nothing_to_undo", "pushed")
    assert error["details"]["commit"] == clone.git("rev-parse", "HEAD")
    clone.say("move", ticket, "ready")
    clone.say("undo")
    assert clone.states() == {"A thing": "backlog"}


def test_what_any_remote_branch_holds_is_pushed(tmp_path: Path) -> None:
    [clone] = team(tmp_path, "ana")
    clone.new("A thing")
    clone.git("push", "-q", "origin", "HEAD:refs/heads/elsewhere")
    assert clone.error("undo", status=2)["details"]["reason"] == "pushed"


def test_what_the_upstream_holds_is_pushed_also_where_that_is_a_local_branch(clone: Clone) -> None:
    clone.new("A thing")
    clone.git("switch", "-q", "--track", "-c", "side", "main")
    assert clone.error("undo", status=2)["details"]["reason"] == "pushed"


def test_nothing_of_ours_is_an_error_with_a_hint(clone: Clone) -> None:
    error = clone.error("undo", status=2)
    assert (error["code"], error["details"]) == ("nothing_to_undo", {"actor": "human:ana", "reason": "none"})
    assert "--actor" in error["hint"]


def test_an_edit_since_then_stands_in_the_way(clone: Clone) -> None:
    ticket = clone.new("A thing")
    clone.say("move", ticket, "ready")
    clone.replace(ticket, "A thing", "Another thing")
    error = clone.error("undo", status=10)
    assert (error["code"], error["details"]["reason"]) == ("conflict", "edited")
    assert error["details"]["paths"] == [f".tickets/tickets/{ticket}.md"]
    assert "Another thing" in clone.file(ticket).read_text("utf-8")


def test_a_later_commit_to_the_same_ticket_stands_in_the_way(clone: Clone) -> None:
    ticket = clone.new("A thing")
    clone.say("move", ticket, "ready")
    clone.say("assign", ticket, "human:ben")
    clone.replace(ticket, "human:ben", "human:carol")
    clone.git("commit", "-qam", "by hand")
    error = clone.error("undo", status=10)
    assert (error["code"], error["details"]["reason"]) == ("conflict", "committed")


def test_commits_to_other_tickets_do_not_stand_in_the_way(clone: Clone) -> None:
    mine, other = clone.new("Mine"), clone.new("Other", "--actor", "human:ben")
    clone.say("move", mine, "ready")
    for state in ("ready", "in_progress", "done"):
        clone.say("move", other, state, "--actor", "human:ben")
    clone.say("undo")
    assert clone.states() == {"Mine": "backlog", "Other": "done"}


def test_without_trailers_the_git_author_decides(clone: Clone) -> None:
    clone.git("config", "ticket.trailers", "off")
    ticket = clone.new("A thing")
    clone.say("move", ticket, "ready")
    clone.env |= {"GIT_AUTHOR_NAME": "Other Person"}
    assert clone.error("undo", status=2)["code"] == "nothing_to_undo"
    del clone.env["GIT_AUTHOR_NAME"]
    clone.say("undo")
    assert clone.states() == {"A thing": "backlog"}
    assert clone.git("log", "-1", "--format=%b") == ""


def test_a_commit_by_hand_that_also_holds_code_is_not_ours(clone: Clone) -> None:
    clone.git("config", "ticket.trailers", "off")
    ticket = clone.new("A thing")
    clone.replace(ticket, "A thing", "Another thing")
    clone.commit("ticket: by hand, with code", **{"code.py": "pass"})
    error = clone.error("undo", status=10)
    assert error["details"]["subject"].startswith("ticket: create")
    assert (clone.path / "code.py").exists()


def test_dry_run_tells_and_changes_nothing(clone: Clone) -> None:
    ticket = clone.new("A thing")
    clone.say("move", ticket, "ready")
    head = clone.git("rev-parse", "HEAD")
    data = clone.data("undo", "--dry-run")
    assert (data["dry_run"], data["changed"], data["commit"]) == (True, False, None)
    assert data["changes"] == {ticket: [{"field": "state", "from": "ready", "to": "backlog"}]}
    assert clone.say("undo", "--dry-run")[0].startswith(f"Would undo TK-{ticket[:8]} → ready\n")
    assert (clone.git("rev-parse", "HEAD"), clone.states()) == (head, {"A thing": "ready"})


def test_no_commit_restores_the_files_alone(clone: Clone) -> None:
    ticket = clone.new("A thing")
    clone.say("move", ticket, "ready")
    data = clone.data("undo", "--no-commit")
    assert (data["changed"], data["committed"], clone.states()) == (True, False, {"A thing": "backlog"})
    assert clone.subjects()[0] == f"ticket: TK-{ticket[:8]} → ready"


def test_undoing_a_claim_gives_the_lease_back(clone: Clone) -> None:
    ticket = clone.new("A thing", "-s", "ready")
    clone.say("claim", ticket, "--actor", "agent:bot")
    data = clone.data("undo", "--actor", "agent:bot")
    assert data["released"] == [ticket]
    assert clone.states() == {"A thing": "ready"}
    assert clone.data("show", ticket)["claim"] is None
    clone.say("claim", ticket, "--actor", "agent:other")


def test_undoing_another_change_keeps_the_lease(clone: Clone) -> None:
    ticket = clone.new("A thing", "-s", "ready")
    clone.say("claim", ticket, "--actor", "agent:bot")
    clone.say("edit", ticket, "-l", "+later", "--actor", "agent:bot")
    assert clone.data("undo", "--actor", "agent:bot")["released"] == []
    assert clone.data("show", ticket)["claim"]["holder"] == "agent:bot"


def test_whoever_takes_back_less_than_the_newest_change_is_told(clone: Clone) -> None:
    ticket = clone.new("A thing")
    clone.new("Another thing")
    assert clone.answer("undo", "--dry-run")["warnings"] == []
    clone.say("move", ticket, "ready", "--actor", "agent:bot")
    (warning,) = clone.answer("undo")["warnings"]
    assert (warning["code"], warning["message"].partition(" ")[0]) == ("newer_change", "agent:bot")
    assert clone.states() == {"A thing": "ready"}


def test_an_old_fencing_number_undoes_nothing(clone: Clone) -> None:
    ticket = clone.new("A thing", "-s", "ready")
    clone.say("claim", ticket, "--actor", "agent:bot")
    error = clone.error("undo", "--actor", "agent:bot", "--fence", "7", status=10)
    assert error["code"] == "stale"
    assert clone.states() == {"A thing": "in_progress"}


def test_a_commit_that_fails_leaves_everything_as_it_was(clone: Clone) -> None:
    ticket = clone.new("A thing")
    clone.say("move", ticket, "ready")
    hook = clone.write(".git/hooks/pre-commit", "#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    assert clone.error("undo", status=12)["code"] == "commit_failed"
    assert clone.states() == {"A thing": "ready"}
    assert clone.git("status", "--porcelain") == ""


def test_converted_line_ends_come_back_as_the_working_tree_has_them(clone: Clone) -> None:
    clone.git("config", "core.autocrlf", "true")
    ticket = clone.new("A thing", "--body", "One\n")
    clone.file(ticket).unlink()
    clone.git("checkout", "--", ".tickets")
    before = clone.file(ticket).read_bytes()
    assert b"\r\n" in before
    clone.say("move", ticket, "ready")
    clone.say("undo")
    assert clone.file(ticket).read_bytes() == before


def test_a_sub_project_undoes_its_own_changes_alone(clone: Clone) -> None:
    clone.write("sub/.tickets/tickets/.gitkeep", "")
    inner = clone.new("Inner", "--project", "sub")
    outer = clone.new("Outer")
    clone.say("undo", "--project", "sub")
    assert not (clone.path / f"sub/.tickets/tickets/{inner}.md").exists()
    assert clone.file(outer).exists()


def test_the_first_commit_of_a_sha256_repository_can_be_undone(tmp_path: Path) -> None:
    path = tmp_path / "fresh"
    path.mkdir()
    clone = Clone(path)
    clone.env["TICKET_ACTOR"] = "human:ana"
    clone.git("init", "-q", "--object-format=sha256")
    clone.write(".tickets/tickets/.gitkeep", "")
    ticket = clone.new("A thing")
    clone.say("undo")
    assert not clone.file(ticket).exists()
    assert len(clone.subjects()) == 2


# --- with our own hooks ---------------------------------------------------------------------------


@pytest.fixture
def hooked(clone: Clone) -> Clone:
    """Returns the project with our hooks installed."""
    clone.say("install-hooks")
    return clone


@pytest.mark.parametrize(
    ("state", "verb"),
    [
        ("backlog", ("move", "ready")),
        ("in_progress", ("done",)),
        ("ready", ("start",)),
        ("backlog", ("edit", "--title", "B")),
    ],
)
def test_our_hooks_let_an_undo_go_backwards_and_forwards_again(
    hooked: Clone, state: str, verb: tuple[str, ...]
) -> None:
    ticket = hooked.new("A thing", "-s", state)
    hooked.say(verb[0], ticket, *verb[1:])
    after = hooked.states()
    hooked.say("undo")
    assert hooked.states() == {"A thing": state}
    hooked.say("undo")
    assert hooked.states() == after
    assert hooked.git("status", "--porcelain") == ""


def test_our_hooks_let_new_and_a_batch_be_undone(hooked: Clone) -> None:
    tickets = [hooked.new(f"Ticket {number}", "-s", "ready") for number in range(2)]
    lines = "".join(
        [f'{{"op":"start","id":"{ticket}"}}\n{{"op":"done","id":"{ticket}"}}\n' for ticket in tickets]
    )
    hooked.write("changes.jsonl", lines)
    hooked.say("batch", "changes.jsonl")
    assert set(hooked.states().values()) == {"done"}
    hooked.say("undo")
    assert hooked.states() == {"Ticket 0": "ready", "Ticket 1": "ready"}
    hooked.new("Another")
    hooked.say("undo")
    assert set(hooked.states()) == {"Ticket 0", "Ticket 1"}


def test_only_the_exact_reverse_of_an_earlier_change_goes_backwards(hooked: Clone) -> None:
    ticket = hooked.new("A thing", "-s", "in_progress")
    hooked.say("done", ticket)
    hooked.replace(ticket, "state: done", "state: in_progress")
    hooked.git("add", ".tickets")
    hooked.git("commit", "-qm", "by hand", status=1)
    hooked.replace(ticket, "title: A thing", "title: Another thing")
    hooked.git("add", ".tickets")
    hooked.env["TICKET_OWN_COMMIT"] = "1"
    hooked.git("commit", "-qm", "forged", status=1)
    assert hooked.subjects()[0].endswith("→ done")


def test_our_hooks_let_an_undo_be_pushed_where_no_remote_branch_tells_what_was(
    hooked: Clone, tmp_path: Path
) -> None:
    hooked.git("init", "-q", "--bare", str(tmp_path / "away.git"))
    ticket = hooked.new("A thing", "-s", "in_progress")
    hooked.say("done", ticket)
    hooked.git("push", "-q", str(tmp_path / "away.git"), "main")
    hooked.say("undo")
    hooked.say("edit", ticket, "--title", "Another thing")
    hooked.git("push", "-q", str(tmp_path / "away.git"), "main")
    hooked.say("done", ticket)
    hooked.git("push", "-q", str(tmp_path / "away.git"), "main")
    hooked.replace(ticket, "state: done", "state: ready")
    hooked.git("commit", "-qnam", f"by hand\n\nTicket-Undoes: {hooked.git('rev-parse', 'HEAD')}")
    hooked.git("push", "-q", str(tmp_path / "away.git"), "main", status=1)


# --- where Git changes line ends ------------------------------------------------------------------


@pytest.mark.parametrize("checked_out", [False, True])
@pytest.mark.parametrize("setting", ["true", "input"])
def test_line_ends_that_git_changes_are_no_edit(clone: Clone, setting: str, checked_out: bool) -> None:
    ticket = clone.new("A thing", "--body", "One\nTwo\n")
    clone.say("move", ticket, "ready")
    clone.git("config", "core.autocrlf", setting)
    if checked_out:
        clone.file(ticket).unlink()
        clone.git("checkout", "--", ".tickets")
    before = clone.file(ticket).read_bytes()
    assert (b"\r\n" in before) is (checked_out and setting == "true")
    assert [event["kind"] for event in clone.data("log", ticket)["events"]] == ["changed", "created"]
    assert clone.data("diff", ticket)["diff"] == ""
    clone.replace(ticket, "Two", "Three")
    assert [line for line in clone.data("diff", ticket)["diff"].splitlines() if line[0] in "+-"][2:] == [
        "-Two",
        "+Three",
    ]
    assert clone.error("undo", status=10)["details"]["reason"] == "edited"
    clone.file(ticket).write_bytes(before)
    clone.say("undo")
    assert clone.states() == {"A thing": "backlog"}
    assert clone.file(ticket).read_bytes() == before.replace(b"state: ready", b"state: backlog")
    assert clone.git("status", "--porcelain") == ""
