"""What waits for people in a space, and what of it is for whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from counterfoil.gate.proposal import APPROVED, PENDING
from counterfoil.usecases.eligible import ELSEWHERE, may_decide, urgency
from counterfoil.usecases.roles import APPROVER, reaches

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterfoil.gate.proposal import Proposal
    from counterfoil.usecases.reading_up import Left
    from counterfoil.usecases.spaces import Project, Space


class Waiting(NamedTuple):
    """One open proposal for whoever looks.

    Attributes:
        project: whose it is.
        proposal: its state.
        status: as of `Open`.
        is_here: as of `Open`.
        is_yours: whether the one who looks may answer it.
    """

    project: Project
    proposal: Proposal
    status: str
    is_here: bool
    is_yours: bool


class Inbox(NamedTuple):
    """What is open in a space, for one person: each list the riskiest first and of these the oldest.

    Attributes:
        yours: what they may answer, and have not.
        own: what they have proposed.
        others: what waits for others.
        stuck: what is approved and not in effect.
        left: the repositories whose ledger is being read, with how far that is: there may be more of theirs.
    """

    yours: tuple[Waiting, ...]
    own: tuple[Waiting, ...]
    others: tuple[Waiting, ...]
    stuck: tuple[Waiting, ...]
    left: tuple[tuple[Project, Left], ...] = ()


def inbox(space: Space, person: str, role: str, session: str = ELSEWHERE) -> Inbox:
    """Returns what is open in all repositories of a space, put in order for one person.

    Args:
        space: the repositories.
        person: who looks.
        role: theirs; only some decide.
        session: in which they would decide.
    """
    yours: list[Waiting] = []
    own: list[Waiting] = []
    others: list[Waiting] = []
    stuck: list[Waiting] = []
    left: list[tuple[Project, Left]] = []
    for project in space.projects:
        opens = project.open_proposals.now()
        if opens.left is not None:
            left.append((project, opens.left))
        for each in opens.found:
            state = each.proposal
            mine = each.status == PENDING and reaches(role, APPROVER) and may_decide(state, person, session)
            one = Waiting(project, state, each.status, each.is_here, mine)
            if each.status == PENDING:
                (yours if mine else own if state.actor == person else others).append(one)
            elif each.status == APPROVED:
                stuck.append(one)
    return Inbox(_in_order(yours), _in_order(own), _in_order(others), _in_order(stuck), tuple(left))


def waiting(space: Space) -> int | None:
    """Returns how many proposals of a space wait for people: cheap enough for every page.

    None as long as a ledger is being read that may know of more.
    """
    opens = [project.open_proposals.now() for project in space.projects]
    if any(each.left is not None for each in opens):
        return None
    return sum([one.status == PENDING for each in opens for one in each.found])


def is_waited_for(space: Space, person: str, role: str, session: str = ELSEWHERE) -> bool:
    """Tells whether something waits for this very person."""
    return bool(inbox(space, person, role, session).yours)


def _in_order(found: Sequence[Waiting]) -> tuple[Waiting, ...]:
    return tuple(sorted(found, key=lambda each: urgency(each.proposal)))
