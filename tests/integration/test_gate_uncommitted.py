"""Edits that are not committed go along with a commit: agents do not get them past policy, nor past a reviewer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from integration.gate_scene import ADA, AGENT, approved, state, urgent

if TYPE_CHECKING:
    from integration.verbs_scene import Desk


def path(ticket: str) -> str:
    return f".tickets/tickets/{ticket}.md"


def edit(desk: Desk, ticket: str, old: str, new: str) -> None:
    """Edits a ticket's file as an editor does, and commits nothing."""
    file = desk.path / path(ticket)
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new), "utf-8")


@pytest.mark.parametrize(
    ("old", "new"), [("priority: p1", "priority: p3"), ("title: Fix login", "title: Another")]
)
@pytest.mark.parametrize("verb", ["done", "propose"])
def test_what_would_go_along_unseen_is_asked_of_nobody(desk: Desk, old: str, new: str, verb: str) -> None:
    ticket = urgent(desk)
    edit(desk, ticket, old, new)
    head, before = desk.git("rev-parse", "HEAD"), desk.state()
    words = ("propose", "ticket.move", "--set", f"ticket={ticket}", "--set", "state=done")
    told = desk.envelope(*(words if verb == "propose" else ("done", ticket)), "--actor", AGENT, status=10)
    assert told["error"]["code"] == "uncommitted_edits"
    assert told["error"]["details"]["paths"] == [path(ticket)]
    assert told["error"]["hint"] == f"git commit -- {path(ticket)}, or: git restore {path(ticket)}"
    assert (desk.git("rev-parse", "HEAD"), desk.state()) == (head, before)
    assert desk.data("inbox", "--actor", ADA)["proposals"] == []


def test_once_they_are_committed_or_gone_it_can_be_asked(desk: Desk) -> None:
    ticket = urgent(desk)
    edit(desk, ticket, "title: Fix login", "title: Another")
    desk.git("restore", path(ticket))
    assert desk.error("done", ticket, "--actor", AGENT, status=9)["code"] == "needs_approval"
    edit(desk, ticket, "title: Fix login", "title: Another")
    desk.git("commit", "-qm", "by hand", "--", path(ticket))
    assert desk.error("done", ticket, "--actor", AGENT, status=9)["code"] == "needs_approval"


def test_what_an_agent_edited_by_hand_is_ruled_on_with_the_verb_that_commits_it(desk: Desk) -> None:
    ticket = desk.new("Sell shoes", "-p", "p3", "-s", "ready", "--actor", ADA)
    desk.say("start", ticket, "--actor", ADA)
    edit(desk, ticket, "title: Sell shoes", "title: Sell boots")
    desk.say("done", ticket, "--actor", AGENT)
    assert state(desk, ticket) == "done"
    other = urgent(desk, "Urgent")
    edit(desk, other, "state: in_progress", "state: done")
    assert desk.error("edit", other, "--title", "Nothing else", "--actor", AGENT, status=10)["code"] == (
        "uncommitted_edits"
    )


def test_a_ticket_that_is_not_committed_at_all_is_no_way_round(desk: Desk) -> None:
    ticket = desk.new("Urgent", "-p", "p0", "-s", "in_progress", "--no-commit", "--actor", ADA)
    assert desk.error("done", ticket, "--actor", AGENT, status=10)["code"] == "uncommitted_edits"
    desk.git("add", path(ticket))
    assert desk.error("done", ticket, "--actor", AGENT, status=10)["code"] == "uncommitted_edits"
    assert desk.error("done", ticket, "--no-commit", "--actor", AGENT, status=9)["code"] == "needs_approval"


def test_people_go_on_editing_by_hand(desk: Desk) -> None:
    ticket = urgent(desk)
    edit(desk, ticket, "priority: p1", "priority: p3")
    desk.say("done", ticket, "--actor", ADA)
    assert state(desk, ticket) == "done"
    assert desk.git("status", "--porcelain") == ""


def test_tickets_that_git_ignores_are_as_the_working_tree_has_them(desk: Desk) -> None:
    ticket = urgent(desk)
    desk.git("rm", "-rq", "--cached", ".tickets")
    desk.write(".gitignore", ".tickets\n")
    desk.git("add", ".gitignore")
    desk.git("commit", "-qm", "kept to ourselves")
    edit(desk, ticket, "title: Fix login", "title: Another")
    assert desk.error("done", ticket, "--actor", AGENT, status=9)["code"] == "needs_approval"


def test_line_ends_that_git_changes_are_no_edit(desk: Desk) -> None:
    ticket = urgent(desk)
    desk.write(".gitattributes", "*.md text eol=crlf\n")
    desk.git("add", ".gitattributes")
    desk.git("commit", "-qm", "line ends")
    (desk.path / path(ticket)).unlink()
    desk.git("checkout", "-q", "--", path(ticket))
    assert b"\r\n" in (desk.path / path(ticket)).read_bytes()
    assert desk.error("done", ticket, "--actor", AGENT, status=9)["code"] == "needs_approval"


def test_what_was_asked_without_commits_waits_until_its_file_is_committed(desk: Desk) -> None:
    ticket = urgent(desk)
    edit(desk, ticket, "title: Fix login", "title: Another")
    asked = desk.error("done", ticket, "--no-commit", "--actor", AGENT, status=9)["details"]["proposal"]
    said = approved(desk, asked, status=10)
    assert "edits that are not committed would go along unseen" in said.out
    assert desk.data("proposal", "show", asked)["proposal"]["status"] == "pending"
    desk.git("commit", "-qm", "by hand", "--", path(ticket))
    approved(desk, asked)
    assert state(desk, ticket) == "done"
