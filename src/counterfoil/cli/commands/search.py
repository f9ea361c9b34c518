"""`ticket search`: text in titles and bodies. On the hot path."""

from __future__ import annotations

from counterfoil.cli import layout
from counterfoil.cli.arguments import usage
from counterfoil.cli.call import Call, Raw, Reply
from counterfoil.cli.commands.list import entries_json, filtered
from counterfoil.kernel.jsontext import compact
from counterfoil.tickets import query
from counterfoil.tickets.naming import display_id
from counterfoil.usecases.searching import find


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
