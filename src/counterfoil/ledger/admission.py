"""What every store refuses to seal, and in which words, so that all of them refuse alike. On the hot path."""

from __future__ import annotations

from counterfoil.errors import ConflictError, InputError
from counterfoil.kernel.canonical import equal_but
from counterfoil.ledger.receipt import SALT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from counterfoil.ledger.receipt import Draft, Receipt

_AT = b'"at":"'
_AT_LENGTH = 24


def check_same(draft: Draft, found: Receipt) -> None:
    """Refuses a key that another event was sealed under; the salt makes no difference (product.md §24).

    Of an erased body only the digest is left, which holds the salt, so it is taken on trust: what was
    erased is not sealed again.

    Raises:
        ConflictError: `key_reused`.
    """
    same_kind = (found.kind, found.schema) == (draft.kind, draft.schema)
    if same_kind and (found.body is None or equal_but(SALT, found.body, draft.body)):
        return
    raise ConflictError(
        "key_reused",
        f"{draft.stream} holds another event under this idempotency key",
        f"ticket inspect {draft.stream}",
        stream=draft.stream,
        seq=found.seq,
        key=draft.key,
    )


def version_conflict(stream: str, expected: int, actual: int) -> ConflictError:
    """Returns the error of a stream that has another length than the caller relied on."""
    return ConflictError(
        "version_conflict",
        f"{stream} has {actual} receipts and not {expected}: somebody was faster",
        "look again, then repeat",
        stream=stream,
        expected=expected,
        actual=actual,
    )


def stream_exists(stream: str) -> ConflictError:
    """Returns the error of a branch whose name is taken."""
    return ConflictError(
        "stream_exists", f"there is a stream {stream} already", "choose another name", stream=stream
    )


def stream_not_found(stream: str) -> InputError:
    """Returns the error of a stream that is not there."""
    return InputError(
        "stream_not_found", f"there is no stream {stream}", "ticket ledger streams", stream=stream
    )


def receipt_not_found(stream: str, seq: int, length: int) -> InputError:
    """Returns the error of a receipt that a stream does not have."""
    return InputError(
        "receipt_not_found",
        f"{stream} has {length} receipts of its own, from 0, and none with the number {seq}",
        f"ticket inspect {stream}",
        stream=stream,
        seq=seq,
        length=length,
    )


def sealed_at(header: bytes) -> str:
    """Returns the time that stands in a header, without reading all of it; empty if there is none."""
    begin = header.find(_AT) + len(_AT)
    return header[begin : begin + _AT_LENGTH].decode("ascii", "replace") if begin >= len(_AT) else ""
