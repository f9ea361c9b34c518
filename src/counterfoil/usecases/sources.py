"""Sources: who may send webhooks, each with secrets of its own.

Whoever checks an HMAC needs the secret itself, so it is kept: in a file of the clone's own folder that nobody
but the owner may read (`Keys.keep`), and neither in the ledger nor in exports nor in backups of it. The
ledger knows that there is a secret of this id, and from when to when it counts. A secret belongs to one
source: shared by two, what one has signed could be sent again as the other.
"""

from __future__ import annotations

from hmac import compare_digest
from typing import TYPE_CHECKING

from counterfoil.errors import InputError
from counterfoil.gate import delivery, principal, reach, token
from counterfoil.gate.principal import HUMAN, LIVE, SENDERS, SOURCE, Add, Give, Registration
from counterfoil.usecases import principals
from counterfoil.usecases.authenticating import frozen_reason, state_of
from counterfoil.usecases.principals import Issued, check_manages, check_overlap, send

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterfoil.usecases.context import Context
    from counterfoil.usecases.ports import Store

DEFAULT_SCOPES = tuple([scope for scope in reach.DEFAULT_SCOPES if scope != reach.READ])


def add(
    context: Context,
    store: Store,
    name: str,
    sender: str,
    *,
    owner: str | None = None,
    scopes: Sequence[str] = DEFAULT_SCOPES,
    spaces: Sequence[str] = (reach.EVERYWHERE,),
    secret: str | None = None,
    sent_as: str = "",
) -> Issued:
    """Registers a source and gives it its first secret.

    Args:
        context: the project.
        store: the ledger.
        name: `github` or `source:github`.
        sender: how it signs: `standard` or `github`.
        owner: the person who answers for it; the caller by default.
        scopes: what it may ask for.
        spaces: where.
        secret: the sender's own, where it insists on one; None makes one.
        sent_as: names the request, where it may come twice.

    Raises:
        InputError: `invalid_actor`, `invalid_scope`, `invalid_secret`, `secret_in_use`, `usage`.
        ConflictError: `principal_exists`, `principal_revoked`, `shown_already`.
        RefusedError: `refused`.
        HostError: `io_error`.
    """
    actor = principal.named(name, SOURCE)
    check_manages(context, store, "source.add", actor)
    principals.check_first(context, store, actor, sent_as)
    if sender not in SENDERS:
        hint = "ticket source add NAME --kind standard"
        raise InputError(
            "usage", f"{sender!r} is no kind of source", hint, value=sender, allowed=list(SENDERS)
        )
    owner = principal.named(owner or context.actor(), HUMAN)
    added = Add(
        actor, owner, reach.check_scopes(scopes), reach.check_spaces(spaces), sender=sender,
    )  # fmt: skip
    secret = _checked(context, store, secret, sender)
    send(context, store, owner, Add(owner, how="owner"))
    give = Give(token.key_id(context.entropy.bits(token.KEY_ID_BITS)))
    return _kept(context, store, actor, added._replace(key=give), give.id, secret, sent_as)


def rotate(
    context: Context,
    store: Store,
    name: str,
    *,
    overlap_ms: int = 0,
    secret: str | None = None,
    sent_as: str = "",
) -> Issued:
    """Gives a source another secret and ends those before it, after `overlap_ms`; `sent_as` is as in `add`.

    Raises:
        InputError: `invalid_actor`, `principal_not_found`, `invalid_secret`, `secret_in_use`, `usage`.
        ConflictError: `principal_revoked`, `shown_already`.
        RefusedError: `refused`.
        HostError: `io_error`.
    """
    actor = principal.named(name, SOURCE)
    check_manages(context, store, "source.rotate", actor)
    principals.check_first(context, store, actor, sent_as)
    check_overlap(overlap_ms)
    state = state_of(store, principal.stream_of(actor))
    if not state.exists:
        raise principals.not_found(actor)
    secret = _checked(context, store, secret, state.sender)
    give = Give(token.key_id(context.entropy.bits(token.KEY_ID_BITS)), overlap_ms=overlap_ms)
    issued = _kept(context, store, actor, give, give.id, secret, sent_as)
    _forget_what_ended(context, issued.state)
    return issued


def revoke(context: Context, store: Store, name: str, reason: str, *, key_id: str = "") -> Registration:
    """Revokes a source, or one of its secrets, and deletes what counts no more; see `principals.revoke`."""
    state = principals.revoke(context, store, SOURCE, name, reason, key_id=key_id)
    _forget_what_ended(context, state)
    return state


def secrets_of(context: Context, store: Store, state: Registration, now_ms: int) -> list[bytes]:
    """Returns the keys by which a source signs at a moment; none of one that is frozen.

    Raises:
        HostError: `io_error`, `key_exposed`.
    """
    if not state.sender or frozen_reason(store, state, now_ms):
        return []
    kept = [context.keys.kept(_name(state.actor, key.id)) for key in state.live_keys(now_ms)]
    return [delivery.key_of(secret.decode("ascii", "replace"), state.sender) for secret in kept if secret]


def _kept(
    context: Context, store: Store, actor: str, command: Add | Give, key_id: str, secret: str, sent_as: str
) -> Issued:
    """Keeps a secret, then seals that it counts; what was kept in vain is deleted."""
    name = _name(actor, key_id)
    context.keys.keep(name, secret.encode())
    try:
        state, receipts = send(context, store, actor, command, key=sent_as)
    except Exception:
        context.keys.forget(name)
        raise
    return Issued(actor, key_id, secret, state, receipts[-1].id)


def _checked(context: Context, store: Store, secret: str | None, sender: str) -> str:
    """Returns a new secret, or the one that was given, if it is one and nobody else's."""
    if secret is None:
        return delivery.new_secret(context.entropy.bits(token.SECRET_BITS), sender)
    key = delivery.key_of(secret, sender)
    now_ms = context.clock.now_ms()
    for stream in store.streams(principal.STREAMS[SOURCE]):
        known = secrets_of(context, store, state_of(store, stream.name), now_ms)
        if any(compare_digest(key, other) for other in known):
            message = f"{principal.actor_of(stream.name)} has this secret already"
            raise InputError("secret_in_use", message, "give each source a secret of its own")
    return secret


def _forget_what_ended(context: Context, state: Registration) -> None:
    now_ms = context.clock.now_ms()
    for key in state.keys:
        if state.revoked_at is not None or key.state_at(now_ms) != LIVE:
            context.keys.forget(_name(state.actor, key.id))


def _name(actor: str, key_id: str) -> str:
    return f"{actor.replace(':', '-')}-{key_id}"
