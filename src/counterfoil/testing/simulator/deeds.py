"""What the actors of a run do, drawn from its seed: commands as people and agents give them.

A deed is drawn before its process starts, so the same seed draws the same deeds whatever becomes of them.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from counterfoil.testing.simulator import gate_deeds
from counterfoil.testing.simulator.deed import Deed
from counterfoil.tickets.workflow import STATES
from counterfoil.usecases import batching
from counterfoil.usecases.editing import edit_fields
from counterfoil.usecases.gateway import carry_out
from counterfoil.usecases.reconcile import observe
from counterfoil.usecases.undoing import undo

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Sequence

    from counterfoil.usecases.context import Context
    from counterfoil.usecases.desk import Desk

TITLES = ("Fix the login", "Name the parts", "Cache the index", "Read less", "Say why", "Count the syncs")
LABELS = ("api", "bug", "docs", "ui")
LEASES_MS = (60_000, 600_000, 7_200_000)
AT_GATE = 0.25
"""How much of all that is done is done at the gate."""
PRIORITIES = ("p0", "p1", "p2", "p3")


def draw(chance: random.Random, tickets: Sequence[str], made: Sequence[str] = ()) -> Deed:
    """Draws a command on one of the tickets, or something to do at the gate.

    Args:
        chance: the seed's.
        tickets: the ids of all tickets.
        made: the ids of all proposals, the newest last.
    """
    if not tickets:
        return _new(chance, tickets)
    if chance.random() < AT_GATE:
        return gate_deeds.draw(chance, tickets, made)
    makers = tuple(_MAKERS)
    maker = chance.choices(makers, [_MAKERS[each] for each in makers])[0]
    return maker(chance, tickets)


def _desk_work(words: str, work: Callable[[Desk], object]) -> Deed:
    return Deed(words, lambda context: carry_out(context, work))


def _new(chance: random.Random, tickets: Sequence[str]) -> Deed:
    title, priority = chance.choice(TITLES), chance.choice(PRIORITIES)
    labels = chance.sample(LABELS, chance.randint(0, 2))
    blockers = [chance.choice(tickets)] if tickets and chance.random() < 0.2 else []
    state = chance.choice(("backlog", "ready", "ready"))

    def work(desk: Desk) -> None:
        desk.create(title, state=state, priority=priority, labels=labels, blocked_by=blockers, body="Why.\n")

    return _desk_work(f"new {title!r}", work)


def _move(chance: random.Random, tickets: Sequence[str]) -> Deed:
    ticket, state = chance.choice(tickets), chance.choice(STATES)
    return _desk_work(f"move {ticket} {state}", lambda desk: desk.move(desk.open(ticket), state))


def _start(chance: random.Random, tickets: Sequence[str]) -> Deed:
    ticket = chance.choice(tickets)
    return _desk_work(f"start {ticket}", lambda desk: desk.move(desk.open(ticket), "in_progress"))


def _done(chance: random.Random, tickets: Sequence[str]) -> Deed:
    ticket = chance.choice(tickets)
    return _desk_work(f"done {ticket}", lambda desk: desk.move(desk.open(ticket), "done"))


def _claim(chance: random.Random, tickets: Sequence[str]) -> Deed:
    ticket, lease_ms = chance.choice(tickets), chance.choice(LEASES_MS)

    def act(context: Context) -> object:
        return carry_out(context, lambda desk: desk.claim(desk.open(ticket), context.actor(), lease_ms))

    return Deed(f"claim {ticket} {lease_ms // 60_000}m", act)


def _renew(chance: random.Random, tickets: Sequence[str]) -> Deed:
    ticket, lease_ms = chance.choice(tickets), chance.choice(LEASES_MS)

    def act(context: Context) -> object:
        return carry_out(context, lambda desk: desk.renew_claim(desk.open(ticket), context.actor(), lease_ms))

    return Deed(f"claim --renew {ticket}", act)


def _release(chance: random.Random, tickets: Sequence[str]) -> Deed:
    ticket = chance.choice(tickets)

    def act(context: Context) -> object:
        return carry_out(context, lambda desk: desk.release(desk.open(ticket), context.actor()))

    return Deed(f"release {ticket}", act)


def _assign(chance: random.Random, tickets: Sequence[str]) -> Deed:
    ticket, actor = chance.choice(tickets), chance.choice(("human:ada", "agent:bot", "none"))
    field = chance.choice(("assignee", "reviewer"))
    return _desk_work(f"{field} {ticket} {actor}", lambda desk: desk.assign(desk.open(ticket), field, actor))


def _edit(chance: random.Random, tickets: Sequence[str]) -> Deed:
    ticket, label, priority = chance.choice(tickets), chance.choice(LABELS), chance.choice(PRIORITIES)
    sign, words = chance.choice("+-"), f"Note {chance.randrange(100)}."

    def work(desk: Desk) -> None:
        edit_fields(desk, desk.open(ticket), labels=[f"{sign}{label}"], priority=priority, append=words)

    return _desk_work(f"edit {ticket} {sign}{label}", work)


def _undo(_chance: random.Random, _tickets: Sequence[str]) -> Deed:
    return Deed("undo", undo)


def _reconcile(_chance: random.Random, _tickets: Sequence[str]) -> Deed:
    return Deed("reconcile", observe)


def _batch(chance: random.Random, tickets: Sequence[str]) -> Deed:
    lines: list[dict[str, object]] = [{"op": "new", "title": chance.choice(TITLES), "as": "first"}]
    for _ in range(chance.randint(1, 4)):
        ticket = chance.choice([*tickets, "$first"])
        fields: list[dict[str, object]] = [
            {"op": "move", "state": chance.choice(STATES)},
            {"op": "assign", "actor": "agent:bot"},
            {"op": "edit", "add_labels": [chance.choice(LABELS)]},
        ]
        lines.append({**chance.choice(fields), "id": ticket})
    data = "\n".join([json.dumps(line) for line in lines]).encode()
    words = ", ".join([f"{line['op']} {line.get('id', '')}".strip() for line in lines])
    return Deed(f"batch {words}", lambda context: batching.carry_out(context, batching.read_operations(data)))


_MAKERS = {
    _new: 6, _move: 8, _start: 3, _done: 2, _claim: 6, _renew: 1, _release: 3, _assign: 3, _edit: 5, _undo: 4,
    _batch: 3, _reconcile: 4,
}  # fmt: skip


def final(context: Context) -> object:
    """Makes one more ticket, by which whatever was begun is finished."""
    return carry_out(context, lambda desk: desk.create("The end", body="Done.\n"))
