"""Nobody but a person decides, and not on what they wrote: by no actor, door, option, variable or borrowed signature."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import pytest
from siege.gate_scene import ADA, AGENTS_ASK, BOB, BOT, EVE

from counterfoil.errors import ConflictError, CounterfoilError, InputError, RefusedError
from counterfoil.gate import events
from counterfoil.gate.proposal import SERVER
from counterfoil.testing.signers import MemorySigners, public_key
from counterfoil.usecases import accepting, deciding, people, principals, proposing, statements
from counterfoil.usecases.deciding import Answer

if TYPE_CHECKING:
    from siege.gate_scene import Gate

    from counterfoil.gate.proposal import Proposal

NOBODIES = (
    BOT,
    "agent:other",
    "source:github",
    "policy:agents-ask",
    SERVER,
    "server:anything",
    "robot:x",
)
MALFORMED = (
    "", "ada", "human:", ":ada", "human:Ada", "human:../ada", "human:ada human:bob", "human:ada\n", f"human:{33 * 'a'}",
)  # fmt: skip
DOORS: tuple[dict[str, Any], ...] = (
    {},
    {"remote": True, "via": "http"},
    {"via": "mcp"},
    {"remote": True, "via": "mcp"},
    {"via": "webhook"},
)
ELSEWHERE = (
    {"remote": True, "via": "http"}, {"via": "http"}, {"remote": True}, {"via": "webhook"}, {"via": "anything"}, {"via": ""},
)  # fmt: skip
"""Doors that are not this machine's command line or program."""


def untouched(gate: Gate, state: Proposal) -> bool:
    """Tells whether nothing has become of a proposal."""
    return gate.kinds_of(state) == [events.OPENED] and gate.ticket_state() == "ready"


@pytest.mark.parametrize("options", DOORS)
def test_who_is_no_person_decides_nothing_by_any_door(gate: Gate, options: dict[str, Any]) -> None:
    state = gate.propose()
    with gate.opened(ADA, **options) as (context, store):
        for by, verdict in product(NOBODIES, ("approve", "reject")):
            answer = Answer(verdict, by, state.digest, "yes", at_terminal=True)
            with pytest.raises(RefusedError) as caught:
                deciding.decide(context, store, state.id, answer)
            assert caught.value.code == "refused"
        for by in MALFORMED:
            with pytest.raises(InputError):
                deciding.decide(
                    context, store, state.id, Answer("approve", by, state.digest, at_terminal=True)
                )
    assert untouched(gate, state)
    assert len(gate.receipts(events.REFUSED)) == 2 * len(NOBODIES)


@pytest.mark.parametrize("verdict", ["approve", "reject"])
def test_over_mcp_nobody_decides_not_even_a_person_who_signs(gate: Gate, verdict: str) -> None:
    state = gate.propose()
    envelope = signed(gate, state, ADA, verdict)
    for remote in (False, True):
        with pytest.raises(RefusedError) as caught:
            gate.answer(state, verdict, via="mcp", remote=remote, note="", **envelope)
        assert caught.value.code == "refused"
    assert untouched(gate, state)


@pytest.mark.parametrize("options", ELSEWHERE)
def test_from_elsewhere_a_person_decides_only_with_a_signature(gate: Gate, options: dict[str, Any]) -> None:
    state = gate.propose()
    for verdict in ("approve", "reject"):
        with pytest.raises(RefusedError) as caught:
            gate.answer(state, verdict, **options)  # even if the door says that somebody sits at a terminal
        assert caught.value.code == "signature_required"
    assert untouched(gate, state)
    assert [each["reason"] for each in gate.refusals(ADA)] == ["signature_required"] * 2
    made = gate.answer(state, **options, **signed(gate, state, ADA), note="")
    assert (made.proposal.status, made.proposal.votes[0].assurance) == ("applied", "signed")


def test_without_a_terminal_or_a_signature_nobody_decides(gate: Gate) -> None:
    state = gate.propose()
    for via, verdict in product(("cli", "sdk"), ("approve", "reject")):
        with pytest.raises(RefusedError) as caught:
            gate.answer(state, verdict, via=via, at_terminal=False)
        assert caught.value.code == "needs_terminal"
    assert untouched(gate, state)
    assert {(each["reason"], each["proposal"]) for each in gate.refusals(ADA)} == {
        ("needs_terminal", state.id)
    }


def test_nobody_decides_on_what_they_proposed(gate: Gate) -> None:
    gate.accept("version: 1\nrules:\n  - {id: all, then: ask, action: '*'}\n")
    state = gate.propose(actor=ADA)
    for verdict, envelope in product(("approve", "reject"), (False, True)):
        with pytest.raises(RefusedError) as caught:
            gate.answer(
                state, verdict, **(signed(gate, state, ADA, verdict) | {"note": ""} if envelope else {})
            )
        assert caught.value.code == "self_approval"
    assert untouched(gate, state)


def test_a_policy_that_names_its_approvers_lets_nobody_else(gate: Gate) -> None:
    gate.accept(
        AGENTS_ASK.replace("then: ask", f"then: ask\n    approvers: ['{BOB}']")
        + f"approvers:\n  {BOB}:\n    can_approve: [p0, p1, p2, p3]\n"
    )
    state = gate.propose()
    with pytest.raises(RefusedError) as caught:
        gate.answer(state, by=ADA)
    assert (caught.value.code, caught.value.fields["reason"]) == ("refused", "not_an_approver")
    assert untouched(gate, state)
    assert gate.answer(state, by=BOB).proposal.status == "applied"


def test_an_agent_accepts_no_policy_and_registers_and_revokes_nobody(gate: Gate) -> None:
    gate.project.write(".tickets/policy.yml", "version: 1\n")
    gate.project.git("commit", "--quiet", "--all", "--message", "mine")
    for actor, options in product((BOT, SERVER), DOORS):
        with gate.opened(actor, **options) as (context, store):
            with pytest.raises(CounterfoilError) as caught:
                accepting.accept(context, store, at_terminal=True, envelope="{}")
            assert caught.value.code in {"refused", "invalid_actor"}
            for act in (
                lambda: principals.add(context, store, "sock", owner=ADA),
                lambda: people.add(context, store, "sock", public_key("sock").line, at_terminal=True),
            ):
                with pytest.raises(CounterfoilError) as caught:
                    act()
                assert caught.value.code in {"refused", "invalid_actor"}
    assert not gate.receipts(events.PRINCIPAL_ADDED)
    assert len(gate.receipts(events.POLICY_ACCEPTED)) == 1


# --- signatures -----------------------------------------------------------------------------------


def signed(gate: Gate, state: Proposal, by: str, verdict: str = "approve", key: str = "") -> dict[str, Any]:
    """Returns an answer that is signed by a person's registered key."""
    name = key or by
    with gate.opened(EVE) as (context, store):
        people.add(context, store, by, public_key(name).line, at_terminal=True)
        context.signers = MemorySigners([name])
        made = statements.sign_decision(context, state, by=by, verdict=verdict, note="so be it")
    assert made is not None
    return {"envelope": made.envelope, "disclosure": made.disclosure, "at_terminal": False}


@pytest.fixture(autouse=True)
def _keys_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets signatures be checked without cryptography."""
    monkeypatch.setattr("counterfoil.bootstrap._open_signers", lambda *_: MemorySigners())


def test_a_signature_counts_for_its_person_proposal_and_verdict_alone(gate: Gate) -> None:
    gate.accept(AGENTS_ASK.replace("then: ask", "then: ask\n    quorum: 2"))
    state, other = gate.propose(), gate.propose("ticket.create", {"title": "Other"})
    made = signed(gate, state, ADA)
    for where, verdict, by in (
        (other, "approve", ADA), (state, "reject", ADA), (state, "approve", BOB), (other, "reject", BOB),
    ):  # fmt: skip
        with pytest.raises(InputError) as caught:
            gate.answer(where, verdict, by, note="", **made)
        assert caught.value.code in {"invalid_statement", "invalid_signature"}
    with pytest.raises(InputError):
        gate.answer(state, note="another note", **{**made, "disclosure": None})
    assert untouched(gate, state)
    assert gate.answer(state, note="", **made).proposal.votes[0].assurance == "signed"


def test_two_keys_of_one_person_are_one_person(gate: Gate) -> None:
    gate.accept(AGENTS_ASK.replace("then: ask", "then: ask\n    quorum: 2\n    require: signed"))
    state = gate.propose()
    for key in ("desk", "laptop"):
        made = gate.answer(state, note="", **signed(gate, state, ADA, key=key))
        assert made.proposal.status == "pending"
    assert made.repeated
    with pytest.raises(RefusedError) as caught:
        gate.answer(state, by=BOB)
    assert caught.value.code == "signature_required"
    assert gate.answer(state, by=BOB, note="", **signed(gate, state, BOB)).proposal.status == "applied"


QUORUM = AGENTS_ASK.replace("then: ask", "then: ask\n    quorum: 2")


def test_who_was_revoked_since_they_approved_is_not_counted(gate: Gate) -> None:
    gate.accept(QUORUM)
    state = gate.propose()
    with gate.opened(EVE) as (context, store):
        people.add(context, store, ADA, None, at_terminal=True)
    assert gate.answer(state, by=ADA).proposal.status == "pending"
    with gate.opened(EVE) as (context, store):
        principals.revoke(context, store, "human", ADA, "left")
    seen = gate.answer(state, by=BOB).proposal
    assert (seen.status, len(seen.votes), [vote.by for vote in seen.approvals]) == ("pending", 2, [BOB])
    seen = gate.answer(state, by=EVE).proposal
    assert (seen.status, [vote.by for vote in seen.approvals]) == ("applied", [BOB, EVE])


def test_who_approved_otherwise_than_is_demanded_by_now_is_not_counted_until_they_do(gate: Gate) -> None:
    gate.accept(QUORUM)
    state = gate.propose()
    assert gate.answer(state, by=ADA).proposal.status == "pending"
    gate.accept(QUORUM.replace("quorum: 2", "quorum: 2\n    require: signed"))
    seen = gate.answer(state, by=BOB, note="", **signed(gate, state, BOB)).proposal
    assert (seen.status, [vote.by for vote in seen.approvals]) == ("pending", [BOB])
    seen = gate.answer(state, by=ADA, note="", **signed(gate, state, ADA)).proposal
    assert (seen.status, [vote.by for vote in seen.approvals]) == ("applied", [BOB, ADA])


def test_one_key_cannot_be_registered_for_two_people(gate: Gate) -> None:
    with gate.opened(EVE) as (context, store):
        people.add(context, store, ADA, public_key("one").line, at_terminal=True)
        with pytest.raises(ConflictError) as caught:
            people.add(context, store, BOB, public_key("one").line, at_terminal=True)
        assert (caught.value.code, caught.value.fields["holder"]) == ("key_in_use", ADA)
        people.add(context, store, ADA, public_key("one").line, at_terminal=True)


def test_what_was_signed_before_it_was_edited_does_not_count_for_the_edition(gate: Gate) -> None:
    state = gate.propose("ticket.create", {"title": "Small"})
    made = signed(gate, state, ADA)
    edited = gate.propose("ticket.create", {"title": "Large"}, supersedes=state.id)
    with pytest.raises(InputError):
        gate.answer(edited, note="", **made)
    with pytest.raises(ConflictError) as caught:
        gate.answer(edited, digest=state.digest)
    assert caught.value.code == "digest_differs"
    with pytest.raises(ConflictError) as caught:
        gate.answer(edited, digest=edited.digest[:7])
    assert caught.value.code == "digest_differs"
    assert gate.kinds_of(edited) == [events.OPENED]


def test_a_key_that_was_withdrawn_signs_no_more(gate: Gate) -> None:
    state = gate.propose()
    made = signed(gate, state, ADA)
    with gate.opened(EVE) as (context, store):
        ids = [key.id for key in people.add(context, store, ADA, None).keys]
        principals.revoke(context, store, "human", ADA, "lost", key_id=ids[0])
    with pytest.raises(InputError):
        gate.answer(state, note="", **made)
    assert untouched(gate, state)


# --- the command line -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "env", "code"),
    [
        (("--actor", BOT), {}, "refused"),
        ((), {"TICKET_ACTOR": BOT}, "refused"),
        (("--actor", ADA), {"TICKET_ACTOR": BOT}, "needs_terminal"),
        ((), {"TICKET_ACTOR": ADA}, "needs_terminal"),
        (("--yes",), {"TICKET_ACTOR": ADA}, "needs_terminal"),
        (("--no-sign",), {"TICKET_ACTOR": ADA}, "needs_terminal"),
        (("--actor", "human:ada,agent:bot"), {}, "invalid_actor"),
        (("--actor", "Human:ada"), {}, "needs_terminal"),
        (("--actor", " human:ada"), {}, "invalid_actor"),
        (("--actor", "source:x"), {}, "invalid_actor"),
        (("--actor", "server:gate"), {}, "invalid_actor"),
        (("--actor", "policy:agents-ask"), {}, "invalid_actor"),
    ],
)
def test_no_option_and_no_variable_makes_an_agent_a_person_at_a_terminal(
    gate: Gate, words: tuple[str, ...], env: dict[str, str], code: str
) -> None:
    state = gate.propose()
    told = gate.project.run("approve", state.id, "--json", *words, env=env, stdin=b"y\ny\n")
    assert told.error["code"] == code, told
    assert untouched(gate, state)
    sealed = [each["reason"] for each in (*gate.refusals(BOT), *gate.refusals(ADA))]
    assert sealed == ([] if code == "invalid_actor" else [code])


def test_only_the_proposer_takes_a_proposal_back(gate: Gate) -> None:
    state = gate.propose()
    for actor in ("agent:other", ADA):
        with gate.opened(actor) as (context, store), pytest.raises(RefusedError) as caught:
            proposing.withdraw(context, store, state.id)
        assert caught.value.fields["reason"] == "not_the_proposer"
    assert untouched(gate, state)
