"""What stands in the way of a ticket, for somebody who wants a step of it now; nothing is changed.

Everything is looked at, not only what comes first: the file, the workflow, the claim, what it waits for,
proposals, and the rule of the policy. Each obstacle names the command that helps.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from counterfoil.errors import CounterfoilError
from counterfoil.gate.facts import ALLOW, ASK, Facts, Ruling
from counterfoil.gate.proposal import APPROVED, PENDING
from counterfoil.tickets import workflow
from counterfoil.tickets.naming import display_id
from counterfoil.tickets.query import ready
from counterfoil.usecases import asking, claims, proposals, validating
from counterfoil.usecases.actions import preparing
from counterfoil.usecases.catalog import Catalog
from counterfoil.usecases.ruling import ruled
from counterfoil.usecases.taking_up import NOT_IN_EFFECT
from counterfoil.usecases.views import OPEN

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from counterfoil.gate.proposal import Proposal
    from counterfoil.tickets.model import Row
    from counterfoil.usecases.context import Context
    from counterfoil.usecases.ports import Store

NEXT_STEP = {"backlog": "ready", "ready": "in_progress", "in_progress": "done", "blocked": "ready"}
"""The step that a ticket takes as a rule, which is meant where none is named."""
FILE, WORKFLOW, CLAIM, WAITS, PROPOSAL, POLICY = "file", "workflow", "claim", "waits", "proposal", "policy"


@dataclass(frozen=True)
class Obstacle:
    """One thing that was looked at.

    Attributes:
        what: `file`, `workflow`, `claim`, `waits`, `proposal` or `policy`.
        blocks: whether it stands in the way; False tells that it was looked at, and why it does not.
        message: a sentence.
        hint: the next command, or empty.
        code: the error that the command would end with, or empty.
    """

    what: str
    blocks: bool
    message: str
    hint: str = ""
    code: str = ""

    def as_data(self) -> dict[str, object]:
        """Returns the obstacle as a JSON object."""
        return asdict(self)


@dataclass(frozen=True)
class Step:
    """A step that somebody wants.

    Attributes:
        verb: as it is typed, `done`.
        action: the action that it is, `ticket.move`.
        payload: what the action is told, the ticket apart.
        state: where the ticket goes, or None where it stays.
    """

    verb: str
    action: str
    payload: Mapping[str, object]
    state: str | None = None


def of_ticket(context: Context, store: Store | None, name: str, step: Step | None) -> list[Obstacle]:
    """Returns what stands in the way of one step of a ticket, the gravest first.

    Args:
        context: the project; it says who wants it.
        store: the ledger, or None where there is none.
        name: the ticket's file.
        step: the step; None for a ticket that is done.
    """
    catalog = Catalog.load(context)
    found = list(_file(context, name))
    row = catalog.row(name)
    if row is None:
        return found
    if step is not None and step.state is not None:
        found += _workflow(context, row, step.state)
    found += _claim(context, row)
    found += _waits(context, catalog, row)
    found += _proposals(context, store, row, step)
    if step is not None:
        found += _policy(context, store, row, step)
    return sorted(found, key=lambda each: not each.blocks)


def next_step(state: str) -> Step | None:
    """Returns the step that a ticket takes as a rule; None when it is done."""
    to = NEXT_STEP.get(state)
    verb = {"in_progress": "start", "done": "done"}.get(to or "", f"move {to}")
    return None if to is None else Step(verb, "ticket.move", {"state": to}, to)


def _shown(context: Context, row: Row) -> str:
    return display_id(context.config.id_prefix, row[0])


def _file(context: Context, name: str) -> Iterator[Obstacle]:
    report = validating.check_names(context, [name], "integrity")
    for item in report.errors:
        yield Obstacle(
            FILE, True, f"{item.path}: {item.message}", f"ticket validate {name[:-3]}", "validation_failed"
        )


def _workflow(context: Context, row: Row, to: str) -> Iterator[Obstacle]:
    if row[2] == to:
        yield Obstacle(WORKFLOW, False, f"it is {to} already, so nothing would change")
        return
    allowed = workflow.allowed(row[2])
    if to in allowed:
        yield Obstacle(WORKFLOW, False, f"{row[2]} → {to} is allowed")
        return
    words = ", ".join(allowed) or "nothing: done is final"
    hint = f"ticket move {_shown(context, row)} {allowed[0]}" if allowed else 'ticket new "…"'
    yield Obstacle(
        WORKFLOW,
        True,
        f"{row[2]} → {to} is not allowed; from {row[2]} it may become {words}",
        hint,
        "invalid_transition",
    )


def _claim(context: Context, row: Row) -> Iterator[Obstacle]:
    claim = claims.read(context, row[0])
    now_ms = context.clock.now_ms()
    if claim is None or not claim.holder:
        return
    until = context.clock.utc(claim.until_ms)
    actor = context.actor()
    if claim.is_lapsed(now_ms):
        yield Obstacle(
            CLAIM,
            False,
            f"the claim of {claim.holder} has lapsed ({until})",
            f"ticket claim {_shown(context, row)}",
        )
    elif claim.holder == actor:
        yield Obstacle(CLAIM, False, f"you hold the claim until {until}")
    elif actor.startswith("human:"):
        yield Obstacle(CLAIM, False, f"{claim.holder} holds the claim until {until}; a person is only warned")
    else:
        yield Obstacle(CLAIM, True, f"{claim.holder} holds the claim until {until}", "ticket next", "claimed")


def _waits(context: Context, catalog: Catalog, row: Row) -> Iterator[Obstacle]:
    rows = list(catalog.rows())
    found = ready(rows)
    titles = {each[0]: each for each in rows}
    for blocker in found.blocked.get(row[0], ()):
        other = titles.get(blocker)
        shown = display_id(context.config.id_prefix, blocker)
        words = f"{shown} {other[1]} ({other[2]})" if other is not None else shown
        yield Obstacle(WAITS, True, f"it waits for {words}", f"ticket why {shown}")
    for ring in found.cycles:
        if row[0] in ring:
            names = " → ".join([display_id(context.config.id_prefix, each) for each in (*ring, ring[0])])
            hint = f"ticket edit {_shown(context, row)} --blocked-by -ID"
            yield Obstacle(WAITS, True, f"tickets wait for one another: {names}", hint)


def _proposals(context: Context, store: Store | None, row: Row, step: Step | None) -> Iterator[Obstacle]:
    for state in about(context, store, row[0]):
        now = proposals.status(context, state)
        if store is not None and step is not None and _is_the_same(state, step, row[0], context.actor()):
            # The list comes from a view, which says less than the stream.
            whole = proposals.load(store, state.id)
            if asking.still_refuses(context, store, whole):
                refused = asking.error_of(whole)
                yield Obstacle(PROPOSAL, True, refused.message, refused.hint or "", refused.code)
        if now not in OPEN:
            continue
        mine = state.actor == context.actor()
        hint = f"ticket proposal {'wait' if mine else 'show'} {state.id}"
        words = "waits for a person" if now == PENDING else f"is {now}"
        if now == APPROVED:
            hint, words = f"ticket approve {state.id}", f"is {NOT_IN_EFFECT}"
        yield Obstacle(
            PROPOSAL, False, f"{state.id} by {state.actor} ({state.body.get('action')}) {words}", hint
        )


def _is_the_same(state: Proposal, step: Step, ticket: str, actor: str) -> bool:
    asked = (state.actor, state.body.get("action"), state.body.get("payload"))
    return asked == (actor, step.action, {"ticket": ticket, **step.payload})


def about(context: Context, store: Store | None, ticket_id: str) -> list[Proposal]:
    """Returns the proposals about a ticket, the newest first."""
    if store is None:
        return []
    derived = context.ledgers.views()
    try:
        return [each.proposal for each in proposals.listing(store, derived, ticket=ticket_id)]
    finally:
        derived.close()


def _policy(context: Context, store: Store | None, row: Row, step: Step) -> Iterator[Obstacle]:
    actor = context.actor()
    try:
        payload = {"ticket": row[0], **step.payload}
        facts = preparing.prepare(context, step.action, payload, actor=actor).facts
    except CounterfoilError as error:
        if error.code not in {"invalid_transition", "claimed", "no_change"}:
            yield Obstacle(FILE, True, error.message, error.hint or "", error.code)
        facts = (_plain_facts(context, row, step, actor),)
    yield of_ruling(ruled(context, store, facts, actor), actor, f"{step.verb} {_shown(context, row)}")


def _plain_facts(context: Context, row: Row, step: Step, actor: str) -> Facts:
    return Facts(
        step.action, actor, remote=context.options.remote, risk="low", priority=row[3], labels=row[4],
        state_from=row[2] if step.state is not None else None, state_to=step.state,
    )  # fmt: skip


def of_ruling(ruling: Ruling, actor: str, what: str) -> Obstacle:
    """Returns what policy says of an action, in a sentence."""
    why = "; ".join(ruling.reasons) or f"the rule {ruling.rule} says so"
    rule = f"{ruling.rule} of {'the built-in policy' if ruling.policy == 'default' else ruling.policy[:12]}"
    if ruling.answer == ALLOW:
        return Obstacle(POLICY, False, f"{actor} is allowed to: {rule}")
    if ruling.answer == ASK:
        hint = f"ticket {what}"
        return Obstacle(POLICY, True, f"a person is asked, since {why} ({rule})", hint, "needs_approval")
    return Obstacle(POLICY, True, f"{actor} is refused, since {why} ({rule})", "ask a person", "refused")
