"""What was said of a ticket, ready to be shown: comments, positions, artifacts with their grade, spend."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from markupsafe import Markup

from counterfoil.gate import events
from counterfoil.usecases.discussion import positions
from counterfoil.web.dashboard import markdown
from counterfoil.web.dashboard.rendering import TEMPLATES
from counterfoil.web.dashboard.view import Listing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from counterfoil.usecases.discussion import Said

SHOWN = 50
TEXT_MAX = 40_000
"""Characters of all that was said that are shown; what is older has its place in the timeline."""
DISCUSSED = frozenset((events.COMMENTED, events.RESPONDED, events.ATTACHED))


class Spoken(NamedTuple):
    """One thing that was said, ready to be shown.

    Attributes:
        said: the thing.
        id: by which others reply to it, or empty.
        html: its text.
        position: agree, disagree, propose, or empty.
        holds: whether it is the position that its author holds now.
        reply_to: the place of what it answers, or None.
        artifact: what is attached, or None.
    """

    said: Said
    id: str
    html: Markup
    position: str
    holds: bool
    reply_to: int | None
    artifact: Mapping[str, object] | None


def discussion(
    said: Sequence[Said], named: markdown.Tickets, place: str, display: str, *, may: bool
) -> Listing:
    """Returns the newest of a discussion, oldest first.

    Args:
        said: all that was said.
        named: finds the tickets that texts name.
        place: the address of the ticket's page.
        display: the ticket's display id.
        may: whether who looks may say something, too.
    """
    told = [each for each in said if each.kind in DISCUSSED]
    held = positions(said)
    places = {
        str(each.body["comment"]): each.position for each in told if each.body and each.body.get("comment")
    }
    left = TEXT_MAX
    shown: list[tuple[str, str]] = []
    last_of: set[str] = set()
    for each in reversed(told[-SHOWN:]):
        spoken = _spoken(each, named, held, places, last_of)
        left -= len(spoken.html)
        if left < 0 and shown:
            break
        made = TEMPLATES.macro("ticket_parts.html", "spoken", spoken, place, may)
        shown.append((f"said-{each.position}", made))
    if len(shown) < len(told):
        hidden = TEMPLATES.macro("ticket_parts.html", "older", len(told) - len(shown), place)
        shown.append(("said-older", hidden))
    if not told:
        shown.append(("said-nothing", TEMPLATES.macro("ticket_parts.html", "nothing_said", display)))
    return Listing("ticket-said", tuple(reversed(shown)))


def _spoken(
    said: Said, named: markdown.Tickets, held: Mapping[str, str], places: Mapping[str, int], last_of: set[str]
) -> Spoken:
    body = said.body or {}
    text = body.get("text")
    position = str(body.get("position") or "") if said.kind == events.RESPONDED else ""
    reply = body.get("reply_to")
    holds = bool(position) and not reply and said.actor not in last_of and held.get(said.actor) == position
    if position and not reply:
        last_of.add(said.actor)
    artifact = body.get("artifact") if said.kind == events.ATTACHED else None
    return Spoken(
        said, str(body.get("comment") or ""),
        markdown.render(text, named).html if isinstance(text, str) else Markup(""), position, holds,
        places.get(str(reply)) if reply else None, _artifact(artifact, body.get("grade"), named),
    )  # fmt: skip


def _artifact(found: object, grade: object, named: markdown.Tickets) -> Mapping[str, object] | None:
    """Returns an artifact with its grade; only addresses of the web are links."""
    if not isinstance(found, dict):
        return None
    url = str(found.get("url") or "")
    text = found.get("text")
    size = found.get("size")
    return {
        "kind": str(found.get("kind") or ""),
        "name": str(found.get("title") or found.get("name") or url or "without a title"),
        "url": url if url.lower().startswith(("http://", "https://")) else "",
        "sha256": str(found.get("sha256") or ""),
        "size": size if isinstance(size, int) else None,
        "grade": str(grade or "claimed"),
        "html": markdown.render(text, named).html if isinstance(text, str) else "",
        "counts": [
            (name, found[name])
            for name in ("passed", "failed", "skipped")
            if isinstance(found.get(name), int)
        ],
    }


def spent(said: Sequence[Said]) -> list[tuple[str, str, str]]:
    """Returns what was spent on the ticket by actor and currency, as whoever spent it says."""
    from decimal import Decimal, InvalidOperation

    sums: dict[tuple[str, str], Decimal] = {}
    for each in said:
        body = each.body or {}
        if each.kind != events.SPENT:
            continue
        try:
            amount = Decimal(str(body.get("amount")))
        except InvalidOperation:
            continue
        key = (each.actor, str(body.get("currency") or ""))
        sums[key] = sums.get(key, Decimal(0)) + amount
    return [(actor, f"{amount:f}", currency) for (actor, currency), amount in sorted(sums.items())]
