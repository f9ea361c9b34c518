"""Files by their digest: kept before they are attached, and given out to whoever may see the ticket.

What is given out is data, and no browser is to make anything else of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from counterfoil.errors import InputError
from counterfoil.gate import events
from counterfoil.kernel.digest import sha256_hex
from counterfoil.usecases import kinds
from counterfoil.usecases.actions import artifacts, builtin
from counterfoil.web import refusals
from counterfoil.web.api import forms
from counterfoil.web.api.call import Call, Calling, answered, nothing, refused
from counterfoil.web.api.changing import FAILURES
from counterfoil.web.api.receipts import body_of
from counterfoil.web.api.strict_route import StrictRoute
from counterfoil.web.api.tickets import find

if TYPE_CHECKING:
    from collections.abc import Iterator

routes = APIRouter(prefix="/artifacts", tags=["artifacts"], route_class=StrictRoute)

Digest = Annotated[str, Path(alias="sha256", pattern="^[0-9a-f]{64}$", description="SHA-256 of the bytes.")]
OCTETS = "application/octet-stream"


@routes.put("/{sha256}", response_model=forms.Artifact, responses=FAILURES, openapi_extra={
    "requestBody": {"required": True, "content": {OCTETS: {"schema": {"type": "string", "format": "binary"}}}}
})  # fmt: skip
async def keep(call: Calling, digest: Digest, request: Request) -> Response:
    """Keeps a file of at most 1 MiB, whose SHA-256 the path names; `artifact.attach` then names it."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != OCTETS:
        return refused(
            refusals.plain(
                "unsupported_media_type", "a file is sent as bytes", f"send `Content-Type: {OCTETS}`"
            )
        )
    data = await request.body()
    from anyio.to_thread import run_sync

    return await run_sync(_keep, call, digest, data)


def _keep(call: Call, digest: str, data: bytes) -> Response:
    call.must_reach(builtin.ATTACH)
    if sha256_hex(data) != digest:
        raise InputError(
            "artifact_mismatch",
            "the bytes have another digest than the path says",
            "name the SHA-256 of what you send",
        )
    artifacts.put(call.context, data)
    return answered({"sha256": digest, "size": len(data)})


@routes.get("/{sha256}", responses={**FAILURES, 200: {"content": {OCTETS: {}}}}, response_class=Response)
def give(
    call: Calling,
    digest: Digest,
    ticket: Annotated[str, Query(max_length=100, description="The ticket to which it is attached.")],
) -> Response:
    """Returns the bytes of a file that is attached to a ticket that the caller may see."""
    row, _, _ = find(call, ticket)
    if digest not in _attached(call, row[0]):
        raise nothing()
    headers = {
        "Content-Disposition": f'attachment; filename="{digest}"',
        "ETag": f'"{digest}"',
        "Cache-Control": "private, max-age=31536000, immutable",
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    return Response(artifacts.get(call.context, digest), 200, headers, OCTETS)


def _attached(call: Call, ticket: str) -> Iterator[str]:
    for receipt in call.store().read(kinds.ticket_stream(ticket)):
        if receipt.kind == events.ATTACHED:
            artifact = (body_of(receipt) or {}).get("artifact")
            if isinstance(artifact, dict):
                yield str(artifact.get("sha256", ""))
