"""The tool that shows one thing whole: a ticket with what was said of it, or a proposal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from counterfoil.gate.proposal import PENDING
from counterfoil.gate.shown import escaped
from counterfoil.mcp.answers import Answer
from counterfoil.mcp.reading import show_ticket

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterfoil.mcp.call import ToolCall
    from counterfoil.usecases.discussion import Said

PROPOSAL = "P-"
SAID_MAX = 50
"""So much of a discussion is shown, the newest of it."""
PROPOSALS_MAX = 20
LINE_LENGTH = 500


def show(call: ToolCall) -> Answer:
    """Shows a ticket or a proposal, whichever the id is of."""
    if call.arguments["id"].strip().upper().startswith(PROPOSAL):
        from counterfoil.mcp.asking import show_proposal

        return show_proposal(call, call.arguments["id"])
    answer = show_ticket(call)
    if not call.context.ledgers.exists():
        return answer
    ticket: Any = answer.data["ticket"]
    said, left_out = _said(call, ticket["id"])
    pending = _pending(call, ticket["id"])
    lines = [
        answer.text.rstrip("\n"),
        *_lines(said, left_out),
        *[f"pending: {each['summary']}" for each in pending],
    ]
    more = {
        "discussion": [each.as_data() for each in said],
        "discussion_left_out": left_out,
        "pending": pending,
    }
    return Answer("\n".join(lines) + "\n", {**answer.data, **more})


def _said(call: ToolCall, ticket: str) -> tuple[Sequence[Said], int]:
    """Returns the newest part of what was said of a ticket, and how much came before it."""
    from counterfoil.usecases.discussion import discussion

    said = discussion(call.store(), ticket)
    return said[-SAID_MAX:], max(0, len(said) - SAID_MAX)


def _lines(said: Sequence[Said], left_out: int) -> list[str]:
    lines = ["", "Said of it:"] if said else []
    if left_out:
        lines.append(f"({left_out} earlier ones are left out)")
    for each in said:
        body = each.body or {}
        words = " ".join(
            [f"{name}: {value}" for name, value in body.items() if name in {"position", "text", "url"}]
        )
        what = words or each.kind
        lines.append(escaped(f"- {each.at} {each.actor} {what}".replace("\n", " "))[:LINE_LENGTH])
    return lines


def _pending(call: ToolCall, ticket: str) -> list[dict[str, object]]:
    """Returns the proposals about a ticket that wait for a person; who is elsewhere sees their own."""
    from counterfoil.usecases import proposals

    views = call.context.ledgers.views()
    found: list[dict[str, object]] = []
    try:
        for listed in proposals.listing(call.store(), views, ticket=ticket):
            state = listed.proposal
            is_hidden = call.caller.remote and state.actor != call.caller.actor
            if is_hidden or state.status_at(call.context.clock.now_ms()) != PENDING:
                continue
            summary = f"{state.id} {state.body.get('action')} by {state.actor}"
            found.append(
                {
                    "proposal": state.id,
                    "action": state.body.get("action"),
                    "actor": state.actor,
                    "summary": summary,
                }
            )
            if len(found) == PROPOSALS_MAX:
                break
    finally:
        views.close()
    return found
