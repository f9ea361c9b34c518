"""The ticket that an action speaks of, and what policy is told of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from counterfoil.errors import InputError
from counterfoil.gate.facts import Facts
from counterfoil.kernel import ids
from counterfoil.tickets import index
from counterfoil.tickets.document import scan
from counterfoil.tickets.model import FILE_BYTES, row_of
from counterfoil.usecases.resolve import find_name

if TYPE_CHECKING:
    from counterfoil.gate.action import ActionType
    from counterfoil.tickets.model import Row
    from counterfoil.usecases.catalog import Catalog
    from counterfoil.usecases.context import Context


def look_up(context: Context, query: str, catalog: Catalog | None) -> tuple[str, Row | None]:
    """Returns the ticket that is meant, and its row; no row where its file cannot be read.

    Raises:
        InputError: `ticket_not_found`, `ambiguous_id`.
    """
    given = ids.canonical_ulid(query)
    name = index.file_name(given) if given is not None else ""
    if not name or not context.work.exists(f"{index.TICKETS}/{name}"):
        name = find_name(context, query, catalog)
    data = context.work.read(f"{index.TICKETS}/{name}", FILE_BYTES)
    row = None
    if data is not None:
        try:
            row = row_of(scan(data, context.full), name)
        except InputError:
            row = None
    return name[:-3].upper(), row


def facts_about(
    context: Context,
    action: ActionType,
    actor: str,
    row: Row | None,
    paths: Sequence[str] = (),
    *,
    of_ticket: bool = True,
) -> Facts:
    """Returns the facts of an action that leaves the ticket's own file as it is.

    Args:
        context: the project.
        action: what is asked for.
        actor: who asks.
        row: the ticket, or None where nobody can read it.
        paths: the files that are written.
        of_ticket: whether it concerns a ticket at all; without one there is no priority and there are no labels.
    """
    priority: str | None = None if of_ticket else ""
    labels: tuple[str, ...] | None = None if of_ticket else ()
    if row is not None:
        priority, labels = row[3], tuple([label.lower() for label in row[4]])
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
    )
