"""Whether the one who acts is registered, and may still act. On the hot path.

An agent without a stream is a local one that nobody has registered; what it may do is for policy to say. One
that is registered and revoked, expired or without its owner is frozen: whatever it asks for, and
whatever waits of it for an answer (gate.md, "Who is who").

Every change of a ticket asks this, also by people, who are registered as soon as an agent is theirs. So
`frozen` folds what it needs by itself; tests hold it to what `gate.principal` says.
"""

from __future__ import annotations

from counterfoil.errors import InputError
from counterfoil.gate import events
from counterfoil.kernel.actor import is_slug
from counterfoil.kernel.instant import iso_ms
from counterfoil.usecases.kinds import KINDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from counterfoil.usecases.authenticating import Principal
    from counterfoil.usecases.ports import Store

REVOKED, EXPIRED, OWNER_REVOKED = "revoked", "expired", "owner_revoked"
"""Why a principal may do nothing."""
_MOMENT = len("2026-11-20T09:15:00.123Z")
_PLACES = {"agent": "agent/", "human": "person/", "source": "source/"}


def standing(store: Store, actor: str, now_ms: int | None = None) -> Principal | None:
    """Returns how an actor stands, or None for one that nobody has registered.

    Args:
        store: the ledger.
        actor: any actor, `agent:claude`.
        now_ms: as of when; without it, whether it has expired is not asked.

    Returns:
        The principal; its `frozen_reason` says why it may do nothing, and is empty where it may.

    Raises:
        ConflictError: `newer_ledger`.
        IntegrityError: `ledger_damaged`.
    """
    stream = _stream_of(actor)
    if not stream or not store.head(stream).length:
        return None
    from counterfoil.usecases.authenticating import standing_of

    return standing_of(store, actor, now_ms)


def frozen(store: Store, actor: str, now_ms: int) -> str:
    """Returns why an actor may do nothing: `revoked`, `expired`, `owner_revoked`; empty where nothing is known.

    Raises:
        ConflictError: `newer_ledger`.
        IntegrityError: `ledger_damaged`.
    """
    stream = _stream_of(actor)
    if not stream or not store.head(stream).length:
        return ""
    try:
        revoked, expires_at, owner = _ends(store, stream)
        if revoked:
            return REVOKED
        if expires_at is not None and expires_at <= iso_ms(now_ms):
            return EXPIRED
        owner_stream = _stream_of(owner)
        return OWNER_REVOKED if owner_stream and _ends(store, owner_stream)[0] else ""
    except InputError:  # a damaged body, which the whole fold names by its place
        held = standing(store, actor, now_ms)
        return "" if held is None else held.frozen_reason


def all_frozen(store: Store, actors: Iterable[str], now_ms: int) -> dict[str, str]:
    """Returns of some actors those that are frozen, and why; what they have proposed rests until somebody thaws them.

    Raises:
        ConflictError: `newer_ledger`.
        IntegrityError: `ledger_damaged`.
    """
    reasons = {actor: frozen(store, actor, now_ms) for actor in sorted(set(actors))}
    return {actor: reason for actor, reason in reasons.items() if reason}


def _ends(store: Store, stream: str) -> tuple[bool, str | None, str]:
    """Returns of a principal whether it was revoked, when it expires, and who owns it."""
    revoked, expires_at, owner = False, None, ""
    registered = False
    for receipt in store.read(stream):
        body = KINDS.read(receipt.kind, receipt.schema, dict(receipt.data()))
        if receipt.kind == events.PRINCIPAL_ADDED:
            registered, revoked, expires_at, owner = True, False, None, ""
        if receipt.kind in {events.PRINCIPAL_ADDED, events.PRINCIPAL_CHANGED}:
            if "expires_at" in body:
                expires_at = _until(body["expires_at"])
            if "owner" in body:
                owner = str(body["owner"] or "")
        elif receipt.kind == events.PRINCIPAL_REVOKED:
            revoked = True
    return (revoked, expires_at, owner) if registered else (False, None, "")


def _until(value: object) -> str | None:
    """Reads when something ends; what is no moment has ended already."""
    if value is None:
        return None
    is_moment = isinstance(value, str) and len(value) == _MOMENT and value[:4].isdigit() and value[-1] == "Z"
    return value if is_moment and isinstance(value, str) else ""


def _stream_of(actor: str) -> str:
    """Returns the stream of an actor; empty for one that has none."""
    kind, _, slug = actor.partition(":")
    return f"{_PLACES[kind]}{slug}" if kind in _PLACES and is_slug(slug) else ""
