"""`ticket assign` and `ticket reviewer`. On the hot path."""

from __future__ import annotations

from counterfoil.cli.call import Call, Reply
from counterfoil.cli.written import written
from counterfoil.usecases.desk import Desk
from counterfoil.usecases.gateway import carry_out

FIELDS = {"assign": "assignee", "reviewer": "reviewer"}


def run(call: Call) -> Reply:
    """Sets or unsets one of the two actors of a ticket."""
    field = FIELDS[call.arguments.verb]
    query = call.pick(call.arguments.required("id"))
    actor = call.arguments.required(field)

    def assign(desk: Desk) -> None:
        desk.assign(desk.open(query), field, actor)

    desk, outcome = carry_out(call.context(), assign)
    sheet = next(iter(desk.sheets.values()))
    display, now = desk.display(sheet), getattr(sheet.ticket, field) or "none"
    if not outcome.changed:
        line = f"No change for {display}; {field} is already {now}."
    elif field == "assignee":
        line = f"Assigned {display} to {now}"
    else:
        line = f"Set reviewer for {display} to {now}"
    return written(call, sheet, outcome, line)
