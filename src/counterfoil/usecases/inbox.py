"""What waits for people, and what of it is for whom: the same sections in the same order at a terminal and in a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, NamedTuple, Protocol, TypeVar

from counterfoil.errors import CounterfoilError
from counterfoil.gate.proposal import PENDING
from counterfoil.usecases.eligible import ELSEWHERE, may_decide, urgency
from counterfoil.usecases.roles import APPROVER, reaches
from counterfoil.usecases.taking_up import BEGUN

if TYPE_CHECKING:
    from collections.abc import Iterable

    from counterfoil.gate.proposal import Proposal
    from counterfoil.usecases.open_proposals import Opens
    from counterfoil.usecases.reading_up import Left
    from counterfoil.usecases.spaces import Project, Space


class Standing(Protocol):
    """An open proposal as a door knows it."""

    @property
    def proposal(self) -> Proposal:
        """Its state."""

    @property
    def status(self) -> str:
        """What it is at this moment, whether that is sealed yet or not."""

    @property
    def frozen(self) -> str:
        """Why its proposer may do nothing, so that nobody can approve it; empty where they may."""


T = TypeVar("T", bound=Standing)


class Sifted(NamedTuple, Generic[T]):
    """What is open, for one person: each list the riskiest first and of these the oldest.

    Attributes:
        yours: what they may answer, and have not.
        own: what they have proposed.
        others: what waits for others, or rests with whoever asked.
        stuck: what is approved and not in effect, whether that was begun or not.
    """

    yours: tuple[T, ...]
    own: tuple[T, ...]
    others: tuple[T, ...]
    stuck: tuple[T, ...]


class Unread(NamedTuple):
    """A repository of which nobody can tell at present what waits.

    Attributes:
        project: the repository.
        error: what stands in the way.
    """

    project: Project
    error: CounterfoilError


class Waits(NamedTuple):
    """How much waits for people in a space.

    Attributes:
        number: of proposals; None where nobody can tell: a ledger is being read, or cannot be.
        until_ms: when the first of them expires, in milliseconds since 1970; None for never.
        unread: the repositories whose ledger cannot be read.
    """

    number: int | None
    until_ms: int | None = None
    unread: tuple[Unread, ...] = ()


class Waiting(NamedTuple):
    """One open proposal for whoever looks.

    Attributes:
        project: whose it is.
        proposal: its state.
        status: as of `Open`.
        is_here: as of `Open`.
        frozen: as of `Standing`.
    """

    project: Project
    proposal: Proposal
    status: str
    is_here: bool
    frozen: str = ""


class Inbox(NamedTuple):
    """What is open in a space, for one person.

    Attributes:
        yours, own, others, stuck: as of `Sifted`.
        left: the repositories whose ledger is being read, with how far that is: there may be more of theirs.
        unread: the repositories whose ledger cannot be read: nobody knows what waits there.
    """

    yours: tuple[Waiting, ...]
    own: tuple[Waiting, ...]
    others: tuple[Waiting, ...]
    stuck: tuple[Waiting, ...]
    left: tuple[tuple[Project, Left], ...] = ()
    unread: tuple[Unread, ...] = ()


def inbox(space: Space, person: str, role: str, session: str = ELSEWHERE) -> Inbox:
    """Returns what is open in all repositories of a space, put in order for one person.

    Args:
        space: the repositories.
        person: who looks.
        role: theirs; only some decide.
        session: in which they would decide.
    """
    looked, unread = _look(space)
    left = [(project, opens.left) for project, opens in looked if opens.left is not None]
    found = [
        Waiting(project, *each, opens.frozen.get(each.proposal.actor, ""))
        for project, opens in looked
        for each in opens.found
    ]
    return Inbox(*sift(found, person, session, decides=reaches(role, APPROVER)), tuple(left), unread)


def sift(found: Iterable[T], person: str, session: str = ELSEWHERE, *, decides: bool = True) -> Sifted[T]:
    """Sorts open proposals by whom they wait for; what is stale, has expired or was erased waits for nobody.

    Args:
        found: in any order.
        person: who looks.
        session: in which they would decide.
        decides: whether they decide on anything at this door.
    """
    yours: list[T] = []
    own: list[T] = []
    others: list[T] = []
    stuck: list[T] = []
    for each in sorted(found, key=lambda each: urgency(each.proposal)):
        state = each.proposal
        if each.status in BEGUN:
            stuck.append(each)
        elif each.status == PENDING and state.body:
            is_yours = decides and not each.frozen and may_decide(state, person, session)
            (yours if is_yours else own if state.actor == person else others).append(each)
    return Sifted(tuple(yours), tuple(own), tuple(others), tuple(stuck))


def waiting(space: Space) -> Waits:
    """Returns how many proposals of a space wait for people, whoever they are: cheap enough for every page."""
    looked, unread = _look(space)
    opens = [each for _, each in looked]
    until_ms = min([each.until_ms for each in opens if each.until_ms is not None], default=None)
    if unread or any(each.left is not None for each in opens):
        return Waits(None, until_ms, unread)
    waits = [
        one.status == PENDING and one.proposal.actor not in each.frozen
        for each in opens
        for one in each.found
    ]
    return Waits(sum(waits), until_ms)


def is_waited_for(space: Space, person: str, role: str, session: str = ELSEWHERE) -> bool:
    """Tells whether something waits for this very person."""
    return bool(inbox(space, person, role, session).yours)


def _look(space: Space) -> tuple[list[tuple[Project, Opens]], tuple[Unread, ...]]:
    """Returns what is open in each repository, and which of them cannot be read; these take nothing from the others."""
    looked: list[tuple[Project, Opens]] = []
    unread: list[Unread] = []
    for project in space.projects:
        try:
            looked.append((project, project.open_proposals.now()))
        except CounterfoilError as error:
            unread.append(Unread(project, error))
    return looked, tuple(unread)
