"""The only place that appends to the ledger.

Whatever is sealed is a registered event of its present schema, salted, and lands in a stream of which this
program understands all. Which events there are to seal is for others to say. On the hot path.
"""

from __future__ import annotations

from counterfoil.kernel import event, ids
from counterfoil.ledger.receipt import SALT_BITS, Draft
from counterfoil.usecases import kinds

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from counterfoil.ledger.receipt import Receipt
    from counterfoil.usecases.context import Context
    from counterfoil.usecases.ports import Store

    Item = tuple[str, str, dict[str, object], str]
    """Stream, kind, body, idempotency key: what becomes a draft."""


def append(
    context: Context,
    store: Store,
    drafts: Sequence[Draft],
    *,
    expect: Mapping[str, int] | None = None,
    now_ms: int | None = None,
) -> list[Receipt]:
    """Seals drafts, all of them or none.

    Args:
        context: the project.
        store: its ledger.
        drafts: what to seal.
        expect: the length that a stream must have before; streams not named may have any.
        now_ms: when it was decided, if that was earlier than now.

    Raises:
        InputError: `unknown_kind`.
        ConflictError: `newer_ledger` when a stream holds what only a newer program can read;
            `version_conflict`, `key_reused`.
    """
    for draft in drafts:
        kinds.KINDS.check_draft(draft.kind, draft.schema)
    check_readable(store, [draft.stream for draft in drafts])
    return store.append(
        drafts, now_ms=context.clock.now_ms() if now_ms is None else now_ms, expect=expect or {}
    )


def check_readable(store: Store, streams: Sequence[str]) -> None:
    """Refuses streams that hold what only a newer program can read.

    Raises:
        ConflictError: `newer_ledger`.
    """
    unknown = [pair for pair in store.kinds() if not kinds.KINDS.knows(*pair)]
    if not unknown:
        return
    for stream in sorted(set(streams)):
        for receipt in store.read(stream):
            if (receipt.kind, receipt.schema) in unknown:
                raise event.unreadable(receipt.kind, receipt.schema)


def draft(
    context: Context,
    stream: str,
    kind: str,
    actor: str,
    body: Mapping[str, object],
    key: str,
    statement: tuple[str, Sequence[str]] | None = None,
) -> Draft:
    """Returns a draft with a salt of its own."""
    salt = f"{context.entropy.bits(SALT_BITS):032x}"
    return Draft(stream, kind, actor, body, key=key, salt=salt, statement=statement)


def command_id(context: Context) -> str:
    """Returns a new id for one command."""
    return ids.encode(context.clock.now_ms(), context.entropy.bits(ids.RANDOM_BITS))
