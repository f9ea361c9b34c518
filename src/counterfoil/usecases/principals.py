"""Registering principals: agents here, and what agents, people and sources have in common.

A token is shown once, by whoever made it; the ledger keeps a salted digest (`gate.token`). People manage
principals, at their own terminal; an agent that tries, or a call from outside, is refused on the record.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from counterfoil.errors import ConflictError, InputError, RefusedError
from counterfoil.gate import events, principal, reach, redact, token
from counterfoil.gate.principal import AGENT, HUMAN, LIVE, Add, Change, Give, Registration, Revoke, Withdraw
from counterfoil.usecases import record, runtime
from counterfoil.usecases.authenticating import (
    DECIDER,
    Principal,
    authenticate,
    check_scope,
    frozen_reason,
    keys_of,
    last_used,
    state_of,
    verb_of,
)
from counterfoil.usecases.registered import frozen, standing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterfoil.gate.token import Token
    from counterfoil.ledger.receipt import Receipt
    from counterfoil.usecases.context import Context
    from counterfoil.usecases.ports import Store

__all__ = [
    "Issued", "Principal", "add", "as_data", "authenticate", "change", "check_manages", "check_overlap", "check_scope",
    "checked_text", "keys_of", "list_all", "not_found", "revoke", "rotate", "seal_refused", "send", "show", "standing",
]  # fmt: skip

DAY_MS = 24 * 60 * 60 * 1000
EXPIRES_MS = 90 * DAY_MS
"""How long an agent may act unless told otherwise."""
EXPIRES_MS_MAX = 3660 * DAY_MS
OVERLAP_MS_MAX = 30 * DAY_MS
TEXT_MAX = 500


class Issued(NamedTuple):
    """A key that was just given, with the one sight of its secret.

    Attributes:
        actor: whose it is.
        key_id: its id.
        secret: the whole token, or a source's secret. Whoever has this one passes it on and forgets it.
        state: the principal now.
        receipt: the leaf hash of the receipt of the key.
    """

    actor: str
    key_id: str
    secret: str
    state: Registration
    receipt: str

    def __repr__(self) -> str:
        return f"Issued({self.actor!r}, {self.key_id!r}, …)"


# --- agents ---------------------------------------------------------------------------------------


def add(
    context: Context,
    store: Store,
    name: str,
    *,
    owner: str | None = None,
    scopes: Sequence[str] = reach.DEFAULT_SCOPES,
    spaces: Sequence[str] = (reach.EVERYWHERE,),
    expires_ms: int | None = EXPIRES_MS,
    model: str = "",
    sent_as: str = "",
) -> Issued:
    """Registers an agent and gives it its first key. Its owner is registered with it.

    Args:
        context: the project.
        store: the ledger.
        name: `claude` or `agent:claude`.
        owner: the person who answers for it; the caller by default.
        scopes: what it may propose.
        spaces: where.
        expires_ms: after how long it may nothing more; None means never.
        model: what it runs on, free text.
        sent_as: names the request, where it may come twice.

    Raises:
        InputError: `invalid_actor`, `invalid_scope`, `secret_found`, `too_large`, `usage`.
        ConflictError: `principal_exists`, `principal_revoked`, `shown_already`.
        RefusedError: `refused`.
    """
    actor = principal.named(name, AGENT)
    check_manages(context, store, "agent.add", actor)
    check_first(context, store, actor, sent_as)
    owner = principal.named(owner or context.actor(), HUMAN)
    added = Add(
        actor, owner, reach.check_scopes(scopes), reach.check_spaces(spaces), _after(context, expires_ms),
        checked_text(model, "model"),
    )  # fmt: skip
    send(context, store, owner, Add(owner, how="owner"))
    minted, give = _minted(context, actor)
    state, receipts = send(context, store, actor, added._replace(key=give), key=sent_as)
    return Issued(actor, give.id, token.write(minted), state, receipts[-1].id)


def change(
    context: Context,
    store: Store,
    name: str,
    *,
    owner: str | None = None,
    scopes: Sequence[str] | None = None,
    spaces: Sequence[str] | None = None,
    expires_ms: int | None = None,
    model: str | None = None,
) -> Registration:
    """Changes what is not None of an agent; `expires_ms` counts from now, and 0 means never.

    Another owner is somebody who is registered, or the caller: an agent that has lost the person who answers for it
    goes on under nobody's name who has never been here.

    Raises:
        InputError: `invalid_actor`, `invalid_scope`, `principal_not_found`, `secret_found`, `too_large`.
        ConflictError: `principal_revoked`.
        RefusedError: `refused`.
    """
    actor = principal.named(name, AGENT)
    check_manages(context, store, "agent.change", actor)
    if owner is not None:
        owner = principal.named(owner, HUMAN)
        if owner != context.actor() and not state_of(store, principal.stream_of(owner)).exists:
            raise not_found(owner)
        send(context, store, owner, Add(owner, how="owner"))
    changed = Change(
        owner,
        None if scopes is None else reach.check_scopes(scopes),
        None if spaces is None else reach.check_spaces(spaces),
        _after(context, expires_ms) if expires_ms else expires_ms,
        None if model is None else checked_text(model, "model"),
    )
    return send(context, store, actor, changed)[0]


def rotate(
    context: Context,
    store: Store,
    name: str,
    *,
    overlap_ms: int = 0,
    expires_ms: int | None = None,
    key_name: str = "",
    sent_as: str = "",
) -> Issued:
    """Gives an agent another key and ends those before it.

    Args:
        context: the project.
        store: the ledger.
        name: `claude` or `agent:claude`.
        overlap_ms: for how long the keys before it still count.
        expires_ms: prolongs the agent: from now on, for so long; 0 means for ever.
        key_name: what to call the key.
        sent_as: names the request, where it may come twice.

    Raises:
        InputError: `invalid_actor`, `principal_not_found`, `usage`, `secret_found`.
        ConflictError: `principal_revoked`, `principal_expired`, `shown_already`.
        RefusedError: `refused`.
    """
    actor = principal.named(name, AGENT)
    check_manages(context, store, "agent.rotate", actor)
    check_first(context, store, actor, sent_as)
    check_overlap(overlap_ms)
    if expires_ms is not None:
        send(context, store, actor, Change(expires_ms=_after(context, expires_ms) if expires_ms else 0))
    state = state_of(store, principal.stream_of(actor))
    if state.exists and principal.is_over(state.expires_at, context.clock.now_ms()):
        hint = f"ticket agent rotate {actor} --expires 90d"
        raise ConflictError("principal_expired", f"{actor} has expired, and so would its new key", hint)
    minted, give = _minted(context, actor, checked_text(key_name, "name"), overlap_ms)
    state, receipts = send(context, store, actor, give, key=sent_as)
    return Issued(actor, give.id, token.write(minted), state, receipts[-1].id)


def revoke(
    context: Context, store: Store, kind: str, name: str, reason: str, *, key_id: str = ""
) -> Registration:
    """Revokes a principal for good, or one of its keys.

    Args:
        context: the project.
        store: the ledger.
        kind: `human`, `agent` or `source`.
        name: with or without the kind before it.
        reason: why; sealed.
        key_id: the one key to withdraw; empty revokes the principal itself.

    Raises:
        InputError: `invalid_actor`, `principal_not_found`, `key_not_found`, `reason_missing`, `secret_found`.
        RefusedError: `refused`.
    """
    actor = principal.named(name, kind)
    check_manages(context, store, f"{verb_of(actor)}.revoke", actor)
    reason = checked_text(reason, "reason")
    if not reason:
        which = (
            f"{actor} --key {key_id}" if key_id else actor
        )  # without the key it would revoke the whole of it
        hint = f'ticket {verb_of(actor)} revoke {which} --reason "why"'
        raise InputError("reason_missing", "whoever is revoked is told why", hint)
    command = Withdraw(_whole(store, actor, key_id), reason) if key_id else Revoke(reason)
    return send(context, store, actor, command)[0]


def _whole(store: Store, actor: str, key_id: str) -> str:
    """Returns the id of the one key that begins like this; what fits none or several is left as it is."""
    keys = state_of(store, principal.stream_of(actor)).keys
    found = [key.id for key in keys if key.id.startswith(key_id)]
    return found[0] if len(found) == 1 else key_id


def show(context: Context, store: Store, kind: str, name: str) -> dict[str, object]:
    """Returns one principal as JSON data.

    Raises:
        InputError: `invalid_actor`, `principal_not_found`.
    """
    actor = principal.named(name, kind)
    state = state_of(store, principal.stream_of(actor))
    if not state.exists:
        raise not_found(actor)
    return as_data(context, store, state)


def list_all(context: Context, store: Store, kind: str) -> list[dict[str, object]]:
    """Returns all principals of a kind as JSON data, by name."""
    names = [stream.name for stream in store.streams(principal.STREAMS[kind])]
    states = [state_of(store, name) for name in names if principal.actor_of(name)]
    return [as_data(context, store, state) for state in states if state.exists]


def as_data(context: Context, store: Store, state: Registration) -> dict[str, object]:
    """Returns a principal as JSON data; nothing of it is secret, and of a token's digest nothing is said."""
    now_ms = context.clock.now_ms()
    own, reason = state.state_at(now_ms), frozen_reason(store, state, now_ms)
    used = last_used(context, state)
    data: dict[str, object] = {
        "actor": state.actor,
        "state": principal.FROZEN if own == LIVE and reason else own,
        "frozen_reason": reason or None,
        "added_at": state.at,
    }
    if state.kind != HUMAN:
        data |= {"owner": state.owner, "scopes": list(state.scopes), "spaces": list(state.spaces)}
    if state.kind == AGENT:
        data |= {"model": state.model, "expires_at": state.expires_at}
        data["last_used_at"] = max(used.values(), default=None)
    if state.sender:
        data["sender"] = state.sender
    data |= {"revoked_at": state.revoked_at, "reason": state.reason or None}
    data["keys"] = [_key_data(key, now_ms, used.get(key.id)) for key in state.keys]
    return data


def _key_data(key: principal.Key, now_ms: int, used_at: str | None) -> dict[str, object]:
    data: dict[str, object] = {
        "id": key.id, "name": key.name, "state": key.state_at(now_ms), "added_at": key.at,
        "expires_at": key.expires_at, "revoked_at": key.revoked_at,
    }  # fmt: skip
    return data | ({"public": key.public} if key.public else {"last_used_at": used_at})


# --- what all changes have in common --------------------------------------------------------------


def check_manages(context: Context, store: Store, action: str, subject: str) -> None:
    """Checks that a person manages principals, at home; whoever else tries is refused on the record.

    Raises:
        RefusedError: `refused`.
    """
    actor = context.actor()
    is_at_home = actor.startswith("human:") and not context.options.remote
    reason = frozen(store, actor, context.clock.now_ms()) if is_at_home else "not_a_person"
    if not reason:
        return
    seal_refused(context, store, action, subject, reason)
    why = f"{actor} may not" if reason == "not_a_person" else f"{actor} was revoked"
    raise RefusedError(
        "refused",
        f"people manage agents, people and sources, at their own terminal; {why}",
        f"ask a person: ticket {action.replace('.', ' ')} {subject}",
        actor=actor,
        action=action,
        reason=reason,
    )


def check_first(context: Context, store: Store, actor: str, sent_as: str) -> None:
    """Refuses to give a key for a request that has given one already: its secret was shown then, and is kept nowhere.

    Raises:
        ConflictError: `shown_already`.
    """
    if sent_as and runtime.was_sent(store, principal.stream_of(actor), context.actor(), sent_as):
        raise ConflictError(
            "shown_already", f"{actor} has its key from the first time that this was sent; what was shown then is "
            "shown no more", f"ticket {verb_of(actor)} rotate {actor}", principal=actor,
        )  # fmt: skip


def seal_refused(context: Context, store: Store, action: str, subject: str, reason: str) -> None:
    """Seals that whoever acts was not let manage a principal."""
    actor = context.actor()
    body: dict[str, object] = {
        "action": action, "ticket": None, "subject": subject, "reason": reason, "ruling": None,
        "via": context.options.via,
    }  # fmt: skip
    stream = f"refused/{actor.replace(':', '/')}"
    draft = record.draft(context, stream, events.REFUSED, actor, body, record.command_id(context))
    record.append(context, store, [draft])


def send(
    context: Context,
    store: Store,
    actor: str,
    command: principal.Command,
    statement: tuple[str, Sequence[str]] | None = None,
    key: str = "",
) -> tuple[Registration, list[Receipt]]:
    """Carries out one command on a principal; returns how it stands then, and what was sealed.

    The first receipt carries the digests of a signed statement, if there is one. `key` names the command.
    """
    outcome = runtime.execute(
        context, store, DECIDER, principal.stream_of(actor), command, actor=context.actor(),
        key=key or record.command_id(context), statement=statement,
    )  # fmt: skip
    return outcome.state, outcome.receipts


def checked_text(text: str, what: str) -> str:
    """Returns free text that may be sealed.

    Raises:
        InputError: `secret_found`, `too_large`.
    """
    text = " ".join(text.split())
    if len(text) > TEXT_MAX:
        message = f"the {what} has {len(text)} characters, and {TEXT_MAX} are the limit"
        raise InputError("too_large", message, "say it shorter", size=len(text), limit=TEXT_MAX)
    findings = [found.as_data() for found in redact.scan(text)]
    if findings:
        message = f"the {what} looks like a secret ({findings[0]['rule']})"
        raise InputError("secret_found", message, "take it out; what is sealed stays", findings=findings)
    return text


def check_overlap(overlap_ms: int) -> None:
    """Refuses an overlap that would make a rotation none.

    Raises:
        InputError: `usage`.
    """
    if not 0 <= overlap_ms <= OVERLAP_MS_MAX:
        hint = "--overlap 24h"
        raise InputError("usage", "keys may overlap for 30 days at most", hint, limit=OVERLAP_MS_MAX)


def not_found(actor: str) -> InputError:
    """Returns the error of a principal that nobody has registered."""
    hint = f"ticket {verb_of(actor)} list"
    return InputError("principal_not_found", f"{actor} is not registered", hint, principal=actor)


def _after(context: Context, ms: int | None) -> int | None:
    """Returns the moment after so many milliseconds, none of which is so far away that `never` is meant.

    Raises:
        InputError: `usage`.
    """
    if ms is None:
        return None
    if not 0 < ms <= EXPIRES_MS_MAX:
        message = "an agent acts for ten years at most, or without an end"
        raise InputError("usage", message, "--expires never", limit=EXPIRES_MS_MAX)
    return context.clock.now_ms() + ms


def _minted(
    context: Context, actor: str, name: str = "", overlap_ms: int | None = None
) -> tuple[Token, Give]:
    minted = token.mint(
        actor.partition(":")[2],
        context.entropy.bits(token.KEY_ID_BITS),
        context.entropy.bits(token.SECRET_BITS),
    )
    salt = f"{context.entropy.bits(token.SALT_BITS):032x}"
    return minted, Give(minted.key_id, name, salt, token.digest(minted, salt), overlap_ms=overlap_ms)
