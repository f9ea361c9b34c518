"""`ticket inbox`: what waits for a person's decision, the riskiest first and of these the oldest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterfoil.cli.call import Call, Reply
from counterfoil.cli.layout import colourful, terminal_width
from counterfoil.cli.proposal_words import WIDTH, inbox_lines, inbox_order
from counterfoil.cli.receipt_words import count
from counterfoil.cli.seen import all_seen, with_views
from counterfoil.gate.proposal import APPROVED, PENDING
from counterfoil.usecases import proposals
from counterfoil.usecases.eligible import may_decide
from counterfoil.usecases.proposal_data import proposal_data
from counterfoil.usecases.proposal_headline import short
from counterfoil.usecases.taking_up import NOT_IN_EFFECT

if TYPE_CHECKING:
    from counterfoil.cli.proposal_words import Seen
    from counterfoil.gate.proposal import Proposal

WIDEST = 110
STUCK_SHOWN = 5


def run(call: Call) -> Reply:
    """Shows what waits."""
    context = call.context()
    actor = context.actor()
    with with_views(context) as ledger:
        found = [] if ledger is None else list(proposals.listing(*ledger, open_only=True))
    open_ones = all_seen(context, [each.proposal for each in found])
    pending = [each for each in open_ones if each.status == PENDING]
    stuck = [each for each in open_ones if each.status == APPROVED]
    own = inbox_order([each for each in pending if may_decide(each.proposal, actor)])
    waiting = inbox_order(pending) if call.arguments.flag("all") else own
    limit = call.arguments.number("limit")
    shown = waiting if limit is None else waiting[:limit]
    data = {
        "actor": actor,
        "proposals": [
            {**proposal_data(each.proposal, each.status), "yours": may_decide(each.proposal, actor)}
            for each in shown
        ],
        "total": len(waiting),
        "others": len(pending) - len(own),
        "not_in_effect": [each.proposal.id for each in stuck],
    }
    width = min(terminal_width() or WIDTH, WIDEST)
    lines = inbox_lines(shown, colours=colourful(call.environ), width=width)
    text = "\n".join(lines) or (
        "Nothing is pending." if call.arguments.flag("all") else "Nothing waits for you."
    )
    notes = _notes(call, actor, waiting, shown, [each.proposal for each in pending], len(own))
    notes += [
        f"{NOT_IN_EFFECT}: {short(each.proposal.id)}; `ticket approve {short(each.proposal.id)}` tries again"
        for each in stuck[:STUCK_SHOWN]
    ]
    brief = "\n".join([each.proposal.id for each in shown])
    return Reply(data, text, notes=notes, brief=brief)


def _notes(
    call: Call, actor: str, waiting: list[Seen], shown: list[Seen], pending: list[Proposal], own: int
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
    others = len(pending) - own
    if others and not call.arguments.flag("all"):
        verb = "waits" if others == 1 else "wait"
        notes.append(f"{count(others, 'proposal')} {verb} for others: `ticket inbox --all`")
    elif not pending:
        notes.append("`ticket proposal list` shows what was decided, `ticket ready` what can be worked on")
    return notes
