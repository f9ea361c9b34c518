"""The tool that a harness asks before it runs one of its own tools (`claude --permission-prompt-tool`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mcp.server.session import ServerSession
    from mcp_types import CallToolResult

    from counterfoil.mcp.call import ToolCall


async def ask(call: ToolCall, session: ServerSession) -> CallToolResult:
    raise NotImplementedError
