"""A new ticket as somebody fills it in on a form: what a template suggests, and the file that comes of it.

The form shows a template's body with its placeholders; they are filled when the form comes back, so that the title
which was typed is in it. Front matter that the form knows nothing of is kept as the template has it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterfoil.errors import InputError
from counterfoil.kernel import ids
from counterfoil.tickets import document
from counterfoil.tickets.document import FormatError
from counterfoil.tickets.model import Ticket
from counterfoil.usecases.composing import write_new
from counterfoil.usecases.templates import DEFAULT_TEMPLATE, TEMPLATES, load_template

if TYPE_CHECKING:
    from collections.abc import Iterable

    from counterfoil.tickets.model import Row
    from counterfoil.usecases.context import Context

_STANDING_IN = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
"""The id under which a template is looked at; nothing is made of it."""
_TITLE = "{{title}}"


@dataclass(frozen=True)
class Suggested:
    """What a form begins with.

    Attributes:
        state, priority: what is chosen already.
        labels: likewise.
        assignee: likewise, or None.
        body: Markdown, with placeholders.
    """

    state: str
    priority: str
    labels: tuple[str, ...] = ()
    assignee: str | None = None
    body: str = ""


def bare(context: Context) -> Suggested:
    """Returns what a form begins with where there is no template."""
    return Suggested(context.config.default_state, context.config.default_priority)


def suggested(context: Context, template: str) -> Suggested:
    """Returns what a template says, without a name the project's own one.

    Raises:
        InputError: `template_not_found`; `invalid_ticket` for a template that makes no ticket.
    """
    config = context.config
    text = load_template(context, template or None)
    if text is None:
        return bare(context)
    ticket = Ticket(_STANDING_IN, _TITLE, config.default_state, config.default_priority)
    values = {"id": ticket.id, "title": ticket.title, "state": ticket.state, "priority": ticket.priority}
    try:
        filled = document.read(document.fill_template(text, values), context.full).ticket
    except FormatError as error:
        file = f"{TEMPLATES}/{template}.md" if template else DEFAULT_TEMPLATE
        error.message = f"the template {file} does not make a ticket: {error.message}"
        error.hint = f"mend {file}; it begins with front matter, as {DEFAULT_TEMPLATE} does"
        raise
    return Suggested(
        filled.state, filled.priority, filled.labels, filled.assignee, _parts(text)[1].strip("\n")
    )


def mint(context: Context, rows: Iterable[Row]) -> str:
    """Returns an id for a ticket that is about to be filled in."""
    taken = {ids.short_id(row[0]) for row in rows}
    return ids.mint(context.clock.now_ms(), context.entropy.bits(ids.RANDOM_BITS), taken)


def file_of(context: Context, ticket: Ticket, body: str, template: str) -> str:
    """Returns the file of a new ticket that was begun from a template.

    Args:
        context: the project.
        ticket: what was filled in; its labels are those that the form had in the end.
        body: Markdown, placeholders included.
        template: the template's name, or empty for the project's own one.

    Raises:
        InputError: as `suggested`; `invalid_request` for an id that is none.
    """
    if not ids.is_ulid(ticket.id):
        raise InputError("invalid_request", "this form has no id", "open the page again", value=ticket.id)
    head, _ = _parts(load_template(context, template or None) or "")
    written = write_new(ticket, None if head else body, f"{head}\n{body}\n" if head else None, context)
    if written.ticket.labels != ticket.labels:
        written = document.with_changes(written, {"labels": list(ticket.labels)})
    return written.source.decode()


def _parts(text: str) -> tuple[str, str]:
    """Returns a template's front matter with the lines around it, and what follows."""
    lines = text.replace("\r\n", "\n").split("\n")
    if lines[0].rstrip() != "---":
        return "", text
    end = next((at for at, line in enumerate(lines) if at and line.rstrip() == "---"), 0)
    return ("\n".join(lines[: end + 1]) + "\n", "\n".join(lines[end + 1 :])) if end else ("", text)
