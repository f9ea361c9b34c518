"""An approved effect comes about once, whatever becomes of the ledger, the lock and whoever else is at it."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from unit.usecases.proposal_scene import ADA, BOT, Gatehouse

from counterfoil.errors import ConflictError, HostError
from counterfoil.gate import events
from counterfoil.kernel import canonical
from counterfoil.testing.machine import Crash, Machine
from counterfoil.testing.simulator.gate_deeds import go_on
from counterfoil.usecases import applying, late, observed, proposals, waiting
from counterfoil.usecases.actions import executing

if TYPE_CHECKING:
    from counterfoil.gate.proposal import Proposal

TOOL = {"tool": "Bash", "input": "{}"}
COMMENT = "ticket.comment"


@pytest.fixture
def gate() -> Gatehouse:
    """A gate of its own."""
    return Gatehouse()


def approved(gate: Gatehouse, *asked: Any) -> Proposal:
    """Returns a proposal whose approver died right after the approval was sealed."""
    state = gate.ask(*asked)
    died = 0
    while gate.now(state).status == "pending":
        died += 1
        with pytest.raises(Crash):
            gate.answer(state, machine=Machine(died))
    assert gate.now(state).status == "approved"
    return gate.now(state)


def test_what_is_not_approved_does_not_take_effect(gate: Gatehouse) -> None:
    state = gate.ask()
    assert applying.apply(gate.context(), gate.store, state) is state
    gate.answer(state, "reject")
    assert applying.apply(gate.context(), gate.store, gate.now(state)).status == "rejected"
    assert events.EFFECT_INTENDED not in gate.kinds(state)


@pytest.mark.parametrize("asked", [(), ("tool.run", TOOL)])
def test_whoever_comes_next_goes_on_with_what_was_approved(gate: Gatehouse, asked: tuple[Any, ...]) -> None:
    state = approved(gate, *asked)
    assert go_on(gate.context()) == 1
    assert gate.kinds(state)[-2:] == [events.EFFECT_INTENDED, events.EFFECT_APPLIED]
    assert go_on(gate.context()) == 0
    gate.check()


def test_an_effect_on_the_ledger_is_sealed_with_the_approval_itself(gate: Gatehouse) -> None:
    state = gate.ask(COMMENT, {"ticket": gate.ticket, "text": "Said."})
    gate.answer(state)
    positions = [receipt.position for receipt in gate.store.log() if receipt.stream.endswith(state.id)]
    said = [receipt.position for receipt in gate.store.log() if receipt.kind == events.COMMENTED]
    assert gate.kinds(state) == [events.OPENED, events.APPROVED, events.EFFECT_APPLIED]
    assert positions[1] < said[0] < positions[2] == positions[1] + 2


def test_a_proposal_of_another_project_is_left_to_it(gate: Gatehouse) -> None:
    state = approved(gate)
    state.body["project"] = "web/"  # type: ignore[index]
    assert applying.apply(gate.context(), gate.store, state, quiet=True).status == "approved"
    with pytest.raises(ConflictError) as caught:
        applying.apply(gate.context(), gate.store, state)
    assert caught.value.code == "other_project"
    assert gate.kinds(state) == [events.OPENED, events.APPROVED]


def test_a_host_that_fails_leaves_the_approval_for_the_next_attempt(gate: Gatehouse) -> None:
    state = gate.ask()
    gate.world.refuse_commits("not today")
    made = gate.answer(state)
    assert made.failure is not None
    assert (made.failure.code, made.proposal.status) == ("commit_failed", "approved")
    assert applying.apply(gate.context(), gate.store, made.proposal, quiet=True).status == "approved"
    with pytest.raises(HostError):
        applying.apply(gate.context(), gate.store, made.proposal)
    gate.world.refuse_commits("")
    assert applying.apply(gate.context(), gate.store, made.proposal).status == "applied"
    assert gate.now(state).attempt == 4
    gate.check()


def test_a_basis_that_has_moved_by_then_is_the_end_of_it(gate: Gatehouse) -> None:
    state = approved(gate)
    gate.overtake()
    with pytest.raises(ConflictError) as caught:
        applying.apply(gate.context(), gate.store, state)
    assert caught.value.code == "stale"
    found = gate.now(state)
    assert (found.status, found.effect["reason"], found.effect["attempt"]) == ("failed", "stale", 1)
    assert applying.apply(gate.context(), gate.store, found) is found


def test_nothing_fails_that_somebody_else_has_done_meanwhile(gate: Gatehouse) -> None:
    state = approved(gate)
    applying.apply(gate.context(), gate.store, state)
    applying._fail(gate.context(), gate.store, state, ConflictError("stale", "too late"))
    assert gate.now(state).status == "applied"


def test_a_failure_is_not_sealed_over_what_is_sealed_in_the_same_moment(
    gate: Gatehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = approved(gate)
    build = applying._effect_body

    def body(*arguments: Any) -> Any:
        monkeypatch.setattr(applying, "_effect_body", build)
        applying.apply(gate.context(), gate.store, state)
        return build(*arguments)

    monkeypatch.setattr(applying, "_effect_body", body)
    applying._fail(gate.context(), gate.store, state, ConflictError("stale", "too late"))
    assert gate.now(state).status == "applied"


@pytest.mark.parametrize("code", ["version_conflict", "newer_ledger"])
def test_what_says_nothing_about_the_effect_does_not_end_it(
    gate: Gatehouse, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    state = approved(gate)

    def perform(*_: Any) -> Any:
        raise ConflictError(code, "others are at it")

    monkeypatch.setattr(applying, "perform", perform)
    assert applying.apply(gate.context(), gate.store, state, quiet=True).status == "approved"
    with pytest.raises(ConflictError):
        applying.apply(gate.context(), gate.store, state)
    assert gate.now(state).status == "approved"


# --- outside --------------------------------------------------------------------------------------


def begun(gate: Gatehouse, monkeypatch: pytest.MonkeyPatch) -> Proposal:
    """Returns a proposal whose effect outside was begun by a process that died."""
    state = gate.ask("tool.run", TOOL)

    def dies(*_: Any, **__: Any) -> Any:
        raise Crash("in the middle")

    with monkeypatch.context() as patched:
        patched.setattr(executing, "run_outside", dies)
        with pytest.raises(Crash):
            gate.answer(state)
    assert gate.now(state).status == "applying"
    return gate.now(state)


@pytest.mark.parametrize(
    ("found", "repeatable", "status", "attempts"),
    [
        ({"granted": True}, False, "applied", 1),
        ({}, False, "applied", 2),
        ({}, True, "applied", 2),
        (None, True, "applied", 2),
        (None, False, "failed", 1),
    ],
)
def test_an_interrupted_effect_outside_is_asked_about_before_anything_is_done(
    gate: Gatehouse, monkeypatch: pytest.MonkeyPatch, found: Any, repeatable: bool, status: str, attempts: int
) -> None:
    state = begun(gate, monkeypatch)
    monkeypatch.setattr(executing, "probe_outside", lambda *_, **__: found)
    monkeypatch.setattr(executing, "is_repeatable", lambda *_: repeatable)
    done = applying.apply(gate.context(), gate.store, state)
    assert (done.status, done.attempt) == (status, attempts)
    assert status == "applied" or done.effect["reason"] == "outcome_unknown"
    gate.check()


def test_who_is_not_patient_does_not_wait_for_another_s_effect(
    gate: Gatehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = begun(gate, monkeypatch)
    holder = Machine()
    gate.world.holders[f"effects/{state.id}"] = holder
    assert applying.apply(gate.context(), gate.store, state, quiet=True).status == "applying"
    with pytest.raises(HostError) as caught:
        applying.apply(gate.context(), gate.store, state)
    assert caught.value.code == "lock_timeout"
    holder.alive = False
    assert applying.apply(gate.context(), gate.store, state, quiet=True).status == "applied"


def test_an_effect_outside_that_cannot_come_about_has_failed(
    gate: Gatehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: Any, **__: Any) -> Any:
        raise ConflictError("command_failed", "it ended with status 1")

    monkeypatch.setattr(executing, "run_outside", breaks)
    made = gate.answer(gate.ask("tool.run", TOOL))
    assert made.failure is not None
    assert (made.failure.code, made.proposal.status) == ("command_failed", "failed")
    assert made.proposal.effect["message"] == "it ended with status 1"


# --- a ledger that comes and goes -----------------------------------------------------------------


@pytest.mark.parametrize("asked", [(), (COMMENT, "comment"), ("tool.run", TOOL)])
@pytest.mark.parametrize("between", [False, True])
@pytest.mark.parametrize("commits", [False, True])
def test_a_ledger_that_goes_out_of_reach_at_any_moment_lets_nothing_be_done_twice(
    asked: tuple[Any, ...], between: bool, commits: bool
) -> None:
    moment = 0
    while True:
        moment += 1
        gate = Gatehouse()
        if not commits:
            gate.world.git.run("config", "--local", "ticket.commit", "off", env={})
        name = (COMMENT, {"ticket": gate.ticket, "text": "Said."}) if "comment" in asked else asked
        state = gate.ask(*name)
        machine = Machine(
            meanwhile=lambda at, wanted=moment, world=gate.world: (
                world.hide_ledger(True) if at == wanted else None
            )  # type: ignore[misc]
        )
        with suppress(HostError):
            gate.answer(state, machine=machine)
        if between:
            gate.new("While it is out of reach")
        gate.world.hide_ledger(False)
        if gate.now(state).status == "pending":
            gate.answer(state)
        waiting.wait(gate.context(BOT), gate.store, state.id, 0.0)
        gate.new("The end")
        go_on(gate.context())
        gate.check()
        assert gate.now(state).status == "applied", (moment, gate.kinds(state))
        assert proposals.status(gate.context(ADA), gate.now(state)) == "applied"
        if machine.moments < moment:
            return


def test_what_was_done_is_not_abandoned_by_somebody_who_could_not_ask(gate: Gatehouse) -> None:
    state = gate.ask()
    gate.answer(state)
    context = gate.context()
    body = {
        "proposal": state.id,
        "attempt": 1,
        "command": f"{state.id}.1",
        "intended": None,
        "reason": "interrupted",
    }
    items = [
        {"stream": f"proposal/{state.id}", "kind": kind, "body": body, "key": f"{state.id}.1/{word}/effect"}
        for kind, word in ((events.EFFECT_INTENDED, "intended"), (events.EFFECT_ABANDONED, "abandoned"))
    ]
    entry = {"actor": BOT, "at": gate.clock.ms, "command": f"{state.id}.1", "items": items}
    context.state.make_folder(observed.UNRECORDED)
    context.state.replace(f"{observed.UNRECORDED}/{state.id}.1", canonical.encode(entry))
    assert late.take_up(context, gate.store) == 1
    assert gate.kinds(state)[-1] == events.EFFECT_APPLIED
    assert gate.now(state).status == "applied"
