"""Erasing what a receipt says: for good, in this clone, and never unseen.

The receipt stays with its header and its hash, so every proof still holds; only its body goes (evidence.md,
"Withholding and erasure"). That it was erased, by whom and why is sealed first, and then the body is deleted;
whoever is killed in between leaves something that `finish` completes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterfoil.errors import InputError, RefusedError
from counterfoil.ledger.erasure import erased_leaves
from counterfoil.ledger.receipt import FORKED
from counterfoil.usecases import kinds, record, views

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterfoil.ledger.receipt import Receipt
    from counterfoil.usecases.context import Context
    from counterfoil.usecases.ports import Store

REASON_LENGTH = 500
PERSON = "human:"


@dataclass(frozen=True, slots=True)
class Erased:
    """What was erased.

    Attributes:
        receipt: the receipt that says so, or None where nothing was left to erase.
        erased: the receipts whose bodies were deleted now.
        gone: those whose bodies were not here any more.
    """

    receipt: Receipt | None
    erased: tuple[Receipt, ...]
    gone: tuple[Receipt, ...]


def check(context: Context, receipts: Sequence[Receipt], reason: str | None) -> str:
    """Makes sure that these may be erased, and returns why they are.

    Raises:
        InputError: `reason_missing`, `not_erasable`.
        RefusedError: `refused`, when no person acts.
    """
    if not reason or not reason.strip() or len(reason) > REASON_LENGTH:
        raise InputError(
            "reason_missing",
            f"say in up to {REASON_LENGTH} characters why it is erased; the reason is sealed and stays",
            'ticket ledger gc --erase RECEIPT --reason "TEXT"',
        )
    actor = context.actor()
    if not actor.startswith(PERSON):
        raise RefusedError(
            "refused",
            f"{actor} erases nothing: what is erased cannot be brought back, so a person has to do it",
            "ask a person to run: ticket ledger gc --erase RECEIPT --reason TEXT",
            actor=actor,
        )
    for receipt in receipts:
        if _is_needed(receipt):
            raise InputError(
                "not_erasable",
                f"@{receipt.position} is {receipt.kind}: without what it says the ledger cannot be checked",
                f"ticket ledger show @{receipt.position}",
                receipt=receipt.id,
                kind=receipt.kind,
            )
    return reason.strip()


def _is_needed(receipt: Receipt) -> bool:
    return receipt.kind == FORKED or receipt.stream.partition("/")[0] == kinds.LEDGER


def erase(context: Context, store: Store, receipts: Sequence[Receipt], reason: str) -> Erased:
    """Seals that bodies are erased, then deletes them and all that was derived from them.

    Args:
        context: the project; the caller holds its lock.
        store: the clone's own ledger.
        receipts: those whose bodies are to go; `check` has let them pass.
        reason: why.

    Raises:
        ConflictError, HostError, IntegrityError: as appending does; nothing was deleted then.
    """
    unique = {receipt.id: receipt for receipt in receipts}
    here = tuple(receipt for receipt in unique.values() if receipt.body is not None)
    gone = tuple(receipt for receipt in unique.values() if receipt.body is None)
    if not here:
        return Erased(None, (), gone)
    body = {
        "receipts": [receipt.id for receipt in here],
        "bodies": [str(receipt.fields["body"]) for receipt in here],
        "reason": reason,
    }
    key = f"{record.command_id(context)}/erased"
    draft = record.draft(context, kinds.LEDGER, kinds.ERASED, context.actor(), body, key)
    (sealed,) = record.append(context, store, [draft])
    _delete(context, store, [receipt.position for receipt in here])
    return Erased(sealed, here, gone)


def named(store: Store, first: int = 0) -> set[bytes]:
    """Returns the leaf hashes of the receipts that a ledger says, from a position of its log on, it erased."""
    return {
        leaf
        for receipt in store.read(kinds.LEDGER)
        if receipt.kind == kinds.ERASED and receipt.position >= first
        for leaf in erased_leaves(receipt.body)
    }


def unfinished(store: Store) -> list[int]:
    """Returns the positions of bodies that are here though a receipt says that they were erased."""
    leaves = named(store)
    if not leaves:
        return []
    return [
        each.position
        for each in store.log()
        if each.hash in leaves and each.body is not None and not _is_needed(each)
    ]


def follow(store: Store) -> int:
    """Deletes the bodies here that a fetched ledger has erased since; returns how many."""
    positions = unfinished(store)
    return store.erase(positions) if positions else 0


def finish(context: Context, store: Store) -> int:
    """Deletes the bodies that a killed erasure left; returns how many."""
    positions = unfinished(store)
    if positions:
        _delete(context, store, positions)
    return len(positions)


def _delete(context: Context, store: Store, positions: Sequence[int]) -> None:
    store.erase(positions)
    views.discard(context)
