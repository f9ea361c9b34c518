"""A person's answer counts if they may, saw what it says, and it is not too late; what they approve takes effect."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from unit.usecases.proposal_scene import ADA, BOB, BOT, HOUR_MS, WEEK_MS, Gatehouse

from counterfoil.errors import ConflictError, CounterfoilError, HostError, InputError, RefusedError
from counterfoil.gate import events
from counterfoil.gate.facts import ASK, DENY, Demands, Ruling
from counterfoil.testing.signers import MemorySigners, public_key
from counterfoil.usecases import deciding, people, principals, proposing, statements
from counterfoil.usecases.actions import registry
from counterfoil.usecases.actions.builtin import BUILT_IN
from counterfoil.usecases.deciding import Answer, stricter

PLAIN: dict[str, Any] = Demands().as_data()


@pytest.fixture
def gate() -> Gatehouse:
    """A gate of its own."""
    return Gatehouse()


def refused(gate: Gatehouse, state: Any, *arguments: Any, **more: Any) -> CounterfoilError:
    """Returns why an answer does not count."""
    with pytest.raises(CounterfoilError) as caught:
        gate.answer(state, *arguments, **more)
    return caught.value


def demanding(monkeypatch: pytest.MonkeyPatch, **demands: Any) -> None:
    """Lets policy demand something from now on, of what is proposed and of what is decided."""
    ruling = Ruling(ASK, "demanding", "default", ["so it is"], Demands(**demands))
    for module in (proposing, deciding):
        monkeypatch.setattr(module, "ruled", lambda *_: ruling)


def test_an_approval_names_the_digest_and_takes_effect(gate: Gatehouse) -> None:
    state = gate.ask()
    made = gate.answer(state, digest=state.digest[:8].upper(), note="Go.")
    assert (made.proposal.status, made.repeated, made.failure) == ("applied", False, None)
    (vote,) = made.proposal.votes
    assert (vote.by, vote.note, vote.assurance, vote.verdict) == (ADA, "Go.", "unverified", "approve")
    assert b"state: blocked" in gate.file()
    told = gate.world.git.read("log", "-1", "--format=%B").decode()
    assert f"Ticket-Proposal: {state.id}" in told
    assert f"Ticket-Approved-By: {ADA} {vote.receipt}" in told


def test_a_rejection_needs_its_reason_and_changes_nothing(gate: Gatehouse) -> None:
    state, before = gate.ask(), gate.file()
    error = refused(gate, state, "reject", note=" \n")
    assert (type(error), error.code) == (InputError, "usage")
    made = gate.answer(state, "reject", note="Not now.")
    assert (made.proposal.status, made.proposal.closed["reason"], gate.file()) == (
        "rejected",
        "Not now.",
        before,
    )


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"verdict": "maybe"}, "usage"),
        ({"digest": ""}, "digest_differs"),
        ({"digest": "0" * 64}, "digest_differs"),
        ({"note": "password=" + "hunter2x9"}, "secret_found"),
        ({"note": "x" * 100_001}, "too_large"),
        ({"at_terminal": False}, "needs_terminal"),
        ({"options": {"remote": True, "via": "http"}}, "signature_required"),
        ({"options": {"via": "mcp"}}, "refused"),
        ({"by": BOT}, "refused"),
        ({"by": "nobody"}, "invalid_actor"),
        ({"envelope": "{}", "note": ""}, "invalid_envelope"),
    ],
)
def test_an_answer_with_something_wrong_seals_no_decision(
    gate: Gatehouse, change: dict[str, Any], code: str
) -> None:
    state = gate.ask()
    error = refused(gate, state, **change)
    assert error.code == code
    assert gate.kinds(state) == [events.OPENED]
    sealed = [receipt.data()["reason"] for receipt in gate.store.log() if receipt.kind == events.REFUSED]
    assert sealed == ([code] if isinstance(error, RefusedError) else [])


def test_nobody_decides_on_what_is_not_there(gate: Gatehouse) -> None:
    state = gate.ask()
    state.body["id"] = "P-0000000000000000"  # type: ignore[index]
    assert refused(gate, state).code == "proposal_not_found"


def test_who_says_so_twice_has_said_it_once(gate: Gatehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    demanding(monkeypatch, quorum=2)
    state = gate.ask()
    assert [gate.answer(state).repeated for _ in range(2)] == [False, True]
    assert gate.answer(state, by=BOB).proposal.status == "applied"
    assert refused(gate, state).code == "proposal_closed"


def test_an_approval_that_was_not_carried_out_is_carried_out_when_it_is_said_again(gate: Gatehouse) -> None:
    state = gate.ask()
    gate.world.refuse_commits("not today")
    made = gate.answer(state)
    assert (made.proposal.status, made.failure and made.failure.code) == ("approved", "commit_failed")
    assert refused(gate, state, by=BOB).code == "proposal_closed"
    assert refused(gate, state, "reject").code == "proposal_closed"
    gate.world.refuse_commits("")
    again = gate.answer(state)
    assert (again.proposal.status, again.repeated) == ("applied", True)


@pytest.mark.parametrize("verdict", ["approve", "reject"])
def test_an_answer_that_comes_too_late_is_told_so(gate: Gatehouse, verdict: str) -> None:
    state = gate.ask(expires_ms=HOUR_MS)
    gate.clock.ms += HOUR_MS
    error = refused(gate, state, verdict)
    assert (error.code, error.fields["status"]) == ("proposal_closed", "expired")
    assert gate.kinds(state) == [events.OPENED, events.EXPIRED]


def test_an_answer_in_whose_moment_the_time_runs_out_is_too_late(
    gate: Gatehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = gate.ask(expires_ms=HOUR_MS)
    weigh = deciding._rights

    def rights(*arguments: Any) -> Any:
        gate.clock.ms += HOUR_MS
        return weigh(*arguments)

    monkeypatch.setattr(deciding, "_rights", rights)
    assert refused(gate, state).code == "proposal_closed"
    assert gate.kinds(state) == [events.OPENED, events.EXPIRED]


def test_what_was_overtaken_says_what_moved(gate: Gatehouse) -> None:
    state = gate.ask()
    gate.overtake()
    for _ in range(2):
        error = refused(gate, state)
        assert (type(error), error.code) == (ConflictError, "stale")
        moved: Any = error.fields["moved"]
        assert moved[0][0] == gate.path
    assert gate.kinds(state) == [events.OPENED, events.STALE]


def test_who_may_not_decide_seals_nothing_either(gate: Gatehouse) -> None:
    state = gate.ask()
    gate.overtake()
    for by, more in ((BOT, {}), (ADA, {"at_terminal": False})):
        assert refused(gate, state, by=by, **more).code in {"refused", "needs_terminal"}
    assert gate.kinds(state) == [events.OPENED]


def test_a_file_that_is_being_edited_is_in_the_way_and_seals_nothing(gate: Gatehouse) -> None:
    state, was = gate.ask(), gate.file()
    gate.world.work.replace(gate.path, was[: len(was) // 2])
    error = refused(gate, state)
    assert (type(error), error.code) == (ConflictError, "basis_edited")
    assert "git restore" in error.hint
    gate.world.work.remove(gate.path)
    assert refused(gate, state).code == "basis_edited"
    gate.world.work.replace(gate.path, was)
    assert gate.kinds(state) == [events.OPENED]
    assert gate.answer(state).proposal.status == "applied"


def test_a_no_counts_whatever_the_files_are(gate: Gatehouse) -> None:
    state = gate.ask()
    gate.overtake()
    assert gate.answer(state, "reject").proposal.status == "rejected"


def test_an_action_of_another_version_is_approved_no_more(
    gate: Gatehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = gate.ask()
    newer = replace(BUILT_IN["ticket.move"], version=2)
    monkeypatch.setitem(registry.BUILT_IN, "ticket.move", newer)  # type: ignore[attr-defined]
    error = refused(gate, state)
    assert (error.code, "version 2" in error.message) == ("stale", True)
    assert gate.now(state).status == "stale"
    assert gate.kinds(state) == [events.OPENED, events.STALE]


def test_an_action_that_this_process_lacks_is_left_to_another(
    gate: Gatehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = gate.ask()
    with monkeypatch.context() as patched:
        patched.delitem(registry.BUILT_IN, "ticket.move")  # type: ignore[arg-type]
        error = refused(gate, state)
    assert (type(error), error.code) == (HostError, "not_here")
    assert gate.kinds(state) == [events.OPENED]
    assert gate.answer(state).proposal.status == "applied"


def test_a_proposal_of_another_project_is_decided_there(gate: Gatehouse) -> None:
    state = gate.ask()
    gate.prefix = "web/"
    for verdict in ("approve", "reject"):
        assert refused(gate, state, verdict).code == "other_project"
    assert gate.kinds(state) == [events.OPENED]


def test_what_policy_denies_by_now_is_not_done(gate: Gatehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    state = gate.ask()
    monkeypatch.setattr(deciding, "ruled", lambda *_: Ruling(DENY, "no-moves", "default", []))
    error = refused(gate, state)
    assert (error.code, "no-moves" in error.message) == ("rights_lost", True)
    assert gate.answer(state, "reject").proposal.status == "rejected"


def test_frozen_agents_rest_and_frozen_people_say_nothing(gate: Gatehouse) -> None:
    principals.add(gate.context(), gate.store, "bot", scopes=["*"])
    people.add(gate.context(), gate.store, BOB, None)
    state = gate.ask()
    principals.revoke(gate.context(), gate.store, "human", "bob", "left")
    assert refused(gate, state, by=BOB).code == "refused"
    principals.revoke(gate.context(), gate.store, "agent", "bot", "left")
    assert refused(gate, state).code == "frozen"
    assert gate.answer(state, "reject").proposal.status == "rejected"


def test_a_session_that_proposed_does_not_approve_where_policy_keeps_them_apart(
    gate: Gatehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    demanding(monkeypatch, separation=["author", "session"])
    state = gate.ask(options={"session": "s1"})
    error = refused(gate, state, options={"session": "s1"})
    assert (error.code, error.fields["reason"]) == ("self_approval", "session")
    assert gate.answer(state, options={"session": "s2"}).proposal.status == "applied"


def test_policy_names_approvers_and_how_sure_it_has_to_be(
    gate: Gatehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    demanding(monkeypatch, approvers=[BOB])
    state = gate.ask()
    assert refused(gate, state).fields["reason"] == "not_an_approver"
    demanding(monkeypatch, approvers=[BOB], require="signed")
    assert refused(gate, state, by=BOB).code == "signature_required"
    demanding(monkeypatch, approvers=[])
    assert refused(gate, state, by=BOB).fields["reason"] == "not_an_approver"


def test_rights_that_never_come_to_rest_are_a_conflict(
    gate: Gatehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = gate.ask()
    weigh = deciding._rights
    rounds: list[None] = []

    def rights(*arguments: Any) -> Any:
        rounds.append(None)
        gate.world.clock.ms += 1
        principals.add(gate.context(), gate.store, "bot", scopes=["*"]) if len(
            rounds
        ) == 1 else principals.change(gate.context(), gate.store, "bot", model=f"m{len(rounds)}")
        return weigh(*arguments)

    monkeypatch.setattr(deciding, "_rights", rights)
    assert refused(gate, state).code == "version_conflict"
    assert len(rounds) == deciding.ROUNDS + 1
    assert gate.kinds(state) == [events.OPENED]


@pytest.mark.parametrize(
    ("then", "now", "both"),
    [
        ({}, None, {}),
        ({"quorum": 2}, {}, {"quorum": 2}),
        ({}, {"quorum": 3}, {"quorum": 3}),
        ({"require": "signed"}, {}, {"require": "signed"}),
        ({"require": "signed"}, {"require": "signed-hardware"}, {"require": "signed-hardware"}),
        ({"separation": ["author"]}, {"separation": ["session"]}, {"separation": ["author", "session"]}),
        ({"approvers": [ADA, BOB]}, {}, {"approvers": [ADA, BOB]}),
        ({"approvers": [ADA, BOB]}, {"approvers": [BOB]}, {"approvers": [BOB]}),
        ({"approvers": [ADA]}, {"approvers": [BOB]}, {"approvers": []}),
        ({"expires_ms": 10}, {"expires_ms": 5}, {"expires_ms": 5}),
    ],
)
def test_of_the_demands_of_then_and_now_the_stricter_counts(then: Any, now: Any, both: Any) -> None:
    found = stricter({**PLAIN, **then}, None if now is None else {**PLAIN, **now})
    assert found == {**PLAIN, **both}


def signed(gate: Gatehouse, state: Any, verdict: str = "approve", note: str = "") -> tuple[Any, Answer]:
    """Returns Ada's process, and her answer as her key has signed it."""
    context = gate.context(ADA)
    context.signers = MemorySigners([ADA])
    people.add(context, gate.store, ADA, public_key(ADA).line, at_terminal=True)
    made = statements.sign_decision(context, state, by=ADA, verdict=verdict, note=note)
    assert made is not None
    return context, Answer(verdict, ADA, state.digest, note, made.envelope, made.disclosure)


@pytest.mark.parametrize("verdict", ["approve", "reject"])
def test_a_signed_answer_to_what_is_over_is_told_that_it_is_and_not_to_sign_anew(
    gate: Gatehouse, verdict: str
) -> None:
    state = gate.ask(expires_ms=HOUR_MS)
    context, answer = signed(gate, state, verdict, "Seen.")
    other = signed(gate, gate.ask("ticket.comment", {"ticket": gate.ticket, "text": "x"}), verdict, "Seen.")[
        1
    ]
    gate.clock.ms += WEEK_MS
    for _ in range(2):
        with pytest.raises(ConflictError) as caught:
            deciding.decide(context, gate.store, state.id, answer)
        assert (caught.value.code, caught.value.fields["status"]) == ("proposal_closed", "expired")
    assert gate.kinds(state) == [events.OPENED, events.EXPIRED]
    with pytest.raises(InputError) as invalid:  # what was signed for something else is none, as ever
        deciding.decide(context, gate.store, state.id, other)
    assert invalid.value.code == "invalid_statement"


def test_whoever_gives_no_proof_of_who_they_are_is_told_what_no_proof_would_mend(
    gate: Gatehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    demanding(monkeypatch, quorum=2, approvers=(ADA,))
    state = gate.ask()
    error = refused(gate, state, by=BOB, at_terminal=False)
    assert (error.code, error.fields["reason"]) == ("refused", "not_an_approver")
    assert refused(gate, state, "reject", by=BOB, at_terminal=False).code == "needs_terminal", (
        "who may reject"
    )
    gate.answer(state, "reject")
    error = refused(gate, state, at_terminal=False)
    assert (error.code, error.fields["status"]) == ("proposal_closed", "rejected")
    stale = gate.ask()
    gate.overtake()
    assert refused(gate, stale).code == "stale"
    assert refused(gate, stale, at_terminal=False).code == "stale"
    sealed = [
        (receipt.actor, receipt.data()["reason"])
        for receipt in gate.store.log()
        if receipt.kind == events.REFUSED
    ]
    assert sealed == [(BOB, "refused"), (BOB, "needs_terminal"), (ADA, "proposal_closed"), (ADA, "stale")]
    gate.check()
