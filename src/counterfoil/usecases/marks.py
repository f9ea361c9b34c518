"""The marks of a project's tickets at this moment, put together from all who know something of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterfoil.errors import HostError, IntegrityError

if TYPE_CHECKING:
    from counterfoil.usecases.spaces import Project
    from counterfoil.usecases.surroundings import Around


def around(project: Project) -> Around:
    """Returns what is known of a project's tickets at this moment; a ledger that cannot be read stops no page."""
    tickets = project.snapshot.tickets()
    number = project.forge.known().number  # before what it stands for: at worst it is made once more
    linked = project.forge.linked(tickets.by_id, tickets.id_prefix, tickets.number)
    try:
        waiting = project.open_proposals.now()
    except (HostError, IntegrityError) as error:
        return project.surroundings.now(tickets, linked, number)._replace(trouble=error.code)
    return project.surroundings.now(tickets, linked, number, waiting.found)._replace(left=waiting.left)
