"""`ticket log`: the history of a ticket, newest first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterfoil.cli.call import Call, Reply
from counterfoil.cli.layout import BOLD, DIM, RESET, colourful, columns_of, cut, visible
from counterfoil.kernel.ids import short_id
from counterfoil.tickets.naming import display_id
from counterfoil.usecases import history

if TYPE_CHECKING:
    from counterfoil.usecases.history import Event

WIDTH = 80
SHORT_COMMIT = 9
CREATED_FIELDS = ("state", "priority", "labels", "assignee", "reviewer")


def run(call: Call) -> Reply:
    """Tells what happened to a ticket."""
    context = call.context()
    query = call.arguments.required("id")
    name = history.find_ever(context, call.pick(query) if call.interactive else query)
    happened = history.events(context, name, call.arguments.number("limit"))
    ticket_id = name[:-3].upper()
    display = display_id(context.config.id_prefix, ticket_id)
    data = {
        "id": ticket_id,
        "short_id": short_id(ticket_id),
        "display_id": display,
        "events": [event.as_data() for event in happened],
    }
    colours = colourful(call.environ)
    text = "\n".join(["\n".join(_lines(event, colours)) for event in happened])
    return Reply(data, text or f"Nothing is known of the history of {display}.")


def _lines(event: Event, colours: bool) -> list[str]:
    """Returns an event: when, who and the commit on one line, each change on one of its own."""
    when = event.at.replace("T", " ").removesuffix("Z")[:16] if event.at else event.subject
    commit = event.commit[:SHORT_COMMIT] if event.commit else ""
    head = f"{when}  {event.actor or 'unknown' if event.commit else ''}".rstrip()
    padding = " " * max(2, WIDTH - columns_of(head) - SHORT_COMMIT) if commit else ""
    first = f"{BOLD}{head}{RESET}{padding}{DIM}{commit}{RESET}" if colours else f"{head}{padding}{commit}"
    return [first.rstrip(), *["  " + cut(visible(line), WIDTH - 2) for line in words(event)]]


def words(event: Event) -> list[str]:
    """Tells what an event changed, one line for each field."""
    if event.kind == history.BOUNDARY:
        return ["here already; what came before is not in this clone (git fetch --unshallow)"]
    if event.changes is None:
        return [event.subject, "what changed is not in this clone"]
    if event.kind == history.REMOVED:
        return ["removed"]
    is_new = event.kind == history.CREATED or any(
        change.field == "title" and change.before is None for change in event.changes
    )
    if not is_new:
        return [change.words() for change in event.changes]
    by_field = {change.field: change.after for change in event.changes}
    told = [by_field[name] for name in CREATED_FIELDS if by_field.get(name)]
    flat = [", ".join(map(str, item)) if isinstance(item, list) else str(item) for item in told]
    return [f"created: {by_field.get('title', '')} ({'; '.join(flat)})" if flat else "created"]
