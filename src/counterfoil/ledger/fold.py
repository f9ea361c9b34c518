"""State as a fold over receipts: the only way in which anything is known.

What a newer program wrote stops the fold, and so does a body that is no JSON object: what is not understood is
never state (ledger.md, "Rules"). A fold trusts that bodies are what was sealed; that they are is for
`verify` to say.
"""

from __future__ import annotations

from json import JSONDecoder
from typing import TYPE_CHECKING, Any, TypeVar

from counterfoil.errors import ConflictError, IntegrityError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from counterfoil.kernel.event import Registry
    from counterfoil.ledger.receipt import Receipt

    Scan = Callable[[str, int], tuple[Any, int]]

State = TypeVar("State")
Body = dict[str, Any]


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
    for receipt, body in decoded(receipts, kinds):
        state = evolve(state, receipt, body)
    return state


def decoded(receipts: Iterable[Receipt], kinds: Registry) -> Iterator[tuple[Receipt, Body]]:
    """Yields receipts with their bodies in today's form.

    Raises:
        ConflictError, IntegrityError: as `fold`.
    """
    present = {(kind.name, kind.schema) for kind in kinds}
    for receipt in receipts:
        body = decode(receipt)
        if (receipt.kind, receipt.schema) not in present:
            body = _upcast(receipt, body, kinds)
        yield receipt, body


def decode(receipt: Receipt) -> Body:
    """Returns a receipt's body as it was written, whatever its kind; empty when it was erased.

    Raises:
        IntegrityError: `ledger_damaged`.
    """
    if receipt.body is None:
        return {}
    try:
        text = receipt.body.decode()
        body, end = _scan(text, 0)
    except (ValueError, StopIteration, RecursionError):
        raise damaged(receipt, "its body is no JSON") from None
    if end != len(text) or type(body) is not dict:
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


def _no_float(text: str) -> object:
    raise ValueError(text)


_scan: Scan = JSONDecoder(parse_float=_no_float, parse_constant=_no_float).scan_once  # type: ignore[attr-defined]
"""CPython's own scanner, called as it is: what `json.loads` does before and after costs more than a body."""


def _upcast(receipt: Receipt, body: Body, kinds: Registry) -> Body:
    try:
        return kinds.read(receipt.kind, receipt.schema, body)
    except ConflictError as error:
        error.fields.update(stream=receipt.stream, seq=receipt.seq)
        raise
