"""Which policy counts: by an approved change from its effect on, by acceptance, and where its ledger is gone."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from counterfoil.bootstrap import open_project
from counterfoil.errors import RefusedError
from counterfoil.usecases import accepting, deciding, opening, people, principals, proposing
from counterfoil.usecases.context import Context, Options
from counterfoil.usecases.deciding import Answer
from counterfoil.usecases.gateway import carry_out
from counterfoil.usecases.policy_in_force import in_force
from counterfoil.usecases.proposing import Request

if TYPE_CHECKING:
    from pathlib import Path

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


def accepted_at_a_terminal(clone: Repository, actor: str = "human:ada") -> None:
    (clone.path / ".tickets/policy.yml").write_text(TEXT)
    clone.git("add", ".tickets/policy.yml")
    clone.git("commit", "--quiet", "--message", "policy")
    accept(clone, actor)


def accept(clone: Repository, actor: str) -> None:
    person = context(clone, actor)
    store = opening.open_or_make(person)
    try:
        accepting.accept(person, store, at_terminal=True)
    finally:
        store.close()


@pytest.mark.parametrize("way", ["another-folder", "deleted"])
def test_without_the_ledger_that_has_the_policy_agents_ask_and_people_go_on(
    clone: Repository, tmp_path: Path, way: str
) -> None:
    accepted_at_a_terminal(clone)
    environ = dict(os.environ)
    if way == "another-folder":
        environ["COUNTERFOIL_DATA"] = str(tmp_path / "elsewhere")
    else:
        shutil.rmtree(clone.path / ".git/counterfoil")

    def make(actor: str) -> None:
        carry_out(
            open_project(str(clone.path), environ, Options(actor=actor)), lambda desk: desk.create("One")
        )

    make("human:ada")
    with pytest.raises(RefusedError) as refused:
        make("agent:bot")
    assert (refused.value.code, refused.value.fields["rule"]) == ("needs_approval", "locked/lost")


DEMANDING = """\
version: 1
rules:
  - then: ask
    action: policy.change
    quorum: {quorum}
    approvers: [human:alice, human:bob]
"""


@pytest.mark.parametrize(
    ("quorum", "actor", "code"),
    [(1, "human:mallory", "refused"), (2, "human:alice", "needs_approval"), (1, "human:alice", "")],
)
def test_a_policy_is_accepted_by_whom_the_one_before_lets(
    clone: Repository, quorum: int, actor: str, code: str
) -> None:
    (clone.path / ".tickets/policy.yml").write_text(DEMANDING.format(quorum=quorum))
    clone.git("add", ".tickets/policy.yml")
    clone.git("commit", "--quiet", "--message", "demanding")
    accept(clone, "human:ada")
    (clone.path / ".tickets/policy.yml").write_text(TEXT)
    clone.git("commit", "--quiet", "--all", "--message", "everything goes")
    if not code:
        accept(clone, actor)
        return
    with pytest.raises(RefusedError) as refused:
        accept(clone, actor)
    assert refused.value.code == code


def test_whoever_was_revoked_accepts_nothing(clone: Repository) -> None:
    person = context(clone, "human:ada")
    store = opening.open_or_make(person)
    people.add(person, store, "human:bob", None, at_terminal=True)
    principals.revoke(person, store, "human", "human:bob", "left")
    store.close()
    with pytest.raises(RefusedError) as refused:
        accepted_at_a_terminal(clone, "human:bob")
    assert refused.value.fields["reason"] == "revoked"
