"""Tickets of tk: `.tickets/*.md` with the title as a heading in the body (https://github.com/wedow/tk).

`open` is `ready` here, since tk hands open tickets out as work. `deps` hold a ticket back; parents,
links and references are kept in words.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from counterfoil.usecases.intake.item import Item, Skip
from counterfoil.usecases.intake.markdown import Fields, many, one

KIND = "tk"
STATES = {
    "": "ready", "open": "ready", "in_progress": "in_progress", "needs_testing": "in_progress", "closed": "done",
}  # fmt: skip
_TAKEN = frozenset(("id", "status", "deps", "type", "priority", "assignee", "tags", "title"))


def is_ticket(fields: Fields) -> bool:
    """Tells whether front matter looks like tk's."""
    return "id" in fields and "status" in fields


def read(found: Iterable[tuple[str, Fields, str]]) -> Iterator[Item | Skip]:
    """Turns tickets into items.

    Args:
        found: files with their front matter and body.
    """
    for where, fields, body in found:
        if is_ticket(fields) and one(fields, "id"):
            yield _item(where, fields, body)
        else:
            yield Skip(where, "unreadable", "the front matter has no id and status")


def _item(where: str, fields: Fields, body: str) -> Item:
    key = one(fields, "id")
    title, rest = _split_title(body)
    item = Item(where, KIND, key, one(fields, "title") or title or key)
    item.body = rest
    status = one(fields, "status")
    item.state = STATES.get(status, "backlog")
    if status not in STATES or status == "needs_testing":
        item.note("status", status)
    level = one(fields, "priority")
    if level and not item.prioritise(level):
        item.note("priority", level)
    ticket_type = one(fields, "type")
    for label in [*([ticket_type] if ticket_type not in {"", "task"} else []), *many(fields, "tags")]:
        item.label(label)
    item.assign([one(fields, "assignee")])
    item.blocked_by = many(fields, "deps")
    for name, value in fields.items():
        if name not in _TAKEN:
            item.note(name.replace("-", " "), value)
    return item


def _split_title(body: str) -> tuple[str, str]:
    """Takes the first heading off the body, if nothing stands in front of it."""
    first, _, rest = body.lstrip("\n").partition("\n")
    return (first[2:], rest) if first.startswith("# ") else ("", body)
