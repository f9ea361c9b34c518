"""From what somebody typed to a ledger, a stream or a receipt.

A stream is named as it is, or by its ticket in any way that `resolve` knows, or by the beginning of a proposal's id. A receipt is named by its
place in the log (`@12`), by its place in a stream (`ticket/01ARZ…@3`, `TK-01ARZ3ND@3`), or by the beginning of
its hash.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterfoil.errors import CounterfoilError, HostError, InputError
from counterfoil.ledger.receipt import is_hash
from counterfoil.usecases import kinds
from counterfoil.usecases.opening import open_own
from counterfoil.usecases.resolve import find_name

if TYPE_CHECKING:
    from counterfoil.ledger.receipt import Receipt
    from counterfoil.usecases.context import Context
    from counterfoil.usecases.ports import Store

SHORTEST_HASH = 4
CANDIDATES_SHOWN = 10
NUMBER_DIGITS = 15
PROPOSAL = "P-"
"""Begins the id of a proposal, which is the name of its stream behind the slash."""
_HEX = frozenset("0123456789abcdef")


def open_ledger(context: Context, origin: str | None = None) -> Store:
    """Opens the clone's own ledger, or one that was fetched, to read it; nothing is made.

    Args:
        context: the project.
        origin: the beginning of a fetched ledger's id, or None for the clone's own.

    Raises:
        InputError: `ledger_not_found`, `origin_not_found`, `ambiguous_id`.
        HostError: `ledger_unavailable`.
        IntegrityError: `ledger_damaged`.
    """
    if origin is not None:
        return context.ledgers.open_foreign(find_origin(context, origin))
    try:
        return open_own(context)
    except HostError as error:
        if error.fields.get("reason") != "missing":
            raise
        raise InputError(
            "ledger_not_found",
            "this clone has no ledger yet; it begins with the first change",
            'ticket new "Title"',
        ) from None


def find_origin(context: Context, query: str) -> str:
    """Returns the id of the one fetched ledger whose id begins like this."""
    known = sorted(context.ledgers.foreign())
    found = [ledger for ledger in known if ledger.startswith(query.upper())] if query else []
    if len(found) == 1:
        return found[0]
    if found:
        raise InputError(
            "ambiguous_id",
            f"{query!r} can mean {len(found)} ledgers",
            f"type more of it, such as {found[0]}",
            query=query,
            ledgers=found[:CANDIDATES_SHOWN],
        )
    hint = "ticket ledger status" if known else "ticket ledger fetch"
    raise InputError("origin_not_found", f"no ledger {query!r} was fetched", hint, query=query, known=known)


def find_stream(context: Context, store: Store, query: str) -> str:
    """Returns the name of the stream that somebody means.

    Raises:
        InputError: `stream_not_found`, `ambiguous_id`.
    """
    if store.stream(query) is not None:
        return query
    upper = query.removeprefix("ticket/").upper()
    for name in (kinds.ticket_stream(upper), kinds.ticket_stream(upper.rpartition("-")[2])):
        if store.stream(name) is not None:
            return name
    if query[:2].upper() == PROPOSAL and "/" not in query:
        begun = [stream.name for stream in store.streams(f"proposal/{query.upper()}")]
        if len(begun) == 1:
            return begun[0]
    if "/" not in query:
        try:
            name = kinds.ticket_stream(find_name(context, query)[:-3].upper())
        except CounterfoilError as error:
            if error.code != "ticket_not_found":
                raise
            name = ""
        if name and store.stream(name) is not None:
            return name
        if name:
            raise _no_receipts(context, query, name)
    branch = _branch_of(context, store, query)
    if branch:
        return branch
    begun = [stream.name for stream in store.streams(query)] or _of_short_id(store, query)
    if len(begun) == 1:
        return begun[0]
    if begun:
        raise InputError(
            "ambiguous_id",
            f"{query!r} can mean {len(begun)} streams",
            f"type more of it, such as {begun[0]}",
            query=query,
            streams=begun[:CANDIDATES_SHOWN],
        )
    raise InputError(
        "stream_not_found",
        f"neither a stream nor a ticket is called {query!r}",
        "ticket ledger streams",
        query=query,
    )


def _branch_of(context: Context, store: Store, query: str) -> str:
    """Returns the branch that is named behind its ticket, as in `TK-01ARZ3ND/what-if`; empty if there is none."""
    ticket, _, branch = query.removeprefix("ticket/").partition("/")
    if not (ticket and branch):
        return ""
    try:
        name = f"{find_stream(context, store, ticket)}/{branch}"
    except CounterfoilError as error:
        if error.code != "stream_not_found":
            raise
        return ""
    return name if store.stream(name) is not None else ""


def _of_short_id(store: Store, query: str) -> list[str]:
    """Returns the streams of tickets that have this display or short id, though no file has it any more."""
    short = query.rpartition("-")[2].upper()
    if len(short) < SHORTEST_HASH or not short.isalnum():
        return []
    return [stream.name for stream in store.streams(f"ticket/{short}")]


def _no_receipts(context: Context, query: str, name: str) -> InputError:
    for ledger in context.ledgers.foreign():
        store = context.ledgers.open_foreign(ledger)
        try:
            if store.stream(name) is not None:
                return InputError(
                    "stream_not_found",
                    f"this clone has recorded nothing of {query!r}; the ledger {ledger}, which was fetched, has",
                    f"ticket trace {query}",
                    query=query,
                    stream=name,
                    ledger=ledger,
                )
        finally:
            store.close()
    return InputError(
        "stream_not_found",
        f"nothing is recorded of {query!r} yet: it was last changed without this program",
        "ticket ledger reconcile",
        query=query,
        stream=name,
    )


def find_receipt(context: Context, store: Store, query: str) -> Receipt:
    """Returns the one receipt that somebody means.

    Raises:
        InputError: `receipt_not_found`, `stream_not_found`, `ambiguous_id`.
    """
    name, at, number = query.rpartition("@")
    if at:
        if not (number.isascii() and number.isdigit() and len(number) <= NUMBER_DIGITS):
            raise _not_found(query)
        place = int(number)
        found = store.read(find_stream(context, store, name), first=place, last=place) if name else None
        return _only(query, list(found if found is not None else store.log(first=place, last=place)))
    digits = query.lower()
    if is_hash(digits):
        whole = store.receipt(bytes.fromhex(digits))
        return _only(query, [] if whole is None else [whole])
    if len(digits) < SHORTEST_HASH or not _HEX.issuperset(digits):
        raise _not_found(query)
    begun = [each.position for each in store.log(bodies=False) if each.hash.hex().startswith(digits)]
    return _only(query, [receipt for place in begun for receipt in store.log(first=place, last=place)])


def _only(query: str, found: list[Receipt]) -> Receipt:
    if not found:
        raise _not_found(query)
    if len(found) > 1:
        raise InputError(
            "ambiguous_id",
            f"{query!r} can mean {len(found)} receipts",
            f"type more of it, such as {found[0].id[:12]}",
            query=query,
            receipts=[receipt.id for receipt in found[:CANDIDATES_SHOWN]],
        )
    return found[0]


def _not_found(query: str) -> InputError:
    return InputError(
        "receipt_not_found",
        f"there is no receipt {query!r}; name it by @NUMBER, STREAM@NUMBER or the beginning of its hash",
        "ticket ledger tail",
        query=query,
    )
