"""What people and agents do at the gate, drawn from the seed: propose, answer, take back, wait, go on.

Whoever proposes comes from afar, so that policy always asks; an agent's own command may become a proposal
as well. People answer at their terminals.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterfoil.testing.simulator.deed import Deed
from counterfoil.tickets.workflow import STATES
from counterfoil.usecases import deciding, proposals, proposing, taking_up, waiting
from counterfoil.usecases.deciding import Answer
from counterfoil.usecases.opening import open_or_make
from counterfoil.usecases.proposing import Request

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Sequence

    from counterfoil.usecases.context import Context
    from counterfoil.usecases.ports import Store

PEOPLE = ("human:ada", "human:bob", "human:eve")
LASTS_MS = (60_000, 3_600_000, 24 * 3_600_000)
TITLES = ("Ask first", "Show the diff", "Count the votes")
KEYS = 30


def draw(chance: random.Random, tickets: Sequence[str], made: Sequence[str]) -> Deed:
    """Draws something to do at the gate.

    Args:
        chance: the seed's.
        tickets: what there is to propose changes of.
        made: the ids of the proposals that were made, the newest last.
    """
    if not made or chance.random() < PROPOSING:
        return _propose(chance, tickets)
    name = chance.choice(made[-RECENT:])
    makers = tuple(_MAKERS)
    return chance.choices(makers, [_MAKERS[maker] for maker in makers])[0](chance, name)


PROPOSING = 0.35
RECENT = 3
"""Most of what is done concerns the latest proposals; those before are over."""


def _at_gate(words: str, work: Callable[[Context, Store], object]) -> Deed:
    def act(context: Context) -> object:
        store = open_or_make(context)
        try:
            return work(context, store)
        finally:
            store.close()

    return Deed(words, act)


def _propose(chance: random.Random, tickets: Sequence[str]) -> Deed:
    action, payload = _asked(chance, tickets)
    actor = chance.choice(("agent:bot", "agent:eve"))
    key = None if chance.random() < 0.5 else f"key {chance.randrange(KEYS)}"
    lasts_ms = chance.choice(LASTS_MS)

    def work(context: Context, store: Store) -> object:
        asking = context.acting(actor, remote=True, via="http")
        request = Request(action, payload, "it is needed", key, expires_ms=lasts_ms)
        return proposing.propose(asking, store, request)

    return _at_gate(f"propose {action} {payload} by {actor}, {key}", work)


def _asked(chance: random.Random, tickets: Sequence[str]) -> tuple[str, dict[str, object]]:
    """Returns an action of one of the three forms, and its payload."""
    kind = chance.random()
    if not tickets or kind < 0.2:
        return "ticket.create", {"title": chance.choice(TITLES), "body": "Why.\n"}
    ticket = chance.choice(tickets)
    if kind < 0.5:
        return "ticket.move", {"ticket": ticket, "state": chance.choice(STATES)}
    if kind < 0.65:
        return "ticket.edit", {"ticket": ticket, "title": chance.choice(TITLES)}
    if kind < 0.85:
        return "ticket.comment", {"ticket": ticket, "text": f"Said {chance.randrange(100)}."}
    return "tool.run", {"tool": "Bash", "input": f'{{"command":"make {chance.randrange(100)}"}}'}


def _answer(verdict: str) -> Callable[[random.Random, str], Deed]:
    def make(chance: random.Random, name: str) -> Deed:
        by = chance.choice(PEOPLE)

        def work(context: Context, store: Store) -> object:
            state = proposals.load(store, name)
            answer = Answer(verdict, by, state.digest, "so it is", at_terminal=True)
            return deciding.decide(context.acting(by), store, name, answer)

        return _at_gate(f"{verdict} {name} by {by}", work)

    return make


def _withdraw(_chance: random.Random, name: str) -> Deed:
    def work(context: Context, store: Store) -> object:
        return proposing.withdraw(context.acting(proposals.load(store, name).actor), store, name)

    return _at_gate(f"withdraw {name}", work)


def _wait(_chance: random.Random, name: str) -> Deed:
    return _at_gate(f"wait for {name}", lambda context, store: waiting.wait(context, store, name, 0.0))


def _supersede(chance: random.Random, name: str) -> Deed:
    title = chance.choice(TITLES)

    def work(context: Context, store: Store) -> object:
        asking = context.acting(proposals.load(store, name).actor, remote=True, via="http")
        request = Request("ticket.create", {"title": title}, supersedes=name)
        return proposing.propose(asking, store, request)

    return _at_gate(f"supersede {name} by {title!r}", work)


def go_on(context: Context) -> object:
    """Lets everything take effect that was approved and interrupted."""
    store = open_or_make(context)
    views = context.ledgers.views()
    try:
        return taking_up.resume(context, store, views)
    finally:
        views.close()
        store.close()


def _resume(_chance: random.Random, _name: str) -> Deed:
    return Deed("go on with what was approved", go_on)


_MAKERS = {
    _answer(deciding.APPROVE): 10, _answer(deciding.REJECT): 2, _withdraw: 1, _wait: 3, _supersede: 1, _resume: 3,
}  # fmt: skip
