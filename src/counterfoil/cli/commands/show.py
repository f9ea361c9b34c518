"""`ticket show`: one ticket, the file as it is. On the hot path."""

from __future__ import annotations

from counterfoil.cli.call import Call, Reply
from counterfoil.errors import InputError
from counterfoil.tickets import index
from counterfoil.tickets.model import FILE_BYTES
from counterfoil.usecases.resolve import find_name


def run(call: Call) -> Reply:
    """Prints a ticket, or returns it with all its keys."""
    context = call.context()
    query = call.arguments.required("id")
    name = find_name(context, call.pick(query))
    data = context.work.read(f"{index.TICKETS}/{name}", FILE_BYTES)
    if data is None:
        raise InputError(
            "ticket_not_found", f"no ticket is called {query!r}", "ticket list --all", query=query
        )
    dates = _dates(call, name)
    if not call.json:
        text = data.decode("utf-8", "replace")
        if dates:
            notes = [
                f"created {dates['created_at'] or 'unknown'}, updated {dates['updated_at'] or 'unknown'}"
            ]
            return Reply(None, text, notes=notes)
        return Reply(None, text)
    from counterfoil.tickets.document import read
    from counterfoil.tickets.model import row_of

    document = read(data, context.full)
    entry = index.entry(row_of(document.ticket, name), context.config.id_prefix)
    entry.update(dates)
    from counterfoil.usecases import claims

    claim = claims.read(context, document.ticket.id)
    live = claim is not None and claim.is_live(context.clock.now_ms())
    return Reply(
        {
            "ticket": entry,
            "frontmatter": document.frontmatter(),
            "body_md": document.body,
            "claim": claim.as_data(context) if claim is not None and live else None,
        }
    )


def _dates(call: Call, name: str) -> dict[str, object]:
    if not call.arguments.flag("dates"):
        return {}
    from counterfoil.usecases.dates import dates

    created, updated = dates(call.context()).get(name, (None, None))
    return {"created_at": created, "updated_at": updated}
