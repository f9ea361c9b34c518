"""What happens between a proposal and its decision: other commits, hand edits, lost rights, another policy, time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from siege.gate_scene import ADA, AGENTS_ASK, BOB, BOT, EVE, POLICY, Gate
from siege.scenes import start

from counterfoil.errors import ConflictError, CounterfoilError, InputError, RefusedError
from counterfoil.gate import events
from counterfoil.usecases import applying, deciding, people, principals, proposals, proposing, waiting
from counterfoil.usecases.shown_again import shown_again

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from world import RepositoryFactory

    from counterfoil.gate.proposal import Proposal

HOUR_MS = 3_600_000
SCOPED = ("ticket.*",)


def refused(
    gate: Gate, state: Proposal, verdict: str = "approve", by: str = ADA, **more: Any
) -> CounterfoilError:
    """Returns why an answer does not count, having made sure that nothing came of it."""
    before, text = gate.state(state), gate.ticket_state() if gate.project.file(gate.ticket).exists() else ""
    with pytest.raises(CounterfoilError) as caught:
        gate.answer(state, verdict, by, **more)
    after = gate.state(state)
    assert (after.votes, after.effect, after.attempt) == (before.votes, before.effect, before.attempt)
    assert (gate.ticket_state() if text else "") == text
    return caught.value


# --- the basis ------------------------------------------------------------------------------------


def test_a_hundred_commits_elsewhere_leave_a_proposal_as_it_is(gate: Gate) -> None:
    state = gate.propose()
    for number in range(98):
        gate.project.git("commit", "--quiet", "--allow-empty", "--message", f"code {number}")
    gate.project.repository.commit("code", **{"code.py": "pass\n"})
    gate.project.new("Another ticket", "--actor", ADA)
    assert proposals.status(gate.context(), gate.state(state)) == "pending"
    assert gate.answer(state).proposal.status == "applied"
    gate.check()


def edit_by_hand(gate: Gate) -> None:
    """Changes the ticket in the working tree, as an editor does."""
    file = gate.project.file(gate.ticket)
    file.write_bytes(file.read_bytes() + b"\nBy hand.\n")


def edit_and_commit(gate: Gate) -> None:
    """Changes the ticket and commits that."""
    edit_by_hand(gate)
    gate.project.git("commit", "--quiet", "--all", "--message", "by hand")


def move(gate: Gate) -> None:
    """Moves the ticket as a person does."""
    gate.project.ok("move", gate.ticket, "blocked", "--actor", BOB)


def remove(gate: Gate) -> None:
    """Removes the ticket's file."""
    gate.project.file(gate.ticket).unlink()


@pytest.mark.parametrize("touch", [edit_and_commit, move])
def test_whoever_touches_the_basis_makes_a_proposal_stale(gate: Gate, touch: Callable[[Gate], None]) -> None:
    state = gate.propose()
    touch(gate)
    text = gate.project.file(gate.ticket).read_bytes()
    error = refused(gate, state)
    assert (type(error), error.code) == (ConflictError, "stale")
    (moved,) = error.fields["moved"]  # type: ignore[misc]
    assert moved[0] == f".tickets/tickets/{gate.ticket}.md"
    assert gate.kinds_of(state) == [events.OPENED, events.STALE]
    assert gate.project.file(gate.ticket).read_bytes() == text
    assert refused(gate, state).code == "stale"  # and so it stays


@pytest.mark.parametrize("touch", [edit_by_hand, remove])
def test_a_file_that_somebody_is_editing_is_in_the_way_until_it_is_put_back(
    gate: Gate, touch: Callable[[Gate], None]
) -> None:
    state = gate.propose()
    touch(gate)
    assert proposals.status(gate.context(), gate.state(state)) == "stale"
    error = refused(gate, state)
    assert (type(error), error.code) == (ConflictError, "basis_edited")
    gate.project.git("checkout", "--quiet", "HEAD", "--", ".tickets/tickets")
    assert gate.kinds_of(state) == [events.OPENED]
    assert gate.answer(state).proposal.status == "applied"
    gate.check()


def test_what_is_edited_between_the_decision_and_its_effect_waits_for_the_editor(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = gate.propose()
    carry_out = deciding._carried_out

    def later(*arguments: Any, **more: Any) -> Any:
        edit_by_hand(gate)
        return carry_out(*arguments, **more)

    with monkeypatch.context() as patched:
        patched.setattr(deciding, "_carried_out", later)
        made = gate.answer(state)
    assert made.failure is not None
    assert (made.failure.code, made.proposal.status) == ("basis_edited", "approved")
    assert gate.kinds_of(state) == [events.OPENED, events.APPROVED]
    gate.project.git("checkout", "--quiet", "HEAD", "--", ".tickets/tickets")
    gate.project.new("Whatever comes next", "--actor", BOB)
    assert (gate.state(state).status, gate.ticket_state()) == ("applied", "in_progress")
    gate.check()


# --- other branches -------------------------------------------------------------------------------


def test_a_look_from_another_branch_ends_nobody_s_proposal(gate: Gate, tmp_path: Path) -> None:
    gate.project.git("branch", "old")
    edit_and_commit(gate)
    state, other = gate.propose(), tmp_path / "other"
    assert state.body["ref"] == "refs/heads/main"
    gate.project.git("worktree", "add", "--quiet", str(other), "old")
    here, gate.path = gate.path, other
    with gate.opened(BOT) as (context, store):
        assert proposals.moved(context, state) != []
        assert waiting.wait(context, store, state.id, 0.0).status == "pending"
    for verb in (["proposal", "list"], ["proposal", "show", state.id], ["inbox"], ["why", state.id]):
        assert start(other, *verb, env=gate.env).status == 0
    error = refused(gate, state)
    assert (type(error), error.code) == (ConflictError, "elsewhere")
    assert error.hint == f"ticket --project {here} approve {state.id}"
    gate.path = here
    assert gate.kinds_of(state) == [events.OPENED]
    assert gate.answer(state).proposal.status == "applied"
    assert len(gate.project.git("log", "--format=%H", "old..main").split()) == 2
    gate.check()


def test_a_branch_that_is_checked_out_for_a_while_ends_nobody_s_proposal(gate: Gate) -> None:
    gate.project.git("branch", "old")
    edit_and_commit(gate)
    state = gate.propose()
    gate.project.git("checkout", "--quiet", "old")
    with gate.opened(BOT) as (context, store):
        assert waiting.wait(context, store, state.id, 0.0).status == "pending"
    error = refused(gate, state)
    assert (error.code, error.hint) == ("elsewhere", "git switch main")
    gate.project.git("checkout", "--quiet", "--detach", "main")
    assert refused(gate, state).code == "elsewhere"
    gate.project.git("checkout", "--quiet", "main")
    assert gate.kinds_of(state) == [events.OPENED]
    assert gate.answer(state).proposal.status == "applied"
    gate.check()


def test_an_effect_that_was_interrupted_comes_about_on_its_own_branch_alone(gate: Gate) -> None:
    gate.project.git("branch", "old")
    hook = gate.path / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n", "utf-8")
    hook.chmod(0o755)
    state = gate.propose()
    made = gate.answer(state)
    assert made.failure is not None
    assert made.proposal.status == "approved"
    hook.unlink()
    gate.project.git("checkout", "--quiet", "old")
    gate.project.new("On the old branch", "--actor", ADA)
    assert gate.state(state).status == "approved"
    with gate.opened(ADA) as (context, store), pytest.raises(ConflictError) as caught:
        applying.apply(context, store, gate.state(state))
    assert caught.value.code == "elsewhere"
    gate.project.git("checkout", "--quiet", "main")
    gate.project.new("On main", "--actor", ADA)
    assert (gate.state(state).status, gate.ticket_state()) == ("applied", "in_progress")


# --- answers that come too late -------------------------------------------------------------------


@pytest.mark.parametrize(("first", "then"), [("approve", "reject"), ("reject", "approve")])
def test_after_one_answer_the_other_is_refused(gate: Gate, first: str, then: str) -> None:
    state = gate.propose()
    gate.answer(state, first, ADA)
    for by in (ADA, BOB):
        assert refused(gate, state, then, by).code == "proposal_closed"
    assert refused(gate, state, first, BOB).code == "proposal_closed"


def test_a_rejection_comes_with_its_reason_to_whoever_waits(gate: Gate) -> None:
    state = gate.propose()
    assert refused(gate, state, "reject", note=" ").code == "usage"
    gate.answer(state, "reject", note="Not on a Friday.")
    with gate.opened(BOT) as (context, store):
        found = waiting.wait(context, store, state.id, 0.0)
    assert (found.status, found.closed["reason"], found.closed["by"]) == ("rejected", "Not on a Friday.", ADA)


def test_no_answer_in_time_means_no_and_is_told_apart_from_a_rejection(gate: Gate) -> None:
    late, rejected = gate.propose(expires_ms=1), gate.propose("ticket.create", {"title": "x"})
    gate.answer(rejected, "reject")
    assert refused(gate, late).code == "proposal_closed"
    found = gate.state(late)
    assert (found.status, found.votes, gate.state(rejected).status) == ("expired", (), "rejected")
    assert found.closed["by"] == "server:gate"
    assert gate.kinds_of(late) == [events.OPENED, events.EXPIRED]
    assert refused(gate, late, "reject").code == "proposal_closed"
    assert gate.effects() == 0


# --- rights ---------------------------------------------------------------------------------------


def register(gate: Gate) -> None:
    """Registers the agent, which belongs to Eve."""
    with gate.opened(EVE) as (context, store):
        principals.add(context, store, "bot", scopes=SCOPED)


def revoke_agent(gate: Gate) -> None:
    """Revokes the agent."""
    with gate.opened(EVE) as (context, store):
        principals.revoke(context, store, "agent", "bot", "left")


def narrow(gate: Gate) -> None:
    """Leaves the agent less than it asked for."""
    with gate.opened(EVE) as (context, store):
        principals.change(context, store, "bot", scopes=["ticket.comment"])


def move_away(gate: Gate) -> None:
    """Leaves the agent another project."""
    with gate.opened(EVE) as (context, store):
        principals.change(context, store, "bot", spaces=["elsewhere/"])


def deny(gate: Gate) -> None:
    """Lets another policy count, which denies what was asked."""
    gate.accept(f"{AGENTS_ASK}  - {{id: no, then: deny, action: ticket.move, actor: 'agent:*'}}\n")


def revoke_owner(gate: Gate) -> None:
    """Revokes whoever answers for the agent."""
    with gate.opened(ADA) as (context, store):
        principals.revoke(context, store, "human", "eve", "left")


LOSSES: dict[Callable[[Gate], None], str] = {
    revoke_agent: "frozen", revoke_owner: "frozen", narrow: "rights_lost", move_away: "rights_lost",
    deny: "rights_lost",
}  # fmt: skip


@pytest.mark.parametrize("lose", LOSSES)
def test_rights_that_were_lost_meanwhile_are_a_conflict_and_nothing_is_made(
    gate: Gate, lose: Callable[[Gate], None]
) -> None:
    register(gate)
    state = gate.propose()
    lose(gate)
    error = refused(gate, state)
    assert (type(error), error.code) == (ConflictError, LOSSES[lose])
    assert (gate.state(state).status, gate.ticket_state()) == ("pending", "ready")
    assert gate.answer(state, "reject").proposal.status == "rejected"  # saying no is always possible
    gate.check()


def test_an_agent_whose_time_is_over_is_frozen(gate: Gate) -> None:
    with gate.opened(EVE) as (context, store):
        principals.add(context, store, "bot", scopes=SCOPED, expires_ms=HOUR_MS)
    state = gate.propose()
    with gate.opened(EVE) as (context, store):
        principals.change(context, store, "bot", expires_ms=1)
    assert refused(gate, state).code == "frozen"


def test_a_person_who_was_revoked_decides_nothing(gate: Gate) -> None:
    state = gate.propose()
    with gate.opened(EVE) as (context, store):
        people.add(context, store, "ada", None)
        principals.revoke(context, store, "human", "ada", "left")
    for verdict in ("approve", "reject"):
        error = refused(gate, state, verdict)
        assert (type(error), error.code) == (RefusedError, "refused")
    assert len(gate.refusals(ADA)) == 2
    assert gate.answer(state, by=BOB).proposal.status == "applied"


def test_a_stricter_policy_of_today_counts_for_what_was_proposed_before(gate: Gate) -> None:
    state = gate.propose()
    gate.accept(AGENTS_ASK.replace("then: ask", "then: ask\n    quorum: 2"))
    assert gate.answer(state, by=ADA).proposal.status == "pending"
    assert gate.effects() == 0
    assert gate.answer(state, by=BOB).proposal.status == "applied"


def test_a_looser_policy_of_today_does_not(gate: Gate) -> None:
    gate.accept(AGENTS_ASK.replace("then: ask", "then: ask\n    quorum: 2"))
    state = gate.propose()
    gate.accept(AGENTS_ASK)
    assert gate.answer(state, by=ADA).proposal.status == "pending"
    assert gate.answer(state, by=BOB).proposal.status == "applied"


def test_a_policy_that_lies_in_the_working_tree_counts_for_nothing(gate: Gate) -> None:
    gate.project.write(POLICY, "version: 1\nrules:\n  - {id: all, then: allow, action: '*'}\n")
    assert gate.propose().status == "pending"


# --- several people -------------------------------------------------------------------------------


def test_a_quorum_counts_people_and_not_how_often_they_say_yes(gate: Gate) -> None:
    gate.accept(AGENTS_ASK.replace("then: ask", "then: ask\n    quorum: 2"))
    state = gate.propose()
    for _ in range(3):
        made = gate.answer(state, by=ADA)
        assert made.proposal.status == "pending"
    assert made.repeated
    assert len(gate.receipts(events.APPROVED)) == 1
    assert gate.answer(state, by=BOB).proposal.status == "applied"
    approvals: Any = gate.receipts(events.EFFECT_INTENDED)[0].data()["approvals"]
    assert {by for by, _ in approvals} == {ADA, BOB}


def test_one_no_among_several_yeses_is_a_no(gate: Gate) -> None:
    gate.accept(AGENTS_ASK.replace("then: ask", "then: ask\n    quorum: 2"))
    state = gate.propose()
    gate.answer(state, by=ADA)
    assert gate.answer(state, "reject", by=BOB).proposal.status == "rejected"
    assert refused(gate, state, by=EVE).code == "proposal_closed"


# --- another version ------------------------------------------------------------------------------


def test_what_a_person_edits_keeps_the_original_and_shows_both(gate: Gate) -> None:
    original = gate.propose("ticket.create", {"title": "As the agent wrote it"})
    edited = gate.propose("ticket.create", {"title": "As Ada wrote it"}, actor=ADA, supersedes=original.id)
    assert edited.status == "applied"  # policy lets people do this, and so Ada's version is done at once
    old = gate.state(original)
    assert (old.status, old.closed["by"]) == ("superseded", edited.id)
    assert old.body["payload"]["title"] == "As the agent wrote it"
    assert (edited.body["supersedes"], edited.body["authors"]) == (original.id, [BOT])
    for each, title in ((original, "As the agent wrote it"), (edited, "As Ada wrote it")):
        shown = shown_again(gate.context(), gate.state(each))
        assert shown is not None
        assert title in shown.text
    assert refused(gate, original).code == "proposal_closed"


def test_whoever_edits_does_not_approve_the_edition_and_neither_does_the_first_author(gate: Gate) -> None:
    gate.accept("version: 1\nrules:\n  - {id: all, then: ask, action: '*'}\n")
    original = gate.propose("ticket.create", {"title": "One"})
    edited = gate.propose("ticket.create", {"title": "Two"}, actor=ADA, supersedes=original.id)
    again = gate.propose("ticket.create", {"title": "Three"}, actor=BOB, supersedes=edited.id)
    assert set(again.body["authors"]) == {BOT, ADA}
    for by in (ADA, BOB):
        assert refused(gate, again, by=by).code == "self_approval"
    assert gate.answer(again, by=EVE).proposal.status == "applied"


def test_nobody_supersedes_the_proposal_of_another_agent(gate: Gate) -> None:
    state = gate.propose()
    for actor, options in (("agent:other", {}), (ADA, {"remote": True, "via": "http"})):
        with pytest.raises(InputError) as caught:
            gate.propose("ticket.create", {"title": "x"}, actor=actor, supersedes=state.id, **options)
        assert caught.value.code == "proposal_not_found"
    assert gate.state(state).status == "pending"


# --- deterministic races --------------------------------------------------------------------------


def test_rights_that_are_lost_in_the_moment_of_the_decision_are_lost(
    repository: RepositoryFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(repository(), monkeypatch)
    register(gate)
    state = gate.propose()
    weigh = deciding._rights
    weighed = []

    def rights(*arguments: Any) -> Any:
        found = weigh(*arguments)
        weighed.append(found)
        if len(weighed) == 1:
            revoke_agent(gate)
        return found

    monkeypatch.setattr(deciding, "_rights", rights)
    assert refused(gate, state).code == "frozen"
    assert gate.kinds_of(state) == [events.OPENED]


def test_a_policy_that_is_accepted_in_the_moment_of_the_decision_counts(
    repository: RepositoryFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(repository(), monkeypatch)
    state = gate.propose()
    weigh = deciding._rights
    weighed = []

    def rights(*arguments: Any) -> Any:
        found = weigh(*arguments)
        weighed.append(found)
        if len(weighed) == 1:
            deny(gate)
        return found

    monkeypatch.setattr(deciding, "_rights", rights)
    assert refused(gate, state).code == "rights_lost"


def test_what_is_approved_in_the_moment_of_being_superseded_is_not(
    repository: RepositoryFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(repository(), monkeypatch)
    state = gate.propose()
    build = proposing._body

    def body(*arguments: Any) -> Any:
        gate.answer(state)
        return build(*arguments)

    monkeypatch.setattr(proposing, "_body", body)
    with pytest.raises(ConflictError) as caught:
        gate.propose("ticket.create", {"title": "x"}, supersedes=state.id)
    assert caught.value.code == "proposal_closed"
    assert gate.state(state).status == "applied"
    assert len(gate.receipts(events.OPENED)) == 1
