"""`ticket search`: text in titles and bodies. On the hot path.

Ten thousand small files are read faster than a search index would be loaded and checked, so
the files themselves are searched and the answer is never out of date.
"""

from __future__ import annotations

from counterfoil.cli import layout
from counterfoil.cli.arguments import usage
from counterfoil.cli.call import Call, Raw, Reply
from counterfoil.cli.commands.list import entries_json, filtered
from counterfoil.errors import CounterfoilError
from counterfoil.kernel.jsontext import compact
from counterfoil.tickets import index, query
from counterfoil.tickets.document import scan
from counterfoil.tickets.model import FILE_BYTES
from counterfoil.tickets.naming import display_id
from counterfoil.usecases.catalog import is_called_ticket, row_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from counterfoil.tickets.model import Row
    from counterfoil.usecases.context import Context

EXCERPT_CHARACTERS = 72


def run(call: Call) -> Reply:
    """Finds tickets by text, upper and lower case alike."""
    arguments = call.arguments
    text = arguments.required("text").strip()
    if not text:
        raise usage("search needs a text", "search", value="")
    context = call.context()
    limit = arguments.number("limit")
    found = dict(find(context, text))
    rows = query.order(filtered(arguments, found))
    total = len(rows)
    rows = rows if limit is None else rows[:limit]
    prefix = context.config.id_prefix
    if call.json:
        excerpts = compact({row[0]: found[row] for row in rows})
        return Reply(Raw(f'{{"tickets":{entries_json(rows, prefix)},"total":{total},"excerpts":{excerpts}}}'))
    if not rows:
        return Reply(None, "No tickets found.")
    lines = []
    for row in rows:
        lines.append(layout.table([row], prefix, call.environ))
        if found[row]:
            lines.append(f"{' ' * (len(display_id(prefix, row[0])) + 2)}{layout.visible(found[row])}")
    notes = [f"{total - len(rows)} more; raise --limit to see them"] if total > len(rows) else []
    return Reply(None, "\n".join(lines), notes=notes)


def find(context: Context, text: str) -> list[tuple[Row, str]]:
    """Returns the tickets that contain `text`, each with the line of the body around its first place."""
    wanted = text.casefold()
    plain = wanted.encode() if wanted.isascii() else None
    found = []
    for name in context.work.names(index.TICKETS):
        if not is_called_ticket(name):
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
