"""Proposals: made, shown, waited for, withdrawn; and the answers of people, which come signed.

Whoever holds a token sees its own proposals and no others. Nothing that a token, a header or a cookie says
can answer one: the one route for that takes a statement signed with the key of a registered person
(gate.md, "The one door").
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Any

from anyio.to_thread import run_sync
from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from counterfoil.errors import ConflictError, InputError
from counterfoil.gate import proposal as gate_proposal
from counterfoil.gate.proposal import CLOSED, PENDING, STATUSES, WITHDRAWN
from counterfoil.usecases import proposals, proposing, whereabouts
from counterfoil.usecases.proposal_data import proposal_data
from counterfoil.usecases.shown_again import shown_again
from counterfoil.web import paging, refusals
from counterfoil.web.api import forms
from counterfoil.web.api.call import Call, Calling, answered, nothing, tagged
from counterfoil.web.api.changing import CHANGED, FAILURES, IdempotencyKey, change
from counterfoil.web.api.strict_route import StrictRoute

if TYPE_CHECKING:
    from counterfoil.gate.proposal import Proposal

routes = APIRouter(tags=["proposals"], route_class=StrictRoute)

ProposalPath = Annotated[str, Path(alias="id", max_length=40, description="The whole id, `P-…`.")]
WAIT_S = 30.0
WAIT_S_MAX = 60.0
LOOK_S = 4.0
"""After so long without a receipt it is looked whether files have made a proposal stale."""
LOOKED_AT_MAX = 2_000
"""How many proposals of others one page may skip."""
ONLY_PEOPLE = refusals.Refusal(
    403,
    refusals.shape(
        "refused", "agents cannot decide; people do", "wait for the decision: GET /api/v1/proposals/{id}/wait",
        {"reason": "not_a_person"},
    ),
)  # fmt: skip


@routes.get("/proposals", response_model=forms.Proposals, responses=FAILURES)
def list_proposals(
    call: Calling,
    status: Annotated[
        str | None, Query(max_length=20, description="One of the statuses of a proposal.")
    ] = None,
    action: Annotated[str | None, Query(max_length=100)] = None,
    cursor: Annotated[str | None, Query(max_length=400)] = None,
    limit: Annotated[int, Query(ge=1, le=paging.LIMIT_MAX)] = paging.LIMIT,
) -> Response:
    """Lists the caller's own proposals, newest first. A page may be short, and empty, and still have a `next`."""
    if status is not None and status not in STATUSES:
        raise InputError(
            "usage", f"there is no status {status!r}", f"use one of {', '.join(STATUSES)}", value=status, allowed=list(STATUSES),
        )  # fmt: skip
    return _page(call, "proposals", cursor, limit, status=status, action=action)


@routes.get("/inbox", response_model=forms.Proposals, responses=FAILURES)
def inbox(
    call: Calling,
    cursor: Annotated[str | None, Query(max_length=400)] = None,
    limit: Annotated[int, Query(ge=1, le=paging.LIMIT_MAX)] = paging.LIMIT,
) -> Response:
    """Lists those of the caller's proposals that wait for a person, newest first."""
    return _page(call, "inbox", cursor, limit, status=PENDING, open_only=True)


def _page(
    call: Call,
    kind: str,
    cursor: str | None,
    limit: int,
    *,
    status: str | None = None,
    action: str | None = None,
    open_only: bool = False,
) -> Response:
    place = paging.place(kind, cursor, str)
    found: list[dict[str, Any]] = []
    now_ms = call.context.clock.now_ms()
    views = call.context.ledgers.views()
    behind, more = "", False
    try:
        listed = proposals.listing(
            call.store(), views, open_only=open_only, after=str(place[0]) if place else ""
        )
        for number, each in enumerate(listed):
            if len(found) == limit or number == LOOKED_AT_MAX:
                more = True
                break
            behind = each.place
            state = each.proposal
            now = state.status_at(now_ms)
            if (
                state.actor == call.actor
                and whereabouts.is_of_project(call.context, state)
                and status in {None, now}
                and action in {None, state.body.get("action")}
            ):
                found.append(proposal_data(state, now))
    finally:
        views.close()
    return tagged({"items": found, "next": paging.cursor(kind, behind) if more else None}, None)


@routes.post("/proposals", response_model=forms.Proposal, responses=CHANGED, status_code=202)
def make_proposal(call: Calling, asked: forms.Proposing, key: IdempotencyKey = None) -> Response:
    """Proposes an action. What policy allows is done at once; what it asks about waits for people."""
    return change(
        call,
        asked.action,
        asked.payload,
        key,
        reason=asked.reason,
        supersedes=asked.supersedes,
        expires_ms=None if asked.expires_in is None else asked.expires_in * 1000,
        model=asked.model or call.principal.model,
        redact=asked.redact,
    )


@routes.get("/proposals/{id}", response_model=forms.Proposal, responses=FAILURES)
def show_proposal(call: Calling, proposal: ProposalPath) -> Response:
    """Returns a proposal of the caller's, with what the reviewer is shown and the digest that a decision names."""
    state = own(call, proposal)
    shown = shown_again(call.context, state)
    seen = None
    if shown is not None:
        flags = [flag.as_data() for flag in shown.flags]
        seen = {"kind": shown.kind, "text": shown.text, "flags": flags}
    return tagged({**proposal_data(state, proposals.status(call.context, state)), "shown": seen}, None)


@routes.get("/proposals/{id}/wait", response_model=forms.Waited, responses=FAILURES)
async def wait(
    call: Calling,
    proposal: ProposalPath,
    timeout: Annotated[float, Query(ge=0, le=WAIT_S_MAX, description="Seconds.")] = WAIT_S,
) -> Response:
    """Waits until nothing more will become of a proposal, or for so long; then `done` says which.

    Waiting again is always right: it takes up where it was, after a restart of the server too.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timeout
    state = await run_sync(own, call, proposal)
    with (
        call.hub.herald.attention(gate_proposal.stream_of(state.id)) as heard,
        call.hub.meters.waiting.track_inprogress(),
    ):
        while True:
            heard.clear()
            state, status, left_s = await run_sync(_look, call, state.id)
            left_s = min(deadline - loop.time(), left_s)
            if status in CLOSED or left_s <= 0 or call.hub.herald.stopping:
                return answered({**proposal_data(state, status), "done": status in CLOSED})
            with suppress(TimeoutError):
                await asyncio.wait_for(heard.wait(), min(left_s, LOOK_S))


def _look(call: Call, proposal_id: str) -> tuple[Proposal, str, float]:
    """Returns a proposal, its status and after how many seconds it may expire; seals that it has."""
    store = call.store()
    state = proposals.settle(call.context, store, proposals.load(store, proposal_id))
    status = proposals.status(call.context, state)
    return state, status, _until_expiry_s(call, state)


def _until_expiry_s(call: Call, state: Proposal) -> float:
    from counterfoil.ledger.instant import read_ms

    ends_ms = read_ms(str(state.body.get("expires_at") or ""))
    if state.status != PENDING or ends_ms is None:
        return WAIT_S_MAX
    return max(ends_ms - call.context.clock.now_ms(), 1) / 1000 + 0.001


@routes.post("/proposals/{id}/withdraw", response_model=forms.Proposal, responses=FAILURES)
def withdraw(call: Calling, proposal: ProposalPath, asked: forms.Withdrawing) -> Response:
    """Takes a pending proposal of the caller's back. Once more it is taken back still, and needs no key for that."""
    state = own(call, proposal)
    headers = {}
    try:
        state = proposing.withdraw(call.context, call.store(), state.id, asked.reason)
    except ConflictError as error:
        state = proposals.load(call.store(), state.id)
        if error.code != "proposal_closed" or state.status != WITHDRAWN:
            raise
        headers["Idempotent_Replay"] = "true"
    return answered(proposal_data(state, proposals.status(call.context, state)), 200, **headers)


def own(call: Call, proposal: str) -> Proposal:
    """Returns a proposal of the caller's.

    Raises:
        InputError: `resource_not_found`, the same for what is not there and what is another's.
    """
    name = proposal.upper()
    if not gate_proposal.is_id(name):
        raise nothing()
    state = proposals.load(call.store(), name)
    if state.actor != call.actor or not whereabouts.is_of_project(call.context, state):
        raise nothing()
    return state
