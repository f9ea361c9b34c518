"""The scenery of MCP: the official client, before the installed command or before the application over HTTP."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from typing import TYPE_CHECKING, Any, NamedTuple

import anyio
import httpx2
import uvicorn
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

from counterfoil.bootstrap import open_project, open_server
from counterfoil.kernel.jsontext import compact
from counterfoil.mcp.http import McpApp, asgi
from counterfoil.usecases import accepting, deciding, principals
from counterfoil.usecases.context import Options

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from integration.verbs_scene import Desk
    from mcp_types import CallToolResult

PERSON = "human:grace"
OWNER = "human:ada"


class Heard(NamedTuple):
    """What a tool answered.

    Attributes:
        text: for the model.
        data: for programs.
        failed: whether it is an error.
    """

    text: str
    data: dict[str, Any]
    failed: bool

    @property
    def code(self) -> str:
        """The code of an error."""
        assert self.failed, self
        return str(self.data["error"]["code"])


def heard(result: CallToolResult) -> Heard:
    """Returns an answer in the form that the tests compare."""
    (block,) = result.content
    assert block.type == "text"
    assert isinstance(result.structured_content, dict)
    return Heard(block.text, result.structured_content, result.is_error)


class Talk:
    """One connection of the official client.

    Attributes:
        client: the client itself.
    """

    def __init__(self, client: Client) -> None:
        self.client = client

    async def say(self, tool: str, **arguments: Any) -> Heard:
        """Calls a tool."""
        return heard(await self.client.call_tool(tool, arguments))

    async def fine(self, tool: str, **arguments: Any) -> Heard:
        """Calls a tool that has to succeed."""
        answer = await self.say(tool, **arguments)
        assert not answer.failed, answer
        return answer


@contextlib.asynccontextmanager
async def over_stdio(desk: Desk, *words: str, name: str = "", **more: Any) -> AsyncIterator[Talk]:
    """Starts the installed command and connects to its standard streams."""
    environ = {**os.environ, **desk.env}
    server = StdioServerParameters(command="ticket", args=["mcp", *words], env=environ, cwd=desk.path)
    if name:
        from mcp_types import Implementation

        more["client_info"] = Implementation(name=name, version="1")
    async with Client(server, **more) as client:
        yield Talk(client)


def talk(desk: Desk, work: Callable[[Talk], Any], *words: str, **more: Any) -> Any:
    """Runs a conversation over standard streams."""

    async def main() -> Any:
        with anyio.fail_after(60):
            async with over_stdio(desk, *words, **more) as found:
                return await work(found)

    return anyio.run(main)


class Served(NamedTuple):
    """A server over HTTP.

    Attributes:
        url: where MCP is.
        token: of an agent that is registered here.
    """

    url: str
    token: str


@contextlib.contextmanager
def over_http(
    desk: Desk, *, scopes: tuple[str, ...] = ("*",), port: int = 0, token: str = ""
) -> Iterator[Served]:
    """Serves a project on a free port, or on one that was free before, to an agent `agent:remote`."""
    project = open_server(str(desk.path), dict(os.environ), Options(ci=True))
    given = token or add_agent(desk, "remote", scopes)
    app = asgi(project, version="0")
    server = uvicorn.Server(
        uvicorn.Config(_Mounted(app), host="127.0.0.1", port=port, log_level="critical", lifespan="on")
    )
    with socket.socket() as place:
        place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        place.bind(("127.0.0.1", port))
        port = place.getsockname()[1]
        place.listen(64)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [place]})
        thread.start()
        try:
            while not server.started and thread.is_alive():
                time.sleep(0.005)  # uvicorn has nothing to wait upon
            yield Served(f"http://127.0.0.1:{port}/mcp", given)
        finally:
            server.should_exit = True
            thread.join(30)
            project.close()


class _Mounted:
    """The application as a server mounts it: the lifespan enters it."""

    def __init__(self, app: McpApp) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan":
            await self._app(scope, receive, send)
            return
        await receive()
        async with self._app.run():
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})


@contextlib.asynccontextmanager
async def connected(served: Served, token: str | None = None, **more: Any) -> AsyncIterator[Talk]:
    """Connects the official client to a server over HTTP."""
    headers = {"Authorization": f"Bearer {served.token if token is None else token}"}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=60) as http,
        Client(streamable_http_client(served.url, http_client=http), **more) as client,
    ):
        yield Talk(client)


def add_agent(desk: Desk, name: str, scopes: tuple[str, ...] = ("*",)) -> str:
    """Registers an agent and returns its token."""
    context = open_project(str(desk.path), dict(os.environ), Options(actor=OWNER, ci=True))
    store = context.ledgers.open()
    try:
        return principals.add(context, store, name, scopes=scopes).secret
    finally:
        store.close()


def decide(
    desk: Desk, proposal: str, verdict: str = "approve", note: str = "Seen.", by: str = PERSON
) -> None:
    """Lets a person at a terminal of this machine answer a proposal."""
    context = open_project(str(desk.path), dict(os.environ), Options(acting=by, ci=True))
    store = context.ledgers.open()
    try:
        digest = desk.data("proposal", "show", proposal)["proposal"]["digest"]
        answer = deciding.Answer(verdict, by, digest, note, at_terminal=True)
        failure = deciding.decide(context, store, proposal, answer).failure
        assert failure is None, failure
    finally:
        store.close()


def accept_policy(desk: Desk) -> None:
    """Lets a person at a terminal accept the policy of the base branch."""
    context = open_project(str(desk.path), dict(os.environ), Options(acting=OWNER, ci=True))
    store = context.ledgers.open()
    try:
        assert accepting.accept(context, store, at_terminal=True).changed
    finally:
        store.close()


def pending(desk: Desk) -> list[str]:
    """Returns the ids of the proposals that wait for a person."""
    return [each["id"] for each in desk.data("proposal", "list", "--status", "pending")["proposals"]]


def line(**message: Any) -> bytes:
    """Returns a JSON-RPC message as it goes over standard streams."""
    return compact({"jsonrpc": "2.0", **message}).encode() + b"\n"
