"""Searching titles and bodies. On the hot path.

Ten thousand small files are read faster than a search index would be loaded and checked, so
the files themselves are searched and the answer is never out of date.
"""

from __future__ import annotations

from counterfoil.errors import CounterfoilError
from counterfoil.tickets import index
from counterfoil.tickets.document import scan
from counterfoil.tickets.model import FILE_BYTES
from counterfoil.usecases.catalog import row_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from counterfoil.tickets.model import Row
    from counterfoil.usecases.context import Context

EXCERPT_CHARACTERS = 72


def find(context: Context, text: str) -> list[tuple[Row, str]]:
    """Returns the tickets that contain `text`, each with the line of the body around its first place."""
    wanted = text.casefold()
    plain = wanted.encode() if wanted.isascii() else None
    found = []
    for name in context.work.names(index.TICKETS):
        if not index.is_called_ticket(name):
            continue
        try:
            data = context.work.read(f"{index.TICKETS}/{name}", FILE_BYTES)
            if data is None or (plain is not None and data.isascii() and plain not in data.lower()):
                continue
            content = data.decode("utf-8", "replace")
            if wanted not in content.casefold():
                continue
            ticket = scan(data, context.full)
        except CounterfoilError:
            continue
        body = content.partition("\n---")[2].partition("\n")[2]
        if wanted in ticket.title.casefold() or wanted in body.casefold():
            found.append((row_of(ticket, name), _excerpt(body, wanted)))
    return found


def _excerpt(body: str, wanted: str) -> str:
    """Returns the first line with the text, cut around it."""
    for line in body.splitlines():
        position = line.casefold().find(wanted)
        if position >= 0:
            line = line.strip()
            begin = max(0, position - EXCERPT_CHARACTERS // 2)
            part = line[begin : begin + EXCERPT_CHARACTERS].strip()
            return ("…" if begin else "") + part + ("…" if begin + EXCERPT_CHARACTERS < len(line) else "")
    return ""
