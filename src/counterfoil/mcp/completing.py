"""Completion of what is typed into a prompt's arguments, or into the template of an address."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mcp.types import CompleteResult, Completion

from counterfoil.gate.reach import READ
from counterfoil.tickets.naming import display_id
from counterfoil.tickets.workflow import TERMINAL

if TYPE_CHECKING:
    from counterfoil.mcp.call import ToolCall

SHOWN = 100
"""The specification's limit."""
TICKETS = frozenset(("ticket", "id"))
LABEL = "label"


def completed(call: ToolCall, name: str, value: str) -> CompleteResult:
    """Returns open tickets whose id or title has the value, or labels that begin with it; else nothing.

    Args:
        call: who asks.
        name: of the argument.
        value: what is typed so far.
    """
    call.check(READ)
    wanted = value.casefold()
    rows = call.tickets().rows
    if name == LABEL:
        found = sorted({label for row in rows for label in row[4] if label.startswith(wanted)})
    elif name in TICKETS:
        prefix = call.context.config.id_prefix
        shown = [(display_id(prefix, row[0]), row) for row in rows if row[2] != TERMINAL]
        found = [
            display for display, row in shown if wanted in display.casefold() or wanted in row[1].casefold()
        ]
    else:
        found = []
    return CompleteResult(
        completion=Completion(values=found[:SHOWN], total=len(found), has_more=len(found) > SHOWN)
    )
