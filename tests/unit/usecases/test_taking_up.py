"""What was approved and interrupted: the next command that writes goes on with it, if it may."""

from __future__ import annotations

from typing import Any

import pytest
from unit.usecases.proposal_scene import ADA, BOB, BOT, Gatehouse

from counterfoil.errors import RefusedError
from counterfoil.gate import events
from counterfoil.gate.proposal import stream_of
from counterfoil.testing.machine import Crash, Machine
from counterfoil.usecases import applying, proposals, record, runtime, taking_up
from counterfoil.usecases.gateway import carry_out
from counterfoil.usecases.observed import LEFT

TOOL = ("tool.run", {"tool": "Bash", "input": "{}"})
AFAR = {"remote": True, "via": "http"}


@pytest.fixture
def gate() -> Gatehouse:
    """A gate of its own."""
    return Gatehouse()


def marks(gate: Gatehouse) -> list[str]:
    """Returns the proposals that are marked."""
    return sorted({name[:18] for name in gate.context().state.names(LEFT)})


def interrupted(gate: Gatehouse, *asked: Any) -> Any:
    """Returns a proposal whose approver died right after the approval was sealed."""
    state, died = gate.ask(*asked), 0
    while gate.now(state).status == "pending":
        died += 1
        with pytest.raises(Crash):
            gate.answer(state, machine=Machine(died))
    assert gate.now(state).status == "approved"
    return gate.now(state)


def make(gate: Gatehouse, actor: str) -> None:
    """Gives a command that has nothing to do with it."""
    carry_out(gate.context(actor), lambda desk: desk.create("Another", body="Why.\n"))


@pytest.mark.parametrize("actor", [ADA, BOB, BOT])
def test_whoever_writes_next_goes_on_with_files(gate: Gatehouse, actor: str) -> None:
    state = interrupted(gate)
    assert marks(gate) == [state.id]
    make(gate, actor)
    assert gate.now(state).status == "applied"
    assert gate.kinds(state)[-1] == events.EFFECT_APPLIED
    assert marks(gate) == []
    gate.check()


def test_a_command_that_is_to_commit_nothing_leaves_files_to_one_that_does(gate: Gatehouse) -> None:
    state = interrupted(gate)
    gate.commits = False
    make(gate, BOB)
    assert gate.now(state).status == "approved"
    assert marks(gate) == [state.id]
    gate.commits = True
    make(gate, BOB)
    assert gate.now(state).status == "applied"
    told = gate.world.git.read(
        "log", "--all", "--format=%H%x00%(trailers:key=Ticket-Proposal,valueonly)"
    ).decode()
    assert state.id in told
    gate.check()


def test_where_nothing_is_ever_committed_the_next_command_goes_on_all_the_same(gate: Gatehouse) -> None:
    gate.world.git.run("config", "--local", "ticket.commit", "off", env={})
    state = interrupted(gate)
    gate.commits = False
    make(gate, BOB)
    assert gate.now(state).status == "applied"


@pytest.mark.parametrize(("actor", "status"), [(BOT, "approved"), (BOB, "applied")])
def test_what_reaches_outside_is_for_a_person_to_go_on_with(gate: Gatehouse, actor: str, status: str) -> None:
    state = interrupted(gate, *TOOL)
    make(gate, actor)
    assert gate.now(state).status == status
    assert marks(gate) == ([state.id] if status == "approved" else [])


@pytest.mark.parametrize(
    ("actor", "door", "may"),
    [
        (ADA, {}, True),
        (BOT, {}, False),
        ("source:forge", {}, False),
        (ADA, AFAR, False),
        (ADA, {"via": "mcp"}, False),
        ("server:gate", {"via": "http"}, True),
    ],
)
def test_who_may_go_on_with_what_reaches_outside(
    gate: Gatehouse, actor: str, door: dict[str, Any], may: bool
) -> None:
    state = interrupted(gate, *TOOL)
    assert taking_up.may_take_up(gate.context(actor, **door), state) is may


def test_an_answer_that_comes_to_nothing_leaves_no_mark(gate: Gatehouse) -> None:
    state = gate.ask()
    gate.answer(state, "reject")
    other = gate.ask(payload={"ticket": gate.ticket, "state": "in_progress"})
    with pytest.raises(RefusedError, match="terminal"):
        gate.answer(other, at_terminal=False)
    assert marks(gate) == []


def test_an_effect_that_the_host_hinders_is_told_of_and_tried_again_by_the_next_command(
    gate: Gatehouse,
) -> None:
    state = gate.ask()
    gate.world.refuse_commits("the hook says no")
    assert gate.answer(state).failure is not None
    assert marks(gate) == [state.id]
    context = gate.context(BOB)
    taking_up.go_on(context)
    (warning,) = context.warnings
    assert (warning["code"], warning["proposal"]) == ("not_in_effect", state.id)
    assert str(warning["hint"]).startswith(f"ticket approve {state.id}")
    gate.world.refuse_commits("")
    make(gate, BOB)
    assert gate.now(state).status == "applied"
    assert marks(gate) == []


def test_whoever_approved_may_say_so_again(gate: Gatehouse) -> None:
    state = gate.ask()
    gate.world.refuse_commits("not today")
    gate.answer(state)
    gate.world.refuse_commits("")
    made = gate.answer(state)
    assert (made.proposal.status, made.repeated, made.failure) == ("applied", True, None)
    assert marks(gate) == []


def test_a_mark_of_what_was_never_approved_does_no_harm_and_goes_with_it(gate: Gatehouse) -> None:
    state = gate.ask()
    folder = gate.context().state
    folder.make_folder(LEFT)
    for name in (f"{state.id}.0000002a", "P-0000000000000000.00000001"):
        folder.replace(f"{LEFT}/{name}", b"")
    make(gate, BOB)
    assert gate.now(state).status == "pending"
    assert marks(gate) == [state.id]
    gate.answer(state, "reject")
    make(gate, BOB)
    assert marks(gate) == []


def test_who_cannot_tell_whether_anything_is_left_goes_on_with_their_own(
    gate: Gatehouse,
) -> None:
    interrupted(gate)
    gate.world.hide_ledger(True)
    make(gate, BOB)
    gate.world.hide_ledger(False)


def test_what_is_interrupted_is_listed(gate: Gatehouse) -> None:
    state = interrupted(gate)
    views = gate.context().ledgers.views()
    assert [each.id for each in taking_up.interrupted(gate.store, views)] == [state.id]
    assert taking_up.resume(gate.context(BOT), gate.store, views) == 1
    assert taking_up.interrupted(gate.store, views) == []


def test_what_a_lost_ledger_held_is_neither_taken_up_nor_in_the_way_of_what_the_new_one_holds(
    gate: Gatehouse,
) -> None:
    lost = gate.ask()
    gate.world.lose_ledger()
    context = gate.context()
    body: dict[str, object] = {"proposal": lost.id, "attempt": 1, "digest": lost.digest}
    draft = record.draft(context, stream_of(lost.id), events.EFFECT_ABANDONED, BOT, body, "late")
    record.append(context, gate.store, [draft])
    assert gate.kinds(lost) == [events.EFFECT_ABANDONED]
    views = gate.context().ledgers.views()
    assert taking_up.interrupted(gate.store, views) == []
    assert list(proposals.listing(gate.store, views)) == []
    state = runtime.load(gate.store, proposals.DECIDER, stream_of(lost.id)).state
    assert not taking_up.may_take_up(gate.context(ADA), state)
    gate.context().state.make_folder(LEFT)
    gate.context().state.replace(f"{LEFT}/{lost.id}", b"")
    taking_up.go_on(context := gate.context())
    assert (context.warnings, marks(gate)) == ([], [])


def test_what_this_process_lacks_is_left_as_it_is(gate: Gatehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    state = interrupted(gate)
    with monkeypatch.context() as patched:
        patched.delitem(applying.preparing.registry.BUILT_IN, "ticket.move")
        taking_up.go_on(gate.context(BOB))
    assert gate.now(state).status == "approved"
    make(gate, BOB)
    assert gate.now(state).status == "applied"
