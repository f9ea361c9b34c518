"""Which changes that Git shows are ones that are known already, under another commit.

Amend, rebase, squash, cherry-pick and our own `sync` give a change a new commit, or make one of several; that is
no tampering (product.md §26). A commit is taken for another form of one that is known if that one is not
in the branch's history (any more) and either leads the ticket from the same blob to the same blob,
or is one of a row of known changes which together do, or names the same command in its trailers.
Only the first two say everything: a commit that is known by its trailer alone has another content, which
is told as a change of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence, Set

    from counterfoil.usecases.movement import Blob, Movement, Seen, Touch


class Applied(NamedTuple):
    """What a receipt says that a command of ours has done to one ticket.

    Attributes:
        leaf: the receipt's id.
        command: the command's.
        commit: the commit that it was made with, None where nothing was committed.
        before, after: the ticket's blobs.
    """

    leaf: str
    command: str
    commit: str | None
    before: Blob
    after: Blob


class Told(NamedTuple):
    """What is to be said of a movement; entries as they stand in a receipt.

    Attributes:
        changes: [ticket, blob before, blob after, commit]: what no receipt has told yet.
        rewritten: [ticket, commit, commit]: known under the first, or under none, and now found as the second.
        dropped: as `changes`: what the branch's history no longer has, in no form.
    """

    changes: list[list[str | None]]
    rewritten: list[list[str | None]]
    dropped: list[list[str | None]]


class Link(NamedTuple):
    """A known change of one ticket that is not in the branch's history."""

    before: Blob
    after: Blob
    commit: str | None
    commands: Set[str]


def tell(
    movement: Movement,
    applied: Mapping[str, Sequence[Applied]],
    *,
    again: Set[tuple[str, str]],
    commands: Callable[[Seen], Set[str]],
    outside: Callable[[Sequence[str]], Set[str]],
) -> Told:
    """Compares a movement with what the ledger holds.

    Args:
        movement: how the branch moved.
        applied: by ticket, what our commands did to it, oldest first.
        again: (ticket, commit) of what was told as dropped before: told anew if it is back.
        commands: returns the commands of ours that a commit names in its trailers.
        outside: returns which of some commits are not in the branch's history.
    """
    own = {(ticket, item.commit) for ticket, items in applied.items() for item in items}
    foreign = [
        (seen, touch)
        for seen in movement.gained
        for touch in seen.touches
        if (touch.ticket, seen.commit) not in own or (touch.ticket, seen.commit) in again
    ]
    links = _lost(movement.lost, commands)
    lost = {(ticket, link.commit) for ticket, row in links.items() for link in row}
    if movement.gap is None:
        _add_applied(links, _candidates(foreign, applied, lost, commands), outside)
    told = Told([], [], [])
    found: set[tuple[str, str | None]] = set()
    for seen, touch in foreign:
        row = links.get(touch.ticket, ())
        known = _row_of(row, touch)
        if not known:
            told.changes.append([touch.ticket, touch.before, touch.after, seen.commit])
            named = commands(seen) if row else frozenset()
            known = [link for link in row if not named.isdisjoint(link.commands)]
        for link in known:
            told.rewritten.append([touch.ticket, link.commit, seen.commit])
            found.add((touch.ticket, link.commit))
    for seen in movement.lost:
        for touch in seen.touches:
            if (touch.ticket, seen.commit) not in found:
                told.dropped.append([touch.ticket, touch.before, touch.after, seen.commit])
    return told


def _lost(lost: Iterable[Seen], commands: Callable[[Seen], Set[str]]) -> dict[str, list[Link]]:
    links: dict[str, list[Link]] = {}
    for seen in lost:
        for touch in seen.touches:
            link = Link(touch.before, touch.after, seen.commit, commands(seen))
            links.setdefault(touch.ticket, []).append(link)
    return links


def _candidates(
    foreign: Iterable[tuple[Seen, Touch]],
    applied: Mapping[str, Sequence[Applied]],
    lost: Set[tuple[str, str | None]],
    commands: Callable[[Seen], Set[str]],
) -> list[tuple[str, Applied]]:
    """Returns what our commands did, other than in the commits just lost, that a foreign commit may be a form of.

    A ticket counts whole as soon as one commit begins where one of its changes began, or names its command.
    """
    found: dict[str, bool] = {}
    for seen, touch in foreign:
        items = applied.get(touch.ticket)
        if items and not found.get(touch.ticket):
            named = commands(seen)
            found[touch.ticket] = any(item.before == touch.before or item.command in named for item in items)
    return [
        (ticket, item)
        for ticket, wanted in found.items()
        for item in (applied[ticket] if wanted else ())
        if (ticket, item.commit) not in lost
    ]


def _add_applied(
    links: dict[str, list[Link]],
    candidates: Sequence[tuple[str, Applied]],
    outside: Callable[[Sequence[str]], Set[str]],
) -> None:
    asked = sorted({item.commit for _, item in candidates if item.commit is not None})
    gone = outside(asked) if asked else frozenset()
    for ticket, item in candidates:
        if item.commit is None or item.commit in gone:
            link = Link(item.before, item.after, item.commit, {item.command})
            links.setdefault(ticket, []).append(link)


def _row_of(row: Sequence[Link], touch: Touch) -> list[Link]:
    """Returns the known change that does the same, or the known changes that do it one after the other."""
    for link in row:
        if (link.before, link.after) == (touch.before, touch.after):
            return [link]
    for at, first in enumerate(row):
        if first.before != touch.before:
            continue
        found = [first]
        for link in row[at + 1 :]:
            if link.before == found[-1].after:
                found.append(link)
                if link.after == touch.after:
                    return found
    return []
