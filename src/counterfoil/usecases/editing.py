"""Editing single fields of a ticket (cli.md)."""

from __future__ import annotations

from collections.abc import Sequence

from counterfoil.errors import InputError
from counterfoil.tickets.values import check_title, clean_labels, parse_actor
from counterfoil.tickets.workflow import parse_priority
from counterfoil.usecases.desk import Desk, Sheet


def edit_fields(
    desk: Desk,
    sheet: Sheet,
    *,
    title: str | None = None,
    state: str | None = None,
    priority: str | None = None,
    labels: Sequence[str] = (),
    assignee: str | None = None,
    reviewer: str | None = None,
    blocks: Sequence[str] = (),
    blocked_by: Sequence[str] = (),
    body: str | None = None,
    append: str | None = None,
) -> None:
    """Changes what is given and leaves the rest; `none` unsets an actor.

    Args:
        desk, sheet: the ticket on its desk.
        title, state, priority, assignee, reviewer, body: the new value.
        labels: `+x` adds, `-x` removes, `x,y` stands for all.
        blocks, blocked_by: `ID` or `+ID` adds, `-ID` removes.
        append: a paragraph for the end of the body.

    Raises:
        InputError: for values that are none, and for transitions that are not allowed.
    """
    changes: dict[str, object] = {}
    if title is not None:
        changes["title"] = check_title(title)
    if priority is not None:
        changes["priority"] = parse_priority(priority)
    if assignee is not None:
        changes["assignee"] = parse_actor(assignee)
    if reviewer is not None:
        changes["reviewer"] = parse_actor(reviewer)
    if labels:
        changes["labels"] = edited_labels(sheet.ticket.labels, labels)
    if blocks:
        changes["blocks"] = _edited_relations(desk, sheet, "blocks", blocks) or None
    if blocked_by:
        changes["blocked_by"] = _edited_relations(desk, sheet, "blocked_by", blocked_by) or None
    if state is not None:
        desk.move(sheet, state)
    if changes:
        desk.update(sheet, changes)
    if body is not None:
        desk.replace_body(sheet, body)
    if append is not None:
        present = sheet.document.body.rstrip("\r\n")
        desk.replace_body(sheet, f"{present}\n\n{append.strip()}\n" if present else f"{append.strip()}\n")


def edited_labels(present: Sequence[str], wanted: Sequence[str]) -> list[str]:
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


def _edited_relations(desk: Desk, sheet: Sheet, field: str, wanted: Sequence[str]) -> list[str]:
    related = list(getattr(sheet.ticket, field))
    for item in wanted:
        query = item.lstrip("+-")
        if item.startswith("-"):
            unwanted = _related(desk, query, related)
            related = [ticket for ticket in related if ticket != unwanted]
            continue
        other = desk.ticket_id(query)
        if other == sheet.ticket.id:
            raise InputError("usage", "a ticket cannot wait for itself", "ticket edit --help", value=query)
        if other not in related:
            related.append(other)
    return related


def _related(desk: Desk, query: str, related: Sequence[str]) -> str:
    """Returns the relation that is meant; its ticket need not exist any more."""
    prefix = desk.context.config.id_prefix.upper()
    begun = query.upper().removeprefix(f"{prefix}-")
    found = [ticket for ticket in related if begun and ticket.startswith(begun)]
    return found[0] if len(found) == 1 else desk.ticket_id(query)
