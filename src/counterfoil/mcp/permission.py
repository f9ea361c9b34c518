"""The tool that Claude Code asks before it runs one of its own (`claude --permission-prompt-tool`).

It is asked only about what Claude Code's own rules leave open, so all of it is for the gate. The answer is the JSON
that Claude Code expects in the text of the result: `{"behavior": "allow", "updatedInput": …}` with the input as it
was approved, or `{"behavior": "deny", "message": …}`.
"""

from __future__ import annotations

import json
import threading
import time
from functools import partial
from typing import TYPE_CHECKING

import anyio.to_thread
from mcp.types import CallToolResult, TextContent

from counterfoil.gate.facts import ALLOW
from counterfoil.gate.tooluse import made
from counterfoil.mcp.threads import waiters
from counterfoil.mcp.waiting import PROGRESS_S, TURN_S
from counterfoil.usecases import harness
from counterfoil.usecases.harness import WAITING

if TYPE_CHECKING:
    from mcp.server.session import ServerSession

    from counterfoil.gate.tooluse import ToolUse
    from counterfoil.mcp.call import ToolCall
    from counterfoil.usecases.harness import Verdict


async def ask(call: ToolCall, session: ServerSession) -> CallToolResult:
    """Answers whether a tool may run; that nobody could be asked is a no, told as one."""
    asked = call.arguments
    use = made(asked["tool_name"], asked["input"], "", asked.get("tool_use_id"), call.context.work.root)
    use = await anyio.to_thread.run_sync(harness.followed, call.context, use)
    verdict = await _until_answered(call, use, session)
    if verdict.answer == ALLOW:
        return _answer({"behavior": "allow", "updatedInput": asked["input"]})
    return _answer({"behavior": "deny", "message": verdict.reason})


def denied(error: dict[str, object]) -> CallToolResult:
    """Returns the answer where the gate could not be asked: without it nothing that needs it runs."""
    return _answer({"behavior": "deny", "message": f"the gate cannot be asked now: {error['message']}"})


def _answer(told: dict[str, object]) -> CallToolResult:
    return CallToolResult(content=[TextContent(text=json.dumps(told))], structured_content=told)


async def _until_answered(call: ToolCall, use: ToolUse, session: ServerSession) -> Verdict:
    """Asks again and again, for a moment each time, so that the client can hear of it and can give up."""
    begun = told = time.monotonic()
    timeout_s = await anyio.to_thread.run_sync(harness.wait_s, call.context)
    gone = threading.Event()
    try:
        while True:
            left_s = max(0.0, min(TURN_S, begun + timeout_s - time.monotonic()))
            look = partial(harness.ask, call.context, call.store(), use, left_s, stop=gone.is_set)
            verdict = await anyio.to_thread.run_sync(look, limiter=waiters(), abandon_on_cancel=True)
            now = time.monotonic()
            if verdict.answer != WAITING or now - begun >= timeout_s:
                return verdict
            if now - told >= PROGRESS_S:
                told = now
                await session.report_progress(now - begun, timeout_s, verdict.reason)
    finally:
        gone.set()
