"""A budget of the policy, and what agents record that they have spent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integration.gate_scene import ADA, AGENT, state
from integration.terminal_scene import sit_at

if TYPE_CHECKING:
    from integration.verbs_scene import Desk

POLICY = """\
version: 1
rules:
  - {id: costly, then: ask, action: "ticket.*", actor: "agent:*", budget: {more_than: "12.50"}}
"""


def spend(desk: Desk, ticket: str, amount: str, actor: str = AGENT) -> None:
    """Records what work has cost."""
    words = ("propose", "spend.record", "--set", f"ticket={ticket}", "--set", f"amount={amount}")
    desk.say(*words, "--set", "currency=EUR", "--actor", actor)


def test_an_agent_that_has_spent_its_budget_asks_and_another_one_does_not(desk: Desk) -> None:
    desk.write(".tickets/policy.yml", POLICY)
    desk.commit("policy")
    sit_at(desk, "policy", "accept", "--yes")
    ticket = desk.new("Fix login", "-s", "ready", "--actor", ADA)
    spend(desk, ticket, "12.25")
    spend(desk, ticket, "99", actor="agent:other")
    desk.say("start", ticket, "--actor", AGENT)
    spend(desk, ticket, "0.25")
    desk.say("edit", ticket, "--priority", "p3", "--actor", AGENT)
    spend(desk, ticket, "0.000000001")
    error = desk.error("move", ticket, "ready", "--actor", AGENT, status=9)
    assert (error["code"], error["details"]["rule"]) == ("needs_approval", "costly")
    assert state(desk, ticket) == "in_progress"
    desk.say("move", ticket, "ready", "--actor", ADA)


def test_an_agent_that_has_done_it_too_often_asks_also_after_what_is_derived_was_lost(desk: Desk) -> None:
    limit = '{id: often, then: ask, action: "ticket.edit", actor: "agent:*", rate: {per: 1h, more_than: 2}}'
    desk.write(".tickets/policy.yml", f"version: 1\nrules:\n  - {limit}\n")
    desk.commit("policy")
    sit_at(desk, "policy", "accept", "--yes")
    ticket = desk.new("Fix login", "-s", "ready", "--actor", ADA)
    for label in ("one", "two"):
        desk.say("edit", ticket, "--label", f"+{label}", "--actor", AGENT)
        desk.say("edit", ticket, "--label", f"+{label}-other", "--actor", "agent:other")
        desk.say("edit", ticket, "--label", f"+{label}-person", "--actor", ADA)
        (desk.path / ".git/counterfoil/views.db").unlink()
    error = desk.error("edit", ticket, "--label", "+three", "--actor", AGENT, status=9)
    assert (error["code"], error["details"]["rule"]) == ("needs_approval", "often")
    desk.say("start", ticket, "--actor", AGENT)
    desk.say("edit", ticket, "--label", "+three-person", "--actor", ADA)
