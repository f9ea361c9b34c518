"""`ticket show`: one ticket, the file as it is. On the hot path.

What is piped on gets every byte of the file; a terminal, which would act upon some, sees them written out.
"""

from __future__ import annotations

import os

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
    spoken, words = _discussion(call, name)
    if not call.json and spoken:
        return Reply(
            None,
            words,
            notes=[f'`ticket comment {query} "…"` says something, `ticket respond` takes a position'],
        )
    if not call.json:
        notes = (
            [f"created {dates['created_at'] or 'unknown'}, updated {dates['updated_at'] or 'unknown'}"]
            if dates
            else ()
        )
        if not os.isatty(1):
            return Reply(None, notes=notes, raw=data)
        return Reply(None, _for_terminal(data), notes=notes)
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
            **spoken,
        }
    )


def _discussion(call: Call, name: str) -> tuple[dict[str, object], str]:
    """Returns what was said of the ticket if that is wanted: it stands in the ledger, which is dear to open."""
    if not call.arguments.flag("discussion"):
        return {}, ""
    from counterfoil.cli.discussed import discussed

    return discussed(call, name[:-3].upper())


def _for_terminal(data: bytes) -> str:
    text = data.decode("utf-8", "backslashreplace").replace("\r\n", "\n")
    if text.replace("\n", "").isprintable():
        return text
    from counterfoil.cli.layout import visible_lines

    return visible_lines(text)


def _dates(call: Call, name: str) -> dict[str, object]:
    if not call.arguments.flag("dates"):
        return {}
    from counterfoil.usecases.dates import dates

    created, updated = dates(call.context()).get(name, (None, None))
    return {"created_at": created, "updated_at": updated}
