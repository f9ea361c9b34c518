"""`ticket new`: create a ticket. On the hot path."""

from __future__ import annotations

from counterfoil.cli.call import Call, Reply
from counterfoil.cli.written import written
from counterfoil.usecases.desk import Desk
from counterfoil.usecases.gateway import carry_out
from counterfoil.usecases.templates import load_template


def run(call: Call) -> Reply:
    """Creates one ticket from the command line."""
    arguments = call.arguments
    context = call.context()
    body = call.body()
    template = load_template(context, arguments.text("template"))

    def create(desk: Desk) -> None:
        desk.create(
            arguments.required("title"),
            state=arguments.text("state"),
            priority=arguments.text("priority"),
            labels=arguments.many("label"),
            assignee=arguments.text("assignee"),
            reviewer=arguments.text("reviewer"),
            author=arguments.text("author"),
            blocks=arguments.many("blocks"),
            blocked_by=arguments.many("blocked_by"),
            body=body,
            template=template,
        )

    desk, outcome = carry_out(context, create)
    sheet = next(iter(desk.sheets.values()))
    display = desk.display(sheet)
    return written(call, sheet, outcome, f"Created {display}", detail=sheet.ticket.title, brief=display)
