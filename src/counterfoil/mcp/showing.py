"""The tool that shows one thing whole: a ticket, or a proposal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterfoil.mcp.reading import show_ticket

if TYPE_CHECKING:
    from counterfoil.mcp.answers import Answer
    from counterfoil.mcp.call import ToolCall

PROPOSAL = "P-"


def show(call: ToolCall) -> Answer:
    """Shows a ticket or a proposal, whichever the id is of."""
    if call.arguments["id"].strip().upper().startswith(PROPOSAL):
        from counterfoil.mcp.asking import show_proposal

        return show_proposal(call, call.arguments["id"])
    return show_ticket(call)
