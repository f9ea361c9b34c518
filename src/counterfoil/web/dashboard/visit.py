"""One look at a page, or one change sent from it: who, in which space, and what was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from counterfoil.errors import InputError
from counterfoil.usecases.context import Options
from counterfoil.usecases.spaces import reaches

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from counterfoil.usecases.context import Context
    from counterfoil.usecases.ports import Store
    from counterfoil.usecases.snapshot import Tickets
    from counterfoil.usecases.spaces import Project, Space
    from counterfoil.web.hub import Hub

VIA = "web"
NOBODY = Options(actor="server:gate", ci=True, via=VIA)
"""Of those who only look: nothing is changed by it."""


class Visitor(NamedTuple):
    """Who sits at the browser, as their session says.

    Attributes:
        person: such as `human:ada`.
        role: in the space.
        session: the public name of the session.
        is_fresh: whether they signed in recently enough to decide.
    """

    person: str
    role: str
    session: str
    is_fresh: bool

    def may(self, role: str) -> bool:
        """Tells whether their role reaches another one."""
        return reaches(self.role, role)


class Visit:
    """What a page or a change is given.

    A page that is not personal is rendered once for all who have the same role; it knows the role, and
    asking it for the person is a fault.

    Attributes:
        hub: what the server holds.
        space: the repositories.
        path: the route's parameters.
        query: what stands behind the question mark, each name with all its values.
        role: of who looks.
    """

    def __init__(
        self,
        hub: Hub,
        space: Space,
        path: Mapping[str, str],
        query: Mapping[str, Sequence[str]],
        role: str,
        visitor: Visitor | None,
    ) -> None:
        self.hub = hub
        self.space = space
        self.path = path
        self.query = query
        self.role = role
        self._visitor = visitor

    @property
    def visitor(self) -> Visitor:
        """Who looks, on a personal page, or sends a change."""
        assert self._visitor is not None, "a page for everybody with a role knows nobody"
        return self._visitor

    @property
    def project(self) -> Project:
        """The repository that the path names.

        Raises:
            InputError: `resource_not_found`.
        """
        found = self.space.project(self.path.get("project", ""))
        if found is None:
            raise nothing()
        return found

    def may(self, role: str) -> bool:
        """Tells whether the role reaches another one."""
        return reaches(self.role, role)

    def one(self, name: str, default: str = "") -> str:
        """Returns the first value of a name of the query, stripped."""
        values = self.query.get(name) or ()
        return values[0].strip() if values else default

    def many(self, name: str) -> tuple[str, ...]:
        """Returns all values of a name of the query that are not empty."""
        return tuple(value.strip() for value in self.query.get(name) or () if value.strip())

    def tickets(self, project: Project | None = None) -> Tickets:
        """Returns a repository's tickets as they are now."""
        return (project or self.project).snapshot.tickets()

    def context(self, project: Project | None = None) -> Context:
        """Returns a repository's context: of the person where it is known who that is, else of nobody."""
        who = self._visitor
        options = NOBODY
        if who is not None:
            options = Options(actor=who.person, ci=True, via=VIA, session=f"{VIA}-{who.session}")
        return (project or self.project).server.context(options)

    def store(self, project: Project | None = None) -> Store:
        """Returns a repository's ledger.

        Raises:
            HostError: `ledger_unavailable`.
            IntegrityError: `ledger_damaged`.
        """
        chosen = project or self.project
        return chosen.server.store(self.context(chosen))


def nothing() -> InputError:
    """Returns the error of what is not there, or not for the visitor to see."""
    return InputError("resource_not_found", "there is nothing here, or nothing that you may see")
