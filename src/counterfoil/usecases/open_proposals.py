"""The open proposals of one project, as a server keeps them, and what a reviewer is shown of each.

Only proposals that are open are ever looked at, however many there were (the view `proposals` keeps them apart),
and what was found is kept until the ledger, a ticket or the branch changes. What a reviewer is shown is made once
for each proposal: it cannot change, since its digest is sealed.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, NamedTuple

from counterfoil.usecases import proposals, whereabouts
from counterfoil.usecases.shown_again import shown_again
from counterfoil.usecases.views import PROPOSALS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from counterfoil.gate.action import Shown
    from counterfoil.gate.proposal import Proposal
    from counterfoil.usecases.context import Context, Options
    from counterfoil.usecases.ports import Store
    from counterfoil.usecases.reading_up import Left, ReadingUp
    from counterfoil.usecases.serving import ServerContext
    from counterfoil.usecases.snapshot import Snapshot

SHOWN_KEPT = 8 * 1024 * 1024
"""Characters of changes that are kept in memory for one project."""


class Open(NamedTuple):
    """A proposal that waits for somebody or something.

    Attributes:
        proposal: its state.
        status: what it is at this moment, whether that is sealed yet or not.
        is_here: whether its branch is checked out; elsewhere nobody can decide on it.
    """

    proposal: Proposal
    status: str
    is_here: bool


class Opens(NamedTuple):
    """What is open at one moment.

    Attributes:
        found: newest first; as it was last known as long as the ledger is being read.
        left: how far that is; None where this is all.
    """

    found: tuple[Open, ...]
    left: Left | None = None


class OpenProposals:
    """The open proposals of one project; any thread may ask.

    Args:
        server: the project.
        options: of whoever reads.
        snapshot: its tickets, whose files a proposal may rest on.
        reading: brings up to date what is derived from the ledger.
    """

    def __init__(
        self, server: ServerContext, options: Options, snapshot: Snapshot, reading: ReadingUp
    ) -> None:
        self._server = server
        self._options = options
        self._snapshot = snapshot
        self._reading = reading
        self._lock = threading.Lock()
        self._key: object = None
        self._found: tuple[Open, ...] = ()
        self._shown: OrderedDict[str, Shown] = OrderedDict()
        self._size = 0

    def now(self) -> Opens:
        """Returns what is open at this moment; nobody waits for a ledger that has much to be read.

        Raises:
            HostError: `ledger_unavailable`.
            IntegrityError: `ledger_damaged`.
        """
        context = self._server.context(self._options)
        if not context.ledgers.exists():
            return Opens(())
        store = self._server.store(context)
        key = store.ledger, store.size(), self._snapshot.tickets().number, context.git.branch()
        now_ms = context.clock.now_ms()
        with self._lock:
            left = None
            if key != self._key:
                left = self._catch_up(context, store, key)
            found = self._found
        live = [each for each in found if each.proposal.status_at(now_ms) == each.proposal.status]
        return Opens(tuple(live), left)

    def shown(self, context: Context, state: Proposal) -> Shown | None:
        """Returns what a reviewer is shown of a proposal, or None where that cannot be made again."""
        name = state.digest
        with self._lock:
            if name in self._shown:
                self._shown.move_to_end(name)
                return self._shown[name]
        found = shown_again(context, state)
        if found is None:
            return None
        with self._lock:
            if name not in self._shown:
                self._shown[name] = found
                self._size += len(found.text)
            while self._size > SHOWN_KEPT and len(self._shown) > 1:
                self._size -= len(self._shown.popitem(last=False)[1].text)
        return found

    def _catch_up(self, context: Context, store: Store, key: object) -> Left | None:
        """Reads what is open, unless the ledger has to be read up first; returns how far that is then."""
        views = context.ledgers.views()
        try:
            left = self._reading.left(store, views, PROPOSALS)
            if left is not None:
                return left
            states = [each.proposal for each in proposals.listing(store, views, open_only=True)]
        finally:
            views.close()
        self._found = tuple(self._read(context, states))
        self._key = key
        return None

    def _read(self, context: Context, states: Iterable[Proposal]) -> Iterable[Open]:
        for state in states:
            if state.body and whereabouts.is_of_project(context, state):
                yield Open(state, proposals.status(context, state), whereabouts.is_here(context, state))
