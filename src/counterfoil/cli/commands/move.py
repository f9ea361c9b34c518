"""`ticket move`, `start` and `done`: along the workflow. On the hot path."""

from __future__ import annotations

from counterfoil.cli.call import Call, Reply
from counterfoil.cli.written import written
from counterfoil.usecases.desk import Desk
from counterfoil.usecases.gateway import carry_out

STATE_OF_VERB = {"start": "in_progress", "done": "done"}


def run(call: Call) -> Reply:
    """Moves one ticket."""
    arguments = call.arguments
    if arguments.verb == "start" and arguments.flag("claim"):
        from counterfoil.cli.commands.claim import run as claim

        return claim(call)
    query = call.pick(arguments.required("id"))
    state = STATE_OF_VERB.get(arguments.verb) or arguments.required("state")

    def move(desk: Desk) -> None:
        desk.move(desk.open(query), state)

    desk, outcome = carry_out(call.context(), move)
    sheet = next(iter(desk.sheets.values()))
    display, now = desk.display(sheet), sheet.ticket.state
    line = (
        f"Moved {display} to {now}"
        if outcome.changed
        else f"No change for {display}; state is already {now}."
    )
    return written(call, sheet, outcome, line)
