"""The server: which requests are answered, and by whom. The same for standard streams and for HTTP.

Use cases block, so each call runs in a thread of its own; the loop stays free for pings and
cancellations. A call that writes is not interrupted half-way: the client may stop listening, the change is
made whole. Whatever is raised below becomes an answer here, so nothing of the inside gets out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import anyio.to_thread
from mcp.server.lowlevel import Server
from mcp.shared.exceptions import MCPError
from mcp.types import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    CallToolResult,
    CompleteResult,
    GetPromptResult,
    ListPromptsResult,
    ListResourcesResult,
    ListResourceTemplatesResult,
    ListToolsResult,
    ReadResourceResult,
)
from mcp.types.version import HANDSHAKE_PROTOCOL_VERSIONS

from counterfoil.errors import InputError
from counterfoil.mcp import answers, completing, prompts, reading, resources, showing, tools
from counterfoil.mcp.arguments import check
from counterfoil.mcp.call import ToolCall
from counterfoil.mcp.threads import writers
from counterfoil.usecases.context import Options
from counterfoil.usecases.snapshot import Snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mcp.server.context import ServerRequestContext
    from mcp.types import (
        CallToolRequestParams,
        CompleteRequestParams,
        GetPromptRequestParams,
        PaginatedRequestParams,
        ReadResourceRequestParams,
        Tool,
    )

    from counterfoil.mcp.answers import Answer
    from counterfoil.mcp.caller import Caller
    from counterfoil.usecases.serving import ServerContext

    Request = ServerRequestContext[Any, Any]
    Who = Callable[[Request], Caller]

Found = TypeVar("Found")

NAME = "counterfoil"
NOT_FOUND = -32002
"""Resource not found, up to the specification of 2025-11-25; later ones say -32602."""
INSTRUCTIONS = (
    "Tickets of this repository. Take up work with ticket_ready and ticket_claim. Every change is proposed: policy "
    "or a person answers, and a pending one is waited for with ticket_wait. An error's hint says what to do next."
)

RUN: Mapping[str, Callable[[ToolCall], Answer]] = {
    tools.LIST: reading.list_tickets,
    tools.SHOW: showing.show,
    tools.READY: reading.list_ready,
}
"""What only looks; the rest is imported when it is first asked for, so that the first reply is soon there."""


class Desk:
    """Answers the requests of clients.

    Args:
        project: what the server holds for as long as it runs.
        who: tells who sends a request.
        permits: serve the permission prompt, and nothing else.
        snapshot: the project's tickets, where the server keeps them anyway; None keeps them here.
    """

    def __init__(
        self, project: ServerContext, who: Who, *, permits: bool = False, snapshot: Snapshot | None = None
    ) -> None:
        self._project = project
        self._snapshot = snapshot or Snapshot(project, Options(ci=True, via="mcp"))
        self._who = who
        self.permits = permits
        self.tools: tuple[Tool, ...] = (tools.PERMISSION_TOOL,) if permits else tools.TOOLS

    async def list_tools(self, _: Request, __: PaginatedRequestParams | None) -> ListToolsResult:
        """Returns all tools on one page."""
        return ListToolsResult(tools=list(self.tools))

    def schema(self, name: str) -> dict[str, Any] | None:
        """Returns what a tool takes, or None for one that is not served here."""
        return next((tool.input_schema for tool in self.tools if tool.name == name), None)

    async def call_tool(self, request: Request, params: CallToolRequestParams) -> CallToolResult:
        """Runs a tool; a failure is an answer too.

        Raises:
            MCPError: for a tool that is not there (the specification's -32602).
        """
        schema = self.schema(params.name)
        if schema is None:
            raise MCPError(INVALID_PARAMS, f"Unknown tool: {answers.named(params.name)}")
        caller = self._who(request)
        try:
            arguments = check(params.name, schema, params.arguments)
            context = await anyio.to_thread.run_sync(self._project.context, caller.options())
            call = ToolCall(self._project, context, caller, arguments, self._snapshot)
            return await self.run(call, params.name, request)
        except Exception as error:  # the boundary: every failure becomes an answer
            if self.permits:
                from counterfoil.mcp import permission

                return permission.denied(answers.told(error, remote=caller.remote))
            return answers.failure(error, remote=caller.remote)

    async def run(self, call: ToolCall, name: str, request: Request) -> CallToolResult:
        """Runs a tool: in a thread what blocks, and here what waits."""
        if name == tools.PERMIT:
            from counterfoil.mcp import permission

            return await permission.ask(call, request.session)
        if name == tools.WAIT:
            from counterfoil.mcp import waiting

            answer = await waiting.wait(call, request.session)
        elif name in RUN:
            answer = await anyio.to_thread.run_sync(RUN[name], call)
        else:
            from counterfoil.mcp import asking

            answer = await anyio.to_thread.run_sync(asking.RUN[name], call, limiter=writers())
        return answers.result(answer, call.context)

    async def list_resources(
        self, request: Request, params: PaginatedRequestParams | None
    ) -> ListResourcesResult:
        """Returns one page of tickets, the pages of general interest before the first."""
        cursor = params.cursor if params else None
        return await self._read(request, lambda call: resources.listing(call, cursor))

    async def list_templates(
        self, _: Request, __: PaginatedRequestParams | None
    ) -> ListResourceTemplatesResult:
        """Returns how the addresses of tickets and proposals are made."""
        return ListResourceTemplatesResult(resource_templates=list(resources.TEMPLATES))

    async def read_resource(self, request: Request, params: ReadResourceRequestParams) -> ReadResourceResult:
        """Returns what is at an address."""
        return await self._read(request, lambda call: resources.read(call, params.uri))

    async def list_prompts(self, _: Request, __: PaginatedRequestParams | None) -> ListPromptsResult:
        """Returns all prompts on one page."""
        return ListPromptsResult(prompts=list(prompts.PROMPTS))

    async def get_prompt(self, request: Request, params: GetPromptRequestParams) -> GetPromptResult:
        """Returns a prompt, filled in."""
        return await self._read(request, lambda _: prompts.filled(params.name, params.arguments or {}))

    async def complete(self, request: Request, params: CompleteRequestParams) -> CompleteResult:
        """Returns what an argument of a prompt, or a part of an address, can be completed to."""
        argument = params.argument
        return await self._read(
            request, lambda call: completing.completed(call, argument.name, argument.value)
        )

    async def _read(self, request: Request, work: Callable[[ToolCall], Found]) -> Found:
        """Runs what answers no tool, so that a failure is an error of the protocol.

        Raises:
            MCPError: with the code of ours as data.
        """
        caller = self._who(request)
        try:
            context = await anyio.to_thread.run_sync(self._project.context, caller.options())
            call = ToolCall(self._project, context, caller, {}, self._snapshot)
            return await anyio.to_thread.run_sync(work, call)
        except MCPError:
            raise
        except Exception as error:  # the boundary
            told = answers.told(error, remote=caller.remote)
            code = INTERNAL_ERROR
            if isinstance(error, InputError):
                is_old = request.protocol_version in HANDSHAKE_PROTOCOL_VERSIONS
                code = NOT_FOUND if is_old and error.code.endswith("_not_found") else INVALID_PARAMS
            raise MCPError(code, answers.printable(str(told["message"])), told) from None


def build(
    project: ServerContext, who: Who, *, version: str, permits: bool = False, snapshot: Snapshot | None = None
) -> Server[Any]:
    """Returns the server for one project; see `Desk` for the arguments. The version is the program's own."""
    return wired(Desk(project, who, permits=permits, snapshot=snapshot), version=version)


def wired(desk: Desk, *, version: str) -> Server[Any]:
    """Returns the server whose requests a desk answers."""
    more = not desk.permits
    server: Server[Any] = Server(
        NAME,
        version=version,
        title="Counterfoil",
        instructions=INSTRUCTIONS if more else None,
        on_list_tools=desk.list_tools,
        on_call_tool=desk.call_tool,
        get_tool_input_schema=desk.schema,
        on_list_resources=desk.list_resources if more else None,
        on_list_resource_templates=desk.list_templates if more else None,
        on_read_resource=desk.read_resource if more else None,
        on_list_prompts=desk.list_prompts if more else None,
        on_get_prompt=desk.get_prompt if more else None,
        on_completion=desk.complete if more else None,
    )
    server.middleware.clear()
    return server
