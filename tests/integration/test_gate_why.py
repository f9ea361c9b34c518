"""`ticket why`: which rule, claim, proposal or ticket stands in the way, and the command that helps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from integration.gate_scene import ADA, AGENT, approved, asked, urgent
from integration.terminal_scene import sit_at

if TYPE_CHECKING:
    from integration.verbs_scene import Desk


def blocking(desk: Desk, *words: str) -> list[tuple[str, str]]:
    """Returns what stands in the way: what it is, and the error that the command would end with."""
    found = desk.data("why", *words)["obstacles"]
    return [(each["what"], each["code"]) for each in found if each["blocks"]]


def test_a_refusal_is_explained_before_it_happens(desk: Desk) -> None:
    ticket = urgent(desk)
    data = desk.data("why", ticket, "done", "--actor", AGENT)
    assert (data["possible"], data["step"], data["actor"]) == (False, "done", AGENT)
    assert blocking(desk, ticket, "done", "--actor", AGENT) == [("policy", "needs_approval")]
    code = desk.error("done", ticket, "--actor", AGENT, status=9)["code"]
    assert code == "needs_approval", "the page and the command agree"
    page = desk.say("why", ticket, "done", "--actor", AGENT).out
    assert "default/" in page
    assert page.rstrip().endswith(f"`ticket done TK-{ticket[:8]}` asks a person.")


def test_a_person_is_told_that_nothing_stands_in_the_way_and_what_to_type(desk: Desk) -> None:
    ticket = urgent(desk)
    data = desk.data("why", ticket, "--actor", ADA)
    assert (data["possible"], data["step"], data["next"]) == (True, "done", f"ticket done TK-{ticket[:8]}")
    said = desk.say("why", ticket, "--actor", ADA)
    assert "Nothing stands in the way" in said.out
    assert said.err == f"next: ticket done TK-{ticket[:8]}\n"


@pytest.mark.parametrize(
    ("state", "step"),
    [("backlog", "move ready"), ("ready", "start"), ("blocked", "move ready"), ("done", None)],
)
def test_without_a_verb_the_next_step_of_the_workflow_is_meant(
    desk: Desk, state: str, step: str | None
) -> None:
    ticket = desk.new("T", "-s", state)
    assert desk.data("why", ticket)["step"] == step


def test_a_step_that_the_workflow_lacks_names_those_that_it_has(desk: Desk) -> None:
    ticket = desk.new("T")
    (found,) = [each for each in desk.data("why", ticket, "done")["obstacles"] if each["what"] == "workflow"]
    assert (found["code"], found["hint"]) == ("invalid_transition", f"ticket move TK-{ticket[:8]} ready")
    assert "ready, blocked" in found["message"] or "ready" in found["message"]


def test_the_claim_of_another_stands_in_an_agent_s_way_and_not_in_a_person_s(desk: Desk) -> None:
    ticket = desk.new("T", "-s", "ready")
    desk.say("claim", ticket, "--actor", AGENT)
    assert ("claim", "claimed") in blocking(desk, ticket, "done", "--actor", "agent:other")
    assert blocking(desk, ticket, "done", "--actor", ADA) == []
    assert blocking(desk, ticket, "done", "--actor", AGENT) == []


def test_what_it_waits_for_is_named(desk: Desk) -> None:
    first = desk.new("First", "-s", "ready")
    second = desk.new("Second", "-s", "ready", "--blocked-by", first)
    data = desk.data("why", second)
    (found,) = [each for each in data["obstacles"] if each["blocks"]]
    assert (found["what"], found["hint"]) == ("waits", f"ticket why TK-{first[:8]}")
    assert "First (ready)" in found["message"]


def test_a_proposal_that_waits_is_named(desk: Desk) -> None:
    made = asked(desk)
    found = [
        each
        for each in desk.data("why", made.ticket, "--actor", AGENT)["obstacles"]
        if each["what"] == "proposal"
    ]
    assert [each["hint"] for each in found] == [f"ticket proposal wait {made.proposal}"]


def test_what_was_rejected_stays_in_the_way_until_something_else_would_be_written(desk: Desk) -> None:
    ticket = urgent(desk)
    desk.say("done", ticket, "--actor", AGENT, status=9)
    (name,) = desk.say("inbox", "-q", "--actor", ADA).out.split()
    sit_at(desk, "reject", name, "--note", "no tests", "--actor", ADA)
    assert ("proposal", "refused") in blocking(desk, ticket, "done", "--actor", AGENT)
    page = desk.say("why", ticket, "done", "--actor", AGENT)
    assert f"{ADA} has rejected this: no tests" in page.out
    assert f"ticket done TK-{ticket[:8]}` asks a person" not in page.out
    assert desk.error("done", ticket, "--actor", AGENT, status=9)["code"] == "refused"
    assert blocking(desk, ticket, "done", "--actor", "agent:other") == [("policy", "needs_approval")]
    desk.say("edit", ticket, "--title", "Another", "--actor", ADA)
    assert blocking(desk, ticket, "done", "--actor", AGENT) == [("policy", "needs_approval")]
    assert desk.error("done", ticket, "--actor", AGENT, status=9)["code"] == "needs_approval"


def test_a_broken_file_is_the_reason(desk: Desk) -> None:
    ticket = desk.new("T")
    desk.change(f".tickets/tickets/{ticket}.md", "state: backlog", "state: flying")
    assert ("file", "validation_failed") in blocking(desk, ticket)


def test_a_proposal_says_who_has_to_do_what(desk: Desk) -> None:
    made = asked(desk)
    data = desk.data("why", made.proposal, "--actor", ADA)
    assert (data["what"], data["status"], data["code"]) == ("proposal", "pending", "pending")
    assert data["next"].endswith(f"ticket approve {made.proposal[:10]} --digest {made.digest[:12]}")
    assert (
        desk.data("why", made.proposal, "--actor", AGENT)["next"]
        == f"ticket proposal wait {made.proposal[:10]}"
    )
    desk.say("edit", made.ticket, "--title", "Another", "--actor", ADA)
    data = desk.data("why", made.proposal)
    assert (data["status"], [path for path, _, _ in data["moved"]]) == (
        "stale", [f".tickets/tickets/{made.ticket}.md"],
    )  # fmt: skip


def test_an_applied_proposal_and_its_receipts_are_told(desk: Desk) -> None:
    made = asked(desk)
    approved(desk, made.proposal)
    data = desk.data("why", made.proposal)
    assert (data["status"], data["code"]) == ("applied", None)
    receipt = desk.data("proposal", "show", made.proposal)["proposal"]["votes"][0]["receipt"]
    found: dict[str, Any] = desk.data("why", receipt[:12])
    assert (found["what"], found["kind"], found["actor"]) == ("receipt", "proposal.approved", ADA)
    assert found["next"] == f"ticket why {made.proposal}"


def test_an_action_is_ruled_on(desk: Desk) -> None:
    data = desk.data("why", "policy.change", "--actor", AGENT)
    assert (data["what"], data["ruling"]) == ("action", "ask")
    assert desk.data("why", "ticket.comment", "--actor", AGENT)["ruling"] == "allow"


@pytest.mark.parametrize(
    ("words", "status", "code"),
    [
        (("01ZZZZZZ",), 4, "ticket_not_found"),
        (("P-0000",), 4, "proposal_not_found"),
        (("@999",), 4, "receipt_not_found"),
        (("ticket.fly",), 2, "unknown_action"),
        (("TICKET", "fly"), 2, "usage"),
        (("TICKET", "move"), 2, "usage"),
        (("TICKET", "move", "flying"), 2, "invalid_state"),
        (("TICKET", "done", "now"), 2, "usage"),
        (("TICKET", "assign", "nobody at all"), 2, "invalid_actor"),
    ],
)
def test_what_makes_no_sense_is_told(desk: Desk, words: tuple[str, ...], status: int, code: str) -> None:
    ticket = desk.new("T")
    assert (
        desk.error("why", *[ticket if word == "TICKET" else word for word in words], status=status)["code"]
        == code
    )


def test_asking_why_changes_nothing(desk: Desk) -> None:
    ticket = urgent(desk)
    before, size = desk.state(), desk.data("ledger", "status")["size"]
    for words in ((ticket,), (ticket, "done"), (ticket, "assign", AGENT), ("ticket.move",), ("@1",)):
        desk.data("why", *words, "--actor", AGENT)
    assert (desk.state(), desk.data("ledger", "status")["size"]) == (before, size)
