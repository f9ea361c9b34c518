"""State as a fold over receipts: the only way in which anything is known.

Bodies are decoded many at a time, because the standard library's JSON reader takes longer to begin than to
read a body. What a newer program wrote stops the fold, and so does a body that is no JSON object: what is
not understood is never state (ledger.md, "Rules"). On the hot path.
"""

from __future__ import annotations

from counterfoil.errors import ConflictError, IntegrityError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any, TypeVar

    from counterfoil.kernel.event import Registry
    from counterfoil.ledger.receipt import Receipt

    State = TypeVar("State")
    Body = dict[str, Any]
    Evolve = Callable[[State, Receipt, Body], State]

BATCH = 256
"""How many bodies are decoded at a time: more gain nothing and hold memory."""
_ERASED = b"{}"


def fold(
    receipts: Iterable[Receipt], evolve: Callable[[State, Receipt, Body], State], state: State, kinds: Registry
) -> State:
    """Returns the state after receipts.

    Args:
        receipts: of one stream, in order.
        evolve: gives the state after one more receipt; its body comes in today's form, and empty
            when it was erased.
        state: what was before.
        kinds: the kinds that this program knows.

    Raises:
        ConflictError: `newer_ledger`, for a kind or schema that nobody here knows.
        IntegrityError: `ledger_damaged`, for a body that is no JSON object.
    """
    present = {(kind.name, kind.schema) for kind in kinds}
    for batch in _batches(receipts):
        for receipt, body in zip(batch, _bodies(batch, kinds, present), strict=True):
            state = evolve(state, receipt, body)
    return state


def decoded(receipts: Iterable[Receipt], kinds: Registry) -> Iterator[tuple[Receipt, Body]]:
    """Yields receipts with their bodies in today's form; reads up to `BATCH` of them ahead.

    Raises:
        ConflictError, IntegrityError: as `fold`.
    """
    present = {(kind.name, kind.schema) for kind in kinds}
    for batch in _batches(receipts):
        yield from zip(batch, _bodies(batch, kinds, present), strict=True)


def decode(receipts: list[Receipt]) -> list[Body]:
    """Returns the bodies of receipts as they were written, whatever their kinds.

    Raises:
        IntegrityError: `ledger_damaged`.
    """
    from json import loads

    raw = [_ERASED if receipt.body is None else receipt.body for receipt in receipts]
    try:
        found = loads(b"[%b]" % b",".join(raw))
    except (ValueError, RecursionError):
        found = ()
    if len(found) == len(raw) and all(type(body) is dict for body in found):
        return found  # type: ignore[no-any-return]
    return [_decode_one(receipt, data) for receipt, data in zip(receipts, raw, strict=True)]


def _decode_one(receipt: Receipt, data: bytes) -> Body:
    from json import loads

    try:
        body = loads(data)
    except (ValueError, RecursionError):
        body = None
    if type(body) is not dict:
        raise damaged(receipt, "its body is no JSON object")
    return body


def damaged(receipt: Receipt, reason: str) -> IntegrityError:
    """Returns the error of a receipt that cannot be what was sealed."""
    return IntegrityError(
        "ledger_damaged",
        f"receipt {receipt.seq} of {receipt.stream} cannot be read: {reason}",
        "ticket ledger verify",
        stream=receipt.stream,
        seq=receipt.seq,
    )


def _batches(receipts: Iterable[Receipt]) -> Iterator[list[Receipt]]:
    batch: list[Receipt] = []
    for receipt in receipts:
        batch.append(receipt)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _bodies(batch: list[Receipt], kinds: Registry, present: set[tuple[str, int]]) -> list[Body]:
    """Returns bodies in today's form, without a look at each where all are of it already."""
    bodies = decode(batch)
    if present.issuperset([(receipt.kind, receipt.schema) for receipt in batch]):
        return bodies
    return [_upcast(receipt, body, kinds) for receipt, body in zip(batch, bodies, strict=True)]


def _upcast(receipt: Receipt, body: Body, kinds: Registry) -> Body:
    try:
        return kinds.read(receipt.kind, receipt.schema, body)
    except ConflictError as error:
        error.fields.update(stream=receipt.stream, seq=receipt.seq)
        raise
