"""What separates a proposal from today's files: of all that it rests on, what is not as it was, and how it differs."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from counterfoil.gate import shown
from counterfoil.tickets.model import FILE_BYTES
from counterfoil.usecases import proposals, whereabouts
from counterfoil.usecases.blobs import read_blobs

if TYPE_CHECKING:
    from counterfoil.gate.action import Shown
    from counterfoil.gate.proposal import Proposal
    from counterfoil.usecases.context import Context

FILES_COMPARED = 10


class Moved(NamedTuple):
    """One thing that a proposal rests on and that is not as it was.

    Attributes:
        name: a file's path in the project, or a reference.
        then, now: the ids of both contents; None where it was not, or is not, there.
    """

    name: str
    then: str | None
    now: str | None


class Overtaken(NamedTuple):
    """What separates a proposal from today's files.

    Attributes:
        moved: what is not as it was.
        shown: how the files differ, as far as Git still has what they were.
    """

    moved: tuple[Moved, ...]
    shown: Shown | None


def overtaken(context: Context, state: Proposal) -> Overtaken:
    """Returns what separates an open or stale proposal from today's files; nothing where its branch is not here."""
    if not whereabouts.is_here(context, state):
        return Overtaken((), None)
    moved = tuple([Moved(str(name), then, now) for name, then, now in proposals.moved(context, state)])
    files = [each for each in moved if not each.name.startswith(proposals.REF)][:FILES_COMPARED]
    if not files:
        return Overtaken(moved, None)
    before = read_blobs(context, [each.then for each in files if each.then is not None])
    pairs = [
        (
            context.prefix + each.name,
            None if each.then is None else before[each.then],
            context.work.read(each.name, FILE_BYTES),
        )
        for each in files
        if each.then is None or each.then in before
    ]
    return Overtaken(moved, shown.diff(pairs) if pairs else None)
