"""A ticket file as a whole: reading, patching, composing (Protocol §2, product.md §4).

The door to the file format: `read`, `scan` and `syntax` come from `reading`, `patch` edits a
file so that every byte outside of the changed key's own lines stays, and the functions here
write new files. On the hot path; the patching itself is imported when it is used.
"""

from __future__ import annotations

from counterfoil.errors import InputError
from counterfoil.tickets.frontmatter import FormatError
from counterfoil.tickets.model import Ticket
from counterfoil.tickets.reading import TicketDocument, decode, read, scan, split, syntax
from counterfoil.tickets.scalar import flow_list, quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from counterfoil.tickets.template import Template

__all__ = [
    "FormatError", "TicketDocument", "compose", "fill_template", "patch", "quote", "read", "replace_body",
    "scan", "syntax", "with_body", "with_changes",
]  # fmt: skip


def patch(document: TicketDocument, changes: Mapping[str, object]) -> bytes:
    """Writes changed fields into a ticket file; only the changed keys' own lines change.

    Args:
        document: the file as it was read.
        changes: new values by key: `title`, `state`, `priority`, `assignee`, `reviewer` and
            `author` (text), `labels`, `blocks` and `blocked_by` (texts in order). None removes
            the key. A value that the ticket has already changes nothing.

    Raises:
        InputError: `unpatchable` when the file cannot be changed without loss, and the errors
            of the workflow and of actors for values that are none.
    """
    return with_changes(document, changes).source


def with_changes(document: TicketDocument, changes: Mapping[str, object]) -> TicketDocument:
    """Returns the patched file as a document; see `patch`."""
    from counterfoil.tickets.patch import apply

    return apply(document, changes)


def compose(ticket: Ticket, body: str) -> bytes:
    """Writes a new ticket file, with LF line ends and one empty line in front of the body.

    Raises:
        InputError: `usage` for text that is not valid Unicode, as in the functions below.
    """
    lines = [
        "---",
        f"id: {quote(ticket.id)}",
        f"title: {quote(ticket.title)}",
        f"state: {ticket.state}",
        f"priority: {ticket.priority}",
        f"labels: {flow_list(ticket.labels)}",
    ]
    for key in ("assignee", "reviewer", "author"):
        actor = getattr(ticket, key)
        if actor is not None:
            lines.append(f"{key}: {quote(actor)}")
    lines += [*_extension(ticket), "---", ""]
    return _encoded("\n".join(lines) + _laid_out(body))


def _extension(ticket: Ticket) -> list[str]:
    lines = []
    if ticket.source:
        kind, origin = ticket.source
        lines += ["  source:", f"    kind: {quote(kind)}", f"    id: {quote(origin)}"]
    if ticket.blocks or ticket.blocked_by:
        lines.append("  relations:")
        for key in ("blocks", "blocked_by"):
            if getattr(ticket, key):
                lines.append(f"    {key}: {flow_list(getattr(ticket, key))}")
    return ["x_ticket:", *lines] if lines else []


def replace_body(document: TicketDocument, body: str) -> bytes:
    """Writes the file with another body; the front matter stays as it is, byte for byte.

    The body takes the line ends of the file's first line. The body that the document has
    already changes nothing.
    """
    if body == document.body:
        return document.source
    head = document.source[: len(document.source) - len(document.body.encode())]
    text = ("" if head[-1:] == b"\n" else "\n") + _laid_out(body)
    if head.startswith(b"---\r\n"):
        text = text.replace("\n", "\r\n")
    return head + _encoded(text)


def with_body(document: TicketDocument, body: str) -> TicketDocument:
    """Returns the file with another body as a document; see `replace_body`.

    Raises:
        FormatError: `too_large` or `nul`, which is all that a body can do to a ticket.
    """
    data = replace_body(document, body)
    written = split(decode(data))[1]
    return TicketDocument(data, document.ticket, document.root, written, document.full)


def fill_template(template: str | Template, values: Mapping[str, str]) -> bytes:
    """Fills the placeholders `{{name}}` of a template, YAML-safely in its front matter (SPEC §6).

    Unknown placeholders stay. A line of front matter whose whole value comes out empty is left
    out. The result need not be a readable ticket: the caller reads it.

    Args:
        template: its text, or, to fill it many times, a `template.Template`.
        values: by placeholder.
    """
    if isinstance(template, str):
        from counterfoil.tickets.template import Template

        template = Template(template)
    return _encoded(template.fill(values))


def _encoded(text: str) -> bytes:
    """Encodes a file; what an argument or a pipe smuggled in as broken bytes is refused."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        problem = "text that is not valid Unicode cannot be written"
        raise InputError("usage", problem, "give the text in UTF-8") from None


def _laid_out(body: str) -> str:
    """Gives a body LF line ends, an empty line in front and a line end behind."""
    text = body.replace("\r\n", "\n")
    if not text:
        return ""
    return ("" if text[0] == "\n" else "\n") + text + ("" if text[-1] == "\n" else "\n")
