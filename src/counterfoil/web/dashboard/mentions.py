"""The tickets that a text names, in the project at hand or elsewhere in the space (Protocol §7.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterfoil.kernel.ids import SHORT_LENGTH, canonical_ulid
from counterfoil.tickets import naming
from counterfoil.tickets.naming import display_id
from counterfoil.tickets.workflow import TERMINAL
from counterfoil.usecases.forging import remote_address
from counterfoil.web.dashboard import markdown

if TYPE_CHECKING:
    from counterfoil.usecases.snapshot import Tickets
    from counterfoil.usecases.spaces import Project
    from counterfoil.web.dashboard.visit import Visit


def tickets_named(visit: Visit, whose: Project | None = None) -> markdown.Tickets:
    """Returns what finds the tickets that a text names, in its project or elsewhere in the space.

    Args:
        visit: knows the space.
        whose: the text's project; without it the one that the path names.
    """
    own = whose or visit.project
    prefix = own.snapshot.tickets().id_prefix
    known: dict[str, markdown.Target | None] = {}
    remotes: dict[str, str] = {}

    def find(words: str) -> markdown.Target | None:
        if words not in known:
            known[words] = look_up(words)
        return known[words]

    def remote(project: Project) -> str:
        if project.slug not in remotes:
            address = remote_address(visit.context(project))
            remotes[project.slug] = address.removesuffix("/").removesuffix(".git").lower()
        return remotes[project.slug]

    def look_up(words: str) -> markdown.Target | None:
        if not words.lower().startswith(naming.SCHEME):
            return _target(own, words.rpartition("-")[2])
        bare = words[len(naming.SCHEME) :]
        if "/" not in bare:
            return _target(own, bare.rpartition("-")[2])
        links = naming.links(words)
        if len(links) != 1 or links[0].kind != "ticket":
            return None
        link = links[0]
        for project in visit.space.projects:
            if _is_meant(project, remote(project), link):
                found = _target(project, link.id)
                if found is not None:
                    return found
        return None

    return markdown.Tickets(prefix, find)


def _target(project: Project, text: str) -> markdown.Target | None:
    """Returns the ticket that an id or a short id stands for; None for nothing and for what may be several."""
    tickets = project.snapshot.tickets()
    wanted = text.upper()
    whole = canonical_ulid(wanted)
    if whole is None:
        found = _by_short_id(project, tickets).get(wanted, []) if len(wanted) == SHORT_LENGTH else []
        whole = found[0] if len(found) == 1 else ""
    row = tickets.by_id.get(whole)
    if row is None:
        return None
    title = f"{display_id(tickets.id_prefix, row[0])} {row[1]} ({row[2].replace('_', ' ')})"
    return markdown.Target(f"/tickets/{project.slug}/{row[0]}", title[:300], row[2] == TERMINAL)


_SHORT: dict[str, tuple[object, dict[str, list[str]]]] = {}


def _by_short_id(project: Project, tickets: Tickets) -> dict[str, list[str]]:
    """Returns ids by short id, kept for as long as the tickets stay the same."""
    kept, found = _SHORT.get(project.slug, (None, {}))
    if kept is not tickets:
        found = {}
        for each in tickets.by_id:
            found.setdefault(each[:SHORT_LENGTH], []).append(each)
        _SHORT[project.slug] = tickets, found
    return found


def _is_meant(project: Project, address: str, link: naming.Link) -> bool:
    """Tells whether a `ticket://` link can mean a repository of the space.

    Where the clone's remote is known, owner and host have to be its own; else the repository's name has to do.
    """
    repository, namespace, host = link.repository.lower(), link.namespace.lower(), link.host.lower()
    if not address:
        return repository in {project.title.lower(), project.slug}
    path = "/" + address.rpartition("@")[2].replace("://", "/").replace(":", "/")
    wanted = f"{namespace}/{repository}" if namespace else repository
    return path.endswith(f"/{wanted}") and (not host or f"/{host.replace(':', '/')}/" in path)
