"""`ticket inbox`: what waits for a person's decision, the riskiest first and of these the oldest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterfoil.cli.call import Call, Reply
from counterfoil.cli.layout import colourful, terminal_width
from counterfoil.cli.proposal_words import WIDTH, inbox_lines
from counterfoil.cli.receipt_words import count
from counterfoil.cli.seen import all_seen, with_views
from counterfoil.usecases import proposals
from counterfoil.usecases.eligible import ELSEWHERE
from counterfoil.usecases.inbox import sift
from counterfoil.usecases.proposal_data import proposal_data
from counterfoil.usecases.proposal_headline import short
from counterfoil.usecases.taking_up import NOT_IN_EFFECT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterfoil.cli.proposal_words import Seen

WIDEST = 110
STUCK_SHOWN = 5
OWN, OTHERS = "Asked by you", "Waits for others"
"""What stands above that, where more is shown than waits for whoever looks."""


def run(call: Call) -> Reply:
    """Shows what waits."""
    context = call.context()
    actor = context.actor()
    with with_views(context) as ledger:
        found = [] if ledger is None else list(proposals.listing(*ledger, open_only=True))
        store = None if ledger is None else ledger[0]
        open_ones = all_seen(context, [each.proposal for each in found], store=store)
    sifted = sift(open_ones, actor, context.options.session or ELSEWHERE)
    is_all = call.arguments.flag("all")
    waiting = [*sifted.yours, *sifted.own, *sifted.others] if is_all else list(sifted.yours)
    limit = call.arguments.number("limit")
    shown = waiting if limit is None else waiting[:limit]
    sections = {
        each.proposal.id: name for name in ("yours", "own", "others") for each in getattr(sifted, name)
    }
    data = {
        "actor": actor,
        "proposals": [
            {
                **proposal_data(each.proposal, each.status),
                "yours": sections[each.proposal.id] == "yours",
                "section": sections[each.proposal.id],
                "frozen": each.frozen or None,
            }
            for each in shown
        ],
        "total": len(waiting),
        "others": len(sifted.own) + len(sifted.others),
        "not_in_effect": [each.proposal.id for each in sifted.stuck],
    }
    lines: list[str] = []
    for name, heading in (("yours", ""), ("own", OWN), ("others", OTHERS)):
        part = [each for each in shown if sections[each.proposal.id] == name]
        lines += _section(call, part, heading, after=lines)
    text = "\n".join(lines) or ("Nothing is pending." if is_all else "Nothing waits for you.")
    notes = _notes(call, actor, waiting, shown, len(sifted.yours), len(sifted.own) + len(sifted.others))
    notes += [
        f"{NOT_IN_EFFECT}: {short(each.proposal.id)}; `ticket approve {short(each.proposal.id)}` tries again"
        for each in sifted.stuck[:STUCK_SHOWN]
    ]
    brief = "\n".join([each.proposal.id for each in shown])
    return Reply(data, text, notes=notes, brief=brief)


def _section(call: Call, part: Sequence[Seen], heading: str, after: Sequence[str]) -> list[str]:
    """Returns one section under its heading, apart from what stands before it; nothing for none."""
    if not part:
        return []
    colours, width = colourful(call.environ), min(terminal_width() or WIDTH, WIDEST)
    above = [heading, ""] if heading else []
    return [*([""] if after else []), *above, *inbox_lines(part, colours=colours, width=width)]


def _notes(
    call: Call, actor: str, waiting: Sequence[Seen], shown: Sequence[Seen], own: int, others: int
) -> list[str]:
    notes = []
    if len(shown) < len(waiting):
        notes.append(f"{len(waiting) - len(shown):,} more not shown")
    if shown and own:
        first = short(shown[0].proposal.id)
        notes.append(f"`ticket proposal show {first}` shows the change, `ticket approve {first}` asks you")
        return notes
    if not actor.startswith("human:"):
        notes.append("agents propose and wait, people decide: `ticket proposal list --status pending`")
        return notes
    if others and not call.arguments.flag("all"):
        verb = "waits" if others == 1 else "wait"
        notes.append(f"{count(others, 'proposal')} {verb} for others: `ticket inbox --all`")
    elif not own + others:
        notes.append("`ticket proposal list` shows what was decided, `ticket ready` what can be worked on")
    return notes
