"""Whether the one who acts is registered, and may still act. On the hot path: nobody registered costs one look.

An agent without a stream is a local one that nobody has registered; what it may do is for policy to say. One
that is registered and revoked, expired or without its owner is frozen: whatever it asks for, and
whatever waits of it for an answer (gate.md, "Who is who").
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from counterfoil.usecases.authenticating import Principal
    from counterfoil.usecases.ports import Store


def standing(store: Store, actor: str, now_ms: int | None = None) -> Principal | None:
    """Returns how an actor stands, or None for one that nobody has registered.

    Args:
        store: the ledger.
        actor: any actor, `agent:claude`.
        now_ms: as of when; without it, whether it has expired is not asked.

    Returns:
        The principal, whose `frozen_reason` says why it may do nothing: `revoked`, `expired`,
        `owner_revoked`, or empty.

    Raises:
        ConflictError: `newer_ledger`.
        IntegrityError: `ledger_damaged`.
    """
    kind, _, slug = actor.partition(":")
    place = "person" if kind == "human" else kind
    if place not in {"agent", "person", "source"} or not slug or not store.head(f"{place}/{slug}").length:
        return None
    from counterfoil.usecases.authenticating import standing_of

    return standing_of(store, actor, now_ms)
