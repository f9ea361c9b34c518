"""What pages about the ledger share: reading it where it is there, changing it under the clone's lock."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from counterfoil.usecases.context import Context
    from counterfoil.usecases.ports import Store, Views
    from counterfoil.usecases.spaces import Project
    from counterfoil.web.dashboard.visit import Visit

Given = TypeVar("Given")


def existing(visit: Visit, project: Project | None = None) -> Store | None:
    """Returns a repository's ledger; None where it has none yet, since looking at a page begins nothing.

    Raises:
        HostError: `ledger_unavailable`.
        IntegrityError: `ledger_damaged`.
    """
    return visit.store(project) if visit.context(project).ledgers.exists() else None


@contextmanager
def derived(visit: Visit) -> Iterator[Views]:
    """Lends the views of a repository's ledger."""
    lent = visit.context().ledgers.views()
    try:
        yield lent
    finally:
        lent.close()


def writing(visit: Visit, write: Callable[[Context, Store], Given]) -> Given:
    """Returns what a change of the ledger gives, made as a command makes it: alone."""
    context = visit.context()
    with context.lock():
        return write(context, visit.store())
