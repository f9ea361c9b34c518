"""A command that policy stopped: a proposal is made of it, or its refusal is sealed.

The same command on the same files is the same proposal, however often an agent tries: its key is the digest of
what it would write. One that people have rejected stays rejected until it is proposed anew by name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterfoil.errors import CounterfoilError, RefusedError
from counterfoil.gate import proposal
from counterfoil.gate.facts import DENY
from counterfoil.gate.proposal import (
    APPLIED,
    EXPIRED,
    FAILED,
    PENDING,
    REJECTED,
    STALE,
    SUPERSEDED,
    WITHDRAWN,
)
from counterfoil.kernel import canonical
from counterfoil.kernel.digest import sha256_hex
from counterfoil.usecases import proposals, proposing, runtime, whereabouts
from counterfoil.usecases.actions import preparing
from counterfoil.usecases.actions.plain_facts import facts_of
from counterfoil.usecases.opening import open_or_make
from counterfoil.usecases.proposing import Request
from counterfoil.usecases.uncommitted import git_blob

if TYPE_CHECKING:
    from collections.abc import Mapping

    from counterfoil.gate.proposal import Proposal
    from counterfoil.usecases.context import Context
    from counterfoil.usecases.ports import Store
    from counterfoil.usecases.ruling import Stopped

ROUNDS = 1000
KEY = "command/{}/{}"
"""The idempotency key of a command: the digest of what it would write, and how often that was asked before."""
_OVER = frozenset((WITHDRAWN, EXPIRED, SUPERSEDED, STALE, APPLIED, FAILED))
"""After these the same command may ask again."""


def answer(context: Context, stopped: Stopped) -> CounterfoilError:
    """Returns the error that ends a command which policy stopped, having sealed what follows from it."""
    ruling = stopped.ruling
    named = facts_of(context, stopped.files, stopped.rows, stopped.actor)[0].action
    try:
        store = open_or_make(context)
    except CounterfoilError as error:
        if error.code == "newer_ledger":
            return error
        return _unrecorded(stopped, named)
    try:
        if ruling.answer == DENY:
            tickets = [name[:-3].upper() for name in stopped.rows]
            return proposing.refuse(context, store, named, tickets, ruling, stopped.actor)
        action, payload = preparing.typed(context, stopped.files, stopped.rows)
        return _ask(context, store, stopped, action, payload)
    except CounterfoilError as error:
        return error
    finally:
        store.close()


def _unrecorded(stopped: Stopped, action: str) -> RefusedError:
    """Without a ledger nothing can be asked or remembered, so what is not allowed is refused (product.md §14)."""
    return RefusedError(
        "refused",
        f"policy does not allow {action} by itself, and the ledger cannot be used to ask",
        "ticket ledger status",
        action=action,
        actor=stopped.actor,
        rule=stopped.ruling.rule,
    )


def _ask(
    context: Context, store: Store, stopped: Stopped, action: str, payload: dict[str, object]
) -> CounterfoilError:
    writes = [[change.path, git_blob(context, change.before)] for change in stopped.files if not change.local]
    asked = _asked(context, action, payload, writes)
    for number in range(ROUNDS):
        key = KEY.format(asked, number)
        name = proposal.proposal_id(store.ledger, stopped.actor, key)
        found = runtime.load(store, proposals.DECIDER, proposal.stream_of(name)).state
        if found.exists:
            found = proposals.settle(context, store, found)
            if proposals.status(context, found) in _OVER:
                continue
        if found.exists:
            return error_of(found)
        made = proposing.propose(context, store, Request(action, payload, key=key))
        return error_of(made.proposal)
    raise AssertionError("a command was proposed too often")


def _asked(context: Context, action: str, payload: Mapping[str, object], writes: object) -> str:
    where = whereabouts.checked_out(context)
    return sha256_hex(canonical.encode([action, preparing.unminted(payload), writes, where]))


def still_refuses(context: Context, store: Store, state: Proposal) -> bool:
    """Tells whether the same command of the same agent would be refused because this proposal was rejected."""
    if state.status != REJECTED or not isinstance(state.body.get("payload"), dict):
        return False
    writes = [[path, before] for path, before, _ in state.body["writes"]]
    asked = _asked(context, state.body["action"], state.body["payload"], writes)
    names = (
        proposal.proposal_id(store.ledger, state.actor, KEY.format(asked, number)) for number in range(ROUNDS)
    )
    return state.id in names and not proposals.moved(context, state)


def error_of(state: Proposal) -> RefusedError:
    """Returns the error of a command that became this proposal."""
    facts = {
        "proposal": state.id, "digest": state.digest, "status": state.status, "action": state.body["action"],
        "rule": state.body["ruling"]["rule"], "reasons": list(state.body.get("reasons", ())),
        "expires_at": state.body.get("expires_at"),
    }  # fmt: skip
    why = "; ".join(state.body.get("reasons", ())) or f"the rule {facts['rule']} says so"
    if state.status == REJECTED:
        return RefusedError(
            "refused", f"{state.closed['by']} has rejected this: {state.closed['reason']}",
            f"ticket proposal show {state.id}; to ask again: ticket propose {facts['action']}", **facts,
        )  # fmt: skip
    waits = "waits for a person" if state.status == PENDING else f"is {state.status}"
    return RefusedError(
        "needs_approval", f"nothing has changed yet: {state.id} {waits}, since {why}",
        f"ticket proposal wait {state.id}", **facts,
    )  # fmt: skip
