"""A proposed text as it will read, beside the bytes that are decided on.

The digest covers the bytes, and they stay on the page whole. What is made of them is a help: Markdown does not show
where a link leads or what a reference defines. Everything hidden is written out before anything is made of it,
so that the order of what is read is that of what is stored (`gate.shown`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from counterfoil.gate.shown import escaped
from counterfoil.usecases.proposal_prose import prose
from counterfoil.web.dashboard import markdown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from markupsafe import Markup

HTML_MAX = 30_000
"""Characters; what becomes longer, as tables can, is shown as the bytes that it is and not otherwise."""


class Reading(NamedTuple):
    """A text as it will read.

    Attributes:
        name: what it is.
        html: safe to be sent.
        position: which position it takes, or empty; harmless to look at.
    """

    name: str
    html: Markup
    position: str


def reading(body: Mapping[str, Any], named: markdown.Tickets) -> Reading | None:
    """Returns what a proposal's text will read like; None where it has none, or none that can be shown.

    Args:
        body: of the proposal.
        named: finds the tickets that it names.
    """
    found = prose(body)
    if found is None:
        return None
    made = markdown.render(escaped(found.text.replace("\r\n", "\n")), named)
    if made.is_cut or len(made.html) > HTML_MAX or not made.html.strip():
        return None
    return Reading(found.name, made.html, escaped(found.position))
