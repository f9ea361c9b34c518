"""The ledger as the Python API shows it: opened when a call needs it, closed when the call is over.

What an iterator reads it opens at its first step and closes at its last, or when it is thrown away.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from counterfoil.usecases import following, signing, tracing
from counterfoil.usecases.addressing import find_stream, open_ledger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from counterfoil.ledger.receipt import Receipt
    from counterfoil.usecases.context import Context
    from counterfoil.usecases.ports import Store
    from counterfoil.usecases.story import Trace


@contextmanager
def _opened(context: Context) -> Iterator[Store]:
    store = open_ledger(context)
    try:
        yield store
    finally:
        store.close()


def trace(context: Context, query: str) -> Trace:
    """Tells the story of a stream or a ticket as the clone's own ledger has it.

    Raises:
        InputError: `ledger_not_found`, `stream_not_found`, `ambiguous_id`.
    """
    with _opened(context) as store:
        derived = context.ledgers.views()
        try:
            return tracing.trace(store, find_stream(context, store, query), derived=derived)
        finally:
            derived.close()


def receipts(context: Context, query: str | None, after: int) -> Iterator[Receipt]:
    """Yields the receipts of a stream or a ticket, or those of the whole log, behind the first `after`.

    Raises:
        InputError: `ledger_not_found`, `stream_not_found`, `ambiguous_id`.
    """
    with _opened(context) as store:
        if query is None:
            yield from store.log(first=after)
        else:
            yield from store.read(find_stream(context, store, query), first=after)


def follow(context: Context, after: int | None, stop: Callable[[], bool]) -> Iterator[Receipt]:
    """Yields receipts as they are sealed, those behind the first `after` of the log; None: those to come.

    Raises:
        InputError: `ledger_not_found`, `receipt_not_found`.
    """
    with _opened(context) as store:
        yield from following.follow(store, store.size() if after is None else after, stop=stop)


def checkpoint(context: Context) -> str:
    """Signs the log as it stands and returns the newest signed note (C2SP tlog-checkpoint).

    Raises:
        InputError: `ledger_not_found`.
        IntegrityError: `checkpoint_differs`.
        HostError: `key_exposed`.
    """
    with context.lock(), _opened(context) as store:
        now_ms = context.clock.now_ms()
        note = signing.checkpoint(context, store, now_ms=now_ms, keys=context.keys, force=True)
    assert note is not None
    return note
