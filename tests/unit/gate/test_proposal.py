"""One proposal: what may follow on what, who may say so, and what a late answer finds."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.errors import ConflictError, CounterfoilError, InputError, RefusedError
from counterfoil.gate import events, proposal
from counterfoil.gate.proposal import Close, Command, Decide, Open, Proposal, Proposals, digest_of
from counterfoil.kernel.instant import iso_ms
from counterfoil.ledger.decider import Refusal

DECIDER = Proposals()
NOW_MS = 1_790_000_000_000
HOUR_MS = 3_600_000


class Sealed(NamedTuple):
    """A receipt, as far as a fold looks at it."""

    kind: str
    actor: str
    at: str
    id: str


def body(**more: Any) -> dict[str, Any]:
    told: dict[str, Any] = {
        "id": "P-0123456789ABCDEF",
        "action": "ticket.move",
        "actor": "agent:claude",
        "payload": {"ticket": "T", "state": "done"},
        "expires_at": iso_ms(NOW_MS + HOUR_MS),
        "session": "",
        "ruling": {"ruling": "ask", "rule": "default/x", "policy": "default"},
        "demands": {"quorum": 1, "require": "", "separation": ["author"], "approvers": None},
        **more,
    }
    return {**told, "digest": digest_of(told)}


def told(state: Proposal, kind: str, what: dict[str, Any], actor: str = "human:ada") -> Proposal:
    receipt = Sealed(kind, actor, iso_ms(NOW_MS), f"{kind}-{actor}")
    return DECIDER.evolve(state, receipt, {**what, "salt": "00"})  # type: ignore[arg-type]


def opened(**more: Any) -> Proposal:
    return told(DECIDER.initial(), events.OPENED, body(**more), "agent:claude")


def approve(by: str = "human:ada", state: Proposal | None = None, **more: Any) -> Decide:
    return Decide("approve", by, (state or opened()).digest, **more)


def decided(state: Proposal, command: Command, now_ms: int = NOW_MS) -> list[str] | tuple[type, str]:
    """Returns the kinds that follow, or the type and the code of the refusal."""
    found = DECIDER.decide(state, command, now_ms)
    if isinstance(found, Refusal):
        return type(found.error), found.error.code
    return [event.kind for event in found]


PENDING = opened()
APPROVED = told(PENDING, events.APPROVED, {"note": ""})
REJECTED = told(PENDING, events.REJECTED, {"note": "no"})
WITHDRAWN = told(PENDING, events.WITHDRAWN, {"reason": ""}, "agent:claude")
APPLYING = told(APPROVED, events.EFFECT_INTENDED, {"attempt": 1})
APPLIED = told(APPLYING, events.EFFECT_APPLIED, {"attempt": 1, "commit": "c"})
FAILED = told(APPLYING, events.EFFECT_FAILED, {"attempt": 1, "reason": "stale"})
ABANDONED = told(APPLYING, events.EFFECT_ABANDONED, {"attempt": 1, "reason": "interrupted"})
STALE = told(PENDING, events.STALE, {"moved": []}, proposal.SERVER)
EXPIRED = told(PENDING, events.EXPIRED, {}, proposal.SERVER)
SUPERSEDED = told(PENDING, events.SUPERSEDED, {"by": "P-2"}, "agent:claude")
OVER = [APPROVED, REJECTED, WITHDRAWN, APPLYING, APPLIED, FAILED, STALE, EXPIRED, SUPERSEDED]
CLOSED = (ConflictError, "proposal_closed")


@pytest.mark.parametrize(
    ("state", "status"),
    [
        (PENDING, "pending"),
        (APPROVED, "approved"),
        (REJECTED, "rejected"),
        (WITHDRAWN, "withdrawn"),
        (APPLYING, "applying"),
        (APPLIED, "applied"),
        (FAILED, "failed"),
        (ABANDONED, "approved"),
        (STALE, "stale"),
        (EXPIRED, "expired"),
        (SUPERSEDED, "superseded"),
    ],
)
def test_receipts_fold_to_a_status(state: Proposal, status: str) -> None:
    assert state.status == status


@pytest.mark.parametrize("state", OVER, ids=lambda state: state.status)
@pytest.mark.parametrize(
    "command",
    [
        Decide("approve", "human:bob", PENDING.digest),
        Decide("reject", "human:bob", PENDING.digest, "late"),
        Close(events.WITHDRAWN, {"reason": ""}),
        Close(events.SUPERSEDED, {"by": "P-2"}),
        Close(events.STALE, {"moved": []}),
    ],
    ids=lambda command: getattr(command, "verdict", getattr(command, "kind", "")),
)
def test_nothing_more_is_said_of_what_is_decided(state: Proposal, command: Command) -> None:
    assert decided(state, command) == CLOSED


def test_a_person_approves_what_somebody_else_proposed() -> None:
    assert decided(PENDING, approve()) == [events.APPROVED]


@pytest.mark.parametrize("state", [PENDING, APPROVED], ids=["pending", "approved"])
def test_saying_yes_twice_is_said_once(state: Proposal) -> None:
    once = told(opened(demands={"quorum": 2}), events.APPROVED, {"note": ""}) if state is PENDING else state
    assert decided(once, approve(state=once)) == []


def test_a_rejection_gives_its_reason() -> None:
    assert decided(PENDING, Decide("reject", "human:ada", PENDING.digest, "  ")) == (InputError, "usage")
    assert decided(PENDING, Decide("reject", "human:ada", PENDING.digest, "no")) == [events.REJECTED]


@pytest.mark.parametrize(
    "by", ["agent:claude", "agent:other", "source:ci", "policy:default", "server:gate", "human", ""]
)
@pytest.mark.parametrize("verdict", ["approve", "reject"])
def test_nobody_but_a_person_decides(by: str, verdict: str) -> None:
    assert decided(PENDING, Decide(verdict, by, PENDING.digest, "why")) == (RefusedError, "refused")


def test_nobody_rules_on_what_they_proposed_or_wrote_an_earlier_version_of() -> None:
    own = opened(actor="human:ada")
    grown = opened(authors=["human:bob"])
    assert decided(own, approve("human:ada", own)) == (RefusedError, "self_approval")
    assert decided(grown, approve("human:bob", grown)) == (RefusedError, "self_approval")
    assert decided(grown, approve("human:ada", grown)) == [events.APPROVED]


@pytest.mark.parametrize(
    ("digest", "counts"),
    [
        (PENDING.digest, True),
        (PENDING.digest[:8], True),
        ("sha256:" + PENDING.digest.upper(), True),
        (PENDING.digest[:7], False),
        ("", False),
        ("0" * 64, False),
        (PENDING.digest + "0", False),
    ],
)
def test_a_decision_names_what_was_seen(digest: str, counts: bool) -> None:
    expected = [events.APPROVED] if counts else (ConflictError, "digest_differs")
    assert decided(PENDING, Decide("approve", "human:ada", digest)) == expected


def test_no_answer_in_time_means_no_and_is_told_apart_from_a_rejection() -> None:
    late_ms = NOW_MS + HOUR_MS
    assert PENDING.status_at(late_ms - 1) == "pending"
    assert PENDING.status_at(late_ms) == "expired"
    assert APPROVED.status_at(late_ms) == "approved"
    assert decided(PENDING, approve(), late_ms) == [events.EXPIRED]
    assert decided(PENDING, Close(events.WITHDRAWN, {}), late_ms) == [events.EXPIRED]


def test_a_quorum_counts_people_and_not_votes() -> None:
    state = opened(demands={"quorum": 2})
    once = told(state, events.APPROVED, {"note": ""}, "human:ada")
    again = told(once, events.APPROVED, {"note": ""}, "human:ada")
    both = told(again, events.APPROVED, {"note": ""}, "human:bob")
    assert [once.status, again.status, both.status] == ["pending", "pending", "approved"]


def test_people_who_sign_with_one_key_are_one_person() -> None:
    state = opened(demands={"quorum": 2})
    for by in ("human:ada", "human:bob"):
        state = told(state, events.APPROVED, {"note": "", "key": "SHA256:same"}, by)
    assert (state.status, len(state.approvals), state.voices) == ("pending", 2, 1)
    assert told(state, events.APPROVED, {"note": "", "key": "SHA256:own"}, "human:eve").status == "approved"


def test_an_answer_that_does_not_count_any_more_is_kept_and_not_counted() -> None:
    once = told(opened(demands={"quorum": 2}), events.APPROVED, {"note": ""}, "human:ada")
    lapsed = {"note": "", "lapsed": [once.votes[0].receipt]}
    state = told(once, events.APPROVED, lapsed, "human:bob")
    assert (state.status, [vote.by for vote in state.votes]) == ("pending", ["human:ada", "human:bob"])
    assert [vote.by for vote in state.approvals] == ["human:bob"]
    assert Proposals().load(Proposals().dump(state)) == state


def test_an_answer_that_judged_other_answers_than_there_are_is_weighed_again() -> None:
    state = told(opened(demands={"quorum": 3}), events.APPROVED, {"note": ""}, "human:ada")
    found = Proposals().decide(
        state, approve()._replace(by="human:bob", digest=state.digest, judged=0), NOW_MS
    )
    assert isinstance(found, Refusal)
    assert found.error.code == "version_conflict"


def test_one_no_ends_it_however_many_said_yes() -> None:
    state = told(opened(demands={"quorum": 3}), events.APPROVED, {"note": ""}, "human:ada")
    state = told(state, events.REJECTED, {"note": "not like this"}, "human:bob")
    assert (state.status, state.closed["reason"], state.closed["by"]) == (
        "rejected",
        "not like this",
        "human:bob",
    )


@pytest.mark.parametrize(
    ("require", "assurance", "counts"),
    [
        ("", "unverified", True),
        ("signed", "unverified", False),
        ("signed", "signed", True),
        ("signed", "signed-hardware", True),
        ("signed-hardware", "signed", False),
        ("signed-hardware", "signed-hardware", True),
        ("notarised", "signed-hardware", False),
        ("signed", "trust me", False),
    ],
)
def test_an_approval_is_as_sure_as_policy_wants_it(require: str, assurance: str, counts: bool) -> None:
    state = opened(demands={"quorum": 1, "require": require})
    expected = [events.APPROVED] if counts else (RefusedError, "signature_required")
    assert decided(state, approve(state=state, assurance=assurance)) == expected


@pytest.mark.parametrize(
    ("assurance", "first"),
    [("unverified", "ssh-add"), ("signed", "git config ticket.signingKey ~/.ssh/id_ed25519_sk.pub")],
)
def test_whoever_has_signed_with_a_plain_key_is_not_told_to_sign_with_it_again(
    assurance: str, first: str
) -> None:
    state = opened(demands={"quorum": 1, "require": "signed-hardware"})
    error = proposal.objection(state, approve(state=state, assurance=assurance))
    assert error is not None
    assert error.hint == f"{first}, then: ticket approve {state.id} --sign"


@pytest.mark.parametrize(
    ("approvers", "counts"), [(None, True), (["human:ada"], True), (["human:bob"], False), ([], False)]
)
def test_only_those_approve_whom_policy_names(approvers: list[str] | None, counts: bool) -> None:
    state = opened(demands={"quorum": 1, "approvers": approvers})
    assert decided(state, approve(state=state)) == (
        [events.APPROVED] if counts else (RefusedError, "refused")
    )


def test_todays_demands_count_where_they_are_given() -> None:
    demands = {"quorum": 1, "require": "signed"}
    assert decided(PENDING, approve(demands=demands)) == (RefusedError, "signature_required")


def test_the_session_that_proposed_does_not_approve_where_policy_keeps_them_apart() -> None:
    state = opened(session="s1", demands={"quorum": 1, "separation": ["author", "session"]})
    assert decided(state, approve(state=state, session="s1")) == (RefusedError, "self_approval")
    assert decided(state, approve(state=state, session="s2")) == [events.APPROVED]


def test_what_was_proposed_once_is_not_proposed_again() -> None:
    assert decided(DECIDER.initial(), Open(body())) == [events.OPENED]
    assert decided(PENDING, Open(body())) == []


def test_what_is_not_there_cannot_be_decided() -> None:
    assert decided(DECIDER.initial(), approve()) == (InputError, "proposal_not_found")


def test_what_policy_allows_needs_nobody() -> None:
    state = opened(ruling={"ruling": "allow", "rule": "rules/1", "policy": "0" * 64})
    assert (state.status, state.approvals) == ("approved", ())


def test_an_erased_proposal_can_be_decided_on_by_nobody() -> None:
    state = told(DECIDER.initial(), events.OPENED, {}, "agent:claude")
    assert decided(state, Decide("approve", "human:ada", "0" * 64)) == (ConflictError, "digest_differs")


@pytest.mark.parametrize("state", [*OVER, PENDING, ABANDONED], ids=lambda state: state.status)
def test_a_state_is_read_as_it_was_written(state: Proposal) -> None:
    assert DECIDER.load(DECIDER.dump(state)) == state


def test_the_digest_covers_all_that_is_said() -> None:
    base = body()
    for name in base:
        if name != "digest":
            assert digest_of({**base, name: "another"}) != base["digest"], name


def test_the_same_key_of_the_same_actor_in_the_same_ledger_is_the_same_proposal() -> None:
    one = proposal.proposal_id("L", "agent:claude", "key")
    assert one == proposal.proposal_id("L", "agent:claude", "key")
    others = {
        proposal.proposal_id(*words)
        for words in [("M", "agent:claude", "key"), ("L", "agent:b", "key"), ("L", "agent:claude", "Key")]
    }
    assert len(others | {one}) == 4
    assert proposal.is_id(one)


COMMANDS = st.one_of(
    st.builds(
        Decide,
        st.sampled_from(["approve", "reject"]),
        st.sampled_from(["human:ada", "human:bob", "human:eve", "agent:claude"]),
        st.just(PENDING.digest),
        st.sampled_from(["", "because"]),
    ),
    st.builds(Close, st.sampled_from([events.WITHDRAWN, events.STALE, events.SUPERSEDED]), st.just({})),
)


@given(st.lists(st.tuples(COMMANDS, st.integers(0, 2 * HOUR_MS)), max_size=12), st.integers(1, 3))
def test_whatever_is_commanded_one_decision_stands(steps: list[tuple[Command, int]], quorum: int) -> None:
    state = opened(demands={"quorum": quorum, "approvers": None})
    seen = [state.status]
    now_ms = NOW_MS
    for command, later_ms in steps:
        now_ms += later_ms
        if isinstance(command, Decide):
            command = command._replace(digest=state.digest)
        found = DECIDER.decide(state, command, now_ms)
        if isinstance(found, Refusal):
            assert isinstance(found.error, CounterfoilError)
            continue
        for event in found:
            actor = command.by if isinstance(command, Decide) else "agent:claude"
            state = told(state, event.kind, event.body, actor)
        seen.append(state.status)
    ends = [status for status in dict.fromkeys(seen) if status != "pending"]
    assert len(ends) <= 1
    assert (state.status == "approved") == (len({vote.by for vote in state.approvals}) >= quorum)
