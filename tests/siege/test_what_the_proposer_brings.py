"""Whoever proposes chooses much of what policy is told: no label, priority or ticket of their choice allows them more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from integration.http_scene import new_project
from siege.gate_scene import ADA, BOT, Gate

from counterfoil.usecases import accepting

if TYPE_CHECKING:
    from pathlib import Path

    from world import RepositoryFactory

    from counterfoil.gate.proposal import Proposal

RECIPE = """\
version: 1
rules:
  - then: allow
    actor: "agent:*"
    action: ticket.*
    labels_any: [docs]
    remote: true
  - {id: quiet, then: deny, actor: "agent:*", action: ticket.move, labels_any: [quiet]}
"""
MERGING = """\
version: 1
merge_policy:
  default: review_required
  rules:
    - {match: {labels_any: [typo]}, policy: review_required}
    - {match: {priority: [p0, p1, p2, p3]}, policy: require_approvals, approvers: ["human:ada", "human:bob"]}
"""
AFAR: dict[str, Any] = {"remote": True, "via": "http"}


@pytest.fixture
def gate(repository: RepositoryFactory, monkeypatch: pytest.MonkeyPatch) -> Gate:
    return Gate(repository(), monkeypatch, policy="")


def test_an_agents_token_allows_itself_nothing_by_the_label_that_a_rule_asks_for(tmp_path: Path) -> None:
    served = new_project(tmp_path)
    try:
        desk = served.desk
        urgent = desk.new("Pay", "--priority", "p0", "--label", "quiet", "--state", "ready")
        docs = desk.new("Explain", "--label", "docs", "--state", "ready")
        desk.write(".tickets/policy.yml", RECIPE)
        desk.git("add", ".tickets/policy.yml")
        desk.git("commit", "--quiet", "--message", "policy")
        with served.ledger() as (context, store):
            accepting.accept(context, store, at_terminal=True)
        claude = served.agent("claude")
        served.start()

        def status(action: str, ticket: str, **fields: object) -> int:
            asked = {"action": action, "payload": {"ticket": ticket, **fields}}
            return served.ask("POST", "/proposals", claude, data=asked, key=uuid4().hex).status_code

        assert status("ticket.move", docs, state="in_progress") == 201
        assert status("ticket.edit", urgent, labels=["quiet", "docs"]) == 202
        assert status("ticket.edit", urgent, labels=["docs"]) == 202
        assert status("ticket.edit", urgent, labels=["docs"], priority="p3") == 202
        assert status("ticket.edit", docs, labels=["docs", "more"]) == 201
        assert status("ticket.edit", docs, labels=[]) == 202
        both = [
            {"action": "ticket.edit", "payload": {"ticket": urgent, "labels": ["docs"]}},
            {"action": "ticket.edit", "payload": {"ticket": urgent, "title": "Paid"}},
        ]
        batch = {"action": "ticket.batch", "payload": {"actions": both}}
        assert served.ask("POST", "/proposals", claude, data=batch, key="batch").status_code == 202
        assert desk.data("show", urgent)["ticket"]["labels"] == ["quiet"]
    finally:
        served.close()


def test_an_agent_on_the_spot_asks_before_it_gives_a_ticket_what_a_rule_allows_by(gate: Gate) -> None:
    gate.accept(RECIPE)
    assert gate.propose("ticket.edit", {"ticket": gate.ticket, "labels": ["docs"]}).status == "pending"
    assert gate.propose("ticket.edit", {"ticket": gate.ticket, "labels": ["other"]}).status == "applied"
    path = gate.project.file(gate.ticket)
    path.write_text(path.read_text("utf-8").replace("labels: [other]", "labels: [docs, other]"), "utf-8")
    edited = gate.project.run("start", gate.ticket, "--actor", BOT)
    assert edited.status != 0
    assert gate.ticket_state() == "ready"


def merge(gate: Gate, actor: str = BOT, **fields: str) -> Proposal:
    asked = {"source": "topic", "target": "refs/heads/release", **fields}
    return gate.propose("change.promote", asked, actor)


def test_a_merge_takes_no_weaker_rule_by_a_label_or_a_ticket_that_the_agent_chose(gate: Gate) -> None:
    gate.accept(MERGING)
    typo = gate.project.new("Mistyped", "--label", "typo", "--actor", ADA)
    gate.project.git("branch", "release")
    gate.project.git("checkout", "--quiet", "-b", "topic")
    gate.project.write("code.txt", "evil\n")
    gate.project.git("add", "code.txt")
    gate.project.git("commit", "--quiet", "--message", "work")
    gate.project.git("checkout", "--quiet", "main")
    own = gate.propose("ticket.create", {"title": "Mine", "labels": ["typo"]})
    labelled = gate.propose("ticket.edit", {"ticket": gate.ticket, "labels": ["typo"]})
    assert (own.status, labelled.status) == ("applied", "pending")
    asked = [merge(gate), *[merge(gate, ticket=each) for each in (gate.ticket, typo, own.body["tickets"][0])]]
    for state in asked:
        assert state.body["demands"]["quorum"] == 2
        assert state.body["demands"]["approvers"] == ["human:ada", "human:bob"]
    assert merge(gate, ADA, ticket=typo).body["demands"]["quorum"] == 1


def test_a_ticket_that_is_only_named_allows_no_command(gate: Gate) -> None:
    gate.accept(
        "version: 1\nrules:\n"
        "  - {then: allow, action: change.promote, labels_any: [typo]}\n"
        "  - {then: allow, action: 'command.*', labels_any: [typo], actor: 'agent:*'}\n"
    )
    typo = gate.project.new("Mistyped", "--label", "typo", "--actor", ADA)
    folder = gate.home / "counterfoil"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.toml").write_text('[commands.hello]\nargv = ["true"]\n', "utf-8")
    state = gate.propose("command.run", {"command": "hello", "ticket": typo})
    assert state.status == "pending"
