"""The open proposals of one project, as a server keeps them, and what a reviewer is shown of each.

Only proposals that are open are ever looked at, however many there were (the view `proposals` keeps them apart),
and they are kept until the ledger grows. Whether one still stands is kept as long as the branch, and every file and
reference of its basis, is as it was; each look asks for their signatures, which opens no file. What a reviewer is
shown is made once for each proposal: it cannot change, since its digest is sealed.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, NamedTuple

from counterfoil.gate.proposal import PENDING
from counterfoil.ledger.instant import read_ms
from counterfoil.usecases import proposals, whereabouts
from counterfoil.usecases.catalog import is_settled
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
        until_ms: when the first that waits for people expires, in milliseconds since 1970; None for never.
    """

    found: tuple[Open, ...]
    left: Left | None = None
    until_ms: int | None = None


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
        self._reading = reading
        self._lock = threading.Lock()
        self._key: object = None
        self._states: tuple[Proposal, ...] = ()
        self._standing: dict[str, tuple[object, Open]] = {}
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
        key = store.ledger, store.size()
        now_ms = context.clock.now_ms()
        with self._lock:
            left = None
            if key != self._key:
                left = self._catch_up(context, store, key)
            live = [state for state in self._states if state.status_at(now_ms) == state.status]
            found = self._look(context, live)
        ends = [
            read_ms(str(each.proposal.body.get("expires_at") or ""))
            for each in found
            if each.status == PENDING
        ]
        return Opens(found, left, min([end for end in ends if end is not None], default=None))

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
        self._states = tuple(
            [state for state in states if state.body and whereabouts.is_of_project(context, state)]
        )
        self._standing = {}
        self._key = key
        return None

    def _look(self, context: Context, states: Iterable[Proposal]) -> tuple[Open, ...]:
        """Returns how proposals stand at this moment; only what rests on something that has moved is read again."""
        here = whereabouts.checked_out(context)
        basis = _Basis(context)
        found = []
        for state in states:
            key = here, basis.of(state)
            kept = self._standing.get(state.id)
            if kept is None or kept[0] != key:
                standing = proposals.status(context, state)
                kept = key, Open(state, standing, whereabouts.is_here(context, state))
                self._standing[state.id] = kept
            found.append(kept[1])
        return tuple(found)


class _Basis:
    """Tells what the files and references that proposals rest on look like at one moment; each is asked for once.

    Args:
        context: the project.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._began_ns = context.clock.now_ns()
        self._known: dict[str, object] = {}

    def of(self, state: Proposal) -> tuple[object, ...]:
        """Returns what is the same for as long as nothing that a proposal rests on has moved."""
        known = self._known
        found = []
        for name, _ in state.body.get("basis") or ():
            if name not in known:
                known[name] = self._ask(name)
            found.append(known[name])
        return tuple(found)

    def _ask(self, name: str) -> object:
        if name.startswith(proposals.REF):
            return self._context.git.ref(name)
        signature = self._context.work.signature(name)
        # A file that was written this very moment may be written again without looking any different.
        is_kept = signature is None or is_settled(signature, self._began_ns)
        return signature if is_kept else object()
