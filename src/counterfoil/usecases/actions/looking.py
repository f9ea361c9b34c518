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
    from counterfoil.tickets.model import Row
    from counterfoil.usecases.catalog import Catalog
    from counterfoil.usecases.context import Context


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
            row = row_of(found.ticket, name)
            extension = found.frontmatter().get("x_ticket")
            reviews = wished_reviews(extension.get("enforcement") if isinstance(extension, dict) else None)
    return Found(name[:-3].upper(), row, reviews)


def facts_about(
    context: Context, action: ActionType, actor: str, found: Found | None, paths: Sequence[str] = ()
) -> Facts:
    """Returns the facts of an action that leaves the ticket's own file as it is.

    Args:
        context: the project.
        action: what is asked for.
        actor: who asks.
        found: the ticket that it concerns; without one there is no priority and there are no labels.
        paths: the files that are written.
    """
    priority: str | None = ""
    labels: tuple[str, ...] | None = ()
    if found is not None:
        row = found.row
        priority = None if row is None else row[3]
        labels = None if row is None else tuple([label.lower() for label in row[4]])
    return Facts(
        action.name,
        actor,
        remote=context.options.remote,
        risk=action.risk,
        priority=priority,
        labels=labels,
        state_from="",
        state_to="",
        paths=tuple(paths),
        space="",
        reviews=0 if found is None else found.reviews,
    )
