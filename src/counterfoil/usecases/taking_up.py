"""What was approved and interrupted: remembered beside the repository, told of, and taken up by who may.

Before an approval is sealed a mark is left in the clone's own folder, and it is taken away when nothing more will come
of the proposal. So the next command that writes sees by one look at a folder whether there is anything to go on with.

Who may go on depends on the effect. Files and receipts are the same bytes whoever writes them; but who was told
to commit nothing leaves files to the next, since what people approved goes into a commit that names them. What reaches
outside runs in somebody's environment, with their configuration and their keys: that is for a person or for the server that a
person has started, and for the proposer itself where policy allowed it without anybody.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from counterfoil.errors import CounterfoilError, HostError
from counterfoil.gate.action import FILES, OUTSIDE
from counterfoil.gate.proposal import APPLYING, APPROVED, CLOSED, SERVER, Proposal, is_id, stream_of
from counterfoil.usecases import applying, proposals, runtime, whereabouts
from counterfoil.usecases.observed import LEFT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from counterfoil.usecases.context import Context
    from counterfoil.usecases.ports import Store, Views

BEGUN = frozenset((APPROVED, APPLYING))
TRIES = 5
MARK_BITS = 32
NOT_IN_EFFECT = "approved, not yet in effect"


def may_take_up(context: Context, state: Proposal) -> bool:
    """Tells whether this process may go on with an effect that was allowed and has not come about.

    What it is must be known: of a ledger that was lost there may be an attempt's end and no proposal.
    """
    if not state.body or not whereabouts.is_here(context, state):
        return False
    if state.body.get("form") == FILES and not context.options.commit and context.is_on("commit"):
        return False
    if state.body.get("form") != OUTSIDE:
        return True
    actor = context.actor()
    if actor == SERVER:
        return True
    if context.options.remote or context.options.via == "mcp":
        return False
    return actor.startswith("human:") or is_own(context, state)


def is_own(context: Context, state: Proposal) -> bool:
    """Tells whether an effect needs nobody but the proposer, who is at it here: policy allowed it, and no person."""
    return not state.approvals and state.actor == context.actor()


def resume(context: Context, store: Store, views: Views) -> int:
    """Lets everything take effect that was interrupted, as far as this process may; returns how many it tried."""
    waiting = [state for state in interrupted(store, views) if may_take_up(context, state)]
    for state in waiting:
        applying.apply(context, store, state, quiet=True)
    return len(waiting)


def interrupted(store: Store, views: Views) -> list[Proposal]:
    """Returns what is approved and has not taken effect, the newest first."""
    listed = proposals.listing(store, views, open_only=True)
    return [each.proposal for each in listed if each.proposal.status in BEGUN and each.proposal.body]


# --- the marks ------------------------------------------------------------------------------------


@contextmanager
def marked(context: Context, proposal_id: str) -> Iterator[None]:
    """Leaves a mark while a proposal may be about to take effect; a mark of a killed process stays.

    Each process has a mark of its own, so that one whose answer changes nothing takes away no other's.
    """
    name = f"{LEFT}/{proposal_id}.{context.entropy.bits(MARK_BITS):08x}"
    _leave(context, name)
    try:
        yield
    except CounterfoilError:
        context.state.remove(name)
        raise
    context.state.remove(name)


def note(context: Context, state: Proposal) -> None:
    """Leaves a mark of what is approved and has not taken effect, and takes all marks away of what is over."""
    if state.status in BEGUN:
        _leave(context, f"{LEFT}/{state.id}")
    elif state.status in CLOSED:
        _forget(context, state.id)


def _leave(context: Context, name: str) -> None:
    """Leaves a mark. Whoever recovers in that moment sweeps drafts away, ours too, so one try may not be enough."""
    context.state.make_folder(LEFT)
    for _ in range(TRIES - 1):
        try:
            context.state.replace(name, b"")
        except HostError:
            continue
        return
    context.state.replace(name, b"")


def _forget(context: Context, proposal_id: str) -> None:
    for name in context.state.names(LEFT):
        if name.partition(".")[0] == proposal_id:
            context.state.remove(f"{LEFT}/{name}")


def go_on(context: Context) -> None:
    """Takes up what the marks tell of, as far as this process may. A failure is a warning: it was another's work."""
    try:
        _go_on(context)
    except CounterfoilError as error:
        context.warn(
            "not_taken_up", f"what was approved and interrupted is still to be done: {error.message}",
            hint="ticket doctor", reason=error.code,
        )  # fmt: skip


def _go_on(context: Context) -> None:
    names = context.state.names(LEFT)
    wanted = sorted({name.partition(".")[0] for name in names if is_id(name.partition(".")[0])})
    if not wanted or not context.ledgers.exists():
        return
    store = context.ledgers.open()
    try:
        for proposal_id in wanted:
            state = runtime.load(store, proposals.DECIDER, stream_of(proposal_id)).state
            if not state.exists:  # of a ledger that was lost, or never begun
                _forget(context, proposal_id)
                continue
            state = proposals.settle(context, store, state)
            if state.status in BEGUN and may_take_up(context, state):
                state = applying.apply(context, store, state, quiet=True)
            if state.status in CLOSED:
                _forget(context, proposal_id)
    finally:
        store.close()
