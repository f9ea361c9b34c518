"""Waiting for a decision: bounded, and as durable as the ledger. Who waits may be killed and wait again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from counterfoil.gate.proposal import APPLYING, APPROVED, PENDING, Proposal
from counterfoil.ledger.instant import read_ms
from counterfoil.usecases import proposals

if TYPE_CHECKING:
    from collections.abc import Callable

    from counterfoil.usecases.context import Context
    from counterfoil.usecases.ports import Store

STEP_S = 1.0
"""How long one look at the ledger's end lasts at most, so that a caller who is gone is noticed, and files that
somebody edits make a proposal stale without any receipt."""


def wait(
    context: Context,
    store: Store,
    proposal_id: str,
    timeout_s: float,
    *,
    stop: Callable[[], bool] = lambda: False,
) -> Proposal:
    """Returns a proposal once nobody has to decide on it any more, or as it is when the time is over.

    Nothing is carried out here: who waits is mostly an agent, with its own environment and its own files. A proposal
    that files have overtaken is `stale` for as long as they are so; nobody has sealed that yet.

    Args:
        context: the project.
        store: the ledger.
        proposal_id: which one.
        timeout_s: seconds.
        stop: asked between looks; True ends the waiting.

    Raises:
        InputError: `proposal_not_found`.
    """
    end_ms = context.clock.now_ms() + int(timeout_s * 1000)
    while True:
        size = store.size()
        state = proposals.settle(context, store, proposals.load(store, proposal_id))
        if state.status == PENDING:
            state = replace(state, status=proposals.status(context, state))
        now_ms = context.clock.now_ms()
        if state.status not in {PENDING, APPROVED, APPLYING} or now_ms >= end_ms or stop():
            return state
        expires_ms = read_ms(str(state.body.get("expires_at"))) or end_ms
        left_ms = max(1, min(end_ms, expires_ms) - now_ms)
        store.wait(size, min(STEP_S, left_ms / 1000))
