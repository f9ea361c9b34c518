"""Tasks of Backlog.md: `backlog/tasks/*.md` (https://github.com/MrLesk/Backlog.md).

Statuses are configurable there, so they are recognised by their usual names: `To Do` is `ready`, an
unknown one goes to `backlog` and is kept in words. Drafts are in `backlog`. The marks around
sections (`<!-- SECTION:…:BEGIN -->`) are taken out of the body.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from counterfoil.usecases.intake.item import Item, Skip, actor_called, slugged
from counterfoil.usecases.intake.markdown import Fields, many, one

KIND = "backlog"
FOLDERS = ("tasks", "completed", "drafts")
STATES = {
    "to-do": "ready", "todo": "ready", "ready": "ready", "open": "ready", "draft": "backlog", "backlog": "backlog",
    "in-progress": "in_progress", "doing": "in_progress", "in-review": "in_progress", "review": "in_progress",
    "testing": "in_progress", "blocked": "blocked", "on-hold": "blocked", "done": "done", "complete": "done",
    "completed": "done", "closed": "done",
}  # fmt: skip
_EXACT = frozenset(("to-do", "todo", "in-progress", "blocked", "done", "draft"))
_TAKEN = frozenset(
    ("id", "title", "status", "assignee", "reporter", "labels", "dependencies", "priority", "ordinal")
)


def is_task(fields: Fields) -> bool:
    """Tells whether front matter looks like Backlog.md's."""
    return "id" in fields and "title" in fields and "status" in fields


def read(found: Iterable[tuple[str, Fields, str]]) -> Iterator[Item | Skip]:
    """Turns tasks into items.

    Args:
        found: files with their front matter and body.
    """
    for where, fields, body in found:
        if is_task(fields) and one(fields, "id") and one(fields, "title").strip():
            yield _item(where, fields, body)
        else:
            yield Skip(where, "unreadable", "the front matter has no id, title and status")


def _item(where: str, fields: Fields, body: str) -> Item:
    item = Item(where, KIND, one(fields, "id").upper(), one(fields, "title"))
    item.body = "\n".join([line for line in body.split("\n") if not _is_mark(line.strip())])
    status = one(fields, "status")
    slug = (slugged(status) or "").replace("_", "-")
    item.state = STATES.get(slug, "backlog")
    if slug not in _EXACT:
        item.note("status", status)
    word = one(fields, "priority")
    if word and not item.prioritise(word):
        item.note("priority", word)
    for label in many(fields, "labels"):
        item.label(label)
    item.assign(many(fields, "assignee"))
    item.author = actor_called(one(fields, "reporter"))
    item.blocked_by = [key.upper() for key in many(fields, "dependencies")]
    for name, value in fields.items():
        if name not in _TAKEN:
            item.note(name.replace("_", " "), value)
    return item


def _is_mark(line: str) -> bool:
    return line.startswith("<!-- ") and line.endswith((":BEGIN -->", ":END -->"))
