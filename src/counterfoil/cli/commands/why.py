"""`ticket why`: what stands in the way of a ticket, a proposal or an action, and what to type next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterfoil.cli.answers import decide_words, what_became
from counterfoil.cli.arguments import usage
from counterfoil.cli.call import Call, Reply
from counterfoil.cli.damage import damage_is_told
from counterfoil.cli.layout import BOLD, DIM, RESET, colourful, cut, visible
from counterfoil.cli.proposal_words import (
    GREEN,
    RED,
    demand_words,
    headline,
    pair_lines,
    rule_words,
    state_words,
    vote_words,
)
from counterfoil.cli.receipt_words import said, summary, tell
from counterfoil.cli.seen import ledger_if_any, seen
from counterfoil.gate.action import is_name
from counterfoil.gate.facts import Facts
from counterfoil.gate.proposal import PENDING
from counterfoil.kernel import actor as actors
from counterfoil.tickets.naming import display_id
from counterfoil.tickets.workflow import parse_state
from counterfoil.usecases import obstacles, proposals
from counterfoil.usecases.actions import registry
from counterfoil.usecases.addressing import find_receipt
from counterfoil.usecases.catalog import Catalog
from counterfoil.usecases.eligible import may_decide
from counterfoil.usecases.obstacles import Step
from counterfoil.usecases.proposal_headline import short  # fmt: skip
from counterfoil.usecases.resolve import find_name
from counterfoil.usecases.ruling import ruled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterfoil.cli.proposal_words import Seen
    from counterfoil.usecases.context import Context
    from counterfoil.usecases.obstacles import Obstacle
    from counterfoil.usecases.ports import Store

WIDTH = 80
LABEL = 11
STATES = {"done": "done", "start": "in_progress", "claim": "in_progress", "release": "ready"}
ACTORS = {"assign": "assignee", "reviewer": "reviewer"}
VERBS = (*STATES, "move", *ACTORS, "comment")
HEX = frozenset("0123456789abcdef")
HASH_MIN = 8


@damage_is_told()
def run(call: Call) -> Reply:
    """Finds out what is meant, and what keeps it where it is."""
    query = call.arguments.required("id")
    context = call.context()
    with ledger_if_any(context) as store:
        if query[:2].upper() == "P-":
            if store is None:
                raise proposals.not_found(query)
            return _of_proposal(call, store, query)
        if store is not None and _names_a_receipt(query):
            return _of_receipt(call, store, query)
        if is_name(query):
            return _of_action(call, store, query)
        return _of_ticket(call, store, query)


def _names_a_receipt(query: str) -> bool:
    return "@" in query or (len(query) >= HASH_MIN and HEX.issuperset(query) and not query.isdigit())


# --- tickets --------------------------------------------------------------------------------------


def _of_ticket(call: Call, store: Store | None, query: str) -> Reply:
    context = call.context()
    name = find_name(context, call.pick(query))
    row = Catalog.load(context).row(name)
    step = _step(call)
    if step is None and row is not None:
        step = obstacles.next_step(row[2])
    found = obstacles.of_ticket(context, store, name, step)
    shown = display_id(context.config.id_prefix, name[:-3].upper())
    heading = visible(f"{shown} {row[1]}: {row[2]}, {row[3]}") if row is not None else shown
    possible = not any(each.blocks for each in found)
    verdict = _verdict(step, shown, context.actor(), found)
    hint = next((each.hint for each in found if each.blocks and each.hint), "")
    if possible and step is not None:
        hint = _command(step, shown)
    lines = [heading, *_obstacle_lines(found, colourful(call.environ)), "", verdict]
    data = {
        "id": name[:-3].upper(), "what": "ticket", "step": step.verb if step else None, "actor": context.actor(),
        "possible": possible and step is not None, "obstacles": [each.as_data() for each in found], "next": hint or None,
    }  # fmt: skip
    return Reply(data, "\n".join(lines), notes=[f"next: {hint}"] if hint else [])


def _step(call: Call) -> Step | None:
    """Returns the step that was named, or None.

    Raises:
        InputError: `usage`, `invalid_state`, `invalid_actor`.
    """
    verb, value = call.arguments.text("action"), call.arguments.text("value")
    if verb is None:
        return None
    verb = {"ticket.move": "move", "ticket.assign": "assign", "ticket.comment": "comment"}.get(verb, verb)
    if verb not in VERBS:
        raise usage(f"why knows no step {verb!r}", "why", value=verb, allowed=list(VERBS))
    if value is not None and verb not in {"move", *ACTORS}:
        raise usage(f"why does not take {value!r} behind {verb}", "why", value=value)
    if verb in STATES:
        return Step(verb, "ticket.move", {"state": STATES[verb]}, STATES[verb])
    if verb == "comment":
        return Step("comment", "ticket.comment", {"text": "…"})
    if value is None:
        raise usage(f"why needs to know where to: ticket why ID {verb} VALUE", "why", missing="value")
    if verb == "move":
        state = parse_state(value)
        return Step(f"move {state}", "ticket.move", {"state": state}, state)
    actor = None if value.lower() == "none" else actors.parse(value)
    return Step(f"{verb} {value}", "ticket.assign", {ACTORS[verb]: actor})


def _command(step: Step, shown: str) -> str:
    verb, _, value = step.verb.partition(" ")
    return " ".join([word for word in ("ticket", verb, shown, value) if word])


def _verdict(step: Step | None, shown: str, actor: str, found: Sequence[Obstacle]) -> str:
    if step is None:
        return f"{shown} is done; nothing follows."
    blocking = [each for each in found if each.blocks]
    if [each.code for each in blocking] == ["needs_approval"]:
        return f"{actor} cannot do it alone: `{_command(step, shown)}` asks a person."
    if not blocking:
        return f"Nothing stands in the way: {actor} can `{_command(step, shown)}`."
    return f"{actor} cannot `{_command(step, shown)}` now."


def _obstacle_lines(found: Sequence[Obstacle], colours: bool) -> list[str]:
    lines = []
    for each in found:
        sign, colour = ("✗", RED) if each.blocks else ("✓", GREEN)
        mark = f"{colour}{sign}{RESET}" if colours else sign
        first, *rest = pair_lines(each.what, visible(each.message), width=WIDTH - 2)
        lines += [f"{mark} {first}", *[f"  {line}" for line in rest]]
    return lines


# --- proposals ------------------------------------------------------------------------------------


def _of_proposal(call: Call, store: Store, query: str) -> Reply:
    context = call.context()
    state = proposals.load(store, proposals.find(store, query))
    now = seen(context, state, store)
    error = what_became(now)
    pairs = [("Status", state_words(now))]
    if now.status == PENDING:
        pairs += [
            ("Rule", rule_words(now.body.get("ruling") or {})),
            ("Reasons", visible("; ".join(map(str, now.body.get("reasons") or ())))),
            ("Needs", demand_words(now)),
        ]
    pairs += [("Answers", vote_words(vote, now.now_ms)) for vote in state.votes]
    moved = proposals.moved(context, state) if now.status == "stale" else []
    pairs += [("Changed", visible(str(path))) for path, _, _ in moved]
    hint = _proposal_hint(context, now, "" if error is None else error.hint or "")
    colours = colourful(call.environ)
    lines = [visible(f"{state.id} {headline(now)}")]
    lines += [line for label, text in pairs if text for line in pair_lines(label, text, colours=colours)]
    data = {
        "id": state.id, "what": "proposal", "status": now.status, "code": None if error is None else error.code,
        "reason": None if error is None else error.message, "rule": (now.body.get("ruling") or {}).get("rule"),
        "moved": moved, "next": hint or None,
    }  # fmt: skip
    return Reply(data, "\n".join(lines), notes=[f"next: {hint}"] if hint else [])


def _proposal_hint(context: Context, now: Seen, otherwise: str) -> str:
    name, actor = short(now.proposal.id), context.actor()
    if now.status != PENDING:
        return otherwise
    if now.frozen:
        return f"ticket reject {name} --note TEXT, or wait until {now.proposal.actor} may ask again"
    if may_decide(now.proposal, actor):
        return f"ticket proposal show {name}, then {decide_words(now)}"
    return f"ticket proposal wait {name}" if actor == now.proposal.actor else "ask whoever may approve it"


# --- receipts and actions -------------------------------------------------------------------------


def _of_receipt(call: Call, store: Store, query: str) -> Reply:
    receipt = find_receipt(call.context(), store, query)
    lines = [
        f"@{receipt.position} {receipt.actor} {summary(receipt.kind)}",
        f"on {visible(receipt.stream)}",
        "",
    ]
    lines += ["  " + cut(line, WIDTH - 2) for line in tell(receipt.kind, said(receipt))]
    kind, _, rest = receipt.stream.partition("/")
    hint = {"proposal": f"ticket why {rest}", "ticket": f"ticket trace {rest[:8]}"}.get(
        kind, f"ticket ledger show @{receipt.position}"
    )
    data = {
        "id": receipt.id, "what": "receipt", "position": receipt.position, "stream": receipt.stream,
        "kind": receipt.kind, "actor": receipt.actor, "next": hint,
    }  # fmt: skip
    colours = colourful(call.environ)
    lines[1] = f"{DIM}{lines[1]}{RESET}" if colours else lines[1]
    return Reply(data, "\n".join(lines), notes=[f"next: {hint}"])


def _of_action(call: Call, store: Store | None, name: str) -> Reply:
    context = call.context()
    action = registry.find(context, name)
    actor = context.actor()
    ruling = ruled(context, store, (Facts(name, actor, risk=action.risk),), actor)
    found = obstacles.of_ruling(ruling, actor, f"propose {name}")
    colours = colourful(call.environ)
    heading = f"{name}: {visible(action.summary)}"
    lines = [f"{BOLD}{heading}{RESET}" if colours else heading, *_obstacle_lines([found], colours)]
    hint = f"ticket actions {name}"
    data = {
        "id": name, "what": "action", "actor": actor, "ruling": ruling.answer, "rule": ruling.rule,
        "policy": ruling.policy, "reasons": list(ruling.reasons), "next": hint,
    }  # fmt: skip
    return Reply(data, "\n".join(lines), notes=["of a ticket: `ticket why ID done`", f"next: {hint}"])
