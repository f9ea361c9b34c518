"""What is known of tickets beside their files: who holds them, what is proposed, what holds them back, their pulls.

A page of hundreds of tickets asks for all of it at once and many times a second, so each piece is kept until that
on which it rests has moved: claims until their folder does, relations until the tickets do. A folder that changed
this very moment may change again without looking any different, so its time is believed a moment later only.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, NamedTuple

from counterfoil.gate.proposal import PENDING
from counterfoil.ledger.instant import read_ms
from counterfoil.tickets import query
from counterfoil.usecases import claims
from counterfoil.usecases.catalog import UNSETTLED, is_settled

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from counterfoil.gate.proposal import Proposal
    from counterfoil.usecases.context import Context, Options
    from counterfoil.usecases.forging import Linked
    from counterfoil.usecases.open_proposals import Open
    from counterfoil.usecases.reading_up import Left
    from counterfoil.usecases.serving import ServerContext
    from counterfoil.usecases.snapshot import Tickets


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
        until_ms: when a claim lapses or a proposal expires next, in milliseconds since 1970; None for never.
        left: how far the ledger is read where not all proposals are known yet.
    """

    marks: Mapping[str, Mark]
    trouble: str = ""
    until_ms: int | None = None
    left: Left | None = None

    def mark(self, ticket: str) -> Mark:
        """Returns what is known of a ticket."""
        return self.marks.get(ticket, UNMARKED)


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
        self._claims_number = 0
        self._claims: dict[str, tuple[int, claims.Claim | None]] = {}
        self._blockers: tuple[int, Mapping[str, int]] = (-1, {})
        self._key: object = None
        self._around = Around({})

    def now(
        self,
        tickets: Tickets,
        pulls: Mapping[str, tuple[Linked, ...]],
        pulls_number: int = 0,
        waiting: Sequence[Open] = (),
    ) -> Around:
        """Returns what is known at this moment.

        Args:
            tickets: of the same project.
            pulls: by ticket.
            pulls_number: of what is known of the code host; another one for other pulls of the same tickets.
            waiting: the open proposals, newest first.
        """
        context = self._server.context(self._options)
        asked = tuple([each.proposal for each in waiting if each.status == PENDING])
        with self._lock:
            self._read_claims(context)
            now_ms = context.clock.now_ms()
            names = tuple([proposal.id for proposal in asked])
            key = (self._claims_number, names, tickets.number, pulls_number)
            until_ms = self._around.until_ms
            if key != self._key or (until_ms is not None and now_ms >= until_ms):
                self._around = self._made(context, tickets, pulls, asked)
                self._key = key
            return self._around

    # --- putting them together --------------------------------------------------------------------

    def _made(
        self,
        context: Context,
        tickets: Tickets,
        pulls: Mapping[str, tuple[Linked, ...]],
        asked: Sequence[Proposal],
    ) -> Around:
        now_ms = context.clock.now_ms()
        ends: list[int] = []
        waiting: dict[str, list[str]] = {}
        marks = {ticket: Mark(blockers=count) for ticket, count in self._blocked(tickets).items()}
        for ticket, linked in pulls.items():
            marks[ticket] = marks.get(ticket, UNMARKED)._replace(pulls=linked)
        for ticket, (_, claim) in self._claims.items():
            if claim is None or not claim.holder:
                continue
            if claim.is_live(now_ms):
                ends.append(claim.until_ms)
            marks[ticket] = marks.get(ticket, UNMARKED)._replace(
                holder=claim.holder,
                until=context.clock.utc(claim.until_ms),
                is_lapsed=claim.is_lapsed(now_ms),
            )
        for proposal in asked:
            end_ms = read_ms(str(proposal.body.get("expires_at")))
            if end_ms is not None:
                ends.append(end_ms)
            for ticket in proposal.body.get("tickets") or ():
                waiting.setdefault(ticket, []).append(proposal.id)
        for ticket, names in waiting.items():
            marks[ticket] = marks.get(ticket, UNMARKED)._replace(proposals=tuple(names))
        return Around(marks, until_ms=min(ends, default=None))

    def _blocked(self, tickets: Tickets) -> Mapping[str, int]:
        number, found = self._blockers
        if number != tickets.number:
            found = {held: len(holders) for held, holders in query.open_blockers(tickets.rows).items()}
            self._blockers = tickets.number, found
        return found

    # --- reading ----------------------------------------------------------------------------------

    def _read_claims(self, context: Context) -> None:
        """Reads the claims that have changed; a claim is replaced by renaming, which its folder shows."""
        began_ns = context.clock.now_ns()
        stamp = context.state.signature(claims.FOLDER)
        if stamp is not None and stamp == self._claims_stamp:
            return
        is_sure = stamp is not None and is_settled(stamp, began_ns)
        listing = context.state.listing(claims.FOLDER)
        names, hashes = listing if listing is not None else ([], [])
        before = self._claims
        self._claims = {}
        for name, signed in zip(names, hashes, strict=True):
            if name.startswith("."):
                continue
            known = before.get(name)
            is_same = known is not None and known[0] == signed
            if known is None or not is_same:
                known = (signed if is_sure else UNSETTLED, claims.read(context, name))
            self._claims[name] = known
        if _values(self._claims) != _values(before):
            self._claims_number += 1
        self._claims_stamp = stamp if is_sure else None


def _values(found: Mapping[str, tuple[int, claims.Claim | None]]) -> dict[str, claims.Claim | None]:
    return {name: claim for name, (_, claim) in found.items()}
