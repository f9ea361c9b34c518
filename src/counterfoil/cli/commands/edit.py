"""`ticket edit`: the whole ticket in $EDITOR, or single fields by option."""

from __future__ import annotations

from counterfoil.cli.call import Call, Reply
from counterfoil.cli.written import written
from counterfoil.errors import InputError
from counterfoil.usecases import editing
from counterfoil.usecases.desk import Desk, Sheet, carry_out, clean_labels, parse_actor
from counterfoil.usecases.resolve import find_name

FIELD_OPTIONS = ("title", "state", "priority", "assignee", "reviewer", "body", "body_file")
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
    edited = editing.edit_in_editor(call.context(), name)
    if edited is None:
        return Reply({"changed": False, "committed": False, "commit": None}, "No change; nothing was saved.")
    desk, outcome = edited
    sheet = next(iter(desk.sheets.values()))
    return written(call, sheet, outcome, f"Updated {desk.display(sheet)}")


def _edit_fields(call: Call, query: str) -> Reply:
    arguments = call.arguments
    body = call.body()

    def edit(desk: Desk) -> None:
        sheet = desk.open(query)
        changes: dict[str, object] = {}
        title, priority = arguments.text("title"), arguments.text("priority")
        if title is not None:
            changes["title"] = editing.title(title)
        if priority is not None:
            changes["priority"] = editing.priority(priority)
        for field in ("assignee", "reviewer"):
            actor = arguments.text(field)
            if actor is not None:
                changes[field] = parse_actor(actor)
        if arguments.many("label"):
            changes["labels"] = edited_labels(sheet.ticket.labels, arguments.many("label"))
        for field in ("blocks", "blocked_by"):
            if arguments.many(field):
                changes[field] = _edited_relations(desk, sheet, field, arguments.many(field))
        state = arguments.text("state")
        if state is not None:
            desk.move(sheet, state)
        if changes:
            desk.update(sheet, changes)
        if body is not None:
            desk.replace_body(sheet, body)

    desk, outcome = carry_out(call.context(), edit)
    sheet = next(iter(desk.sheets.values()))
    display = desk.display(sheet)
    line = f"Updated {display}" if outcome.changed else f"No change for {display}; it says so already."
    return written(call, sheet, outcome, line)


def edited_labels(present: tuple[str, ...], wanted: list[str]) -> list[str]:
    """Returns labels after `+x` (add), `-x` (remove) and `x,y` (these and no others).

    Raises:
        InputError: `invalid_label`.
    """
    labels = list(present)
    plain = [
        label for item in wanted if item[:1] not in {"+", "-"} for label in item.split(",") if label.strip()
    ]
    if plain or "" in wanted:
        labels = list(clean_labels(plain))
    for item in wanted:
        if item.startswith("+"):
            labels += [label for label in clean_labels(item[1:].split(",")) if label not in labels]
        elif item.startswith("-"):
            unwanted = item[1:].lower().split(",")
            labels = [label for label in labels if label.lower() not in unwanted]
    return labels


def _edited_relations(desk: Desk, sheet: Sheet, field: str, wanted: list[str]) -> list[str]:
    related = list(getattr(sheet.ticket, field))
    for item in wanted:
        query = item.lstrip("+-")
        other = desk.ticket_id(query)
        if item.startswith("-"):
            related = [ticket for ticket in related if ticket != other]
        elif other == sheet.ticket.id:
            raise InputError("usage", "a ticket cannot wait for itself", "ticket edit --help", value=query)
        elif other not in related:
            related.append(other)
    return related
