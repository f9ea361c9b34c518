"""No chance here: each kind of command dies at each of its moments, and so does the recovery of each."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from counterfoil.gate import proposal
from counterfoil.testing.machine import DIES, FINISHES, LINGERS, Machine
from counterfoil.testing.simulator import Simulation
from counterfoil.testing.simulator.deed import Deed
from counterfoil.testing.simulator.world import MemoryWorld
from counterfoil.usecases import batching, deciding, proposals, proposing
from counterfoil.usecases.deciding import Answer
from counterfoil.usecases.editing import edit_fields
from counterfoil.usecases.gateway import carry_out
from counterfoil.usecases.opening import open_or_make
from counterfoil.usecases.proposing import Request
from counterfoil.usecases.setup import initialise
from counterfoil.usecases.undoing import undo

if TYPE_CHECKING:
    from collections.abc import Callable

    from counterfoil.usecases.context import Context
    from counterfoil.usecases.desk import Desk

    Work = Callable[[Desk, str], object]

HOUR_MS = 3_600_000
ADA = "human:ada"
BATCH = b'{"op": "new", "title": "One", "as": "one"}\n{"op": "new", "title": "Two", "blocks": ["$one"]}'


def on_desk(work: Work) -> Callable[[str], Deed]:
    """Returns what makes a deed of work on one ticket."""
    return lambda ticket: Deed(
        "a change", lambda context: carry_out(context, lambda desk: work(desk, ticket))
    )


def claims(context: Context, ticket: str) -> object:
    """Takes the lease."""
    return carry_out(context, lambda desk: desk.claim(desk.open(ticket), ADA, HOUR_MS))


def _approval(action: str, _ticket: str) -> Deed:
    return Deed(f"approve {action}", lambda context: approves(context, action))


ASKED: dict[str, dict[str, object]] = {
    "ticket.move": {"state": "blocked"},
    "ticket.comment": {"text": "Said."},
    "tool.run": {"tool": "Bash", "input": "{}"},
}


def proposes(context: Context, action: str, ticket: str) -> object:
    """Asks from afar for something that policy asks people about."""
    payload = {**ASKED[action], **({"ticket": ticket} if action.startswith("ticket.") else {})}
    store = open_or_make(context)
    return proposing.propose(
        context.acting("agent:bot", remote=True, via="http"), store, Request(action, payload, key=action)
    )


def approves(context: Context, action: str) -> object:
    """Approves what was asked for."""
    store = open_or_make(context)
    name = proposal.proposal_id(store.ledger, "agent:bot", action)
    answer = Answer("approve", ADA, proposals.load(store, name).digest, at_terminal=True)
    return deciding.decide(context.acting(ADA), store, name, answer)


DEEDS: dict[str, Callable[[str], Deed]] = {
    "new": on_desk(lambda desk, _ticket: desk.create("Another", body="Why.\n")),
    "move": on_desk(lambda desk, ticket: desk.move(desk.open(ticket), "in_progress")),
    "edit": on_desk(lambda desk, ticket: edit_fields(desk, desk.open(ticket), title="Other", append="More.")),
    "claim": lambda ticket: Deed("claim", lambda context: claims(context, ticket)),
    "undo": lambda _ticket: Deed("undo", undo),
    "batch": lambda _: Deed("batch", lambda c: batching.carry_out(c, batching.read_operations(BATCH))),
    "propose": lambda ticket: Deed("propose", lambda context: proposes(context, "ticket.move", ticket)),
    **{f"approve {action}": partial(_approval, action) for action in ASKED},
}


def begun(seed: str, deed: str) -> tuple[Simulation, str]:
    """Returns a run with one ticket that is ready, made an hour ago so that the log is due to be signed."""
    simulation = Simulation(MemoryWorld(seed), seed)
    simulation.begin()
    create = on_desk(lambda desk, _ticket: desk.create("The first", state="ready", body="Why.\n"))
    simulation.carry_out(create(""), ADA, Machine())
    (ticket,) = simulation.scene.tickets()
    _, _, action = deed.partition("approve ")
    if action:
        asking = Deed("propose", lambda context: proposes(context, action, ticket))
        simulation.carry_out(asking, ADA, Machine())
    simulation.scene.world.clock.ms += HOUR_MS
    return simulation, ticket


def moments(deed: str, *, commit: bool) -> int:
    """Returns how many moments a command has when nobody dies."""
    simulation, ticket = begun(deed, deed)
    machine = Machine()
    simulation.carry_out(DEEDS[deed](ticket), ADA, machine, commit=commit)
    return machine.moments


@pytest.mark.parametrize(
    ("orphan", "commit"), [(DIES, True), (FINISHES, True), (LINGERS, True), (DIES, False)]
)
@pytest.mark.parametrize("deed", DEEDS)
def test_a_command_that_dies_at_any_moment_is_wholly_there_or_not_at_all(
    deed: str, orphan: str, commit: bool
) -> None:
    for moment in range(1, moments(deed, commit=commit) + 1):
        simulation, ticket = begun(f"{deed} {moment}", deed)
        machine = Machine(moment, orphan=orphan)
        simulation.carry_out(DEEDS[deed](ticket), ADA, machine, commit=commit)
        assert not machine.alive
        simulation.end()


@pytest.mark.slow
@pytest.mark.parametrize("orphan", [DIES, FINISHES, LINGERS])
@pytest.mark.parametrize("deed", DEEDS)
def test_a_recovery_that_dies_at_any_moment_is_taken_up_by_the_next(deed: str, orphan: str) -> None:
    last = moments(deed, commit=True)
    for first in range(2, last, 6):
        second = 1
        while True:
            simulation, ticket = begun(f"{deed} {first} {second}", deed)
            simulation.carry_out(DEEDS[deed](ticket), ADA, Machine(first, orphan=orphan))
            machine = Machine(second, orphan=orphan)
            simulation.carry_out(DEEDS["new"](ticket), "agent:bot", machine)
            simulation.end()
            if machine.alive:
                break
            second += 3


@pytest.mark.parametrize("orphan", [DIES, FINISHES, LINGERS])
def test_an_init_that_dies_at_any_moment_can_be_given_again(orphan: str) -> None:
    moment = 1
    while True:
        simulation = Simulation(MemoryWorld(f"init {moment}"), "init")
        machine = Machine(moment, orphan=orphan)
        simulation.carry_out(Deed("init", initialise), ADA, machine)
        simulation.carry_out(Deed("init again", initialise), ADA, Machine())
        simulation.end()
        if machine.alive:
            return
        moment += 1
