"""The kits of the Model Context Protocol's own project speak to our server.

`@modelcontextprotocol/conformance` plays its scenarios against the server as it is, and, where a scenario calls tools
that exist for the kit alone, against a server of these tools with our wiring (`fixtures`). The Inspector's
command line speaks to the installed command.
"""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
import uvicorn
from conformance.mcp.fixtures import FixtureDesk
from conformance.mcp.kits import run
from integration.mcp_scene import add_agent

from counterfoil.bootstrap import open_server
from counterfoil.mcp.http import McpApp, asgi, caller_of
from counterfoil.mcp.server import wired
from counterfoil.mcp.tools import TOOLS
from counterfoil.usecases.context import Options

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from integration.verbs_scene import Desk

pytestmark = pytest.mark.slow

BASELINE = "expected-failures.yml"
OWN = ("server-initialize", "ping", "tools-list", "resources-list", "prompts-list", "completion-complete", "dns-rebinding-protection")  # fmt: skip
"""Scenarios that call nothing of the kit's own."""


class _KnowsTheToken:
    """Stands before the application: the kit cannot send a token, so every request gets one here."""

    def __init__(self, app: McpApp, token: str) -> None:
        self._app = app
        self._header = (b"authorization", f"Bearer {token}".encode())

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await self._app({**scope, "headers": [*scope["headers"], self._header]}, receive, send)
            return
        await receive()
        async with self._app.run():
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})


@contextmanager
def served(place: Desk, *, fixtures: bool) -> Iterator[str]:
    """Serves a project, or the kit's fixtures with our wiring, and yields the address."""
    place.new("A ticket", "-s", "ready")
    token = add_agent(place, "kit")
    project = open_server(str(place.path), dict(os.environ), Options(ci=True))
    app = asgi(project, version="0")
    if fixtures:
        app = McpApp(wired(FixtureDesk(project, caller_of), version="0"), project)
    config = uvicorn.Config(_KnowsTheToken(app, token), log_level="critical", lifespan="on")
    server = uvicorn.Server(config)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(64)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            while not server.started and thread.is_alive():
                time.sleep(0.005)  # uvicorn has nothing to wait upon
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/mcp"
        finally:
            server.should_exit = True
            thread.join(30)
            project.close()


@pytest.mark.parametrize("scenario", OWN)
def test_the_server_as_it_is_passes_what_needs_nothing_of_the_kits(
    desk: Desk,
    tmp_path: Path,
    scenario: str,
) -> None:
    with served(desk, fixtures=False) as url:
        said = run("conformance", "server", "--url", url, "--scenario", scenario, cwd=tmp_path)
    assert said.returncode == 0, said.stdout + said.stderr


def test_with_the_kits_own_tools_everything_passes_that_is_not_listed_with_its_reason(
    desk: Desk,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    baseline = request.path.parent / BASELINE
    with served(desk, fixtures=True) as url:
        words = ("--url", url, "--suite", "all", "--expected-failures", baseline)
        said = run("conformance", "server", *words, cwd=tmp_path)
    assert said.returncode == 0, said.stdout + said.stderr


def inspect(place: Desk, *words: str) -> Any:
    """Asks the installed command a question through the Inspector's command line."""
    said = run("mcp-inspector", "--cli", "ticket", "mcp", *words, cwd=place.path)
    assert said.returncode == 0, said.stdout + said.stderr
    return json.loads(said.stdout)


def test_the_inspector_lists_and_calls_the_tools_of_the_installed_command(desk: Desk) -> None:
    ticket = desk.new("A ticket", "-s", "ready")
    listed = inspect(desk, "--method", "tools/list")
    assert {tool["name"] for tool in listed["tools"]} == {tool.name for tool in TOOLS}
    found = inspect(
        desk, "--method", "tools/call", "--tool-name", "ticket_show", "--tool-arg", f"id={ticket}"
    )
    assert found["structuredContent"]["ticket"] == desk.index()[0]
    prompts = inspect(desk, "--method", "prompts/list")
    assert len(prompts["prompts"]) == 3
    resources = inspect(desk, "--method", "resources/list")
    assert f"ticket://{ticket}" in {resource["uri"] for resource in resources["resources"]}
