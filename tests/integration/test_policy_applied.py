"""A change of policy that people approved counts from its effect on, and only on the base branch."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from counterfoil.bootstrap import open_project
from counterfoil.errors import RefusedError
from counterfoil.usecases import deciding, opening, proposing
from counterfoil.usecases.context import Context, Options
from counterfoil.usecases.deciding import Answer
from counterfoil.usecases.policy_in_force import in_force
from counterfoil.usecases.proposing import Request

if TYPE_CHECKING:
    from world import Repository, RepositoryFactory

TEXT = "version: 1\nrules:\n  - then: deny\n    action: ticket.create\n    actor: agent:*\n"


@pytest.fixture
def clone(repository: RepositoryFactory) -> Repository:
    """A clone whose base branch is the one that is checked out."""
    made = repository()
    (made.path / ".tickets/tickets").mkdir(parents=True)
    made.git("commit", "--allow-empty", "--quiet", "--message", "start")
    made.git("config", "ticket.baseBranch", made.git("branch", "--show-current").strip())
    return made


def context(clone: Repository, actor: str) -> Context:
    return open_project(str(clone.path), os.environ, Options(actor=actor))


def changed(clone: Repository) -> Context:
    """Lets an agent propose the policy and a person approve it; returns the person's context."""
    agent, person = context(clone, "agent:bot"), context(clone, "human:ada")
    store = opening.open_or_make(agent)
    try:
        made = proposing.propose(agent, store, Request("policy.change", {"text": TEXT})).proposal
        answer = Answer("approve", "human:ada", made.digest, at_terminal=True)
        decided = deciding.decide(person, store, made.id, answer)
        assert (decided.proposal.status, decided.failure) == ("applied", None)
    finally:
        store.close()
    return person


def rules_in_force(clone: Repository) -> str:
    seen = context(clone, "human:ada")
    store = opening.open_or_make(seen)
    try:
        return in_force(seen, store)[1]
    finally:
        store.close()


def test_an_approved_policy_counts_from_its_effect_on(clone: Repository) -> None:
    assert rules_in_force(clone) == "default"
    assert [warning["code"] for warning in changed(clone).warnings] == []
    assert rules_in_force(clone) != "default"
    agent = context(clone, "agent:bot")
    store = opening.open_or_make(agent)
    with pytest.raises(RefusedError) as refused:
        proposing.propose(agent, store, Request("ticket.create", {"title": "No more"}))
    store.close()
    assert (refused.value.code, refused.value.fields["rule"]) == ("refused", "rules/1")


def test_on_another_branch_it_waits_to_be_accepted_on_the_base_branch(clone: Repository) -> None:
    clone.git("switch", "--quiet", "--create", "aside")
    assert "policy_not_accepted" in [warning["code"] for warning in changed(clone).warnings]
    assert rules_in_force(clone) == "default"
