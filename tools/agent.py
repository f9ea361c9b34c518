"""An agent in one file: the official MCP client, which says that a ticket is done and waits for the answer.

    python tools/agent.py TICKET-COMMAND TICKET REASON

It starts `ticket mcp` as any harness does, proposes to move the ticket to done, and waits for as long as it
takes. Everything that it hears is printed; a rejection ends it with status 1.
"""

from __future__ import annotations

import os
import sys

import anyio
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client

TRIES = 40
WAIT_S = 15
OVER = {"applied", "failed", "rejected", "withdrawn", "expired", "superseded", "stale"}


def say(text: str) -> None:
    """Prints a line of the agent's own, at once."""
    print(f"[agent] {text}", flush=True)


async def call(session: ClientSession, tool: str, arguments: dict[str, object]) -> dict[str, object]:
    """Calls a tool and returns its structured answer."""
    answer = await session.call_tool(tool, arguments)
    if answer.is_error or answer.structured_content is None:
        raise SystemExit(f"[agent] {tool}: {answer.content}")
    return dict(answer.structured_content)


async def work(command: str, ticket: str, reason: str) -> int:
    """Proposes, waits, and tells what became of it."""
    server = StdioServerParameters(command=command, args=["mcp"], env=dict(os.environ))
    async with stdio_client(server) as (read, write), ClientSession(read, write) as session:
        await session.initialize()
        tools = (await session.list_tools()).tools
        say(f"my tools: {', '.join(tool.name for tool in tools)}")
        request = {"action": "ticket.move", "payload": {"ticket": ticket, "state": "done"}, "reason": reason}
        answer = await call(session, "ticket_propose", {**request, "key": f"done/{ticket}"})
        name = str(answer["proposal"])
        say(f"proposed {name}: {answer['status']}")
        for _ in range(TRIES):
            answer = await call(session, "ticket_wait", {"proposal": name, "timeout_s": WAIT_S})
            if answer["status"] in OVER:
                break
        decision = answer.get("decision")
        by = (
            f", {decision['verdict']} by {decision['by']}: {decision['reason']}"
            if isinstance(decision, dict)
            else ""
        )
        say(f"{name} is {answer['status']}{by}")
        return 0 if answer["status"] == "applied" else 1


if __name__ == "__main__":
    sys.exit(anyio.run(lambda: work(*sys.argv[1:4])))
