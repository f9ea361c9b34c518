"""Searching titles and bodies. On the hot path.

Ten thousand small files are read faster than a search index would be loaded and checked, so
the files themselves are searched and the answer is never out of date. Only what contains the text
is looked at more closely; if that is much, the fields come from the catalog.
"""

from __future__ import annotations

from counterfoil.errors import CounterfoilError
from counterfoil.tickets import index
from counterfoil.tickets.document import scan
from counterfoil.tickets.model import FILE_BYTES, row_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from counterfoil.tickets.model import Row
    from counterfoil.usecases.context import Context

EXCERPT_CHARACTERS = 72
MANY = 400
"""From so many candidates on, loading the catalog is cheaper than reading each front matter."""


class Hit:
    """A ticket that contains the text.

    Attributes:
        row: the ticket.
    """

    __slots__ = ("_content", "_place", "row")

    def __init__(self, row: Row, content: str | bytes, place: int) -> None:
        self.row = row
        self._content = content
        self._place = place

    def excerpt(self) -> str:
        """Returns the part of the body's line around the first place, or an empty text for the title alone."""
        if self._place < 0:
            return ""
        text = self._content.decode("ascii") if isinstance(self._content, bytes) else self._content
        begin = text.rfind("\n", 0, self._place) + 1
        end = text.find("\n", self._place)
        line = text[begin:].rstrip() if end < 0 else text[begin:end].rstrip()
        cut_from = max(0, self._place - begin - EXCERPT_CHARACTERS // 2)
        part = line[cut_from : cut_from + EXCERPT_CHARACTERS].strip()
        return ("…" if cut_from else "") + part + ("…" if cut_from + EXCERPT_CHARACTERS < len(line) else "")


def find(context: Context, text: str) -> list[Hit]:
    """Returns the tickets whose title or body contains `text`, upper and lower case alike, in no order."""
    wanted = text.casefold()
    candidates = list(_candidates(context, wanted))
    rows = _rows(context, candidates)
    hits = []
    for name, _, content, place in candidates:
        row = rows.get(name)
        if row is not None and (place >= 0 or wanted in row[1].casefold()):
            hits.append(Hit(row, content, place))
    return hits


def _candidates(context: Context, wanted: str) -> Iterator[tuple[str, bytes, str | bytes, int]]:
    """Yields the files that contain the text anywhere, front matter included.

    Each with its bytes, what an excerpt is cut from, and where in that the body has the text, or -1.
    """
    plain = wanted.encode() if wanted.isascii() else None
    for name, small in context.work.read_small(index.TICKETS, ".md"):
        data = small
        if data is None:
            try:
                data = context.work.read(f"{index.TICKETS}/{name}", FILE_BYTES)
            except CounterfoilError:
                continue
            if data is None:
                continue
        if plain is not None and data.isascii():
            folded = data.lower()
            if plain in folded:
                yield name, data, data, folded.find(plain, data.find(b"\n", data.find(b"\n---", 3) + 1))
            continue
        content = data.decode("utf-8", "replace")
        if wanted in content.casefold():
            body = content[content.find("\n", content.find("\n---", 3) + 1) + 1 :]
            yield name, data, body, _place(body, wanted)


def _place(body: str, wanted: str) -> int:
    """Returns where a text stands in a body, or -1; in its line at least, where letters grow by folding."""
    folded = body.casefold()
    place = folded.find(wanted)
    if place < 0 or len(folded) == len(body):
        return place
    begin = 0
    for _ in range(folded.count("\n", 0, place)):
        begin = body.find("\n", begin) + 1
    end = body.find("\n", begin)
    last = (len(body) if end < 0 else end) - 1
    return max(begin, min(begin + place - folded.rfind("\n", 0, place) - 1, last))


def _rows(context: Context, candidates: list[tuple[str, bytes, str | bytes, int]]) -> dict[str, Row]:
    """Returns the rows of the readable ones among the candidates."""
    from counterfoil.usecases.catalog import Catalog

    if len(candidates) >= MANY:
        return {row[9]: row for row in Catalog.load(context).rows()}
    rows = {}
    for name, data, _, _ in candidates:
        try:
            rows[name] = row_of(scan(data, context.full), name)
        except CounterfoilError:
            continue
    return rows
