"""Hooks of the user's may put other bytes into a commit than were approved; nothing then says that these were."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from counterfoil.bootstrap import open_project
from counterfoil.gate import events
from counterfoil.gate.proposal import APPLIED, FAILED, Proposal
from counterfoil.usecases import deciding, kinds, opening, proposing
from counterfoil.usecases.context import Context, Options
from counterfoil.usecases.deciding import Answer, Decided
from counterfoil.usecases.gateway import carry_out
from counterfoil.usecases.policy_in_force import in_force
from counterfoil.usecases.proposing import Request
from counterfoil.usecases.recording import Record
from counterfoil.usecases.recovery import perform_recovery

if TYPE_CHECKING:
    from world import Repository, RepositoryFactory

    from counterfoil.ledger.receipt import Receipt
    from counterfoil.usecases.desk import Desk

POLICY = ".tickets/policy.yml"
TEXT = "version: 1\nrules:\n  - then: deny\n    action: ticket.create\n    actor: agent:*\n"
OTHER = "version: 1\nrules:\n  - then: allow\n    action: '*'\n    actor: agent:*\n"


def urgent(desk: Desk) -> str:
    """Makes an urgent ticket on which somebody works, and returns its id."""
    return desk.create("First", state="in_progress", priority="p0", body="Why.\n").ticket.id


class Place:
    """A clone with a ticket, whose hooks the test sets."""

    def __init__(self, clone: Repository) -> None:
        self.clone = clone
        (clone.path / ".tickets/tickets").mkdir(parents=True)
        clone.git("commit", "--allow-empty", "--quiet", "--message", "start")
        clone.git("config", "ticket.baseBranch", clone.git("branch", "--show-current"))
        made: list[str] = []
        carry_out(self.context("human:ada"), lambda desk: made.append(urgent(desk)))
        self.ticket = made[0]
        self.file = f".tickets/tickets/{self.ticket}.md"

    def context(self, actor: str) -> Context:
        """Returns what a command of an actor's is given."""
        return open_project(str(self.clone.path), os.environ, Options(actor=actor))

    def hook(self, name: str, script: str) -> None:
        """Installs a hook."""
        path = self.clone.path / f".git/hooks/{name}"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n", "utf-8")
        path.chmod(0o755)

    def approved(self, action: str, payload: dict[str, Any]) -> tuple[Decided, Context]:
        """Lets an agent propose and a person approve; returns what came of it, and the person's context."""
        agent, person = self.context("agent:bot"), self.context("human:ada")
        store = opening.open_or_make(agent)
        try:
            made = proposing.propose(agent, store, Request(action, payload)).proposal
            answer = Answer("approve", "human:ada", made.digest, at_terminal=True)
            return deciding.decide(person, store, made.id, answer), person
        finally:
            store.close()

    def receipts(self, kind: str) -> list[Receipt]:
        """Returns what was sealed of one kind."""
        store = opening.open_or_make(self.context("human:ada"))
        try:
            return [receipt for receipt in store.log() if receipt.kind == kind]
        finally:
            store.close()

    def policy(self) -> str:
        """Returns the digest of the policy that counts."""
        seen = self.context("human:ada")
        store = opening.open_or_make(seen)
        try:
            return in_force(seen, store)[1]
        finally:
            store.close()


@pytest.fixture
def place(repository: RepositoryFactory) -> Place:
    """A clone whose base branch is checked out."""
    return Place(repository())


def rewriting(path: str, text: str) -> str:
    """Returns a hook's script that puts another text into the commit."""
    return f"printf '%s' \"{text}\" > {path}; git add {path}"


def check_not_carried_out(decided: Decided, *paths: str) -> Proposal:
    assert decided.failure is not None
    assert (decided.proposal.status, decided.failure.code) == (FAILED, "hook_changed")
    assert decided.proposal.effect["reason"] == "hook_changed"
    assert all(path in decided.failure.message for path in paths)
    assert str(decided.proposal.effect["commit"])[:12] in (decided.failure.hint or "")
    return decided.proposal


def test_a_policy_that_a_hook_rewrites_is_not_accepted_in_the_name_of_who_approved_another(
    place: Place,
) -> None:
    place.hook("pre-commit", rewriting(POLICY, OTHER))
    decided, _ = place.approved("policy.change", {"text": TEXT})
    check_not_carried_out(decided, POLICY)
    assert place.clone.git("show", f"HEAD:{POLICY}") == OTHER.strip()
    assert place.receipts(events.POLICY_ACCEPTED) == []
    assert place.receipts(events.EFFECT_APPLIED) == []
    assert place.policy() == "default"
    told = place.receipts(kinds.PROJECT_APPLIED)[-1].data()["files"]
    assert told == [[POLICY, None, place.clone.git("rev-parse", f"HEAD:{POLICY}")]]


def test_a_policy_that_a_hook_rewrites_after_the_commit_is_not_accepted_either(place: Place) -> None:
    script = f"[ -e .git/once ] && exit 0; touch .git/once; {rewriting(POLICY, OTHER)}; git commit -qm more"
    place.hook("post-commit", script)
    decided, _ = place.approved("policy.change", {"text": TEXT})
    assert place.clone.git("show", f"HEAD:{POLICY}") == OTHER.strip()
    assert decided.proposal.status != APPLIED
    assert place.receipts(events.POLICY_ACCEPTED) == []
    assert place.policy() == "default"


def test_a_policy_is_accepted_in_the_same_append_as_its_effect(place: Place) -> None:
    decided, person = place.approved("policy.change", {"text": TEXT})
    assert (decided.proposal.status, person.warnings) == (APPLIED, [])
    (effect,), (accepted,) = place.receipts(events.EFFECT_APPLIED), place.receipts(events.POLICY_ACCEPTED)
    assert accepted.position == effect.position + 1
    assert accepted.actor == "human:ada"
    assert place.policy() == accepted.data()["sha256"]


@pytest.mark.parametrize("stays", [True, False], ids=["in the file too", "in the commit alone"])
def test_a_ticket_that_a_hook_rewrites_is_told_as_it_is_and_the_approval_has_failed(
    place: Place, stays: bool
) -> None:
    rewrite = f"echo added >> {place.file}; git add {place.file}"
    place.hook(
        "pre-commit", rewrite if stays else f"cp {place.file} .git/kept; {rewrite}; cp .git/kept {place.file}"
    )
    decided, _ = place.approved("ticket.move", {"ticket": place.ticket, "state": "done"})
    state = check_not_carried_out(decided, place.file)
    found = place.clone.git("rev-parse", f"HEAD:{place.file}")
    assert state.effect["found"] == [[place.file, found]]
    assert place.receipts(kinds.APPLIED)[-1].data()["after"] == found
    assert place.receipts(events.EFFECT_APPLIED) == []


def test_a_file_more_than_was_approved_is_told_and_the_approval_has_failed(place: Place) -> None:
    place.hook("pre-commit", "echo x > extra; git add extra")
    decided, _ = place.approved("ticket.move", {"ticket": place.ticket, "state": "done"})
    check_not_carried_out(decided, "extra")


def test_hooks_that_leave_the_files_alone_are_no_matter(place: Place) -> None:
    place.hook("pre-commit", "exit 0")
    place.hook("post-commit", "echo note > .git/note")
    decided, _ = place.approved("ticket.move", {"ticket": place.ticket, "state": "done"})
    assert (decided.proposal.status, decided.failure) == (APPLIED, None)


def test_line_ends_that_git_itself_changes_are_no_change_of_a_hook(place: Place) -> None:
    place.clone.write(".gitattributes", "*.md text eol=crlf\n")
    place.clone.git("add", ".gitattributes")
    place.clone.git("commit", "-qm", "attributes")
    (place.clone.path / place.file).unlink()
    place.clone.git("checkout", "-q", "--", place.file)
    assert b"\r\n" in (place.clone.path / place.file).read_bytes()
    decided, _ = place.approved("ticket.move", {"ticket": place.ticket, "state": "done"})
    assert (decided.proposal.status, decided.failure) == (APPLIED, None)


@pytest.mark.parametrize(("actor", "warned"), [("agent:bot", ["hook_changed"]), ("human:ada", [])])
def test_of_an_allowed_change_the_hook_is_told_to_an_agent(
    place: Place, actor: str, warned: list[str]
) -> None:
    place.hook("pre-commit", f"echo added >> {place.file}; git add {place.file}")
    context = place.context(actor)
    carry_out(context, lambda desk: desk.update(desk.open(place.ticket), {"title": "Second"}))
    assert [warning["code"] for warning in context.warnings] == warned
    found = place.clone.git("rev-parse", f"HEAD:{place.file}")
    assert place.receipts(kinds.APPLIED)[-1].data()["after"] == found


class Killed(BaseException):
    """The end of a process."""


def killed(place: Place, monkeypatch: pytest.MonkeyPatch, action: str, payload: dict[str, Any]) -> Context:
    """Lets the process of an approval die once Git has committed; returns the context of the command that comes next."""

    def die(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(Record, "apply", die)
        with pytest.raises(Killed):
            place.approved(action, payload)
    after = place.context("human:ada")
    perform_recovery(after)
    return after


def test_an_approved_policy_whose_command_was_killed_counts_once_another_command_came(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    after = killed(place, monkeypatch, "policy.change", {"text": TEXT})
    assert [warning["code"] for warning in after.warnings] == ["recovered"]
    (accepted,) = place.receipts(events.POLICY_ACCEPTED)
    assert (accepted.actor, accepted.data()["text"]) == ("human:ada", TEXT)
    assert place.policy() == accepted.data()["sha256"]


def test_what_a_hook_wrote_before_the_command_was_killed_is_no_effect_either(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.hook("pre-commit", rewriting(POLICY, OTHER))
    after = killed(place, monkeypatch, "policy.change", {"text": TEXT})
    assert [warning["code"] for warning in after.warnings] == ["hook_changed", "recovered"]
    assert place.receipts(events.EFFECT_APPLIED) == place.receipts(events.POLICY_ACCEPTED) == []
    (failed,) = place.receipts(events.EFFECT_FAILED)
    assert failed.data()["reason"] == "hook_changed"
    assert place.policy() == "default"
