"""Deliveries from elsewhere: who sent them is told by their signature, and by nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from anyio.to_thread import run_sync
from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from counterfoil.errors import RefusedError
from counterfoil.usecases import deliveries
from counterfoil.web import refusals
from counterfoil.web.api import forms
from counterfoil.web.api.call import Call, Calling, answered, refused
from counterfoil.web.api.changing import FAILURES
from counterfoil.web.api.strict_route import StrictRoute
from counterfoil.web.threshold import STATE

if TYPE_CHECKING:
    from counterfoil.web.threshold import Passage

routes = APIRouter(prefix="/webhooks", tags=["webhooks"], route_class=StrictRoute)
ONE_MEANING = ("webhook-", "x-hub-", "x-github-", "content-type")
"""Beginnings of headers that may stand once: which of two would count is anybody's guess."""
UNSIGNED = refusals.Refusal(
    401,
    refusals.shape(
        "unauthenticated", "this is no delivery that a source of this project has signed",
        "sign it with the secret that `ticket source add` has printed or taken, for that source's address",
    ),
)  # fmt: skip
"""The same whatever does not hold: who is no source, a signature, or two of them."""


@routes.post("/{source}", response_model=forms.Delivered, status_code=202, openapi_extra={
    "security": [],
    "requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}},
}, responses={**FAILURES, 202: {"model": forms.Delivered, "description": "It is sealed."}})  # fmt: skip
async def deliver(
    call: Calling,
    request: Request,
    source: Annotated[str, Path(max_length=100, description="The source's name.")],
) -> Response:
    """Takes in a delivery signed by its sender (Standard Webhooks, or GitHub's signature); no token is wanted.

    The same delivery once more makes nothing new and is answered in the same way, with `repeated`.
    """
    passage: Passage = request.scope[STATE]
    wait_s = call.hub.rates.count("webhook", passage.peer)
    if wait_s:
        return refused(refusals.too_many(wait_s))
    names = [name for name in request.headers if name.startswith(ONE_MEANING)]
    if len(set(names)) != len(names):
        return refused(UNSIGNED)
    return await run_sync(_deliver, call, source, dict(request.headers), await request.body())


def _deliver(call: Call, source: str, headers: dict[str, str], body: bytes) -> Response:
    context = call.context
    try:
        done = deliveries.receive(context, call.store(), source, headers, body, context.clock.now_ms())
    except RefusedError as error:
        if error.code != "unauthenticated":
            raise
        return refused(UNSIGNED)
    asked = None if done.proposal is None else done.proposal.id
    return answered({"receipt": done.receipt, "repeated": done.repeated, "proposal": asked}, 202)
