"""Many processes at the gate at once: one decision, one effect, one proposal a key, whoever is faster."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from siege.gate_scene import ADA, BOB, BOT, EVE, race

from counterfoil.gate import events
from counterfoil.usecases import kinds, principals

if TYPE_CHECKING:
    from siege.gate_scene import Gate

    from counterfoil.gate.proposal import Proposal

PROCESSES, THREADS = 5, 10
PEOPLE = (ADA, BOB, EVE, "human:dan", "human:fay")
DECISIONS = (events.APPROVED, events.REJECTED)


def answers(state: Proposal, verdicts: tuple[str, ...]) -> list[list[dict[str, Any]]]:
    """Returns fifty answers of several people, in several processes."""
    return [
        [
            {
                "deed": "decide", "proposal": state.id, "digest": state.digest, "actor": PEOPLE[thread % len(PEOPLE)],
                "verdict": verdicts[(process + thread) % len(verdicts)],
            }
            for thread in range(THREADS)
        ]
        for process in range(PROCESSES)
    ]  # fmt: skip


def assert_decided_once(gate: Gate, state: Proposal, told: list[dict[str, Any]]) -> str:
    """Asserts that of all answers one counts, that all others were told, and returns the verdict."""
    decided = [receipt for receipt in gate.receipts(*DECISIONS) if receipt.stream == f"proposal/{state.id}"]
    assert len(decided) == 1, [(receipt.kind, receipt.actor) for receipt in decided]
    verdict = "approve" if decided[0].kind == events.APPROVED else "reject"
    for each in told:
        assert each["error"] in {None, "proposal_closed"}, each
        if each["error"] is None:
            assert (each["asked"]["verdict"], each["asked"]["actor"]) == (verdict, decided[0].actor), each
            assert each["failure"] is None, each
    assert sum(each["error"] is None and not each["repeated"] for each in told) == 1
    return verdict


@pytest.mark.parametrize("verdicts", [("approve",), ("approve", "reject")])
def test_of_fifty_answers_at_once_one_counts_and_at_most_one_effect_follows(
    gate: Gate, verdicts: tuple[str, ...]
) -> None:
    state = gate.propose()
    before = gate.project.commits()
    told = race(gate, answers(state, verdicts))
    assert len(told) == PROCESSES * THREADS
    verdict = assert_decided_once(gate, state, told)
    done = 1 if verdict == "approve" else 0
    found = Counter(receipt.kind for receipt in gate.receipts())
    assert found[events.EFFECT_INTENDED] == found[events.EFFECT_APPLIED] == done
    assert (gate.effects(), gate.project.commits() - before) == (done, done)
    assert gate.ticket_state() == ("in_progress" if done else "ready")
    assert gate.state(state).status == ("applied" if done else "rejected")
    gate.check()


def test_fifty_approvals_at_once_of_what_is_said_say_it_once(gate: Gate) -> None:
    state = gate.propose("ticket.comment", {"ticket": gate.ticket, "text": "Said once."})
    told = race(gate, answers(state, ("approve",)))
    assert assert_decided_once(gate, state, told) == "approve"
    found = Counter(receipt.kind for receipt in gate.receipts())
    assert (found[events.COMMENTED], found[events.EFFECT_APPLIED]) == (1, 1)
    gate.check()


def test_fifty_answers_where_three_people_are_needed_are_three_people_s(gate: Gate) -> None:
    gate.accept("version: 1\nrules:\n  - {id: three, then: ask, action: '*', actor: 'agent:*', quorum: 3}\n")
    state = gate.propose()
    told = race(gate, answers(state, ("approve",)))
    votes = [receipt.actor for receipt in gate.receipts(events.APPROVED)]
    assert (len(votes), len(set(votes))) == (3, 3)
    assert {each["error"] for each in told} <= {None, "proposal_closed"}
    assert len(gate.receipts(events.EFFECT_APPLIED)) == gate.effects() == 1
    gate.check()


def submits(count: int, **changes: Any) -> list[dict[str, Any]]:
    """Returns requests under one key."""
    return [{"deed": "propose", "actor": BOT, "key": "Once", "action": "ticket.create", **changes}] * count


def test_fifty_submits_with_one_key_are_one_proposal(gate: Gate) -> None:
    payload = {"title": "Made once"}
    told = race(gate, [submits(THREADS, payload=payload) for _ in range(PROCESSES)])
    assert {each["error"] for each in told} == {None}
    assert len({each["proposal"] for each in told}) == 1
    assert sum(not each["repeated"] for each in told) == 1
    assert len(gate.receipts(events.OPENED)) == 1


def test_of_two_payloads_under_one_key_one_is_proposed_and_the_other_told_so(gate: Gate) -> None:
    told = race(
        gate,
        [
            submits(5, payload={"title": "This"}) + submits(5, payload={"title": "That"})
            for _ in range(PROCESSES)
        ],
    )
    assert len(gate.receipts(events.OPENED)) == 1
    body: Any = gate.receipts(events.OPENED)[0].data()
    title = body["payload"]["title"]
    for each in told:
        assert each["error"] == (None if each["asked"]["payload"]["title"] == title else "key_reused"), each


def test_keys_are_told_apart_by_case_and_by_whose_they_are(gate: Gate) -> None:
    payload = {"title": "Mine"}
    told = race(
        gate,
        [
            [
                *submits(3, payload=payload, key="key"),
                *submits(3, payload=payload, key="KEY"),
                *submits(3, payload=payload, key="key", actor="agent:other"),
            ]
        ],
    )
    assert len({each["proposal"] for each in told}) == len(gate.receipts(events.OPENED)) == 3


def test_a_withdrawal_and_approvals_at_once_have_one_end(gate: Gate) -> None:
    state = gate.propose()
    taken_back = {"deed": "withdraw", "actor": BOT, "proposal": state.id}
    told = race(gate, [[*some, taken_back] for some in answers(state, ("approve",))[:3]])
    assert {each["error"] for each in told} <= {None, "proposal_closed"}
    ends = gate.receipts(events.APPROVED, events.WITHDRAWN)
    assert len(ends) == 1
    assert gate.effects() == (ends[0].kind == events.APPROVED)
    gate.check()


def test_what_supersedes_and_approvals_at_once_have_one_end(gate: Gate) -> None:
    state = gate.propose()
    better = {
        "deed": "propose", "actor": BOT, "key": "better", "action": "ticket.move", "supersedes": state.id,
        "payload": {"ticket": gate.ticket, "state": "blocked"},
    }  # fmt: skip
    told = race(gate, [[*some, better] for some in answers(state, ("approve",))[:2]])
    assert {each["error"] for each in told} <= {None, "proposal_closed", "version_conflict", "no_change"}
    ends = gate.receipts(events.APPROVED, events.SUPERSEDED)
    assert len(ends) == 1
    assert gate.effects() == (ends[0].kind == events.APPROVED)


def test_an_agent_that_is_revoked_at_the_very_moment_gets_nothing_done_afterwards(gate: Gate) -> None:
    with gate.opened() as (context, store):
        principals.add(context, store, "bot", scopes=["*"])
    state = gate.propose()
    revoking = {"deed": "revoke", "actor": ADA, "name": "bot"}
    told = race(gate, [[*some, revoking] for some in answers(state, ("approve",))[:3]])
    assert {each["error"] for each in told} <= {None, "proposal_closed", "frozen", "rights_lost"}
    order = [receipt.kind for receipt in gate.receipts(events.APPROVED, events.PRINCIPAL_REVOKED)]
    assert order in (
        [events.APPROVED, events.PRINCIPAL_REVOKED],
        [events.PRINCIPAL_REVOKED],
    ), "an approval was sealed after the revocation"
    assert gate.effects() == (events.APPROVED in order)
    assert len(gate.receipts(kinds.APPLIED)) == 1 + gate.effects()
