"""Proposing: what somebody wants done is checked, ruled on and sealed, whoever asks and through whichever door.

What policy allows is applied at once, on the ruling's authority and never in a person's name. What it denies is
refused, and the refusal is sealed. What it asks about waits for people. Nothing here can decide.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, NamedTuple

from counterfoil.errors import ConflictError, HostError, InputError, RefusedError
from counterfoil.gate import events, proposal, redact
from counterfoil.gate.action import FILES, LEDGER
from counterfoil.gate.facts import ALLOW, DENY
from counterfoil.gate.limits import REASON
from counterfoil.gate.proposal import PENDING, Close, Open, Proposal
from counterfoil.kernel import canonical, ids
from counterfoil.kernel.digest import sha256_hex
from counterfoil.kernel.instant import iso_ms
from counterfoil.usecases import applying, proposals, record, runtime, taking_up, whereabouts
from counterfoil.usecases.actions import payload as payloads
from counterfoil.usecases.actions import preparing, registry
from counterfoil.usecases.authenticating import check_scope, verb_of
from counterfoil.usecases.registered import frozen, standing
from counterfoil.usecases.ruling import ruled

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from counterfoil.gate.facts import Ruling
    from counterfoil.usecases.actions.preparing import Prepared
    from counterfoil.usecases.context import Context
    from counterfoil.usecases.ports import Store
    from counterfoil.usecases.record import Item

KEY_LENGTH = 200
MINTED = "comment"
"""The field of a payload that is the program's to give: the id of what is said, which must not be another's."""


class Request(NamedTuple):
    """What somebody wants done.

    Attributes:
        action: the action's name.
        payload: what it is told, as sent.
        reason: why, for whoever decides.
        key: names the request: sent again it is the same proposal. None draws one.
        supersedes: the proposal that this is to stand for, or None.
        expires_ms: after how long no answer means no; None takes the policy's time, which is also the longest.
        model: the model that drives the agent, as it says itself, or empty.
        redact: whether secrets are masked instead of refused.
        seen: by path, the blobs of which one has to stand there still, for a caller that has looked before.
    """

    action: str
    payload: dict[str, Any]
    reason: str = ""
    key: str | None = None
    supersedes: str | None = None
    expires_ms: int | None = None
    model: str = ""
    redact: bool = False
    seen: Mapping[str, Collection[str]] | None = None


class Proposed(NamedTuple):
    """What became of a request.

    Attributes:
        proposal: as it is now.
        repeated: whether it was there before, under the same key.
        masked: by rule, how many secrets were masked.
    """

    proposal: Proposal
    repeated: bool
    masked: dict[str, int]


def propose(
    context: Context, store: Store, request: Request, *, along: Sequence[tuple[str, Item]] = ()
) -> Proposed:
    """Takes a request in and carries it as far as it goes without a person.

    Args:
        context: the project; it says who asks and through which door.
        store: the ledger.
        request: what is wanted.
        along: what is sealed in the same append as the proposal, or not at all: (actor, item) each.

    Raises:
        RefusedError: `refused` by policy or for lack of rights; that is sealed.
        ConflictError: `key_reused`, `proposal_closed` (what it supersedes is decided), `stale`,
            `precondition_failed` (a file is not what the caller has seen).
        InputError: whatever is wrong with the request.
    """
    actor = context.actor()
    key = _checked_key(request.key) or record.command_id(context)
    proposal_id = proposal.proposal_id(store.ledger, actor, key)
    digest = _request_digest(request)
    found = runtime.load(store, proposals.DECIDER, proposal.stream_of(proposal_id)).state
    if found.exists:
        return _repeated(context, store, found, digest, key)
    registry.find(context, request.action)
    _check_rights(context, store, request.action, actor)
    payload = _without_minted(request.payload)
    prepared = preparing.prepare(context, request.action, payload, actor=actor, redact=request.redact)
    _check_seen(request, prepared)
    ruling = ruled(context, store, prepared.facts, actor)
    if ruling.answer == DENY:
        raise refuse(context, store, request.action, prepared.tickets, ruling, actor)
    replaced = _replaced(context, store, request.supersedes, actor)
    body = _body(
        context,
        request,
        prepared,
        ruling,
        proposal_id,
        digest,
        None if replaced is None else replaced.state,
        actor,
        store.ledger,
    )
    at_once = ruling.answer == ALLOW and prepared.form != LEDGER
    with taking_up.marked(context, proposal_id) if at_once else nullcontext():
        state, was_there = _open(context, store, body, prepared, actor, key, replaced, along)
        if not was_there and state.status != PENDING:
            state = _carried_out(context, store, state)
    if was_there:
        return _repeated(context, store, state, digest, key)
    return Proposed(state, False, dict(prepared.masked))


def _carried_out(context: Context, store: Store, state: Proposal) -> Proposal:
    """Lets what policy allows take effect; what a host hinders is left for the next attempt."""
    try:
        return applying.apply(context, store, state)
    except HostError:
        taking_up.note(context, proposals.load(store, state.id))
        raise


def withdraw(context: Context, store: Store, proposal_id: str, reason: str = "") -> Proposal:
    """Takes a pending proposal back; only who made it can.

    Raises:
        RefusedError: `refused`.
        ConflictError: `proposal_closed`.
        InputError: `proposal_not_found`, `too_large`, `secret_found`.
    """
    reason = preparing.clean_text(reason, "reason", REASON)
    state = proposals.settle(context, store, proposals.load_whole(store, proposal_id))
    actor = context.actor()
    if state.actor != actor:
        raise RefusedError(
            "refused", f"{state.id} was proposed by {state.actor}, who alone can withdraw it",
            f"ticket proposal show {state.id}", proposal=state.id, actor=actor, reason="not_the_proposer",
        )  # fmt: skip
    command = Close(events.WITHDRAWN, {"reason": reason})
    return proposals.advance(
        context, store, state.id, command, actor=actor, key=f"{state.id}/withdraw"
    ).proposal


def refuse(
    context: Context, store: Store | None, action: str, tickets: Sequence[str], ruling: Ruling, actor: str
) -> RefusedError:
    """Seals that policy refused an action, and returns the error that says so."""
    body = {
        "action": action, "ticket": tickets[0] if tickets else None, "reason": "policy", "via": context.options.via,
        **ruling.as_data(),
    }  # fmt: skip
    if store is not None:
        seal_refusal(context, store, body, actor)
    reason = "; ".join(ruling.reasons) or f"the rule {ruling.rule} says so"
    if store is not None and frozen(store, actor, context.clock.now_ms()):
        hint = f"ask a person: ticket {verb_of(actor)} show {actor}"
        return RefusedError(
            "refused",
            reason,
            hint,
            action=action,
            actor=actor,
            rule=ruling.rule,
            reasons=list(ruling.reasons),
        )
    return RefusedError(
        "refused", f"policy refuses {action} by {actor}: {reason}", f"ticket policy explain {action}",
        action=action, actor=actor, rule=ruling.rule, policy=ruling.policy, reasons=list(ruling.reasons),
    )  # fmt: skip


def seal_refusal(context: Context, store: Store, body: dict[str, object], actor: str) -> None:
    """Seals a refusal, on the stream of who was refused."""
    kind, _, slug = actor.partition(":")
    item = f"refused/{kind}/{slug}", events.REFUSED, body, record.command_id(context)
    record.append(context, store, [record.draft(context, item[0], item[1], actor, item[2], item[3])])


# --- the parts ------------------------------------------------------------------------------------


def _checked_key(key: str | None) -> str | None:
    if key is None:
        return None
    if not key.strip() or len(key) > KEY_LENGTH or not key.isprintable():
        hint = f"any printable text of at most {KEY_LENGTH} characters"
        raise InputError("invalid_key", "this cannot be an idempotency key", hint, length=len(key))
    return key


def _check_seen(request: Request, prepared: Prepared) -> None:
    """Checks that what is about to be changed is what the caller has seen of it."""
    for path, blob in prepared.basis:
        seen = (request.seen or {}).get(path)
        if seen is not None and blob not in seen:
            raise ConflictError(
                "precondition_failed", f"{path} is not what you have seen of it any more", "look at it again, and decide anew",
                path=path, blob=blob,
            )  # fmt: skip


def _without_minted(payload: object) -> object:
    """Returns a payload without what the program gives itself; what has no right form stays, and is refused."""
    given = payload.get(MINTED) if isinstance(payload, dict) else None
    if not isinstance(payload, dict) or not isinstance(given, str) or ids.canonical_ulid(given) != given:
        return payload
    return {name: value for name, value in payload.items() if name != MINTED}


def _request_digest(request: Request) -> str:
    """Returns what tells one request from another under the same key; of a secret in it nothing can be guessed."""
    canonical.encode(request.payload)  # what has no canonical form is not looked at any further
    told, _ = payloads.masked({"payload": request.payload, "reason": request.reason})
    return sha256_hex(canonical.encode([request.action, told["payload"], told["reason"], request.supersedes]))


def _repeated(context: Context, store: Store, state: Proposal, digest: str, key: str) -> Proposed:
    """Returns the proposal that a key names already, if it is this very request."""
    if state.body.get("request") != digest:
        raise ConflictError(
            "key_reused", "this key belongs to another proposal of yours", "give each request a key of its own",
            proposal=state.id, key=redact.mask(key)[0],
        )  # fmt: skip
    state = proposals.settle(context, store, state)
    if taking_up.is_own(context, state) and whereabouts.is_here(context, state):
        state = applying.apply(context, store, state, quiet=True)
    return Proposed(state, True, {})


def _check_rights(context: Context, store: Store, action: str, actor: str) -> None:
    held = standing(store, actor, context.clock.now_ms())
    if held is None:
        return
    against = held.frozen_reason or check_scope(held, action, context.prefix)
    if not against:
        return
    body: dict[str, object] = {
        "action": action, "ticket": None, "reason": "rights", "via": context.options.via, "against": against,
    }  # fmt: skip
    seal_refusal(context, store, body, actor)
    raise RefusedError(
        "refused", f"{actor} may not {action}: {against}", "ask whoever registered this agent",
        action=action, actor=actor, reason=against,
    )  # fmt: skip


class _Replaced(NamedTuple):
    """A pending proposal that another is to stand for, and how long its stream was when it was pending."""

    state: Proposal
    length: int


def _replaced(context: Context, store: Store, query: str | None, actor: str) -> _Replaced | None:
    """Returns the pending proposal that another is to stand for."""
    if query is None:
        return None
    stream = proposal.stream_of(proposals.find(store, query))
    standing = runtime.load(store, proposals.DECIDER, stream)
    state = proposals.settle(context, store, standing.state)
    if state.actor != actor and (context.options.remote or not actor.startswith("human:")):
        raise proposals.not_found(query)
    if state.status != PENDING:
        raise proposal.closed(state)
    return _Replaced(state, standing.length)


def _body(
    context: Context,
    request: Request,
    prepared: Prepared,
    ruling: Ruling,
    proposal_id: str,
    digest: str,
    replaced: Proposal | None,
    actor: str,
    ledger: str,
) -> dict[str, Any]:
    """Returns all that the proposal says, with the digest over it."""
    demands = ruling.demands
    longest_ms = demands.expires_ms
    lasts_ms = min(request.expires_ms or longest_ms, longest_ms)
    if lasts_ms <= 0:
        raise InputError("usage", "a proposal lasts for some time", "--expires 3d", value=request.expires_ms)
    body: dict[str, Any] = {
        "id": proposal_id,
        "ledger": ledger,
        "project": context.project,
        "ref": whereabouts.checked_out(context) if prepared.form == FILES else None,
        "action": prepared.action,
        "version": prepared.version,
        "form": prepared.form,
        "payload": prepared.payload,
        "basis": [list(pair) for pair in prepared.basis],
        "writes": [list(triple) for triple in prepared.writes],
        "shown": prepared.shown_digest,
        "flags": [flag.as_data() for flag in prepared.shown.flags],
        "tickets": list(prepared.tickets),
        "facts": [facts.as_data() for facts in prepared.facts],
        "actor": actor,
        "authors": [] if replaced is None else sorted({*proposal.authors(replaced)} - {actor}),
        "reason": preparing.clean_text(request.reason, "reason", REASON, redact=request.redact),
        "risk": prepared.risk,
        "expires_at": iso_ms(context.clock.now_ms() + lasts_ms),
        "supersedes": None if replaced is None else replaced.id,
        "via": context.options.via,
        "remote": context.options.remote,
        "session": context.options.session,
        "model": preparing.clean_text(request.model, "model", 100),
        "request": digest,
        "masked": dict(prepared.masked),
        "ruling": ruling.as_data(),
        "reasons": list(ruling.reasons),
        "demands": demands.as_data(),
    }
    return {**body, "digest": proposal.digest_of(body)}


def _open(
    context: Context,
    store: Store,
    body: dict[str, Any],
    prepared: Prepared,
    actor: str,
    key: str,
    replaced: _Replaced | None,
    along: Sequence[tuple[str, Item]],
) -> tuple[Proposal, bool]:
    """Seals a proposal, with the end of the one that it supersedes and what policy allows at once.

    Returns:
        Its state, and whether it was there before.
    """

    def more(state: Proposal) -> Sequence[tuple[str, Item]]:
        items: list[tuple[str, Item]] = [*along]
        if replaced is not None:
            stream = proposal.stream_of(replaced.state.id)
            told: dict[str, object] = {"by": state.id, "actor": actor}
            items.append((actor, (stream, events.SUPERSEDED, told, f"{replaced.state.id}/superseded")))
        if body["ruling"]["ruling"] == ALLOW and prepared.form == LEDGER:
            items += applying.recorded(context, state)
        return items

    expect = {} if replaced is None else {proposal.stream_of(replaced.state.id): replaced.length}
    try:
        advanced = proposals.advance(
            context, store, body["id"], Open(body), actor=actor, key=f"open/{key}", more=more, expect=expect
        )
    except ConflictError as error:
        if error.code == "version_conflict" and replaced is not None:
            now = proposals.load(store, replaced.state.id)
            if now.status != PENDING:
                raise proposal.closed(now) from None
        raise
    return advanced.proposal, not advanced.receipts
