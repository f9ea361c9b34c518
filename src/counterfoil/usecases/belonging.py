"""What of a clone's ledger belongs to the project that is served: one ledger tells of all projects of a repository.

A repository may hold several projects, each in a folder of its own (product.md §31). Whoever is let in to one of them is
shown its tickets, its proposals and what was sealed of the project itself, besides what concerns the whole clone:
its checkpoints, its people and agents. What is another project's is not there for them.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from counterfoil.errors import CounterfoilError, InputError
from counterfoil.gate import proposal
from counterfoil.kernel.ids import canonical_ulid
from counterfoil.ledger.fold import decode
from counterfoil.tickets import index
from counterfoil.usecases import addressing, browsing, kinds, proposals, whereabouts
from counterfoil.usecases.browsing import Found

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from counterfoil.ledger.finding import Finding
    from counterfoil.ledger.receipt import Receipt
    from counterfoil.usecases.browsing import Wanted
    from counterfoil.usecases.context import Context
    from counterfoil.usecases.ports import Store, Views

TICKET, PROJECT = "ticket/", "project/"
ELSEWHERE = "something is the matter with what is recorded of another project of this repository"
TOLD_WITHIN = 20
"""So many receipts of a ticket are read until one of them says of which project it is."""


class Belonging:
    """Tells what belongs to a project; made for one request, it asks for each stream once.

    Args:
        context: the project.
        store: the clone's ledger.
    """

    def __init__(self, context: Context, store: Store) -> None:
        self._context = context
        self._store = store
        self._own = kinds.project_stream(context.project)
        self._known: dict[str, bool] = {}
        self._is_alone: bool | None = None

    @property
    def is_alone(self) -> bool:
        """Whether the ledger tells of no other project."""
        if self._is_alone is None:
            self._is_alone = all(self._is_own(each.name) for each in self._store.streams(PROJECT))
        return self._is_alone

    def has_stream(self, name: str) -> bool:
        """Tells whether a stream, or a branch of one, belongs to the project or to the whole clone."""
        found = self._known.get(name)
        if found is None:
            found = self._known[name] = self._asked(name)
        return found

    def has(self, receipt: Receipt) -> bool:
        """Tells whether a receipt belongs to the project: its stream does, and it speaks of no other project."""
        if not self.has_stream(receipt.stream):
            return False
        named = decode(receipt).get("project") if receipt.body is not None else None
        return not isinstance(named, str) or named == self._context.project

    def has_ticket(self, ticket: str, *, if_untold: bool = False) -> bool:
        """Tells whether a ticket belongs to the project: its file is here, or its receipts say so.

        Args:
            ticket: the whole id.
            if_untold: what is returned where no receipt says of which project it is.
        """
        if canonical_ulid(ticket) != ticket:
            return False
        if self._context.work.exists(f"{index.TICKETS}/{index.file_name(ticket)}"):
            return True
        for receipt in islice(self._store.read(kinds.ticket_stream(ticket)), TOLD_WITHIN):
            named = decode(receipt).get("project") if receipt.body is not None else None
            if isinstance(named, str):
                return named == self._context.project
        return if_untold

    def _asked(self, name: str) -> bool:
        if name.startswith(PROJECT):
            return self._is_own(name)
        if name.startswith(TICKET):
            return self.has_ticket(name.removeprefix(TICKET).partition("/")[0], if_untold=self.is_alone)
        if name.startswith(proposal.STREAM):
            return self._has_proposal(name.removeprefix(proposal.STREAM).partition("/")[0])
        return True

    def _has_proposal(self, name: str) -> bool:
        try:
            state = proposals.load(self._store, name)
        except CounterfoilError:
            return self.is_alone
        return whereabouts.is_of_project(self._context, state) if state.body else self.is_alone

    def _is_own(self, stream: str) -> bool:
        return stream == self._own or stream.startswith(f"{self._own}/")


def find_stream(context: Context, store: Store, query: str) -> str:
    """Returns the name of the project's stream that somebody means; of another project's they learn nothing.

    Raises:
        InputError: `stream_not_found`, `ambiguous_id`.
    """
    mine = Belonging(context, store)
    try:
        name = addressing.find_stream(context, store, query)
    except InputError as error:
        if error.code == "ambiguous_id" and not mine.is_alone:
            raise _no_stream(query) from None
        raise
    if not mine.has_stream(name):
        raise _no_stream(query)
    return name


def _no_stream(query: str) -> InputError:
    return InputError(
        "stream_not_found",
        f"neither a stream nor a ticket is called {query!r}",
        "ticket ledger streams",
        query=query,
    )


def of_project(context: Context, store: Store, found: Sequence[Finding]) -> list[Finding]:
    """Returns findings about the ledger; of one that is about another project there is only that it is there."""
    mine = Belonging(context, store)
    told = []
    for each in found:
        stream = each.where.partition("@")[0]
        if store.stream(stream) is not None and not mine.has_stream(stream):
            each = replace(each, where="", message=ELSEWHERE, hint="ticket ledger verify")
        told.append(each)
    return told


def page(
    context: Context,
    store: Store,
    derived: Callable[[], Views],
    wanted: Wanted,
    *,
    before: int | None = None,
    limit: int,
) -> Found:
    """Returns the newest receipts of the project that fit, as `browsing.page`.

    Of a log that is mostly another project's a page may be short; the next one goes on from there.
    """
    mine = Belonging(context, store)
    found: list[Receipt] = []
    looked = 0
    while True:
        part = browsing.page(store, derived, wanted, before=before, limit=limit)
        for receipt in part.receipts:
            if mine.has(receipt):
                found.append(receipt)
                if len(found) == limit:
                    is_last = receipt is part.receipts[-1] and part.before is None
                    return Found(found, part.size, None if is_last else receipt.position)
        looked += limit
        before = part.before
        if before is None or looked >= browsing.LOOKED_MAX:
            return Found(found, part.size, before)
