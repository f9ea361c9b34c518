"""A browser in which somebody has just signed in decides for that person, unsigned; nothing else passes for one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from unit.usecases.proposal_scene import ADA, BOB, BOT, Gatehouse
from unit.usecases.test_deciding import demanding

from counterfoil.errors import CounterfoilError
from counterfoil.gate import events
from counterfoil.usecases import people, principals
from counterfoil.usecases.deciding import Sitting

if TYPE_CHECKING:
    from counterfoil.gate.proposal import Proposal

HERE = Sitting(ADA, "approver", "k7qm2xta", is_fresh=True)
DOOR = {"via": "web", "session": "web-k7qm2xta"}


@pytest.fixture
def gate() -> Gatehouse:
    """A gate of its own."""
    return Gatehouse()


def refused(gate: Gatehouse, state: Proposal, **more: Any) -> str:
    """Returns the code with which an answer does not count, which is sealed with its door."""
    before = len([each for each in gate.store.log() if each.kind == events.REFUSED])
    with pytest.raises(CounterfoilError) as caught:
        gate.answer(state, at_terminal=False, **more)
    assert gate.kinds(state) == [events.OPENED]
    sealed = [each.data() for each in gate.store.log() if each.kind == events.REFUSED][before:]
    assert [(each["reason"], each["via"]) for each in sealed] == [(caught.value.code, more["options"]["via"])]
    return caught.value.code


@pytest.mark.parametrize("role", ["approver", "admin"])
def test_a_fresh_session_decides_unsigned_and_the_receipt_names_it(gate: Gatehouse, role: str) -> None:
    made = gate.answer(gate.ask(), at_terminal=False, options=DOOR, sitting=HERE._replace(role=role))
    (vote,) = made.proposal.votes
    assert made.proposal.status == "applied"
    assert (vote.by, vote.assurance) == (ADA, "unverified")
    (sealed,) = [each.data() for each in gate.store.log() if each.id == vote.receipt]
    assert sealed["session"] == "web-k7qm2xta"


def test_elsewhere_the_receipt_of_a_decision_names_no_session(gate: Gatehouse) -> None:
    (vote,) = gate.answer(gate.ask(), options={"session": "cli-1"}).proposal.votes
    (sealed,) = [each.data() for each in gate.store.log() if each.id == vote.receipt]
    assert "session" not in sealed


def test_a_session_rejects_too(gate: Gatehouse) -> None:
    made = gate.answer(gate.ask(), "reject", at_terminal=False, options=DOOR, sitting=HERE)
    assert (made.proposal.status, made.proposal.closed["reason"]) == ("rejected", "so be it")


@pytest.mark.parametrize(
    ("sitting", "code"),
    [
        (HERE._replace(is_fresh=False), "session_stale"),
        (HERE._replace(role="member"), "role_refused"),
        (HERE._replace(role="viewer"), "role_refused"),
        (HERE._replace(role="owner"), "role_refused"),
        (HERE._replace(person=BOB), "refused"),
        (HERE._replace(name="another"), "refused"),
        (None, "signature_required"),
    ],
)
def test_a_session_that_is_stale_weak_or_somebody_elses_decides_nothing(
    gate: Gatehouse, sitting: Sitting | None, code: str
) -> None:
    assert refused(gate, gate.ask(), options=DOOR, sitting=sitting) == code


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"via": "http", "remote": True}, "signature_required"),
        ({"via": "http"}, "signature_required"),
        ({"via": "web", "remote": True}, "signature_required"),
        ({"via": "webhook"}, "signature_required"),
        ({"via": "mcp"}, "refused"),
        ({"via": "mcp", "remote": True}, "refused"),
        ({"via": "cli"}, "needs_terminal"),
        ({"via": "sdk"}, "needs_terminal"),
    ],
)
def test_at_no_other_door_a_session_counts(gate: Gatehouse, options: dict[str, Any], code: str) -> None:
    given = {"session": "web-k7qm2xta", **options}
    assert refused(gate, gate.ask(), options=given, sitting=HERE) == code


def test_no_agent_decides_by_a_session_whatever_it_says_of_itself(gate: Gatehouse) -> None:
    state = gate.ask()
    assert refused(gate, state, by=BOT, options=DOOR, sitting=HERE._replace(person=BOT)) == "refused"


def test_a_person_who_was_revoked_decides_by_no_session(gate: Gatehouse) -> None:
    state = gate.ask()
    context = gate.context(BOB)
    people.add(context, gate.store, ADA, None)
    principals.revoke(context, gate.store, "human", "ada", "left")
    assert refused(gate, state, options=DOOR, sitting=HERE) == "refused"


def test_where_policy_wants_a_signature_a_session_is_none(
    gate: Gatehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    demanding(monkeypatch, require="signed")
    state = gate.ask()
    with pytest.raises(CounterfoilError) as caught:
        gate.answer(state, at_terminal=False, options=DOOR, sitting=HERE)
    assert (caught.value.code, "--sign" in (caught.value.hint or "")) == ("signature_required", True)
    assert gate.kinds(state) == [events.OPENED]


def test_ones_own_proposal_is_not_approved_by_ones_own_browser(
    gate: Gatehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    demanding(monkeypatch)
    state = gate.ask(actor=BOB, options={"via": "cli"})
    with pytest.raises(CounterfoilError) as caught:
        gate.answer(state, by=BOB, at_terminal=False, options=DOOR, sitting=HERE._replace(person=BOB))
    assert caught.value.code == "self_approval"
