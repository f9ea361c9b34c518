"""What people say of a ticket through its page: comments, positions, attachments. Each is a proposal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from counterfoil.errors import InputError
from counterfoil.gate import limits
from counterfoil.usecases.actions import artifacts, builtin
from counterfoil.web.dashboard import markdown
from counterfoil.web.dashboard.mentions import tickets_named
from counterfoil.web.dashboard.pages.changing import proposed, ticket_of
from counterfoil.web.dashboard.rendering import TEMPLATES
from counterfoil.web.dashboard.route import Act, Done

if TYPE_CHECKING:
    from counterfoil.web.dashboard.route import Form
    from counterfoil.web.dashboard.visit import Visit

TAKEN = {"agree": "has your agreement", "disagree": "has your objection", "propose": "has your proposal"}
OCTETS = "application/octet-stream"


def comment(visit: Visit, form: Form) -> Done:
    """Says something; with a `position`, takes it as well."""
    row = ticket_of(visit)
    payload: dict[str, Any] = {"ticket": row[0], "text": form.one("text").strip()}
    if not payload["text"]:
        raise InputError("invalid_payload", "there is nothing in it yet", "write something first")
    if form.one("reply_to"):
        payload["reply_to"] = form.one("reply_to")
    position = form.one("position")
    if not position:
        return proposed(visit, form, builtin.COMMENT_ON, payload, row, "has your comment")
    payload["position"] = position
    return proposed(visit, form, builtin.RESPOND, payload, row, TAKEN.get(position, "has your answer"))


def respond(visit: Visit, form: Form) -> Done:
    """Takes a position, which has to be named.

    Raises:
        InputError: `invalid_payload`.
    """
    if form.one("position") not in TAKEN:
        raise InputError("invalid_payload", "say what your position is", f"one of {', '.join(TAKEN)}")
    return comment(visit, form)


def attach(visit: Visit, form: Form) -> Done:
    """Attaches a link, a note or a file, whichever was filled in."""
    row = ticket_of(visit)
    found: list[dict[str, Any]] = []
    title = form.one("title").strip()
    named = {"title": title} if title else {}
    if form.one("url").strip():
        found.append({"kind": "link", "url": form.one("url").strip(), **named})
    if form.one("note").strip():
        found.append({"kind": "note", "text": form.one("note").strip(), **named})
    for file in form.files("file"):
        if file.data or file.name:
            digest = artifacts.put(visit.context(), file.data)
            name = (file.name or "file")[: limits.TITLE]
            found.append({"kind": "file", "sha256": digest, "name": name, "size": len(file.data)})
    if not found:
        raise InputError(
            "invalid_payload", "there is nothing to attach yet", "give an address, a note or a file"
        )
    payload = {"ticket": row[0], "artifacts": found}
    told = "has another attachment" if len(found) == 1 else f"has {len(found)} more attachments"
    return proposed(visit, form, builtin.ATTACH, payload, row, told)


def preview(visit: Visit, form: Form) -> Done:
    """Shows what becomes of a text; nothing is changed."""
    made = markdown.render(form.one("text") or form.one("body"), tickets_named(visit))
    return Done("", html=TEMPLATES.macro("ticket_parts.html", "preview", made))


_TICKET = "/tickets/{project}/{ticket}"
ACTS = (
    Act("comment", f"{_TICKET}/comment", comment),
    Act("respond", f"{_TICKET}/respond", respond),
    Act("attach", f"{_TICKET}/attach", attach),
    Act("preview", f"{_TICKET}/preview", preview),
)
