"""The way from a receipt up to the signed root, hash by hash, for whoever wants to see it (RFC 9162 §2.1.3.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from counterfoil.kernel.digest import hash_children
from counterfoil.ledger import checkpoint as checkpoints
from counterfoil.ledger import proof as proofs

if TYPE_CHECKING:
    from collections.abc import Sequence

LEFT, RIGHT = "left", "right"


class Step(NamedTuple):
    """One step up.

    Attributes:
        side: where the hash stands that is added, seen from the way: `left` or `right`.
        beside: that hash, in hexadecimal.
        joined: the hash of both, which the way goes on with.
    """

    side: str
    beside: str
    joined: str


class Way(NamedTuple):
    """A proof, taken apart.

    Attributes:
        leaf: the receipt's leaf hash, in hexadecimal.
        steps: from the leaf upwards.
        root: the root that was signed.
        size: how many receipts it covers.
        origin: the log's name.
        note: the signed checkpoint, verbatim.
        holds: whether the steps lead to the root.
    """

    leaf: str
    steps: Sequence[Step]
    root: str
    size: int
    origin: str
    note: str
    holds: bool


def climb(text: str, leaf: bytes) -> Way:
    """Takes a proof apart (`proving.inclusion`).

    Args:
        text: of the `.tlog-proof`.
        leaf: the leaf hash that it is about.

    Raises:
        InputError: `invalid_note`, `invalid_checkpoint`.
    """
    proof = proofs.parse(text)
    head, _ = checkpoints.parse(proof.checkpoint)
    place, last = proof.position, head.size - 1
    found, steps = leaf, []
    for beside in proof.path:
        if place & 1 or place == last:
            side, found = LEFT, hash_children(beside, found)
            while not place & 1 and place:
                place >>= 1
                last >>= 1
        else:
            side, found = RIGHT, hash_children(found, beside)
        steps.append(Step(side, beside.hex(), found.hex()))
        place >>= 1
        last >>= 1
    return Way(
        leaf.hex(),
        tuple(steps),
        head.root.hex(),
        head.size,
        head.origin,
        proof.checkpoint,
        found == head.root,
    )
