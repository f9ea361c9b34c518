"""The log for whoever looks through it: newest first, a page at a time, by stream, kind, actor and day."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from counterfoil.errors import InputError
from counterfoil.usecases import log_index, views
from counterfoil.usecases.log_index import BLOCK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from counterfoil.ledger.receipt import Receipt
    from counterfoil.usecases.ports import Store, Views

PAGE = 50
CHUNK = 256
"""Receipts of a stream that are read at a time where not all of them fit."""
LOOKED_MAX = 4096
"""So many receipts of one stream are looked through for one page; the next one goes on from there."""


class Wanted(NamedTuple):
    """Which receipts are asked for.

    Attributes:
        stream, kind, actor: empty for any.
        since: a day or a moment as ISO 8601 text, or empty.
    """

    stream: str = ""
    kind: str = ""
    actor: str = ""
    since: str = ""

    @property
    def is_all(self) -> bool:
        """Whether anything fits."""
        return not any(self)


@dataclass(frozen=True)
class Found:
    """A page of the log.

    Attributes:
        receipts: newest first.
        size: of the whole log.
        before: where the next page begins: below this position; None at the end.
    """

    receipts: Sequence[Receipt]
    size: int
    before: int | None


class _Range(NamedTuple):
    """The positions that are looked at: from `first` to below `end`."""

    first: int
    end: int


def page(
    store: Store,
    derived: Callable[[], Views],
    wanted: Wanted,
    *,
    before: int | None = None,
    limit: int = PAGE,
) -> Found:
    """Returns the newest receipts that fit, below a position.

    Args:
        store: the ledger.
        derived: lends the views, which are needed where a kind or an actor is asked for.
        wanted: which.
        before: the position below which to look; None begins at the end.
        limit: how many at most.
    """
    size = store.size()
    end = size if before is None else max(0, min(before, size))
    place = _Range(_since(store, wanted.since, size), end)
    if wanted.stream:
        return _of_stream(store, wanted, place, size, limit)
    if wanted.kind or wanted.actor:
        lent = derived()
        try:
            read = lambda: _places(lent, wanted, place, limit + 1)  # noqa: E731
            places = views.read_up(store, lent, read, wanted=(views.LOG,))
        finally:
            lent.close()
        found = [next(store.log(first=at, last=at)) for at in places[:limit]]
        return Found(found, size, places[limit - 1] if len(places) > limit else None)
    first = max(place.first, end - limit)
    receipts = list(store.log(first=first, last=end - 1)) if end > first else []
    return Found(receipts[::-1], size, first if first > place.first else None)


def actors(derived: Views) -> list[tuple[str, int]]:
    """Returns whoever sealed anything, with how many receipts, the busiest first."""
    rows = [(name, int(json.loads(count))) for name, count in derived.scan(views.LOG.name, log_index.WHO)]
    return sorted(rows, key=lambda row: (-row[1], row[0]))


class StreamRow(NamedTuple):
    """A stream in a list.

    Attributes:
        name: the stream.
        length: how many receipts are its own.
        last: the position of the last of them.
    """

    name: str
    length: int
    last: int


def streams(derived: Views, prefix: str, after: str, limit: int) -> list[StreamRow]:
    """Returns the streams whose name begins so, by name, as far as the view knows them.

    Args:
        derived: the views.
        prefix: how the name begins; empty for all.
        after: only those behind this name; empty for the first.
        limit: how many at most.
    """
    rows = islice(derived.scan(views.LOG.name, log_index.STREAM, prefix, after), limit)
    return [StreamRow(name, *json.loads(data)) for name, data in rows]


def position(store: Store, name: str) -> int:
    """Reads a position of the log.

    Raises:
        InputError: `receipt_not_found`.
    """
    size = store.size()
    number = int(name) if name.isascii() and name.isdigit() and len(name) <= 15 else -1
    if not 0 <= number < size:
        raise InputError("receipt_not_found", f"there is no receipt {name}", "ticket ledger tail", value=name)
    return number


def _since(store: Store, since: str, size: int) -> int:
    """Returns the first position that was sealed at a moment or later, as receipts claim it: by halving."""
    if not since:
        return 0
    low, high = 0, size
    while low < high:
        middle = (low + high) // 2
        found = next(store.log(first=middle, last=middle, bodies=False), None)
        if found is None or found.at >= since:
            high = middle
        else:
            low = middle + 1
    return low


def _of_stream(store: Store, wanted: Wanted, place: _Range, size: int, limit: int) -> Found:
    found: list[Receipt] = []
    for looked, receipt in enumerate(_backwards(store, wanted.stream, place.end)):
        if receipt.position < place.first:
            break
        if len(found) == limit or looked == LOOKED_MAX:
            return Found(found, size, receipt.position + 1)
        if wanted.kind in {"", receipt.kind} and wanted.actor in {"", receipt.actor}:
            found.append(receipt)
    return Found(found, size, None)


def _backwards(store: Store, stream: str, end: int) -> Iterator[Receipt]:
    """Yields a stream's own receipts below a position of the log, the last one first."""
    low, high = 0, store.head(stream).length
    while low < high and end < store.size():
        middle = (low + high) // 2
        if next(store.read(stream, first=middle, last=middle)).position >= end:
            high = middle
        else:
            low = middle + 1
    last = high
    while last > 0:
        first = max(0, last - CHUNK)
        yield from reversed(list(store.read(stream, first=first, last=last - 1)))
        last = first


def _places(derived: Views, wanted: Wanted, place: _Range, number: int) -> list[int]:
    """Returns the newest positions that fit both questions, block by block."""
    found: list[int] = []
    asked = [(log_index.KIND, wanted.kind), (log_index.ACTOR, wanted.actor)]
    for block in range((place.end - 1) // BLOCK, place.first // BLOCK - 1, -1) if place.end else ():
        inside = None
        for table, word in asked:
            if word and inside != set():
                data = derived.get(views.LOG.name, table, log_index.key_of(word, block))
                here = set() if data is None else set(json.loads(data))
                inside = here if inside is None else inside & here
        positions = sorted([block * BLOCK + each for each in inside or ()], reverse=True)
        found += [each for each in positions if place.first <= each < place.end]
        if len(found) >= number:
            break
    return found[:number]
