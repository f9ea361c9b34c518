"""The tools that only look: list, ready, show."""

from __future__ import annotations

from heapq import nsmallest
from typing import TYPE_CHECKING, Any

from counterfoil.errors import InputError
from counterfoil.gate.reach import READ
from counterfoil.mcp.answers import Answer
from counterfoil.mcp.tools import ROWS
from counterfoil.tickets import index, query
from counterfoil.tickets.document import read
from counterfoil.tickets.model import FILE_BYTES, row_of
from counterfoil.tickets.naming import display_id
from counterfoil.tickets.workflow import STATES, TERMINAL, parse_state
from counterfoil.usecases import claims
from counterfoil.usecases.resolve import find_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from counterfoil.mcp.call import ToolCall
    from counterfoil.tickets.model import Row
    from counterfoil.usecases.context import Context
    from counterfoil.usecases.rows import Problem


def list_tickets(call: ToolCall) -> Answer:
    """Lists tickets, filtered and in the protocol's order."""
    call.check(READ)
    asked = call.arguments
    tickets = call.tickets()
    states = {parse_state(name) for name in asked.get("state", ())} or {*STATES} - {TERMINAL}
    rows = query.select(
        [row for state in STATES if state in states for row in tickets.by_state[state]],
        priority=asked.get("priority", ()),
        label=asked.get("label", ()),
        assignee=asked.get("assignee"),
        text=asked.get("text"),
    )
    _tell_problems(call.context, tickets.problems)
    return _listed(call, rows, "no ticket fits")


def list_ready(call: ToolCall) -> Answer:
    """Lists what can be worked on now, and says how much of the rest waits for other tickets."""
    call.check(READ)
    context = call.context
    readiness = call.tickets().readiness()
    now_ms = context.clock.now_ms()
    held = {ticket for ticket, claim in claims.everything(context).items() if claim.is_live(now_ms)}
    rows = [row for row in readiness.ready if row[0] not in held]
    if call.arguments.get("label"):
        rows = query.select(rows, label=call.arguments["label"])
    answer = _listed(call, rows, "nothing is ready; ticket_list shows what there is")
    waiting = {ticket: list(blockers) for ticket, blockers in nsmallest(ROWS, readiness.blocked.items())}
    text = answer.text
    if readiness.blocked:
        text += f"\n{len(readiness.blocked)} more in state ready wait for other tickets"
    return Answer(text, {**answer.data, "blocked": waiting})


def _listed(call: ToolCall, rows: Sequence[Row], none: str) -> Answer:
    limit = call.arguments.get("limit", ROWS)
    prefix = call.context.config.id_prefix
    shown = rows[:limit]
    lines = [line(row, prefix) for row in shown] or [none]
    if len(rows) > len(shown):
        lines.append(f"{len(rows) - len(shown)} more; filter, or raise limit")
    return Answer(
        "\n".join(lines), {"tickets": [index.entry(row, prefix) for row in shown], "total": len(rows)}
    )


def line(row: Row, prefix: str) -> str:
    """Returns a ticket on one line: id, priority, state, title, labels, who works on it."""
    words = [display_id(prefix, row[0]), row[3], row[2], row[1]]
    if row[4]:
        words.append(f"[{', '.join(row[4])}]")
    if row[5]:
        words.append(f"→ {row[5]}")
    return "  ".join(words)


def _tell_problems(context: Context, problems: Mapping[str, Problem]) -> None:
    broken = [name for name, problem in problems.items() if problem[0] != "not_a_ticket"]
    if broken:
        message = (
            f"{len(broken)} files in {index.TICKETS} are no readable tickets; `ticket validate` says why"
        )
        context.warn(
            "invalid_ticket", message, paths=[f"{index.TICKETS}/{name}" for name in sorted(broken)[:20]]
        )


def show_ticket(call: ToolCall) -> Answer:
    """Shows a ticket as its file has it, and who holds it."""
    call.check(READ)
    data = ticket_data(call.context, call.arguments["id"].strip())
    text = str(data["text"])
    facts = {name: value for name, value in data.items() if name != "text"}
    claim = data["claim"]
    if isinstance(claim, dict):
        text += f"\nclaimed by {claim['holder']} until {claim['until']}"
    return Answer(text, facts)


def ticket_data(context: Context, wanted: str) -> dict[str, Any]:
    """Returns a ticket with all that its file says, the file itself as `text`, and its claim.

    Raises:
        InputError: `ticket_not_found`, `ambiguous_id`, `invalid_ticket`, `too_large`.
    """
    name = find_name(context, wanted)
    data = context.work.read(f"{index.TICKETS}/{name}", FILE_BYTES)
    if data is None:
        raise InputError("ticket_not_found", f"no ticket is called {wanted!r}", "ticket_list", query=wanted)
    document = read(data, context.full)
    claim = claims.read(context, document.ticket.id)
    is_held = claim is not None and claim.is_live(context.clock.now_ms())
    return {
        "ticket": index.entry(row_of(document.ticket, name), context.config.id_prefix),
        "frontmatter": document.frontmatter(),
        "body": document.body,
        "claim": claim.as_data(context) if claim is not None and is_held else None,
        "text": data.decode("utf-8", "backslashreplace"),
    }
