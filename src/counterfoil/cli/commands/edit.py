"""`ticket edit`: the whole ticket in $EDITOR, or single fields by option."""

from __future__ import annotations

import os

from counterfoil.cli.call import Call, Reply
from counterfoil.cli.written import written
from counterfoil.errors import InputError
from counterfoil.usecases import drafting, editing
from counterfoil.usecases.desk import Desk
from counterfoil.usecases.gateway import carry_out
from counterfoil.usecases.resolve import find_name

FIELD_OPTIONS = ("title", "state", "priority", "assignee", "reviewer", "body", "body_file", "append")
LIST_OPTIONS = ("label", "blocks", "blocked_by")


def run(call: Call) -> Reply:
    """Edits one ticket."""
    arguments = call.arguments
    query = call.pick(arguments.required("id"))
    by_option = any(arguments.text(name) is not None for name in FIELD_OPTIONS) or any(
        arguments.many(name) for name in LIST_OPTIONS
    )
    if by_option:
        return _edit_fields(call, query)
    if call.ci:
        raise InputError(
            "ci_mode_not_supported",
            "with --ci no editor is opened",
            "name what to change: ticket edit ID --title TEXT, --priority P, --label +x, --body TEXT, …",
            verb="edit",
        )
    name = find_name(call.context(), query)
    edited = drafting.edit_in_editor(call.context(), name, terminal=os.isatty(0) and os.isatty(1))
    if edited is None:
        return Reply({"changed": False, "committed": False, "commit": None}, "No change; nothing was saved.")
    desk, outcome = edited
    sheet = next(iter(desk.sheets.values()))
    return written(call, sheet, outcome, f"Updated {desk.display(sheet)}")


def _edit_fields(call: Call, query: str) -> Reply:
    arguments = call.arguments
    body = call.body()
    addition = arguments.text("append")
    if addition == "-":
        addition = call.read_text("-")

    def edit(desk: Desk) -> None:
        editing.edit_fields(
            desk,
            desk.open(query),
            title=arguments.text("title"),
            state=arguments.text("state"),
            priority=arguments.text("priority"),
            labels=arguments.many("label"),
            assignee=arguments.text("assignee"),
            reviewer=arguments.text("reviewer"),
            blocks=arguments.many("blocks"),
            blocked_by=arguments.many("blocked_by"),
            body=body,
            append=addition,
        )

    desk, outcome = carry_out(call.context(), edit)
    sheet = next(iter(desk.sheets.values()))
    display = desk.display(sheet)
    line = f"Updated {display}" if outcome.changed else f"No change for {display}; it says so already."
    return written(call, sheet, outcome, line)
