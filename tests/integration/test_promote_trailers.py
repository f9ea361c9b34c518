"""A merge that people approved says so itself, and no proposer can say it for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from integration.gate_scene import ADA, AGENT, approved

if TYPE_CHECKING:
    from integration.verbs_scene import Desk

ASKED = (
    "propose",
    "change.promote",
    "--set",
    "source=topic",
    "--set",
    "target=refs/heads/release",
    "--actor",
    AGENT,
)


@pytest.fixture
def branches(desk: Desk) -> Desk:
    """A project with a branch to merge and one to merge it into."""
    desk.new("First", "--actor", ADA)
    desk.git("branch", "release")
    desk.git("checkout", "--quiet", "-b", "topic")
    desk.write("a.txt", "two\n")
    desk.git("add", "a.txt")
    desk.git("commit", "--quiet", "-m", "work")
    return desk


def trailers(desk: Desk) -> str:
    """Returns those of the commit that release is at."""
    return desk.git("log", "-1", "--format=%(trailers)", "release").strip()


def test_the_merge_commit_names_its_proposal_and_who_approved_it_by_which_receipt(branches: Desk) -> None:
    name = branches.data(*ASKED)["proposal"]["id"]
    approved(branches, name)
    stream = branches.data("ledger", "tail", "--limit", "20")["receipts"]
    [receipt] = [each["id"] for each in stream if each["kind"] == "proposal.approved"]
    assert trailers(branches) == f"Ticket-Proposal: {name}\nTicket-Approved-By: {ADA} {receipt}"
    assert branches.say("ledger", "verify").status == 0


def test_where_trailers_are_off_the_merge_names_its_proposal_alone(branches: Desk) -> None:
    branches.git("config", "ticket.trailers", "off")
    name = branches.data(*ASKED)["proposal"]["id"]
    approved(branches, name)
    assert trailers(branches) == f"Ticket-Proposal: {name}"


@pytest.mark.parametrize(
    "line",
    [
        "Ticket-Approved-By: human:morgan 00",
        "ticket-proposal: P-0123456789ABCDEF",
        "  Ticket-Receipt : 00",
        "x\rTicket-Checkpoint: counterfoil/x 1 00",
        "Ticket-:",
    ],
)
def test_a_message_that_speaks_in_our_name_is_refused(branches: Desk, line: str) -> None:
    said = branches.say(*ASKED, "--set", f"message=Merge it\n\n{line}\n\nmore", status=2)
    assert "/message" in said.err
    assert branches.data("proposal", "list")["proposals"] == []


def test_a_message_may_speak_of_tickets(branches: Desk) -> None:
    words = "message=Merge ticket-42\n\nSee Ticket-Proposal: in the manual.\nRefs: TK-1\nticket: done"
    assert branches.data(*ASKED, "--set", words)["proposal"]["status"] == "pending"
