"""Puts the routes together: one application, one shape of errors, one description (OpenAPI 3.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.responses import Response

from counterfoil.errors import CounterfoilError
from counterfoil.web import refusals
from counterfoil.web.api import about, artifacts, deciding, proposals, receipts, tickets, webhooks
from counterfoil.web.api.call import refused, told
from counterfoil.web.api.strict_route import PROBLEMS_MAX
from counterfoil.web.identify import API

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import ASGIApp, Receive, Scope, Send

    from counterfoil.web.hub import Hub

DESCRIPTION = """\
Agents propose, policy rules, people decide, and evidence stays.

Every change is a proposal: what policy allows is done at once (201), what it asks about waits for people (202).
Decisions are made by people, with a signature of their own; no token can make one.
Errors have one shape: `{"error": {"code", "message", "details", "hint"}}`.
"""
PARTS = (tickets, proposals, deciding, about, receipts, artifacts, webhooks)
TAGS = [
    {"name": "tickets", "description": "Tickets as their files say, and changes to them."},
    {"name": "proposals", "description": "What agents want done, and what people say of it."},
    {"name": "actions", "description": "What can be proposed."},
    {"name": "policy", "description": "What policy would say."},
    {"name": "receipts", "description": "What was sealed, with proofs."},
    {"name": "artifacts", "description": "Files by their digest."},
    {"name": "agents", "description": "Who the caller is."},
    {"name": "webhooks", "description": "Deliveries from elsewhere, signed by their senders."},
    {"name": "server", "description": "Health and figures."},
]


def make(hub: Hub) -> FastAPI:
    """Makes the application."""
    app = described()
    app.state.hub = hub
    return app


def described() -> FastAPI:
    """Makes the application without anything behind it, which is enough to describe it."""
    app = FastAPI(
        title="Counterfoil",
        version=about.API_VERSION,
        description=DESCRIPTION,
        openapi_url=f"{API}/openapi.json",
        docs_url=None,
        redoc_url=None,
        openapi_tags=TAGS,
        redirect_slashes=False,
    )
    for part in PARTS:
        app.include_router(part.routes, prefix=API)
    app.add_exception_handler(CounterfoilError, _told)
    app.add_exception_handler(RequestValidationError, _unreadable)
    app.add_exception_handler(HTTPException, _of_http)
    app.add_exception_handler(Exception, _bug)
    app.add_middleware(HeadAsGet)
    plain = app.openapi

    def with_security() -> dict[str, Any]:
        schema = plain()
        if "security" not in schema:
            schema["security"] = [{"token": []}]
            schema.setdefault("components", {})["securitySchemes"] = {
                "token": {
                    "type": "http", "scheme": "bearer", "bearerFormat": "cf_<agent>_<key>.<secret>",
                    "description": "An agent's token; a person makes one with `ticket agent add`.",
                },
            }  # fmt: skip
        return schema

    app.openapi = with_security  # type: ignore[method-assign]
    return app


class HeadAsGet:
    """Answers HEAD as GET is answered (RFC 9110 §9.3.2); the server leaves the body out.

    Args:
        app: what answers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hands a request on."""
        if scope["type"] == "http" and scope["method"] == "HEAD":
            scope = {**scope, "method": "GET"}
        await self._app(scope, receive, send)


async def _told(request: Request, error: Exception) -> Response:
    del request
    return told(cast("CounterfoilError", error))


async def _unreadable(request: Request, error: Exception) -> Response:
    """Tells what is wrong with a request, without any value of it."""
    del request
    found = cast("RequestValidationError", error).errors()
    problems = [
        {"at": "/".join([str(part) for part in each["loc"]])[:200], "problem": str(each["type"])}
        for each in found[:PROBLEMS_MAX]
    ]
    first = problems[0] if problems else {"at": "", "problem": "unreadable"}
    return answered_error(
        "invalid_request", f"{first['at']}: {first['problem'].replace('_', ' ')}",
        "see /api/v1/openapi.json", {"problems": problems},
    )  # fmt: skip


def answered_error(code: str, message: str, hint: str, details: dict[str, Any]) -> Response:
    """Returns an error of a request that cannot be read."""
    return refused(refusals.Refusal(refusals.STATUS[code], refusals.shape(code, message, hint, details)))


async def _bug(request: Request, error: Exception) -> Response:
    """Answers a fault of the program; it is raised again, and the threshold logs it."""
    del request, error
    return refused(refusals.BUG)


async def _of_http(request: Request, error: Exception) -> Response:
    """Tells what the framework has to say, in our shape."""
    found = cast("HTTPException", error)
    if found.status_code == 405:
        return refused(refusals.method_not_allowed(_allowed(request)))
    if found.status_code == 404:
        return refused(refusals.NOT_FOUND)
    if found.status_code == 413:
        return refused(refusals.TOO_LARGE)
    if found.status_code >= 500:
        return refused(refusals.BUG)
    return answered_error("invalid_request", "the request cannot be read", "see /api/v1/openapi.json", {})


def _allowed(request: Request) -> str:
    """Returns the methods of a path, all of them: each of its routes knows its own (RFC 9110, 15.5.6)."""
    path = request.scope["path"].removeprefix(API)
    routes = [route for part in PARTS for route in part.routes.routes if isinstance(route, APIRoute)]
    methods = {method for route in routes if route.path_regex.match(path) for method in route.methods or ()}
    return ", ".join(sorted(methods | ({"HEAD"} if "GET" in methods else set()))) or "another method"
