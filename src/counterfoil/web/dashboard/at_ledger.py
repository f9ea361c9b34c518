"""What pages about the ledger share: reading it where it is there, changing it under the clone's lock."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from counterfoil.usecases import fork_tree, views

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from counterfoil.usecases.branching import Node
    from counterfoil.usecases.context import Context
    from counterfoil.usecases.ports import Store, Views
    from counterfoil.usecases.reading_up import Left
    from counterfoil.usecases.spaces import Project
    from counterfoil.usecases.views import View
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


def left(visit: Visit, store: Store, *wanted: View) -> Left | None:
    """Tells how far views are that have much to read, which is done beside the page; None where they can be used."""
    with derived(visit) as lent:
        return visit.project.reading.left(store, lent, *wanted)


def family(visit: Visit, store: Store, stream: str) -> list[Node]:
    """Returns a stream's family of branches; nothing as long as the view is not there that knows of branches."""
    if left(visit, store, views.LOG) is not None:
        return []
    with derived(visit) as lent:
        return fork_tree.family(store, lent, stream)


def writing(visit: Visit, write: Callable[[Context, Store], Given]) -> Given:
    """Returns what a change of the ledger gives, made as a command makes it: alone."""
    context = visit.context()
    with context.lock():
        return write(context, visit.store())
