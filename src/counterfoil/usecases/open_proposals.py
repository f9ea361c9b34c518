"""The open proposals of one project, as a server keeps them, and what a reviewer is shown of each.

Only proposals that are open are ever looked at, however many there were (the view `proposals` keeps them apart). Those
are read again whose stream has grown (`open_states`), and those judged again that are new or rest on something that has
moved (`standings`). What a reviewer is shown is made once for each proposal: it cannot change, since its digest is sealed.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from counterfoil.usecases.open_states import OpenStates
from counterfoil.usecases.registered import all_frozen
from counterfoil.usecases.shown_again import shown_again
from counterfoil.usecases.standings import Open, Standings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from counterfoil.gate.action import Shown
    from counterfoil.gate.proposal import Proposal
    from counterfoil.usecases.context import Context, Options
    from counterfoil.usecases.ports import Store
    from counterfoil.usecases.reading_up import Left, ReadingUp
    from counterfoil.usecases.serving import ServerContext

__all__ = ["Open", "OpenProposals", "Opens"]

MINUTE_MS = 60_000
SHOWN_KEPT = 8 * 1024 * 1024
"""Characters of changes that are kept in memory for one project."""


class Opens(NamedTuple):
    """What is open at one moment.

    Attributes:
        found: newest first; as it was last known as long as the ledger is being read.
        left: how far that is; None where this is all.
        until_ms: when the first that waits for people expires, in milliseconds since 1970; None for never.
        frozen: which of the proposers may do nothing, and why.
    """

    found: tuple[Open, ...]
    left: Left | None = None
    until_ms: int | None = None
    frozen: Mapping[str, str] = MappingProxyType({})


class OpenProposals:
    """The open proposals of one project; any thread may ask.

    Args:
        server: the project.
        options: of whoever reads.
        reading: brings up to date what is derived from the ledger.
    """

    def __init__(self, server: ServerContext, options: Options, reading: ReadingUp) -> None:
        self._server = server
        self._options = options
        self._lock = threading.Lock()
        self._states = OpenStates(reading)
        self._standings = Standings()
        self._shown: OrderedDict[str, Shown] = OrderedDict()
        self._size = 0
        self._known: object = None
        self._frozen: Mapping[str, str] = {}

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
        with self._lock:
            left = self._states.catch_up(context, store)
            stood = self._standings.look(context, self._states.found)
            frozen = self._frozen_now(context, store, stood.found)
        return Opens(stood.found, left, stood.until_ms, frozen)

    def _frozen_now(self, context: Context, store: Store, found: tuple[Open, ...]) -> Mapping[str, str]:
        """Returns which proposers are frozen; looked up again when the ledger has grown or a minute has passed."""
        now_ms = context.clock.now_ms()
        actors = frozenset([each.proposal.actor for each in found])
        known = (store.ledger, store.size(), now_ms // MINUTE_MS, actors)
        if known != self._known:
            self._frozen = all_frozen(store, actors, now_ms)
            self._known = known
        return self._frozen

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
