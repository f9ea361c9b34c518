"""The ticket that an action speaks of, and what policy is told of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from counterfoil.errors import InputError
from counterfoil.gate.facts import Facts
from counterfoil.gate.policy import wished_reviews
from counterfoil.kernel import ids
from counterfoil.tickets import index
from counterfoil.tickets.document import read
from counterfoil.tickets.model import FILE_BYTES, row_of
from counterfoil.usecases.resolve import find_name

if TYPE_CHECKING:
    from counterfoil.gate.action import ActionType
    from counterfoil.tickets.document import TicketDocument
    from counterfoil.tickets.model import Row
    from counterfoil.usecases.catalog import Catalog
    from counterfoil.usecases.context import Context
    from counterfoil.usecases.plan import FileChange


class Found(NamedTuple):
    """A ticket that an action speaks of.

    Attributes:
        id: its id.
        row: what it says; None where its file cannot be read.
        reviews: how many approvals of a merge it wishes for.
    """

    id: str
    row: Row | None
    reviews: int


class Changed(NamedTuple):
    """A file of a project's own that a merge changes.

    Attributes:
        prefix: the project's folder in the repository, empty or ending in `/`.
        change: the file, relative to that.
        before, after: the ticket's row, None for none and for what cannot be read.
    """

    prefix: str
    change: FileChange
    before: Row | None
    after: Row | None

    @property
    def path(self) -> str:
        """The file, relative to the repository."""
        return self.prefix + self.change.path


def look_up(context: Context, query: str, catalog: Catalog | None) -> Found:
    """Returns the ticket that is meant.

    Raises:
        InputError: `ticket_not_found`, `ambiguous_id`.
    """
    given = ids.canonical_ulid(query)
    name = index.file_name(given) if given is not None else ""
    if not name or not context.work.exists(f"{index.TICKETS}/{name}"):
        name = find_name(context, query, catalog)
    data = context.work.read(f"{index.TICKETS}/{name}", FILE_BYTES)
    row, reviews = None, 0
    if data is not None:
        try:
            found = read(data, context.full)
        except InputError:
            pass
        else:
            row, reviews = row_of(found.ticket, name), _wished(found)
    return Found(name[:-3].upper(), row, reviews)


def wished(context: Context, data: bytes | None) -> int:
    """Returns how many approvals of a merge a ticket's file wishes for; one that cannot be read wishes for none."""
    if data is None:
        return 0
    try:
        return _wished(read(data, context.full))
    except InputError:
        return 0


def _wished(document: TicketDocument) -> int:
    extension = document.frontmatter().get("x_ticket")
    return wished_reviews(extension.get("enforcement") if isinstance(extension, dict) else None)


def facts_about(
    context: Context,
    action: ActionType,
    actor: str,
    found: Found | None,
    paths: Sequence[str] | None,
    merged: Sequence[Changed] = (),
) -> Facts:
    """Returns the facts of an action that leaves the ticket's own file as it is.

    Args:
        context: the project.
        action: what is asked for.
        actor: who asks.
        found: the ticket that it names; without one nobody knows whose priority and labels count, since
            leaving out a name must not change the answer.
        paths: the files that are written: an empty list for surely none, None where nobody can tell.
        merged: the files of the project that a merge changes, whose tickets it concerns as well.
    """
    tickets = [item for item in merged if item.change.ticket_file is not None]
    rows = [row for item in tickets for row in (item.before, item.after) if row is not None]
    unread = any(
        (item.change.before is not None and item.before is None)
        or (item.change.after is not None and item.after is None)
        for item in tickets
    )
    if found is not None:
        unread = unread or found.row is None
        rows += [] if found.row is None else [found.row]
    known = bool(rows) and not unread
    each = dict.fromkeys([tuple([label.lower() for label in row[4]]) for row in rows])
    return Facts(
        action.name,
        actor,
        remote=context.options.remote,
        risk=action.risk,
        priority=min([row[3] for row in rows]) if known else None,
        labels=tuple(dict.fromkeys([label.lower() for row in rows for label in row[4]])) if known else None,
        state_from="",
        state_to="",
        paths=None if paths is None else tuple(paths),
        space="",
        reviews=0 if found is None else found.reviews,
        each=tuple(each) if known and len(each) > 1 else None,
    )
