"""One call of the API: who calls, in which project, and how an answer is made of what a use case says."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Depends, Header
from starlette.requests import Request
from starlette.responses import Response

from counterfoil.errors import CounterfoilError, InputError
from counterfoil.kernel.digest import sha256_hex
from counterfoil.usecases.authenticating import check_scope
from counterfoil.usecases.context import Options
from counterfoil.web import refusals
from counterfoil.web.identify import CALLER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from counterfoil.usecases.authenticating import Principal
    from counterfoil.usecases.context import Context
    from counterfoil.usecases.ports import Store
    from counterfoil.web.hub import Hub
    from counterfoil.web.identify import Caller

READ = "read"
KEY_LENGTH = 200
_NOBODY = Options(ci=True, remote=True, via="http")


class Call:
    """What a route is given.

    Attributes:
        hub: what the server holds.
        caller: who calls, or None where a path needs no token.
        context: the project as this caller sees it.
    """

    def __init__(self, hub: Hub, caller: Caller | None) -> None:
        self.hub = hub
        self.caller = caller
        self.context: Context = hub.server.context(_NOBODY if caller is None else caller.options())

    @property
    def principal(self) -> Principal:
        """Who calls."""
        assert self.caller is not None, "a path that needs a token is not reached without one"
        return self.caller.principal

    @property
    def actor(self) -> str:
        """Who calls, as receipts name them."""
        return self.principal.actor

    def store(self) -> Store:
        """Returns the clone's ledger."""
        return self.hub.server.store(self.context)

    def may_see(self) -> None:
        """Refuses whoever may not look at this project, as if nothing were there.

        Raises:
            InputError: `resource_not_found`.
        """
        self.must_reach(READ)

    def must_reach(self, action: str) -> None:
        """Refuses an action that the caller has no right to, as if nothing were there.

        Raises:
            InputError: `resource_not_found`.
        """
        if check_scope(self.principal, action, self.context.prefix):
            raise nothing()


def nothing() -> InputError:
    """Returns the error of what is not there, or not for the caller to see."""
    return InputError("resource_not_found", "there is nothing here, or nothing that you may see")


def made(request: Request) -> Call:
    """Returns the call that a request is."""
    return Call(request.app.state.hub, request.scope.get(CALLER))


async def _made(request: Request) -> Call:
    return made(request)


Calling = Annotated[Call, Depends(_made)]
IfNoneMatch = Annotated[
    str | None,
    Header(alias="If-None-Match", description="The `ETag` of what the caller has; unchanged answers 304."),
]


def checked_key(key: str | None) -> str:
    """Returns an idempotency key.

    Raises:
        InputError: `idempotency_key_missing`, `invalid_key`.
    """
    if key is None:
        raise InputError(
            "idempotency_key_missing",
            "a change needs a key, so that sending it again is the same change",
            "send `Idempotency-Key:` with a text of your own, such as a UUID",
        )
    if not (0 < len(key) <= KEY_LENGTH and key.isascii() and key.isprintable() and key.strip() == key):
        raise InputError(
            "invalid_key",
            f"a key is 1 to {KEY_LENGTH} printable ASCII characters",
            "send a UUID",
            length=len(key),
        )
    return key


# --- answers --------------------------------------------------------------------------------------


def text_of(data: object) -> bytes:
    """Returns JSON as it is sent."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"), default=str).encode(
        "utf-8", "backslashreplace"
    )


def answered(data: object, status: int = 200, **headers: str) -> Response:
    """Returns JSON."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(text_of(data), status, named, "application/json")


def tagged(data: object, if_none_match: str | None, tag: str | None = None) -> Response:
    """Returns JSON with a strong validator, or 304 where the caller has it already (RFC 9110 §8.8.3, §13.1.2).

    Args:
        data: what is asked for.
        if_none_match: the header.
        tag: stands for the bytes; made of them without it.
    """
    body = text_of(data)
    etag = f'"{tag or sha256_hex(body)[:32]}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    if if_none_match is not None and (if_none_match.strip() == "*" or etag in _tags(if_none_match)):
        return Response(b"", 304, headers)
    return Response(body, 200, headers, "application/json")


def _tags(header: str) -> list[str]:
    return [part.strip().removeprefix("W/") for part in header.split(",")]


def refused(refusal: refusals.Refusal) -> Response:
    """Returns an error."""
    return Response(refusal.body, refusal.status, dict(refusal.headers), "application/json")


def told(error: CounterfoilError) -> Response:
    """Returns the answer that tells of an error."""
    return refused(refusals.of(error))


def warned(call: Call, data: Mapping[str, Any]) -> dict[str, Any]:
    """Returns data with what there was to remark; words that name files of the server stay inside."""
    codes = sorted({str(warning["code"]) for warning in call.context.warnings})
    return {**data, "warnings": codes} if codes else dict(data)
