"""Receipts: those of tickets that the caller may see, and of its own proposals."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from counterfoil.errors import CounterfoilError
from counterfoil.gate import proposal as gate_proposal
from counterfoil.ledger.receipt import SALT, is_hash
from counterfoil.usecases import proposals, proving, whereabouts
from counterfoil.usecases.belonging import TICKET, Belonging
from counterfoil.web import paging
from counterfoil.web.api import forms
from counterfoil.web.api.call import Call, Calling, nothing, tagged
from counterfoil.web.api.changing import FAILURES
from counterfoil.web.api.strict_route import StrictRoute

if TYPE_CHECKING:
    from counterfoil.ledger.receipt import Receipt

routes = APIRouter(prefix="/receipts", tags=["receipts"], route_class=StrictRoute)


@routes.get("", response_model=forms.Receipts, responses=FAILURES)
def list_receipts(
    call: Calling,
    stream: Annotated[
        str, Query(max_length=200, description="`ticket/<id>`, or `proposal/<id>` of a proposal of yours.")
    ],
    cursor: Annotated[str | None, Query(max_length=400)] = None,
    limit: Annotated[int, Query(ge=1, le=paging.LIMIT_MAX)] = paging.LIMIT,
) -> Response:
    """Returns the receipts of one stream in order."""
    check_visible(call, stream)
    place = paging.place("receipts", cursor, int)
    first = int(place[0]) + 1 if place else 0
    store = call.store()
    found = list(store.read(stream, first=first, last=first + limit - 1))
    is_more = bool(found) and store.head(stream).length > found[-1].seq + 1
    more = paging.cursor("receipts", found[-1].seq) if is_more else None
    return tagged({"items": [receipt_data(receipt) for receipt in found], "next": more}, None)


@routes.get("/{id}", response_model=forms.Proved, responses=FAILURES)
def show_receipt(
    call: Calling,
    receipt: Annotated[str, Path(alias="id", max_length=100, description="The leaf hash, 64 digits.")],
) -> Response:
    """Returns one receipt with the proof that it stands in the signed log."""
    store = call.store()
    found = store.receipt(bytes.fromhex(receipt)) if is_hash(receipt) else None
    if found is None:
        raise nothing()
    check_visible(call, found.stream)
    try:
        proof: str | None = proving.inclusion(store, found.position)
    except CounterfoilError as error:
        if error.code not in {"not_signed", "checkpoint_not_found"}:
            raise
        proof = None
    return tagged({**receipt_data(found), "proof": proof}, None)


def check_visible(call: Call, stream: str) -> None:
    """Refuses streams that are not for the caller to read.

    Raises:
        InputError: `resource_not_found`.
    """
    name = stream.removeprefix(gate_proposal.STREAM)
    if name != stream:
        if not gate_proposal.is_id(name):
            raise nothing()
        state = proposals.load(call.store(), name)
        if state.actor != call.actor or not whereabouts.is_of_project(call.context, state):
            raise nothing()
        return
    call.may_see()
    ticket = stream.removeprefix(TICKET).partition("/")[0]
    if not stream.startswith(TICKET) or not Belonging(call.context, call.store()).has_ticket(ticket):
        raise nothing()


def receipt_data(receipt: Receipt) -> dict[str, Any]:
    """Returns a receipt as JSON data; a body that was erased is null."""
    return {
        "id": receipt.id, "position": receipt.position, "stream": receipt.stream, "seq": receipt.seq,
        "kind": receipt.kind, "header": receipt.fields, "body": body_of(receipt),
    }  # fmt: skip


def body_of(receipt: Receipt) -> dict[str, Any] | None:
    """Returns what a receipt says, without the salt; None where that was erased."""
    if receipt.body is None:
        return None
    body: dict[str, Any] = json.loads(receipt.body)
    body.pop(SALT, None)
    return body
