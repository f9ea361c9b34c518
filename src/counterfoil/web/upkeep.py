"""What a server does by itself: it goes on with what was approved and interrupted, and seals what has expired.

It does so for every repository of its space. What goes wrong with one is told in the log, and keeps nobody from the
others; what is left is taken up the next time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from counterfoil.errors import CounterfoilError
from counterfoil.gate.proposal import APPLYING, APPROVED, EXPIRED, PENDING
from counterfoil.usecases import applying, proposals, taking_up
from counterfoil.usecases.observed import LEFT
from counterfoil.web.hub import OWN

if TYPE_CHECKING:
    from collections.abc import Callable

    from counterfoil.usecases.spaces import Project, Space
    from counterfoil.web.journal import Journal

SWEEP_S = 300.0
"""How often what has expired unseen is sealed."""
SWEEP_LOOKS = 300
"""How often between two of these it is looked whether somebody left an approval behind: once a second."""
UNREAD_S = 0.2
"""How often it is looked whether a ledger has been read up."""
SWEPT_AT_ONCE, SWEEP_PAUSE_S = 50, 0.01


class Swept(NamedTuple):
    """What was done in one repository.

    Attributes:
        resumed: how many changes were gone on with.
        expired: of how many proposals it was sealed that their time is over.
    """

    resumed: int
    expired: int


def keep_up(journal: Journal, space: Space, pause: Callable[[float], bool]) -> None:
    """Sweeps all repositories now and then, until `pause`, which waits for so many seconds, says that it is over."""
    unread = list(space.projects)
    due = list(space.projects)
    while True:
        for project in due:
            while project in unread and _is_unread(journal, project):
                if pause(UNREAD_S):
                    return
            unread = [each for each in unread if each is not project]
            _sweep(journal, project, pause)
        due = _wait(journal, space, pause)
        if not due:
            return


def _is_unread(journal: Journal, project: Project) -> bool:
    """Tells whether the ledger is still being read: a long one is read once, and not in the way of the first page."""
    try:
        return project.open_proposals.now().left is not None
    except CounterfoilError as error:
        journal.event("not_kept_up", project=project.slug, code=error.code)
    except Exception as error:
        journal.failure("upkeep", error)
    return False


def _sweep(journal: Journal, project: Project, pause: Callable[[float], bool]) -> None:
    try:
        swept = sweep(project, pause)
        if any(swept):
            journal.event("kept_up", project=project.slug, resumed=swept.resumed, expired=swept.expired)
    except CounterfoilError as error:
        journal.event("not_kept_up", project=project.slug, code=error.code)
    except Exception as error:
        journal.failure("upkeep", error)


def _wait(journal: Journal, space: Space, pause: Callable[[float], bool]) -> list[Project]:
    """Waits for the next look at all, or until somebody has approved what they may not live to apply; [] ends it all."""
    before = {project.slug: _left(journal, project) for project in space.projects}
    for _ in range(SWEEP_LOOKS):
        if pause(SWEEP_S / SWEEP_LOOKS):
            return []
        found = [each for each in space.projects if _left(journal, each) - before[each.slug]]
        if found:
            return [] if pause(SWEEP_PAUSE_S) else found
    return list(space.projects)


def _left(journal: Journal, project: Project) -> set[str]:
    """Returns the marks of approvals whose effect is to come."""
    try:
        return set(project.server.context(OWN).state.names(LEFT))
    except CounterfoilError:
        return set()
    except Exception as error:
        journal.failure("upkeep", error)
        return set()


def sweep(project: Project, pause: Callable[[float], bool]) -> Swept:
    """Looks at all proposals that are open, a few at a time, so that requests are not kept waiting.

    Raises:
        CounterfoilError: of the first one that cannot be settled.
    """
    context = project.server.context(OWN)
    if not context.ledgers.exists():
        return Swept(0, 0)
    store = project.server.store(context)
    resumed = expired = 0
    views = context.ledgers.views()
    try:
        for number, (_, state) in enumerate(proposals.listing(store, views, open_only=True), 1):
            if state.status in {APPROVED, APPLYING} and taking_up.may_take_up(context, state):
                applying.apply(context, store, state, quiet=True)
                resumed += 1
            elif state.status == PENDING and state.status_at(context.clock.now_ms()) == EXPIRED:
                proposals.settle(context, store, state)
                expired += 1
            if number % SWEPT_AT_ONCE == 0 and pause(SWEEP_PAUSE_S):
                break
    finally:
        views.close()
    return Swept(resumed, expired)
