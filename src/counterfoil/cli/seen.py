"""Proposals for verbs that show them: the ledger opened, states looked up, titles put beside them."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from counterfoil.cli.proposal_words import Seen
from counterfoil.errors import InputError
from counterfoil.gate.proposal import PENDING
from counterfoil.usecases import proposals
from counterfoil.usecases.addressing import open_ledger
from counterfoil.usecases.catalog import Catalog
from counterfoil.usecases.opening import warn_if_lost
from counterfoil.usecases.registered import all_frozen

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from counterfoil.gate.proposal import Proposal
    from counterfoil.usecases.context import Context
    from counterfoil.usecases.ports import Store, Views

LINEAGE_MAX = 20
"""So many earlier versions of a proposal are shown."""


@contextmanager
def opened(context: Context) -> Iterator[Store]:
    """Opens the ledger to read it.

    Raises:
        InputError: `proposal_not_found` where there is no ledger, so nothing was ever proposed.
    """
    try:
        store = open_ledger(context)
    except InputError as error:
        if error.code != "ledger_not_found":
            raise
        message = "nothing has been proposed in this clone"
        raise InputError("proposal_not_found", message, "ticket propose --help") from None
    try:
        yield store
    finally:
        store.close()


@contextmanager
def ledger_if_any(context: Context) -> Iterator[Store | None]:
    """Opens the ledger to look at it; None where there is none yet, with a warning where there has been one."""
    if not context.ledgers.exists():
        warn_if_lost(context)
        yield None
        return
    store = open_ledger(context)
    try:
        yield store
    finally:
        store.close()


@contextmanager
def with_views(context: Context) -> Iterator[tuple[Store, Views] | None]:
    """Opens the ledger and what is derived of it; None where there is no ledger yet."""
    with ledger_if_any(context) as store:
        if store is None:
            yield None
            return
        derived = context.ledgers.views()
        try:
            yield store, derived
        finally:
            derived.close()


def seen(context: Context, state: Proposal, store: Store | None = None) -> Seen:
    """Returns one proposal as it is now; see `all_seen`."""
    return next(iter(all_seen(context, [state], store=store)))


def all_seen(
    context: Context, states: Iterable[Proposal], catalog: Catalog | None = None, store: Store | None = None
) -> list[Seen]:
    """Returns proposals as they are now, with the titles of their tickets.

    Args:
        context: the project.
        states: the proposals.
        catalog: the tickets, as read once by who asks often.
        store: the ledger, where it is to be known which of the proposers are frozen.
    """
    states = list(states)
    if not states:
        return []
    catalog = catalog or Catalog.load(context)
    prefix, now_ms = context.config.id_prefix, context.clock.now_ms()
    waits = [state.actor for state in states if state.status == PENDING]
    frozen = {} if store is None else all_frozen(store, waits, now_ms)
    found = []
    for state in states:
        rows = {str(ticket): catalog.row(f"{ticket}.md") for ticket in state.body.get("tickets") or ()}
        titles = {ticket: row[1] for ticket, row in rows.items() if row is not None}
        now = proposals.status(context, state)
        found.append(Seen(state, now, now_ms, prefix, titles, frozen.get(state.actor, "")))
    return found


def lineage(context: Context, store: Store, state: Proposal) -> list[Seen]:
    """Returns the proposals that one replaces, the newest first."""
    found: list[Proposal] = []
    older = state.body.get("supersedes")
    while isinstance(older, str) and older and len(found) < LINEAGE_MAX:
        earlier = proposals.load(store, older)
        found.append(earlier)
        older = earlier.body.get("supersedes")
    return all_seen(context, found)
