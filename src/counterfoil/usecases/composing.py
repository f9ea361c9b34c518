"""A new ticket file, bare or from a template (SPEC §6). On the hot path."""

from __future__ import annotations

from counterfoil.kernel import ids
from counterfoil.tickets import document
from counterfoil.tickets.document import FormatError
from counterfoil.tickets.naming import display_id
from counterfoil.tickets.values import clean_labels

TYPE_CHECKING = False
if TYPE_CHECKING:
    from counterfoil.tickets.document import TicketDocument
    from counterfoil.tickets.model import Ticket
    from counterfoil.tickets.template import Template
    from counterfoil.usecases.context import Context


def write_new(
    ticket: Ticket, body: str | None, template: str | Template | None, context: Context
) -> TicketDocument:
    """Returns the file of a new ticket.

    Args:
        ticket: its fields; they win over what the template says.
        body: the Markdown body; None keeps the template's.
        template: with placeholders, or None.
        context: the project, for the placeholders.
    """
    if template is None:
        return document.read(document.compose(ticket, body or ""), context.full)
    values = {
        "id": ticket.id,
        "short_id": ids.short_id(ticket.id),
        "display_id": display_id(context.config.id_prefix, ticket.id),
        "title": ticket.title,
        "state": ticket.state,
        "priority": ticket.priority,
        "assignee": ticket.assignee or "",
        "reviewer": ticket.reviewer or "",
        "author": ticket.author or "",
        "date": context.clock.utc(context.clock.now_ms())[:10],
    }
    try:
        filled = document.read(document.fill_template(template, values), context.full)
    except FormatError as error:
        error.message = f"the template does not make a ticket: {error.message}"
        error.hint = "mend .tickets/template.md, or the template that --template names"
        raise
    changes: dict[str, object] = {"title": ticket.title, "state": ticket.state, "priority": ticket.priority}
    labels = dict.fromkeys([*clean_labels(filled.ticket.labels), *ticket.labels])
    lists = {"labels": list(labels), "blocks": list(ticket.blocks), "blocked_by": list(ticket.blocked_by)}
    changes.update({name: value for name, value in lists.items() if value})
    actors_given = {name: getattr(ticket, name) for name in ("assignee", "reviewer", "author")}
    changes.update({name: value for name, value in actors_given.items() if value})
    return document.with_changes(filled if body is None else document.with_body(filled, body), changes)
