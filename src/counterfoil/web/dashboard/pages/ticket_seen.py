"""What a ticket's file was when a form was made from it, so that what others do to it meanwhile can be shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from counterfoil.gate.action import DIFF, Shown
from counterfoil.usecases import edited_beside
from counterfoil.usecases.blobs import read_blobs
from counterfoil.usecases.history import BODY, FILE, LAYOUT
from counterfoil.usecases.keeping import Keeping

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterfoil.web.dashboard.pages.ticket_parts import Looked
    from counterfoil.web.dashboard.visit import Visit

KEPT, KEPT_BYTES = 100, 4 * 1024 * 1024
NAMED = 3
"""So many fields are named, and the others counted."""
WORDS = {
    BODY: "the text",
    LAYOUT: "its layout",
    "blocked_by": "what it waits for",
    "blocks": "what waits for it",
}

_SEEN: Keeping[bytes] = Keeping(KEPT, KEPT_BYTES)
"""The files that forms were made from, by blob, so that what others do to them can be shown."""


def as_seen(visit: Visit, looked: Looked, seen: str) -> Markup | None:
    """Returns what a file has become since a form was made from it, as a difference; None where nobody knows."""
    _SEEN.keep(looked.blob, looked.data, len(looked.data))
    before = None if seen == looked.blob else state(visit, looked.id, seen)
    if before is None:
        return None
    from difflib import unified_diff

    from counterfoil.gate.shown import escaped
    from counterfoil.web.dashboard import diffing

    old, new = [each.decode("utf-8", "backslashreplace").splitlines() for each in (before, looked.data)]
    found = unified_diff(old, new, f"a/{looked.name}", f"b/{looked.name}", lineterm="")
    lines = [escaped(line) for line in found]
    return Markup(diffing.render(Shown(DIFF, "\n".join([*lines, ""]))).html)


def state(visit: Visit, ticket: str, seen: str) -> bytes | None:
    """Returns an earlier state of a ticket's file by its blob; None where nobody has it, or it is none of that ticket."""
    if not (len(seen) in {40, 64} and set(seen) <= set("0123456789abcdef")):
        return None
    found = _SEEN.get(seen)
    if found is None:
        found = read_blobs(visit.context(), [seen]).get(seen)
    return found if found is not None and _is_of(found, ticket) else None


def stays(visit: Visit, looked: Looked, seen: str) -> str:
    """Returns in words what others changed, where that stays beside whatever the form's title and text become."""
    before = state(visit, looked.id, seen)
    if before is None:
        return ""
    fields = edited_beside.fields_between(visit.context(), before, looked.data)
    return "" if {"title", BODY, FILE} & set(fields) else in_words(fields)


def in_words(fields: Sequence[str]) -> str:
    """Returns names of fields as people read them, harmless to look at."""
    from counterfoil.gate.shown import escaped

    names = [escaped(WORDS.get(each, each))[:40] for each in fields]
    if len(names) > NAMED:
        names = [*names[:NAMED], f"{len(names) - NAMED} more"]
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)


def _is_of(data: bytes, ticket: str) -> bool:
    """Tells whether a blob is an earlier state of a ticket's file, and not just any blob of the repository."""
    head = data[:2000].decode("utf-8", "replace")
    return bool(ticket) and ticket in head.upper()
