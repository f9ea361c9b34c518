"""State as a fold over receipts: the only way in which anything is known.

Bodies are decoded many at a time, because the standard library's JSON reader takes longer to begin than to
read a body. What a newer program wrote stops the fold, and so does a body that is no JSON object: what is
not understood is never state (ledger.md, "Rules").
"""

from __future__ import annotations

from json import JSONDecoder
from typing import TYPE_CHECKING, Any, TypeVar

from counterfoil.errors import ConflictError, InputError, IntegrityError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from counterfoil.kernel.event import Registry
    from counterfoil.ledger.receipt import Receipt

State = TypeVar("State")
Body = dict[str, Any]

BATCH = 256
"""How many bodies are decoded at a time: more gain nothing and hold memory."""
_ERASED = b"{}"


def fold(
    receipts: Iterable[Receipt],
    evolve: Callable[[State, Receipt, Body], State],
    state: State,
    kinds: Registry,
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
    raw = [_ERASED if receipt.body is None else receipt.body for receipt in receipts]
    try:
        found = _DECODER.decode((b"[%b]" % b",".join(raw)).decode())
    except (ValueError, RecursionError):
        found = ()
    if len(found) == len(raw) and all(type(body) is dict for body in found):
        return found  # type: ignore[no-any-return]
    return [_decode_one(receipt) for receipt in receipts]


def _decode_one(receipt: Receipt) -> Body:
    try:
        return receipt.data()
    except InputError as error:
        raise damaged(receipt, f"of its body, {error.message}") from None


def _no_float(text: str) -> object:
    raise ValueError(text)


_DECODER = JSONDecoder(parse_float=_no_float, parse_constant=_no_float)


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
