"""What a page is made of: parts with ids, which can be rendered again one by one."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Region(NamedTuple):
    """One piece of a page that is replaced as a whole.

    Attributes:
        id: of the element that holds it; the element itself belongs to the template and stays.
        html: what is inside, safe to be sent.
    """

    id: str
    html: str


class Listing(NamedTuple):
    """A piece of a page that is a row of items, each of which comes, goes, moves and changes by itself.

    Attributes:
        id: of the element that holds the items; that element belongs to the template and stays.
        items: `(id, html)` of each in order; the html is one element that bears the id.
    """

    id: str
    items: tuple[tuple[str, str], ...]


Part = Region | Listing


@dataclass(frozen=True)
class View:
    """One page, or what it became.

    Attributes:
        template: the file in `templates/`.
        title: of the window.
        parts: what is kept up to date; the template places each by `part("id")`.
        data: what else the template is given; it is as it was when the page was asked for.
        status: of the answer.
        until_ms: when something in the parts changes by itself, such as a claim that lapses or a proposal that
            expires: they are made again then. None where nothing does.
        go: the address of another page that is meant, which the browser is sent to instead; or empty.
        when_sent: called as the page is sent to a browser that asked for it, and tells whether something is
            different since; None where nobody has to know.
    """

    template: str
    title: str
    parts: tuple[Part, ...] = ()
    data: Mapping[str, Any] = field(default_factory=dict)
    status: int = 200
    until_ms: int | None = None
    go: str = ""
    when_sent: Callable[[], bool] | None = None

    def tag(self) -> str:
        """Returns what stands for the parts as they are: the same text for the same parts."""
        digest = blake2b(digest_size=12)
        for part in self.parts:
            for text in flat(part):
                piece = text.encode("utf-8", "surrogatepass")
                digest.update(len(piece).to_bytes(4, "big") + piece)
        return digest.hexdigest()


def flat(part: Part) -> list[str]:
    """Returns all texts of a part, its id first."""
    if isinstance(part, Region):
        return [part.id, part.html]
    return [part.id, *[text for item in part.items for text in item]]
