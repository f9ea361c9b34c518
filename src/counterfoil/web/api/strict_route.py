"""A route that takes JSON strictly: declared as such, with one meaning, and no field that nobody knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi.routing import APIRoute
from starlette.requests import Request

from counterfoil.web import refusals, strict
from counterfoil.web.api.call import refused

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from starlette.responses import Response


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

        async def strictly(request: Request) -> Response:
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
