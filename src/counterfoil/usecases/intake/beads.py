"""Issues of beads: JSON lines in `.beads/issues.jsonl` (https://github.com/steveyegge/beads).

`open` is `ready` here, since beads hands open issues out as work; only `blocks` dependencies hold an
issue back, containment and loose relations are kept in words. Issues that beads marks as deleted
(tombstones) are left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from counterfoil.kernel.jsontext import compact
from counterfoil.usecases.intake.fields import number, objects, text, texts
from counterfoil.usecases.intake.item import Item, Skip, actor_called
from counterfoil.usecases.intake.strictjson import Object

KIND = "beads"
FILES = ("issues.jsonl", "beads.jsonl")
STATES = {
    "": "ready", "open": "ready", "ready": "ready", "in_progress": "in_progress", "hooked": "in_progress",
    "blocked": "blocked", "deferred": "backlog", "pinned": "backlog", "closed": "done", "done": "done",
}  # fmt: skip
_EXACT = frozenset(("", "open", "in_progress", "blocked", "closed"))
BLOCKING = frozenset(("", "blocks", "conditional-blocks", "waits-for"))
_RELATION_WORDS = {"parent-child": "part of", "related": "related to", "discovered-from": "discovered from"}
SECTIONS = (("design", "Design"), ("acceptance_criteria", "Acceptance criteria"), ("notes", "Notes"))
_TAKEN = frozenset(
    ("id", "title", "description", "status", "priority", "issue_type", "assignee", "labels", "dependencies",
     "comments", "created_by", "content_hash", "source_repo", "compaction_level", "original_size",
     *[key for key, _ in SECTIONS])
)  # fmt: skip
"""Keys that have a place of their own, and bookkeeping that means nothing elsewhere."""
_EMPTY: tuple[object, ...] = (None, "", [], {})


def is_issue(data: Object) -> bool:
    """Tells whether an object looks like an issue of beads."""
    return isinstance(data.get("id"), str) and "title" in data and ("issue_type" in data or "status" in data)


def read(found: Iterable[tuple[str, Object]]) -> Iterator[Item | Skip]:
    """Turns issues into items.

    Args:
        found: objects with their places in the input.
    """
    for where, data in found:
        key = text(data, "id")
        if not key or not text(data, "title").strip():
            yield Skip(where, "unreadable", "an issue needs id and title")
        elif text(data, "status") == "tombstone":
            yield Skip(where, "deleted", f"{key} was deleted there")
        else:
            yield _item(where, data, key)


def _item(where: str, data: Object, key: str) -> Item:
    item = Item(where, KIND, key, text(data, "title"))
    status = text(data, "status")
    item.state = STATES.get(status, "backlog")
    if status not in _EXACT:
        item.note("status", status)
    level = number(data, "priority")
    if level is not None and not item.prioritise(str(level)):
        item.note("priority", str(level))
    issue_type = text(data, "issue_type")
    for label in [*([issue_type] if issue_type not in {"", "task"} else []), *texts(data, "labels")]:
        item.label(label)
    item.assign(texts(data, "assignee"))
    item.author = actor_called(text(data, "created_by"))
    item.body = _body(data)
    for relation in objects(data, "dependencies"):
        other, kind = text(relation, "depends_on_id"), text(relation, "type")
        if kind in BLOCKING:
            item.blocked_by.append(other)
        else:
            item.note(_RELATION_WORDS.get(kind, kind), other)
    for name, value in data.items():
        if name not in _TAKEN and value not in _EMPTY:
            item.note(name.replace("_", " "), value if isinstance(value, str) else compact(value))
    for comment in objects(data, "comments"):
        item.comments.append((text(comment, "author"), text(comment, "created_at"), text(comment, "text")))
    return item


def _body(data: Object) -> str:
    parts = [text(data, "description").strip("\n")]
    parts += [
        f"## {heading}\n\n{found}" for key, heading in SECTIONS if (found := text(data, key).strip("\n"))
    ]
    body = "\n\n".join([part for part in parts if part]).replace("\r\n", "\n")
    return body + "\n" if body else ""
