"""A route that takes JSON strictly: declared as such, with one meaning, and no field that nobody knows.

Where a query says what is wanted it says nothing else, either: a filter that is misspelled would find everything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi.routing import APIRoute
from starlette.requests import Request

from counterfoil.web import refusals, strict
from counterfoil.web.api.call import refused

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from starlette.responses import Response

PROBLEMS_MAX = 20


class StrictRequest(Request):
    """A request whose JSON was read by `strict`."""

    value: Any = None

    async def json(self) -> Any:
        """Returns the body's value."""
        return self.value


class StrictRoute(APIRoute):
    """A route of the API."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Returns what answers a request."""
        handle = super().get_route_handler()
        wants_json = self.body_field is not None
        known = {each.alias for each in self.dependant.query_params}

        async def strictly(request: Request) -> Response:
            unknown = sorted(set(request.query_params) - known)
            if known and unknown:
                return refused(_unknown(unknown, sorted(known)))
            if wants_json and not _is_json(request.headers.get("content-type", "")):
                return refused(refusals.MEDIA_TYPE)
            read = StrictRequest(request.scope, request.receive)
            body = await read.body() if wants_json else b""
            if body:
                read.value = strict.read(body)
            return await handle(read)

        return strictly


def _is_json(content_type: str) -> bool:
    kind, _, rest = content_type.partition(";")
    rest = rest.strip().lower().replace('"', "")
    return kind.strip().lower() == "application/json" and rest in {"", "charset=utf-8"}


def _unknown(names: list[str], known: list[str]) -> refusals.Refusal:
    problems = [{"at": f"query/{name}"[:200], "problem": "extra_forbidden"} for name in names[:PROBLEMS_MAX]]
    message = f"{problems[0]['at']}: extra forbidden"
    return refusals.plain("invalid_request", message, f"use {', '.join(known)}", problems=problems)
