"""A space: the repositories that one server shows together, and the roles that people have in it.

A role says what a person may do through a browser. It grants nothing at any other door, and takes nothing from
policy, which rules on every change as it does everywhere (product.md §9, §15).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from counterfoil.kernel.actor import slug_from_name
from counterfoil.kernel.digest import sha256_hex
from counterfoil.usecases.ages import Ages
from counterfoil.usecases.open_proposals import OpenProposals
from counterfoil.usecases.reading_up import ReadingUp
from counterfoil.usecases.relations import Relations
from counterfoil.usecases.roles import ADMIN, APPROVER, MEMBER, ROLES, VIEWER, reaches
from counterfoil.usecases.snapshot import Snapshot
from counterfoil.usecases.surroundings import Surroundings
from counterfoil.usecases.timeline import Histories

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterfoil.errors import CounterfoilError
    from counterfoil.usecases.context import Options
    from counterfoil.usecases.forging import CodeHost
    from counterfoil.usecases.serving import ServerContext

__all__ = [
    "ADMIN", "APPROVER", "MEMBER", "ROLES", "VIEWER", "Opened", "Project", "Space", "Unopened", "reaches", "space_id",
]  # fmt: skip


class Opened(NamedTuple):
    """A repository that could be opened.

    Attributes:
        folder: the project's, absolute and without links.
        server: its context.
        title: what people are to read; empty for the folder's name.
    """

    folder: str
    server: ServerContext
    title: str = ""


class Unopened(NamedTuple):
    """A repository that could not be opened, and why.

    Attributes:
        folder: as it was given, absolute.
        title: as it was given, or empty.
        error: what stood in the way.
    """

    folder: str
    title: str
    error: CounterfoilError


class Project:
    """One repository of a space.

    Attributes:
        slug: names it in addresses.
        title: names it to people; as in addresses where an earlier one has its name.
        server: its context.
        snapshot: its tickets.
        surroundings: what is known of them beside their files.
        ages: when each of them was last changed.
        open_proposals: what waits for people.
        histories: what Git tells of each of them.
        relations: which of them wait for which.
        reading: brings what is derived from its ledger up to date.
    """

    __slots__ = (
        "ages", "histories", "open_proposals", "reading", "relations", "server", "slug", "snapshot", "surroundings", "title",
    )  # fmt: skip

    def __init__(self, slug: str, title: str, server: ServerContext, options: Options) -> None:
        self.slug = slug
        self.title = title
        self.server = server
        self.snapshot = Snapshot(server, options)
        self.surroundings = Surroundings(server, options)
        self.ages = Ages(server, options)
        self.reading = ReadingUp(server, options)
        self.histories = Histories(server, options, self.reading)
        self.relations = Relations()
        self.open_proposals = OpenProposals(server, options, self.reading)

    @property
    def forge(self) -> CodeHost:
        """What is known of the repository's code host: addresses on the web, pull requests by ticket."""
        return self.server.code_host


class Space:
    """What one server shows.

    Attributes:
        name: as it was configured, or empty.
        id: names the space in sessions: the same for the same repositories, wherever the server listens.
        projects: the repositories; the first is the one that `/api` and `/mcp` speak for.
        problems: the repositories that could not be opened.
        folders: where the repositories lie, those that could not be opened, too.
    """

    __slots__ = ("_by_slug", "folders", "id", "name", "problems", "projects")

    def __init__(
        self,
        name: str,
        servers: Sequence[Opened],
        options: Options,
        problems: Sequence[Unopened] = (),
    ) -> None:
        """Makes a space of repositories.

        Args:
            name: as it was configured, or empty.
            servers: what could be opened, the one that `/api` and `/mcp` speak for first.
            options: of whoever only looks.
            problems: what could not.
        """
        self.name = name
        self.problems = tuple(problems)
        self._by_slug: dict[str, Project] = {}
        for folder, server, given in servers:
            title = given or folder.rstrip("/").rpartition("/")[2] or "project"
            slug = _free_slug(slug_from_name(title) or "project", self._by_slug)
            is_taken = any(each.title == title for each in self._by_slug.values())
            self._by_slug[slug] = Project(slug, slug if is_taken else title, server, options)
        self.projects = tuple(self._by_slug.values())
        self.folders = (*[each.folder for each in servers], *[each.folder for each in problems])
        self.id = space_id(name, self.folders)

    def project(self, slug: str) -> Project | None:
        """Returns the repository of this name."""
        return self._by_slug.get(slug)


def space_id(name: str, folders: Sequence[str]) -> str:
    """Returns what names a space in sessions: its own name, else what stands for its repositories."""
    return name or sha256_hex("\n".join(sorted(folders)).encode("utf-8", "surrogateescape"))[:16]


def _free_slug(wanted: str, taken: dict[str, Project]) -> str:
    number = 1
    slug = wanted
    while slug in taken:
        number += 1
        slug = f"{wanted}-{number}"
    return slug
