"""`ticket ledger copy`: the same ledger in another database, byte for byte, checked at both ends.

The source is examined before anything is written and the target afterwards, and then both have to be the
same. A copy that was interrupted goes on behind what the target has, if that is a beginning of the source.
The copy *is* the ledger, with the same id: from then on write to one of the two only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterfoil.errors import ConflictError, InputError, IntegrityError
from counterfoil.kernel.merkle import root_of
from counterfoil.ledger.chain import Chain
from counterfoil.ledger.finding import Findings
from counterfoil.ledger.lineage import check_branches

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from counterfoil.usecases.ports import Store, StoredRow

    Progress = Callable[[int, int], None]
    """Told how many steps are done, and of how many: three for each receipt, to examine, copy and examine it."""

TOLD_EVERY = 1_000
"""Rows between two reports of progress."""


@dataclass(frozen=True, slots=True)
class Copied:
    """What a copy came to.

    Attributes:
        ledger: the id of the ledger.
        receipts: how many were copied now; those that the target had already are not counted.
        size: how many there are.
        root: of the Merkle tree over them, in hexadecimal.
        checkpoints: how many signed checkpoints the target has now.
    """

    ledger: str
    receipts: int
    size: int
    root: str
    checkpoints: int


def copy(source: Store, target: Store, *, progress: Progress | None = None) -> Copied:
    """Copies a ledger into another store, or brings an older copy up to date.

    Others may go on writing to the source; what they add meanwhile is left for the next copy.

    Args:
        source: where it is.
        target: where it shall be: opened under the same id.
        progress: told how far it is.

    Raises:
        InputError: `other_ledger`, when the target holds a ledger of another id.
        ConflictError: `copies_differ`, when what the target holds is no beginning of the source.
        IntegrityError: `ledger_damaged`, when one of the two is not sound.
    """
    _check_same_ledger(source, target)
    total = 3 * source.size()
    told: Progress = progress or _tell_nobody
    original = examine(source, "the source", lambda done: told(done, total))
    done = target.size()
    check_beginning(source, target)
    rows = source.rows(first=done, last=original.size - 1)
    at = original.size + done
    receipts = target.take(_counted(rows, lambda count: told(at + count, total)), source.streams())
    target.erase([position for position, _ in original.bodiless.values() if position < done])
    kept = set(target.checkpoints())
    for size, note in source.checkpoints():
        if size <= original.size and (size, note) not in kept:
            target.keep_checkpoint(size, note)
    at = original.size * 2
    result = examine(target, "the copy", lambda count: told(at + count, total))
    if (result.size, result.root, result.ends) != (original.size, original.root, original.ends):
        raise _differ(source, "the copy does not hold what its source holds")
    return Copied(source.ledger, receipts, result.size, result.root.hex(), len(target.checkpoints()))


def examine(store: Store, what: str, told: Callable[[int], None] | None = None) -> Chain:
    """Reads a whole ledger and returns what was read, if it is sound.

    Args:
        store: the ledger.
        what: what to call it: `the source`, `the backup`.
        told: told how many receipts were examined.

    Raises:
        IntegrityError: `ledger_damaged`, with the first of the `findings`.
    """
    findings = Findings()
    size = store.size()
    chain = Chain(store.ledger, findings, expected=size)
    chain.read(store.rows(last=size - 1), told)
    streams = [stream for stream in store.streams() if stream.name in chain.ends or store.size() == size]
    check_branches(chain, streams, lambda name, seq: _leaf_at(store, name, seq), findings)
    if findings.errors:
        first = findings.errors[0]
        raise IntegrityError(
            "ledger_damaged",
            f"{what} is not sound: {first.where}: {first.message}",
            "ticket ledger verify, and a backup that is sound",
            findings=[finding.as_data() for finding in findings.errors],
        )
    return chain


def check_beginning(source: Store, target: Store) -> None:
    """Refuses a target whose log is no beginning of the source's.

    Raises:
        ConflictError: `copies_differ`.
    """
    size, root = target.tree_head()
    if size > source.size():
        raise _differ(source, f"the target has {size} receipts already, and the source only {source.size()}")
    if root_of(size, source.node) != root:
        raise _differ(source, f"the {size} receipts that the target has are not the first of the source")


def _check_same_ledger(source: Store, target: Store) -> None:
    if source.ledger != target.ledger:
        raise InputError(
            "other_ledger",
            f"the target holds the ledger {target.ledger}, and the source is {source.ledger}",
            "name another file, or another schema with ?schema=NAME",
            source=source.ledger,
            target=target.ledger,
        )


def _counted(rows: Iterable[StoredRow], told: Callable[[int], None]) -> Iterator[StoredRow]:
    for count, row in enumerate(rows):
        if count % TOLD_EVERY == 0:
            told(count)
        yield row


def _tell_nobody(_done: int, _total: int) -> None:
    """Tells nobody."""


def _leaf_at(store: Store, stream: str, seq: int) -> bytes | None:
    found = next(store.read(stream, first=seq, last=seq), None)
    return None if found is None else found.hash


def _differ(source: Store, message: str) -> ConflictError:
    hint = "write to one of the two only; copy into an empty place and compare: ticket ledger verify"
    return ConflictError("copies_differ", message, hint, ledger=source.ledger)
