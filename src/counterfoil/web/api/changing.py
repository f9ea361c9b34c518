"""Every change of the API is a proposal: made here, whatever route it came by, and answered in one way.

201 says that it is done, 202 that people are asked, and 200 that it was there before under the same key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Header

from counterfoil.errors import InputError
from counterfoil.gate.proposal import APPLIED
from counterfoil.usecases import proposals
from counterfoil.usecases.proposal_data import proposal_data
from counterfoil.usecases.proposing import Request, propose
from counterfoil.web.api.call import answered, checked_key, warned
from counterfoil.web.api.forms import Failed, Proposal
from counterfoil.web.identify import API

if TYPE_CHECKING:
    from starlette.responses import Response

    from counterfoil.web.api.call import Call

REDACT = "redact"
"""The field of a body that is no field of the action's."""
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="Required. Names the change among those of the caller: sent again with the same content it is "
        "the same proposal, with another content it is refused (409 `key_reused`).",
    ),
]
FAILURES: dict[int | str, dict[str, Any]] = {
    code: {"model": Failed, "description": words}
    for code, words in {
        400: "The request cannot be read.", 401: "No token that counts.", 404: "Nothing there, or nothing to be seen.",
        409: "Somebody was faster, or the key belongs to something else.", 422: "A value cannot be used.",
        429: "Too many requests; see `Retry-After`.", 403: "Policy or a lack of rights stands in the way.",
        413: "More than 1 MiB.", 415: "The body is not JSON.", 503: "The server cannot do it at present.",
        500: "A fault of the server.", 405: "The path does not know this method.",
        421: "The server does not go by this name.", 408: "The body took too long.",
    }.items()
}  # fmt: skip
CHANGED: dict[int | str, dict[str, Any]] = {
    **FAILURES,
    200: {
        "model": Proposal,
        "description": "It was there before, under the same key (`Idempotent-Replay: true`).",
    },
    201: {"model": Proposal, "description": "Done: policy allows it."},
    202: {"model": Proposal, "description": "People are asked; wait at `Location` + `/wait`."},
}


def change(call: Call, action: str, payload: dict[str, Any], key: str | None, **more: Any) -> Response:
    """Proposes an action and returns what became of it.

    Args:
        call: who asks.
        action: its name.
        payload: what it is told.
        key: the `Idempotency-Key`.
        more: further fields of `proposing.Request`.
    """
    request = Request(action, payload, key=checked_key(key), **more)
    store = call.store()
    made = propose(call.context, store, request)
    state = made.proposal
    status = proposals.status(call.context, state)
    data = warned(call, {**proposal_data(state, status), "masked": made.masked})
    place = {"Location": f"{API}/proposals/{state.id}"}
    if made.repeated:
        return answered(data, 200, **place, Idempotent_Replay="true")
    return answered(data, 201 if status == APPLIED else 202, **place)


def fields_of(sent: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """Returns an action's payload out of a body, and whether its secrets are to be masked.

    Raises:
        InputError: `invalid_payload`.
    """
    redact = sent.get(REDACT, False)
    if not isinstance(redact, bool):
        raise InputError(
            "invalid_payload", f"{REDACT} is true or false", "see /api/v1/openapi.json", path=f"/{REDACT}"
        )
    return {name: value for name, value in sent.items() if name != REDACT}, redact
