"""What is known of tickets beside their files: who holds them, what is proposed, what holds them back, their pulls.

A page of hundreds of tickets asks for all of it at once and many times a second, so each piece is kept until that
on which it rests has moved: claims by their folder, proposals by the length of the ledger, relations by the tickets.
"""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, NamedTuple

from counterfoil.errors import HostError, IntegrityError
from counterfoil.gate.proposal import PENDING
from counterfoil.kernel.instant import iso_ms
from counterfoil.tickets import query
from counterfoil.usecases import claims
from counterfoil.usecases.views import PROPOSALS, read_up

if TYPE_CHECKING:
    from collections.abc import Mapping

    from counterfoil.usecases.context import Context, Options
    from counterfoil.usecases.forging import Linked
    from counterfoil.usecases.serving import ServerContext
    from counterfoil.usecases.snapshot import Tickets

FOREVER = "~"
"""Sorts behind every instant."""


class Mark(NamedTuple):
    """What is known of one ticket beside its file.

    Attributes:
        holder: who has claimed it, or empty.
        until: when that ends, in ISO 8601.
        is_lapsed: whether it has ended without renewal or release.
        proposals: the ids of those that wait for people, newest first.
        blockers: how many open tickets hold it back.
        pulls: pull requests that name it, newest first.
    """

    holder: str = ""
    until: str = ""
    is_lapsed: bool = False
    proposals: tuple[str, ...] = ()
    blockers: int = 0
    pulls: tuple[Linked, ...] = ()


UNMARKED = Mark()


class Around(NamedTuple):
    """The marks of one moment.

    Attributes:
        marks: of the tickets that have any, by id.
        trouble: the code of what keeps the ledger from being read, or empty; proposals are unknown then.
    """

    marks: Mapping[str, Mark]
    trouble: str = ""

    def mark(self, ticket: str) -> Mark:
        """Returns what is known of a ticket."""
        return self.marks.get(ticket, UNMARKED)


class _Asked(NamedTuple):
    """A proposal that nobody has decided on yet."""

    expires_at: str
    tickets: tuple[str, ...]


class Surroundings:
    """Holds what is known of one project's tickets; any thread may ask.

    Args:
        server: the project.
        options: of whoever reads.
    """

    def __init__(self, server: ServerContext, options: Options) -> None:
        self._server = server
        self._options = options
        self._lock = threading.Lock()
        self._claims_stamp: object = None
        self._claims: dict[str, tuple[int, claims.Claim | None]] = {}
        self._size = -1
        self._asked: dict[str, _Asked | None] = {}
        self._blockers: tuple[int, Mapping[str, int]] = (-1, {})
        self._key: object = None
        self._good_until = ""
        self._around = Around({})

    def now(self, tickets: Tickets, pulls: Mapping[str, tuple[Linked, ...]] | None = None) -> Around:
        """Returns what is known at this moment.

        Args:
            tickets: of the same project.
            pulls: by ticket; the same object as long as nothing has changed.
        """
        context = self._server.context(self._options)
        linked = pulls or {}
        with self._lock:
            self._read_claims(context)
            trouble = ""
            try:
                self._read_proposals(context)
            except (HostError, IntegrityError) as error:
                self._asked, self._size, trouble = {}, -1, error.code
            now = iso_ms(context.clock.now_ms())
            key = (self._claims_stamp, self._size, tickets.number, id(linked) if linked else 0, trouble)
            if key != self._key or now >= self._good_until:
                self._around = Around(self._made(context, tickets, linked, now), trouble)
                self._key = key
            return self._around

    # --- putting them together --------------------------------------------------------------------

    def _made(
        self, context: Context, tickets: Tickets, pulls: Mapping[str, tuple[Linked, ...]], now: str
    ) -> dict[str, Mark]:
        ends = [FOREVER]
        marks: dict[str, Mark] = {}
        for ticket, count in self._blocked(tickets).items():
            marks[ticket] = Mark(blockers=count)
        for ticket, linked in pulls.items():
            marks[ticket] = marks.get(ticket, UNMARKED)._replace(pulls=linked)
        for ticket, (_, claim) in self._claims.items():
            if claim is None or not claim.holder:
                continue
            end = iso_ms(claim.until_ms)
            if end > now:
                ends.append(end)
            mark = marks.get(ticket, UNMARKED)
            until = context.clock.utc(claim.until_ms)
            marks[ticket] = mark._replace(holder=claim.holder, until=until, is_lapsed=end <= now)
        for name, asked in self._asked.items():
            if asked is None or asked.expires_at <= now:
                continue
            ends.append(asked.expires_at)
            for ticket in asked.tickets:
                mark = marks.get(ticket, UNMARKED)
                marks[ticket] = mark._replace(proposals=(*mark.proposals, name))
        self._good_until = min(ends)
        return marks

    def _blocked(self, tickets: Tickets) -> Mapping[str, int]:
        number, found = self._blockers
        if number != tickets.number:
            found = {held: len(holders) for held, holders in query.open_blockers(tickets.rows).items()}
            self._blockers = tickets.number, found
        return found

    # --- reading ----------------------------------------------------------------------------------

    def _read_claims(self, context: Context) -> None:
        """Reads the claims that have changed; a claim is replaced by renaming, which its folder shows."""
        stamp = context.state.signature(claims.FOLDER)
        if stamp == self._claims_stamp:
            return
        listing = context.state.listing(claims.FOLDER)
        names, hashes = listing if listing is not None else ([], [])
        before = self._claims
        self._claims = {}
        for name, signed in zip(names, hashes, strict=True):
            if name.startswith("."):
                continue
            known = before.get(name)
            is_same = known is not None and known[0] == signed
            self._claims[name] = known if known and is_same else (signed, claims.read(context, name))
        self._claims_stamp = stamp

    def _read_proposals(self, context: Context) -> None:
        """Reads what is new among the proposals that wait; what one says does not change."""
        if not context.ledgers.exists():
            self._asked, self._size = {}, 0
            return
        store = self._server.store(context)
        size = store.size()
        if size == self._size:
            return
        views = context.ledgers.views()
        try:

            def read() -> dict[str, _Asked | None]:
                names = [str(json.loads(data)) for _, data in views.scan(PROPOSALS.name, "open")]
                return {name: _asked(views.get(PROPOSALS.name, "state", name)) for name in names}

            self._asked = read_up(store, views, read, wanted=(PROPOSALS,))
        finally:
            views.close()
        self._size = size


def _asked(data: bytes | None) -> _Asked | None:
    """Returns what matters of a proposal's row; None for one that waits for no person."""
    state = None if data is None else json.loads(data)["state"]
    if state is None or state["status"] != PENDING:
        return None
    body = state["body"]
    return _Asked(str(body.get("expires_at") or FOREVER), tuple(body.get("tickets") or ()))
