"""Which proposals of one project are open by the ledger, read from it once and then kept up receipt by receipt.

Each receipt concerns the one stream that it stands on, so of all that is open only that is read again whose stream has
grown. Everything is read anew where the log is not the one that was read, where what is derived of it was begun anew,
and while bodies are being erased, which changes what earlier receipts say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from counterfoil.gate import proposal
from counterfoil.usecases import kinds, proposals, whereabouts
from counterfoil.usecases.views import OPEN, PROPOSALS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from counterfoil.gate.proposal import Proposal
    from counterfoil.usecases.context import Context
    from counterfoil.usecases.ports import Store, Views
    from counterfoil.usecases.reading_up import Left, ReadingUp

ERASING = 32
"""So far back from the log's end an erasure may still be under way."""


class _Read(NamedTuple):
    """How much of which log was read, and the leaf hash of the last receipt of that."""

    ledger: str
    size: int
    leaf: bytes


class OpenStates:
    """The open proposals of one project as their receipts leave them; one thread at a time.

    Args:
        reading: brings up to date what is derived from the ledger.

    Attributes:
        found: by their place in a list, the newest first; another object whenever any of them is another one.
    """

    def __init__(self, reading: ReadingUp) -> None:
        self._reading = reading
        self._read: _Read | None = None
        self.found: Mapping[str, Proposal] = {}

    def catch_up(self, context: Context, store: Store) -> Left | None:
        """Reads what the ledger has gained, unless it has to be read up first; returns how far that is then.

        Raises:
            HostError: `ledger_unavailable`, `io_error`.
            IntegrityError: `ledger_damaged`.
        """
        size = store.size()
        if self._read is not None and self._read[:2] == (store.ledger, size):
            return None
        views = context.ledgers.views()
        try:
            left = self._reading.left(store, views, PROPOSALS)
            if left is not None:
                return left
            read = _Read(store.ledger, size, _leaf(store, size))
            names = self._concerned(store, views, size)
            if names is None:
                listed = {
                    each.place: each.proposal for each in proposals.listing(store, views, open_only=True)
                }
                self.found = {place: state for place, state in listed.items() if _is_of(context, state)}
            elif names:
                self._read_again(context, store, views, names)
        finally:
            views.close()
        self._read = read
        return None

    def _concerned(self, store: Store, views: Views, size: int) -> set[str] | None:
        """Returns the proposals that the new receipts are about; None where everything has to be read."""
        read = self._read
        cursor = views.cursor(PROPOSALS.name)
        if read is None or read.ledger != store.ledger or not 0 < read.size <= size:
            return None
        if cursor is None or cursor[2] < read.size:
            return None
        names = set()
        for receipt in store.log(
            first=max(0, min(read.size - 1, size - ERASING)), last=size - 1, bodies=False
        ):
            is_other = receipt.position == read.size - 1 and receipt.hash != read.leaf
            if is_other or receipt.kind == kinds.ERASED:
                return None
            name = receipt.stream.removeprefix(proposal.STREAM)
            if receipt.position >= read.size and name != receipt.stream:
                names.add(name)
        return names

    def _read_again(self, context: Context, store: Store, views: Views, names: set[str]) -> None:
        found = dict(self.found)
        for place, state in proposals.some(store, views, names):
            if state.exists and state.status in OPEN and _is_of(context, state):
                found[place] = state
            else:
                found.pop(place, None)
        self.found = dict(sorted(found.items()))


def _leaf(store: Store, size: int) -> bytes:
    last = next(store.log(first=size - 1, last=size - 1, bodies=False), None) if size else None
    return b"" if last is None else last.hash


def _is_of(context: Context, state: Proposal) -> bool:
    """Tells whether a proposal can be shown here: it was not erased, and is about this project."""
    return bool(state.body) and whereabouts.is_of_project(context, state)
