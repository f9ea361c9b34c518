"""What separates two versions of a view, as operations on the page's elements.

`["html", id, html]` replaces what is inside an element. `["put", list, id, html, before]` sets an item of a list
and moves it before another item, or to the end for null. `["del", list, id]` takes an item away.
`["list", list, html]` gives a list all its items anew. The order counts: each operation finds the page as the ones
before it have left it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterfoil.web.dashboard.view import Listing, Region

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterfoil.web.dashboard.view import Part

    Operation = list[str | None]


def between(before: Sequence[Part], after: Sequence[Part]) -> list[Operation]:
    """Returns the operations that make the first version's parts those of the second.

    Both have the same parts; only what is in them differs.
    """
    known = {part.id: part for part in before}
    found: list[Operation] = []
    for part in after:
        old = known.get(part.id)
        if old == part:
            continue
        if isinstance(part, Region):
            found.append(["html", part.id, part.html])
        else:
            found += _of_items(old if isinstance(old, Listing) else Listing(part.id, ()), part)
    return found


def whole(parts: Sequence[Part]) -> list[Operation]:
    """Returns the operations that make any version the one given; for whoever has missed something."""
    found: list[Operation] = []
    for part in parts:
        if isinstance(part, Region):
            found.append(["html", part.id, part.html])
        else:
            found.append(["list", part.id, "".join(html for _, html in part.items)])
    return found


def _of_items(before: Listing, after: Listing) -> list[Operation]:
    """Walks from the end to the beginning, so that what an item is put before is already in its place."""
    wanted = {name for name, _ in after.items}
    gone: list[Operation] = [["del", after.id, name] for name, _ in before.items if name not in wanted]
    texts = dict(before.items)
    kept = _longest_in_order([name for name, _ in before.items if name in wanted], after)
    puts: list[Operation] = []
    follower: str | None = None
    for name, html in reversed(after.items):
        if name not in kept or texts.get(name) != html:
            puts.append(["put", after.id, name, html, follower])
        follower = name
    return gone + puts


def _longest_in_order(before: list[str], after: Listing) -> set[str]:
    """Returns the items that need not move: the longest row of them that is in order in both versions."""
    from bisect import bisect_left

    place = {name: number for number, (name, _) in enumerate(after.items)}
    ends: list[int] = []
    last: list[str] = []
    previous: dict[str, str | None] = {}
    for name in before:
        at = bisect_left(ends, place[name])
        previous[name] = last[at - 1] if at else None
        if at == len(ends):
            ends.append(place[name])
            last.append(name)
        else:
            ends[at] = place[name]
            last[at] = name
    kept: set[str] = set()
    item: str | None = last[-1] if last else None
    while item is not None:
        kept.add(item)
        item = previous[item]
    return kept
