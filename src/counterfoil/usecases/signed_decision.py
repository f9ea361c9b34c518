"""A person's answer to a proposal, signed with the SSH key that they have at hand.

The first signature at a terminal registers its key for the person, so that the next one has to come from the same;
without a terminal only a key counts that is registered already. A second key is registered by name (`ticket person add`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterfoil.errors import RefusedError
from counterfoil.usecases import people, statements, views

if TYPE_CHECKING:
    from counterfoil.gate.proposal import Proposal
    from counterfoil.usecases.context import Context
    from counterfoil.usecases.ports import Store
    from counterfoil.usecases.statements import Signed


def sign(
    context: Context, store: Store, state: Proposal, verdict: str, *, note: str = "", terminal: bool = False
) -> Signed | None:
    """Returns the signed statement of the acting person's answer; None where no key is at hand.

    Args:
        context: the project; it says who acts.
        store: the ledger.
        state: the proposal.
        verdict: `approve` or `reject`.
        note: what they have to say.
        terminal: whether somebody can be asked for a passphrase.

    Raises:
        RefusedError: `needs_terminal`, where no key is registered and nobody sits there to vouch for one.
        ConflictError: `principal_revoked`, `key_withdrawn`.
        HostError: `signing_failed`, `key_exposed`, `io_error`.
    """
    by = context.actor()
    known = {key.fingerprint for key in people.keys_of(store, by)}
    key = statements.choose_key(context, terminal=terminal, among=known or None)
    if key is None:
        return None
    if not known and not terminal:
        raise RefusedError(
            "needs_terminal",
            f"no key is registered for {by}, and the first one counts only when it is used at a terminal",
            f"at a terminal: ticket person add {by} --key FILE.pub",
            actor=by,
            fingerprint=key.key.fingerprint,
        )
    signed = statements.sign_decision(
        context,
        state,
        by=by,
        verdict=verdict,
        note=note,
        previous=_previous(context, store, by),
        terminal=terminal,
        among={key.key.fingerprint},
    )
    if signed is not None and not known:
        people.register_key(context, store, by, key.key)
    return signed


def _previous(context: Context, store: Store, person: str) -> str | None:
    """Returns what the person has signed last, which the new statement names: one that vanishes later is missed."""
    derived = context.ledgers.views()
    try:
        return views.last_signed(store, derived, person)
    finally:
        derived.close()
