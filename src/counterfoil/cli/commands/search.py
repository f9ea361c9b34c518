"""`ticket search`: text in titles and bodies. On the hot path."""

from __future__ import annotations

from counterfoil.cli import layout
from counterfoil.cli.arguments import usage
from counterfoil.cli.call import Call, Raw, Reply
from counterfoil.cli.commands.list import entries_json, filtered
from counterfoil.kernel.ids import SHORT_LENGTH
from counterfoil.kernel.jsontext import compact
from counterfoil.tickets import query
from counterfoil.usecases.searching import find


def run(call: Call) -> Reply:
    """Finds tickets by text, upper and lower case alike."""
    arguments = call.arguments
    text = arguments.required("text").strip()
    if not text:
        raise usage("search needs a text", "search", value="")
    context = call.context()
    limit = arguments.number("limit")
    hits = {hit.row[0]: hit for hit in find(context, text)}
    rows = query.order(filtered(arguments, [hit.row for hit in hits.values()]))
    total = len(rows)
    rows = rows if limit is None else rows[:limit]
    prefix = context.config.id_prefix
    if call.json:
        excerpts = compact({row[0]: hits[row[0]].excerpt() for row in rows})
        entries = entries_json(rows, prefix)
        return Reply(Raw(f'{{"tickets":{entries},"total":{total},"excerpts":{excerpts}}}'))
    if not rows:
        return Reply(None, "No tickets found.")
    indent = " " * (len(prefix) + 1 + SHORT_LENGTH + 2)
    lines = []
    for row, line in zip(rows, layout.table(rows, prefix, call.environ).split("\n"), strict=True):
        lines.append(line)
        excerpt = hits[row[0]].excerpt()
        if excerpt:
            lines.append(indent + layout.visible(excerpt))
    notes = [f"{total - len(rows)} more; raise --limit to see them"] if total > len(rows) else []
    return Reply(None, "\n".join(lines), notes=notes)
