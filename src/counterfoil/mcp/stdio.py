"""The server over standard streams: one client, which started it, on the same machine.

Standard output carries the protocol and nothing else; the SDK points everything that a child or a stray `print`
writes there to standard error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio
from mcp.server.stdio import stdio_server

from counterfoil.mcp.caller import Caller, configured, named_by_client, new_session
from counterfoil.mcp.server import build
from counterfoil.mcp.unreadable import Answering
from counterfoil.usecases.context import Options

if TYPE_CHECKING:
    from mcp.server.context import ServerRequestContext

    from counterfoil.usecases.serving import ServerContext


class Owner:
    """Tells who the one client is: the configured agent, or one that bears the client's name.

    Args:
        actor: what the configuration says, or None.
        session: names the connection.
    """

    def __init__(self, actor: str | None, session: str) -> None:
        self._actor = actor
        self._session = session

    def __call__(self, request: ServerRequestContext[Any, Any]) -> Caller:
        """Returns the caller of a request."""
        actor = self._actor
        if actor is None:
            client = request.session.client_params
            actor = named_by_client(
                client.client_info.name if client is not None and client.client_info else None
            )
        return Caller(actor, session=self._session)


def serve(project: ServerContext, options: Options, *, version: str, permits: bool = False) -> None:
    """Serves until the client closes our standard input.

    Args:
        project: what is served.
        options: of the command, `--actor` among them.
        version: the program's own.
        permits: serve the permission prompt alone.

    Raises:
        InputError: `invalid_actor`.
    """
    context = project.context(options)
    owner = Owner(configured(context), new_session(context))
    server = build(project, owner, version=version, permits=permits)

    async def run() -> None:
        async with stdio_server() as (reading, writing):
            await server.run(Answering(reading, writing), writing, server.create_initialization_options())

    anyio.run(run)
