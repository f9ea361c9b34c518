"""What a receipt of an erasure says, read with distrust: it may be anybody's."""

from __future__ import annotations

from counterfoil.errors import InputError
from counterfoil.kernel import canonical
from counterfoil.ledger.receipt import is_hash


def erased_leaves(body: bytes | None) -> list[bytes]:
    """Returns the leaf hashes of the receipts whose bodies were erased; what names none is passed over."""
    try:
        value = None if body is None else canonical.read(body)
    except InputError:
        return []
    named = value.get("receipts") if isinstance(value, dict) else None
    if not isinstance(named, list):
        return []
    return [bytes.fromhex(leaf) for leaf in named if isinstance(leaf, str) and is_hash(leaf)]
