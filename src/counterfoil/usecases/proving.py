"""Proofs for whoever has neither the ledger nor this program: made from a log, and checked by a key alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from counterfoil.errors import InputError, IntegrityError
from counterfoil.kernel import canonical, merkle
from counterfoil.kernel.digest import hash_leaf
from counterfoil.kernel.note import parse_key
from counterfoil.ledger import checkpoint as checkpoints
from counterfoil.ledger import proof as proofs
from counterfoil.ledger.receipt import is_hash
from counterfoil.usecases import signing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterfoil.kernel.note import Check
    from counterfoil.ledger.checkpoint import Checkpoint
    from counterfoil.ledger.receipt import Receipt
    from counterfoil.usecases.context import Context
    from counterfoil.usecases.ports import Store


class Proved(NamedTuple):
    """What a proof proves.

    Attributes:
        checkpoint: the state of the log that was signed.
        position: the receipt's place in it.
        leaf: the receipt's leaf hash, which is its id.
        header: the receipt's header; empty where the file does not hold it.
    """

    checkpoint: Checkpoint
    position: int
    leaf: bytes
    header: dict[str, canonical.Json]


def inclusion(store: Store, receipt: str | int, *, size: int | None = None) -> str:
    """Returns the proof that a receipt stands in the log, as the text of a `.tlog-proof` (C2SP tlog-proof).

    Args:
        store: the ledger.
        receipt: its id, or its position.
        size: of the checkpoint that it is proved against; the newest without it.

    Raises:
        InputError: `receipt_not_found`, `checkpoint_not_found`; `not_signed` where that checkpoint
            does not cover the receipt.
        IntegrityError: `checkpoint_differs` where the log is not the one that was signed.
    """
    found = _receipt(store, receipt)
    note = _note(store, size)
    head = checkpoints.parse(note)[0]
    if found.position >= head.size:
        raise InputError(
            "not_signed",
            f"the checkpoint covers {head.size} receipts, and this is number {found.position}",
            "ticket ledger checkpoint",
            position=found.position,
            size=head.size,
        )
    path = merkle.inclusion_path(found.position, head.size, store.node)
    if not merkle.verify_inclusion(found.hash, found.position, head.size, path, head.root):
        raise IntegrityError(
            "checkpoint_differs",
            f"receipt {found.position} is not what was signed with {head.size} receipts",
            "ticket ledger verify",
            size=head.size,
            root=head.root.hex(),
        )
    return str(proofs.Proof(found.position, tuple(path), note, found.header))


def _receipt(store: Store, name: str | int) -> Receipt:
    if isinstance(name, int):
        found = next(iter(store.log(first=name, last=name, bodies=False)), None) if name >= 0 else None
    else:
        found = store.receipt(bytes.fromhex(name)) if is_hash(name) else None
    if found is None:
        raise InputError("receipt_not_found", f"there is no receipt {name}", "ticket ledger tail", value=name)
    return found


def _note(store: Store, size: int | None) -> str:
    kept, note = store.newest_checkpoint()
    if size is not None and size != kept:
        kept, note = next((each for each in store.checkpoints() if each[0] == size), (0, ""))
    if not kept:
        which = "no checkpoint" if size is None else f"no checkpoint of {size} receipts"
        raise InputError("checkpoint_not_found", f"there is {which}", "ticket ledger checkpoint", size=size)
    return note


def check(file: str | bytes, keys: Sequence[str], verify: Check, *, receipt: str | None = None) -> Proved:
    """Checks a proof of inclusion, by keys that the caller trusts for reasons of his own.

    Args:
        file: the text of the `.tlog-proof`.
        keys: verifier keys, `name+id+key`.
        verify: tells whether a signature holds.
        receipt: the id of the receipt that is to be proved; without it that of the header in the file.

    Raises:
        InputError: `invalid_note`, `invalid_checkpoint`, `receipt_not_found`.
        IntegrityError: `signature_differs`, `proof_differs`.
    """
    if receipt is not None and not is_hash(receipt):
        raise InputError("receipt_not_found", f"{receipt!r:.80} is no id of a receipt", value=receipt)
    trusted = [parse_key(key) for key in keys]
    proof = proofs.parse(file)
    wanted = bytes.fromhex(receipt) if receipt is not None else None
    checkpoint, leaf = proofs.verify(proof, trusted, verify, leaf=wanted)
    return Proved(checkpoint, proof.position, leaf, _header(proof.extra, leaf))


def known_keys(context: Context, file: bytes) -> list[str]:
    """Returns the keys by which this clone knows the ledger that a proof is of: its own, or one that was fetched.

    Raises:
        InputError: `invalid_note`, `invalid_checkpoint`; `key_missing`, where that ledger is not here.
        HostError, IntegrityError: when a ledger that is here cannot be read.
    """
    checkpoint, _ = checkpoints.parse(proofs.parse(file).checkpoint)
    ledger = checkpoint.ledger
    if ledger is not None and ledger in context.ledgers.foreign():
        store = context.ledgers.open_foreign(ledger)
    elif context.ledgers.exists():
        store = context.ledgers.open()
    else:
        raise _no_key(checkpoint)
    try:
        if store.ledger != ledger:
            raise _no_key(checkpoint)
        return [str(key) for key in signing.keys_at(store, checkpoint.size)]
    finally:
        store.close()


def _no_key(checkpoint: Checkpoint) -> InputError:
    return InputError(
        "key_missing",
        f"the proof is of {checkpoint.origin}, whose key is not known here",
        "ticket ledger proof --check FILE --key KEY, or first: ticket ledger fetch",
        origin=checkpoint.origin,
    )


def _header(data: bytes, leaf: bytes) -> dict[str, canonical.Json]:
    """Reads the header that came along, if it is the one whose hash was proved."""
    if hash_leaf(data) != leaf:
        return {}
    try:
        header = canonical.decode(data)
    except InputError:
        return {}
    return header if isinstance(header, dict) else {}
