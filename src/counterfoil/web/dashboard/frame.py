"""What stands around every page: where one is, where else one may go, who one is, and how much waits."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from counterfoil.errors import CounterfoilError
from counterfoil.usecases import inbox
from counterfoil.usecases.spaces import ADMIN, VIEWER, reaches
from counterfoil.usecases.troubles import troubles
from counterfoil.web import refusals
from counterfoil.web.dashboard import hindrances, theme
from counterfoil.web.dashboard.rendering import TEMPLATES
from counterfoil.web.dashboard.view import Region

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterfoil.usecases.inbox import Unread
    from counterfoil.usecases.spaces import Space
    from counterfoil.web.dashboard.route import Act, Page
    from counterfoil.web.dashboard.view import View
    from counterfoil.web.dashboard.visit import Visit, Visitor


class Entry(NamedTuple):
    """One entry of the navigation.

    Attributes:
        name: of the page.
        label: what people read.
        path: where it leads; `{project}` is the repository at hand.
        key: the letter that leads there after `g`.
        role: whom it is for.
        is_rare: whether a phone shows it behind "More" rather than in its bar.
    """

    name: str
    label: str
    path: str
    key: str
    role: str = VIEWER
    is_rare: bool = False


class Place(NamedTuple):
    """One repository in the switch between them.

    Attributes:
        slug: names it in addresses.
        title: names it to people.
        path: the page at hand in that repository, or its board.
    """

    slug: str
    title: str
    path: str


ENTRIES = (
    Entry("inbox", "Inbox", "/inbox", "i"),
    Entry("board", "Board", "/board/{project}", "b"),
    Entry("attention", "Attention", "/attention", "a"),
    Entry("list", "List", "/list", "l"),
    Entry("receipts", "Receipts", "/receipts/{project}", "r", is_rare=True),
    Entry("insights", "Insights", "/insights/{project}", "n", is_rare=True),
    Entry("agents", "Agents", "/agents/{project}", "e", is_rare=True),
    Entry("policy", "Policy", "/policy/{project}", "p", is_rare=True),
    Entry("settings", "Settings", "/settings", "s", is_rare=True),
)

WAITING_WORDS = "wait for people, for you or for others"
"""What the number at the inbox counts. Pages are the same for all who have one role, so it is nobody's own number."""


def home(visit: Visit) -> str:
    """Returns where somebody begins: their inbox when something waits for them, else the board."""
    who = visit.visitor
    if inbox.is_waited_for(visit.space, who.person, who.role):
        return "/inbox"
    return f"/board/{visit.space.projects[0].slug}"


def complete(visit: Visit, view: View) -> View:
    """Returns a view together with the parts that every page has: how many decisions wait, and what is wrong.

    What waits is `?` where a ledger cannot be read, since nobody knows then.
    """
    waits = inbox.waiting(visit.space)
    number = "?" if waits.unread else str(waits.number or "")
    ends = [end for end in (view.until_ms, waits.until_ms) if end is not None]
    return replace(
        view,
        parts=(*view.parts, Region("waiting", number), Region("troubles", _troubles(visit, waits.unread))),
        until_ms=min(ends, default=None),
    )


def _troubles(visit: Visit, unread: Sequence[Unread]) -> str:
    """Returns what cannot be known or done at present, in words for whoever looks."""
    several = len(visit.space.projects) > 1
    is_admin = visit.may(ADMIN)
    lines = []
    for project, error in unread:
        told = refusals.told(error) | hindrances.told(error, visit.role, visit.space.folders)
        title = project.title if several else ""
        lines.append(
            ("bad", title, f"what waits for a decision is not known: {told['message']}", told["hint"])
        )
    for project in visit.space.projects:
        if visit.path.get("project") not in {None, project.slug}:
            continue
        try:
            found = troubles(visit.context(project))
        except CounterfoilError:
            continue  # whatever reads the tickets says what is the matter
        for each in found:
            hint = each.hint if is_admin else "tell whoever runs this server"
            lines.append(
                ("bad" if each.hides else "warn", project.title if several else "", each.message, hint)
            )
    return TEMPLATES.macro("troubles.html", "troubles", lines) if lines else ""


def around(space: Space, page: Page | Act | None, visit: Visit, visitor: Visitor) -> dict[str, Any]:
    """Returns what the layout is given; there is no page where nothing was found."""
    slug = visit.path.get("project") or space.projects[0].slug
    project = space.project(slug) or space.projects[0]
    return {
        "space": space,
        "here": page.name if page else "",
        "waiting_words": WAITING_WORDS,
        "slug": project.slug,
        "project_title": project.title,
        "projects": [Place(each.slug, each.title, _same_page(page, each.slug)) for each in space.projects],
        "visitor": visitor,
        "entries": [
            entry._replace(path=entry.path.replace("{project}", project.slug))
            for entry in ENTRIES
            if reaches(visitor.role, entry.role)
        ],
    }


def bare() -> dict[str, Any]:
    """Returns what the layout is given where nobody is known."""
    return {
        "space": None, "here": "", "slug": "", "project_title": "", "projects": [], "visitor": None,
        "entries": [], "csrf": "", "live": "", "theme": theme.AUTO,
    }  # fmt: skip


def _same_page(page: Page | Act | None, slug: str) -> str:
    """Returns the address of a page in another repository, where it is a page of a whole repository."""
    path = page.path if page else ""
    return (
        path.replace("{project}", slug) if path.count("{") == 1 and "{project}" in path else f"/board/{slug}"
    )
