"""What of a proposal people will read as a text: a comment, a position with its words, the body of a ticket."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from counterfoil.usecases.actions.builtin import COMMENT_ON, CREATE, EDIT, RESPOND

if TYPE_CHECKING:
    from collections.abc import Mapping

FIELDS: Mapping[str, tuple[str, str]] = {
    COMMENT_ON: ("text", "The comment"), RESPOND: ("text", "The answer"), CREATE: ("body", "The text"), EDIT: ("body", "The text"),
}  # fmt: skip
"""By action, the field that holds Markdown, and what people call it."""


class Prose(NamedTuple):
    """A text, as it was proposed.

    Attributes:
        text: Markdown, of whoever proposes.
        name: what it is, such as `The comment`.
        position: which position it takes, or empty.
    """

    text: str
    name: str
    position: str


def prose(body: Mapping[str, Any]) -> Prose | None:
    """Returns the text of a proposal; None where it has none, or more than one."""
    payload = body.get("payload")
    field, name = FIELDS.get(str(body.get("action")), ("", ""))
    text = payload.get(field) if isinstance(payload, dict) else None
    if not isinstance(payload, dict) or not isinstance(text, str) or not text.strip():
        return None
    return Prose(text, name, str(payload.get("position") or "") if body.get("action") == RESPOND else "")
