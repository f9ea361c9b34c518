"""`ticket proposal list|show|wait|withdraw`."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from counterfoil.cli.answers import answer_data, applied_line, decide_words, raise_unless_applied
from counterfoil.cli.arguments import usage
from counterfoil.cli.call import Call, Reply
from counterfoil.cli.damage import damage_is_told
from counterfoil.cli.layout import BOLD, RESET, colourful, terminal_width
from counterfoil.cli.proposal_words import WIDTH, headline, list_lines, page_lines
from counterfoil.cli.seen import all_seen, lineage, opened, seen, with_views
from counterfoil.cli.timeline import merged, timeline
from counterfoil.gate.proposal import PENDING, STATUSES, stream_of
from counterfoil.kernel.actor import parse
from counterfoil.usecases import proposals, proposing, tracing, waiting
from counterfoil.usecases.catalog import Catalog
from counterfoil.usecases.eligible import may_decide
from counterfoil.usecases.proposal_data import proposal_data
from counterfoil.usecases.proposal_headline import short
from counterfoil.usecases.resolve import find_name
from counterfoil.usecases.shown_again import shown_again

if TYPE_CHECKING:
    from counterfoil.cli.proposal_words import Seen
    from counterfoil.gate.action import Shown
    from counterfoil.gate.proposal import Proposal
    from counterfoil.usecases.context import Context
    from counterfoil.usecases.ports import Store

WIDEST = 110
LISTED = 50
"""So many are listed for people unless they say how many."""
TIMEOUT_S = 60
TIMEOUT_S_MAX = 24 * 3600


@damage_is_told()
def run(call: Call) -> Reply:
    """Does one of the four."""
    verb = call.arguments.verb
    if verb == "proposal show":
        return _show(call)
    if verb == "proposal wait":
        return _wait(call)
    return _withdraw(call) if verb == "proposal withdraw" else _list(call)


# --- list -----------------------------------------------------------------------------------------


def _list(call: Call) -> Reply:
    arguments, context = call.arguments, call.context()
    wanted = [status.lower() for status in arguments.many("status")]
    for status in wanted:
        if status not in STATUSES:
            message = f"there is no status {status!r}"
            raise usage(message, "proposal list", value=status, allowed=list(STATUSES))
    by = arguments.text("actor")
    actor = None if by is None else parse(by)
    action, query = arguments.text("action"), arguments.text("ticket")
    ticket = None if query is None else find_name(context, call.pick(query))[:-3].upper()
    limit = arguments.number("limit")
    if limit is None and not call.json:
        limit = LISTED
    kept: list[Seen] = []
    catalog = Catalog.load(context)
    with with_views(context) as ledger:
        for each in proposals.listing(*ledger, ticket=ticket) if ledger is not None else ():
            state = each.proposal
            if actor in {None, state.actor} and action in {None, state.body.get("action")}:
                kept += [
                    now for now in all_seen(context, [state], catalog) if not wanted or now.status in wanted
                ]
            if limit is not None and len(kept) > limit:
                break
    more = limit is not None and len(kept) > limit
    shown = kept[:limit]
    data = {
        "proposals": [proposal_data(each.proposal, each.status) for each in shown],
        "total": None if more else len(kept),
        "more": more,
    }
    width = min(terminal_width() or WIDTH, WIDEST)
    lines = list_lines(shown, colours=colourful(call.environ), width=width)
    notes = [f"older ones not shown: `ticket proposal list -n {2 * (limit or LISTED)}`"] if more else []
    if not shown:
        notes.append("`ticket propose ACTION` asks for something, `ticket actions` says what there is")
    brief = "\n".join([each.proposal.id for each in shown])
    return Reply(data, "\n".join(lines) or "No proposals found.", notes=notes, brief=brief)


# --- show -----------------------------------------------------------------------------------------


def _show(call: Call) -> Reply:
    context = call.context()
    colours = colourful(call.environ)
    width = min(terminal_width() or WIDTH, WIDEST)
    with opened(context) as store:
        state = proposals.load(store, proposals.find(store, call.arguments.required("proposal")))
        now, earlier = seen(context, state, store), lineage(context, store, state)
        shown = shown_again(context, state)
        story = _story(store, state.id) if call.arguments.flag("receipts") else None
    lines = page_lines(now, shown, earlier, colours=colours, width=width)
    data = page_data(now, shown, earlier)
    if story is not None:
        from dataclasses import asdict

        told = merged([("", story)])
        heading = f"{BOLD}Receipts{RESET}" if colours else "Receipts"
        lines += ["", heading, "", *timeline(told, stream=stream_of(state.id), colours=colours, width=width)]
        data["receipts"] = [asdict(moment) for entry in story for moment in entry.moments]
    return Reply(data, "\n".join(lines), notes=_next(context, now), brief=state.digest)


def page_data(now: Seen, shown: Shown | None, earlier: list[Seen]) -> dict[str, object]:
    """Returns a proposal, what it shows and what it replaces as JSON data."""
    told = None
    if shown is not None:
        told = {"kind": shown.kind, "text": shown.text, "flags": [flag.as_data() for flag in shown.flags]}
    return {
        "proposal": proposal_data(now.proposal, now.status),
        "summary": headline(now),
        "frozen": now.frozen or None,
        "shown": told,
        "lineage": [proposal_data(each.proposal, each.status) for each in earlier],
    }


def _story(store: Store, proposal_id: str) -> list[tracing.Entry]:
    return tracing.story(store, stream_of(proposal_id))


def _next(context: Context, now: Seen) -> list[str]:
    """Returns what to type next."""
    if now.status != PENDING:
        return []
    actor, name = context.actor(), short(now.proposal.id)
    if now.frozen and may_decide(now.proposal, actor):
        return [f'next: ticket reject {name} --note "why not"']
    if may_decide(now.proposal, actor):
        return [f'next: {decide_words(now)}\n  or: ticket reject {name} --note "why not"']
    if actor == now.proposal.actor:
        return [f"next: ticket proposal wait {name}\n  or: ticket proposal withdraw {name}"]
    return []


# --- wait, withdraw -------------------------------------------------------------------------------


def timeout_s(call: Call) -> int:
    """Returns how long to wait.

    Raises:
        InputError: `usage`.
    """
    seconds = call.arguments.number("timeout")
    if seconds is not None and seconds > TIMEOUT_S_MAX:
        raise usage(f"--timeout takes at most {TIMEOUT_S_MAX}", call.arguments.verb, value=seconds)
    return TIMEOUT_S if seconds is None else seconds


def wait_for(call: Call, store: Store, name: str) -> Proposal:
    """Waits for a proposal, and says so at once to whoever sits at a terminal and would see nothing.

    Raises:
        InputError: `usage`.
    """
    context, seconds = call.context(), timeout_s(call)
    silent = call.json or call.ci or call.arguments.flag("quiet") or not os.isatty(2)
    if seconds and not silent and proposals.status(context, proposals.load(store, name)) == PENDING:
        sys.stderr.write(
            f"waiting {seconds} s at most for somebody to answer; Ctrl-C stops, and loses nothing\n"
        )
        sys.stderr.flush()
    return waiting.wait(context, store, name, seconds)


def _wait(call: Call) -> Reply:
    context = call.context()
    with opened(context) as store:
        state = wait_for(call, store, proposals.find(store, call.arguments.required("proposal")))
    now = seen(context, state)
    raise_unless_applied(now)
    return Reply(answer_data(now), applied_line(now), brief="")


def _withdraw(call: Call) -> Reply:
    context = call.context()
    with opened(context) as store:
        name = proposals.find(store, call.arguments.required("proposal"))
        state = proposing.withdraw(context, store, name, call.arguments.text("reason") or "")
    now = seen(context, state)
    return Reply(answer_data(now), f"Withdrew {short(state.id)}: {headline(now)}", brief="")
