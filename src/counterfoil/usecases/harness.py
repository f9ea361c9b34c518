"""May a coding agent's harness run one of its tools? Policy answers, and where it asks, a person.

A use that is asked for again (the harness gave up waiting, or was killed) is the same proposal: its key is the
digest of session, folder, tool and input. An approval lets it run once, and the receipt that notes this is taken
by compare-and-set, so two calls that are alike cannot share one.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from counterfoil.errors import ConflictError, CounterfoilError, HostError, RefusedError
from counterfoil.gate import proposal, rules, tooluse
from counterfoil.gate.facts import ALLOW, Facts
from counterfoil.gate.proposal import APPLIED, APPLYING, APPROVED, PENDING, REJECTED
from counterfoil.kernel.digest import sha256_hex
from counterfoil.ledger.receipt import key_digest
from counterfoil.usecases import kinds, record
from counterfoil.usecases.actions.harness import PATH_LENGTH, TOOL_RUN
from counterfoil.usecases.policy_in_force import in_force
from counterfoil.usecases.proposing import Request, propose
from counterfoil.usecases.waiting import wait

if TYPE_CHECKING:
    from collections.abc import Callable

    from counterfoil.gate.proposal import Proposal
    from counterfoil.gate.tooluse import ToolUse
    from counterfoil.usecases.context import Context
    from counterfoil.usecases.ports import Store

SETTING = "gatedTools"
"""Which calls of a harness's tools are for the gate, as `gate.tooluse.matchers` reads it."""
WAIT_SETTING = "toolWait"
WAIT_S = 540
WAIT_S_MAX = 86_400
DENY = "deny"
WAITING = "waiting"
_OPEN = frozenset((PENDING, APPROVED, APPLYING))
_STANDING = frozenset((*_OPEN, REJECTED))
"""What answers a repeated use as well: somebody still thinks about it, or has said no to it in this session."""
BUILT_IN_RULES = "default/"


class Verdict(NamedTuple):
    """What the harness is told.

    Attributes:
        answer: `allow`, `deny`, or `waiting` where nobody has answered yet.
        reason: one sentence, for the agent.
        proposal: the proposal's id, or empty where policy alone answered.
    """

    answer: str
    reason: str
    proposal: str = ""


def followed(context: Context, use: ToolUse) -> ToolUse:
    """Returns a use that says where its file really lies: a link must not lead around a rule."""
    if use.file is None or "\0" in use.file:
        return use
    root = os.path.realpath(context.work.root)
    real = os.path.realpath(os.path.join(use.cwd or root, use.file))
    return replace(use, leads_to=real.removeprefix(root.rstrip("/") + "/"))


def is_gated(context: Context, store: Store | None, use: ToolUse) -> bool:
    """Tells whether a use is for the gate: a setting names it, or a rule of the accepted policy does.

    Args:
        context: the project.
        store: its ledger; None where it cannot be used, and then the policy that counted last does.
        use: what is about to run.

    Raises:
        InputError: `invalid_setting`.
    """
    patterns = tooluse.matchers(context.setting(SETTING))
    if tooluse.matches(use, patterns, context.work.root):
        return True
    facts = Facts(
        TOOL_RUN, context.actor(), remote=context.options.remote, risk="high", state_from="", state_to="",
        paths=use.paths(context.work.root), space="",
    )  # fmt: skip
    return not rules.rule(in_force(context, store), facts).rule.startswith(BUILT_IN_RULES)


def ask(
    context: Context,
    store: Store,
    use: ToolUse,
    timeout_s: float,
    *,
    stop: Callable[[], bool] = lambda: False,
) -> Verdict:
    """Proposes a use, waits for the answer, and takes an approval up.

    Args:
        context: the project; it says who acts.
        store: the ledger.
        use: what is about to run.
        timeout_s: seconds that there are to answer in.
        stop: asked between looks.
    """
    try:
        while True:
            state = _standing(context, store, use)
            if state.status in _OPEN:
                state = wait(context, store, state.id, timeout_s, stop=stop)
            if state.status != APPLIED:
                return _told(state)
            if _take_up(context, store, state, use):
                return Verdict(ALLOW, _allowed(state), state.id)
    except RefusedError as error:
        return Verdict(DENY, error.message)


def wait_s(context: Context) -> float:
    """Returns for how long a hook waits; a setting that is no number counts as none."""
    text = context.setting(WAIT_SETTING)
    is_number = text.isascii() and text.isdigit() and len(text) < 7
    return float(min(int(text), WAIT_S_MAX)) if is_number else float(WAIT_S)


def unusable(error: CounterfoilError) -> Verdict:
    """Returns what is answered where the gate cannot be asked: without it nothing that needs it runs."""
    kept = "its reason is in `ticket doctor`" if isinstance(error, HostError) else error.message
    return Verdict(DENY, f"the gate cannot be asked now ({error.code}): {kept}")


# --- the parts ------------------------------------------------------------------------------------


def _standing(context: Context, store: Store, use: ToolUse) -> Proposal:
    """Returns the proposal that stands for a use: the last one made of it, or another where that one is over.

    Raises:
        ConflictError: `key_reused`, where something else was proposed under the use's key: nobody's approval of
            that may let this run.
    """
    actor = context.actor()
    count = _count(store, actor, use)
    if count:
        state = propose(context, store, _request(context, use, count - 1)).proposal
        if state.status in _STANDING or (state.status == APPLIED and _may_take_up(store, state, use)):
            return state
    return propose(context, store, _request(context, use, count)).proposal


def _request(context: Context, use: ToolUse, number: int) -> Request:
    payload: dict[str, object] = {"tool": use.tool, "input": use.text}
    if use.command is not None:
        payload["command"] = use.command
    paths = use.paths(context.work.root)
    if paths:
        payload["paths"] = [path[:PATH_LENGTH] for path in paths]
    if use.cwd:
        payload["cwd"] = use.cwd
    return Request(
        TOOL_RUN, payload, f"{use.tool} in the agent's own session", key=_key(use, number), redact=True
    )


def _key(use: ToolUse, number: int) -> str:
    return f"tool/{use.digest}/{number}"


def _stream(store: Store, actor: str, use: ToolUse, number: int) -> str:
    return proposal.stream_of(proposal.proposal_id(store.ledger, actor, _key(use, number)))


def _count(store: Store, actor: str, use: ToolUse) -> int:
    """Returns how often the same use was proposed, with a look at the ends of a few streams."""
    high = 1
    while store.head(_stream(store, actor, use, high - 1)).length:
        high *= 2
    low = high // 2
    while low < high - 1:
        middle = (low + high) // 2
        if store.head(_stream(store, actor, use, middle - 1)).length:
            low = middle
        else:
            high = middle
    return low


def _mark(state: Proposal) -> tuple[str, str]:
    return proposal.stream_of(state.id), f"{state.id}/taken-up"


def _taker(use: ToolUse) -> str:
    """Returns what names the call that takes an approval up; a call without an id is like no other."""
    return f"taken up by {sha256_hex(use.id.encode())[:32]}" if use.id else "taken up"


def _may_take_up(store: Store, state: Proposal, use: ToolUse) -> bool:
    """Tells whether an approval is still there, or was taken up by this very call."""
    stream, key = _mark(state)
    found = store.by_key(stream, key_digest(state.actor, key))
    return found is None or (bool(use.id) and found.data().get("text") == _taker(use))


def _take_up(context: Context, store: Store, state: Proposal, use: ToolUse) -> bool:
    """Notes that an approval lets this call run; False where another call was faster."""
    stream, key = _mark(state)
    if store.by_key(stream, key_digest(state.actor, key)) is not None:
        return _may_take_up(store, state, use)
    body = {"text": _taker(use)}
    draft = record.draft(context, stream, kinds.NOTED, context.actor(), body, key)
    try:
        record.append(context, store, [draft], expect={stream: store.head(stream).length})
    except ConflictError as error:
        if error.code not in {"version_conflict", "key_reused"}:
            raise
        return _may_take_up(store, state, use)
    return True


def _allowed(state: Proposal) -> str:
    if not state.approvals:
        ruling = state.body.get("ruling") or {}
        return f"policy allows it ({ruling.get('rule')}); {state.id}"
    note = next((f": {vote.note}" for vote in reversed(state.approvals) if vote.note), "")
    return f"approved by {', '.join(vote.by for vote in state.approvals)} as {state.id}{note}"


def _told(state: Proposal) -> Verdict:
    if state.status == REJECTED:
        return Verdict(
            DENY, f"{state.closed.get('by')} rejected {state.id}: {state.closed.get('reason')}", state.id
        )
    if state.status in _OPEN:
        reason = (
            f"{state.id} waits for a person. Go on with something else; make the same call again later, and it "
            "runs once somebody has approved it"
        )
        return Verdict(WAITING, reason, state.id)
    why = state.effect.get("message") or state.closed.get("reason") or state.status
    return Verdict(DENY, f"{state.id} is {state.status}: {why}", state.id)
