"""What a ticket's file was when a form was made from it, so that what others do to it meanwhile can be shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from counterfoil.gate.action import DIFF, Shown
from counterfoil.usecases.blobs import read_blobs
from counterfoil.usecases.keeping import Keeping

if TYPE_CHECKING:
    from counterfoil.web.dashboard.pages.ticket_parts import Looked
    from counterfoil.web.dashboard.visit import Visit

KEPT, KEPT_BYTES = 100, 4 * 1024 * 1024

_SEEN: Keeping[bytes] = Keeping(KEPT, KEPT_BYTES)
"""The files that forms were made from, by blob, so that what others do to them can be shown."""


def as_seen(visit: Visit, looked: Looked, seen: str) -> Markup | None:
    """Returns what a file has become since a form was made from it, as a difference; None where nobody knows."""
    _SEEN.keep(looked.blob, looked.data, len(looked.data))
    if seen == looked.blob or not (len(seen) in {40, 64} and set(seen) <= set("0123456789abcdef")):
        return None
    before = _SEEN.get(seen)
    if before is None:
        before = read_blobs(visit.context(), [seen]).get(seen)
        if before is None or not _is_of(before, looked.id):
            return None
    from difflib import unified_diff

    from counterfoil.gate.shown import escaped
    from counterfoil.web.dashboard import diffing

    old, new = [each.decode("utf-8", "backslashreplace").splitlines() for each in (before, looked.data)]
    found = unified_diff(old, new, f"a/{looked.name}", f"b/{looked.name}", lineterm="")
    lines = [escaped(line) for line in found]
    return Markup(diffing.render(Shown(DIFF, "\n".join([*lines, ""]))).html)


def _is_of(data: bytes, ticket: str) -> bool:
    """Tells whether a blob is an earlier state of a ticket's file, and not just any blob of the repository."""
    head = data[:2000].decode("utf-8", "replace")
    return bool(ticket) and ticket in head.upper()
