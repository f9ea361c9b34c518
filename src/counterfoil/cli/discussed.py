"""`ticket show --discussion`: what was said of a ticket, and the proposals about it that are open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterfoil.cli.damage import damage_is_told
from counterfoil.cli.layout import BOLD, DIM, RESET, colourful, visible
from counterfoil.cli.proposal_words import ago, list_lines, pair_lines, visible_text
from counterfoil.cli.receipt_words import tell
from counterfoil.cli.seen import all_seen, with_views
from counterfoil.usecases.discussion import discussion, positions
from counterfoil.usecases.proposal_data import proposal_data
from counterfoil.usecases.proposals import listing
from counterfoil.usecases.views import OPEN

if TYPE_CHECKING:
    from counterfoil.cli.call import Call
    from counterfoil.usecases.discussion import Said


@damage_is_told()
def discussed(call: Call, ticket_id: str) -> tuple[dict[str, object], str]:
    """Returns `discussion`, `positions` and `proposals` for JSON, and the same for people."""
    context = call.context()
    with with_views(context) as ledger:
        said = [] if ledger is None else discussion(ledger[0], ticket_id)
        found = [] if ledger is None else [each.proposal for each in listing(*ledger, ticket=ticket_id)]
    seen = [each for each in all_seen(context, found) if each.status in OPEN]
    taken = positions(said)
    data: dict[str, object] = {
        "discussion": [each.as_data() for each in said],
        "positions": taken,
        "proposals": [proposal_data(each.proposal, each.status) for each in seen],
    }
    colours, now_ms = colourful(call.environ), context.clock.now_ms()
    lines: list[str] = []
    for each in said:
        head, end = visible(each.actor), f"{ago(each.at, now_ms)}  @{each.position}"
        lines.append(f"{BOLD}{head}{RESET}  {DIM}{end}{RESET}" if colours else f"{head}  {end}")
        lines += [*["  " + line for line in _words(each)], ""]
    if taken:
        words = ", ".join([f"{actor} {position}" for actor, position in sorted(taken.items())])
        lines += [*pair_lines("Positions", visible(words), colours=colours), ""]
    if seen:
        lines += ["Open proposals", *list_lines(seen, colours=colours)]
    return data, "\n".join(lines).rstrip("\n") or "Nothing was said about it yet."


def _words(said: Said) -> list[str]:
    """Returns one thing whole: what `log` shortens is not shortened here."""
    first, *rest = tell(said.kind, said.body)
    text = None if said.body is None else said.body.get("text")
    return [first, *(visible_text(text).split("\n") if isinstance(text, str) else rest)]
