"""The server over streamable HTTP, for whoever mounts it: one POST, one answer, nothing of who asks kept between two.

Without sessions there is nothing that a restart could lose. Who calls is said by a bearer token with every request;
whatever is wrong with it, the answer is the same. The SDK checks Host and Origin, against web pages that
make a browser speak to this machine.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio.to_thread
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings
from starlette.responses import JSONResponse, Response

from counterfoil.errors import CounterfoilError, InputError, RefusedError
from counterfoil.gate.limits import REQUEST
from counterfoil.gate.reach import READ
from counterfoil.mcp.answers import told
from counterfoil.mcp.caller import Caller
from counterfoil.mcp.server import build
from counterfoil.usecases import authenticating
from counterfoil.usecases.context import Options

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from mcp.server.context import ServerRequestContext
    from mcp.server.lowlevel import Server
    from starlette.types import Receive, Scope, Send

    from counterfoil.usecases.authenticating import Principal
    from counterfoil.usecases.context import Context
    from counterfoil.usecases.serving import ServerContext
    from counterfoil.usecases.snapshot import Snapshot

    Known = Callable[[Scope], Principal]

LOOPBACK = ("127.0.0.1", "127.0.0.1:*", "localhost", "localhost:*", "[::1]", "[::1]:*")
CALLER = "counterfoil.mcp.caller"
"""Where a request's scope holds who sent it."""
ENVELOPE_BYTES = 64 * 1024
"""What a request may have besides a payload of the greatest size."""
BEARER = b"bearer "
TOKEN_BYTES_MAX = 512


class McpApp:
    """An ASGI application; `run` has to be entered by the server's lifespan.

    Args:
        server: what answers.
        project: what the server holds.
        hosts: values of the Host header that are let in; `name:*` is any port.
        origins: the same for Origin; None makes them of the hosts. A request without one is no browser's.
        known: returns whose token a request has shown, where somebody stands before this and has let it through; None
            asks here.
    """

    def __init__(
        self,
        server: Server[Any],
        project: ServerContext,
        hosts: Sequence[str] = LOOPBACK,
        origins: Sequence[str] | None = None,
        known: Known | None = None,
    ) -> None:
        allowed = [f"{scheme}://{host}" for host in hosts for scheme in ("http", "https")]
        self._project = project
        self._known = known
        self._manager = StreamableHTTPSessionManager(
            server,
            stateless=True,
            security_settings=TransportSecuritySettings(
                enable_dns_rebinding_protection=True,
                allowed_hosts=list(hosts),
                allowed_origins=list(allowed if origins is None else origins),
            ),
            max_request_body_size=REQUEST + ENVELOPE_BYTES,
        )

    @asynccontextmanager
    async def run(self) -> AsyncIterator[None]:
        """Serves for as long as the block lasts."""
        async with self._manager.run():
            yield

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request, if its sender is known."""
        if scope["type"] != "http":
            return
        try:
            if self._known is not None:
                who = self._known(scope)
            else:
                who = await anyio.to_thread.run_sync(self._principal, bearer(scope))
        except CounterfoilError as error:
            await _refused(error)(scope, receive, send)
            return
        scope[CALLER] = Caller(who.actor, remote=True, session=who.key_id, may=partial(_check, who))
        await self._manager.handle_request(scope, receive, send)

    def _principal(self, token: str) -> Principal:
        context = self._project.context(Options(ci=True, remote=True, via="mcp"))
        return authenticating.authenticate(context, self._project.store(context), token)


def asgi(
    project: ServerContext,
    *,
    version: str,
    hosts: Sequence[str] = LOOPBACK,
    origins: Sequence[str] | None = None,
    known: Known | None = None,
    snapshot: Snapshot | None = None,
) -> McpApp:
    """Returns the application that is mounted at `/mcp`.

    Args:
        project: what the server holds for as long as it runs.
        version: the program's own.
        hosts: values of the Host header that are let in.
        origins: values of the Origin header; None makes them of the hosts, with and without TLS.
        known: as `McpApp`.
        snapshot: the project's tickets, where the server keeps them anyway; None keeps them here.
    """
    server = build(project, caller_of, version=version, snapshot=snapshot)
    return McpApp(server, project, hosts, origins, known)


def bearer(scope: Scope) -> str:
    """Returns the token of a request; empty where there is none, or more than one."""
    given = [value for name, value in scope["headers"] if name == b"authorization"]
    if len(given) != 1 or not given[0].lower().startswith(BEARER) or len(given[0]) > TOKEN_BYTES_MAX:
        return ""
    return str(given[0][len(BEARER) :].decode("latin-1"))


def caller_of(request: ServerRequestContext[Any, Any]) -> Caller:
    """Returns who sent a request, as its token says."""
    assert request.request is not None, "HTTP requests are handed on"
    caller: Caller = request.request.scope[CALLER]
    return caller


def _check(who: Principal, context: Context, action: str) -> None:
    """Refuses what a credential does not cover; who may not even look learns that there is nothing.

    Raises:
        InputError: `resource_not_found`.
        RefusedError: `refused`.
    """
    against = authenticating.check_scope(who, action, context.prefix)
    if against and action == READ:
        raise InputError("resource_not_found", "there is nothing here, or nothing that you may see")
    if against:
        raise RefusedError(
            "refused", f"{who.actor} may not {action}: {against}", "ask the owner of this agent",
            action=action, actor=who.actor, reason=against,
        )  # fmt: skip


def _refused(error: CounterfoilError) -> Response:
    """Returns the answer to a request whose sender is unknown, or that cannot be looked up now."""
    if not isinstance(error, RefusedError):
        return JSONResponse({"error": told(error, remote=True)}, status_code=503)
    unknown = told(authenticating.unauthenticated(), remote=True)
    return JSONResponse({"error": unknown}, status_code=401, headers={"WWW-Authenticate": "Bearer"})
