"""The live tail: every receipt once, in the order of the log, as it comes in.

A follower holds one number, the length of the log that it has seen, so it can stop at any receipt and go on
from there in another process. Waiting is the store's affair; nothing is read while nothing happens.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterfoil.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from counterfoil.ledger.receipt import Receipt
    from counterfoil.usecases.ports import Store

LOOK_UP_S = 1.0
"""How long a wait may last before the follower asks whether it is to stop."""


def follow(
    store: Store, after: int, *, stop: Callable[[], bool], look_up_s: float = LOOK_UP_S, bodies: bool = True
) -> Iterator[Receipt]:
    """Yields the receipts behind the first `after` of the log, and goes on with those to come.

    To resume, give the position of the last receipt that was dealt with, plus one.

    Args:
        store: the ledger.
        after: how many receipts of the log are known already.
        stop: asked between receipts and every `look_up_s` of silence.
        look_up_s: seconds.
        bodies: whether they are wanted.

    Raises:
        InputError: `receipt_not_found`, where the log is not that long.
    """
    size = store.size()
    if not 0 <= after <= size:
        raise InputError(
            "receipt_not_found",
            f"the log has {size} receipts, so nobody can have seen {after}",
            "ticket ledger tail",
            size=size,
            after=after,
        )
    known = after
    while not stop():
        if size > known:
            for receipt in store.log(first=known, last=size - 1, bodies=bodies):
                known = receipt.position + 1
                yield receipt
                if stop():
                    return
        store.wait(known, look_up_s)
        size = store.size()
