"""What stands around every page: where one is, where else one may go, who one is, and how much waits."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from counterfoil.usecases.spaces import VIEWER, reaches
from counterfoil.web.dashboard.view import Region

if TYPE_CHECKING:
    from counterfoil.usecases.spaces import Space
    from counterfoil.web.dashboard.route import Page
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
    """

    name: str
    label: str
    path: str
    key: str
    role: str = VIEWER


ENTRIES = (
    Entry("inbox", "Inbox", "/inbox", "i"),
    Entry("board", "Board", "/board/{project}", "b"),
    Entry("attention", "Attention", "/attention", "a"),
    Entry("list", "List", "/list", "l"),
    Entry("receipts", "Receipts", "/receipts/{project}", "r"),
    Entry("insights", "Insights", "/insights/{project}", "n"),
    Entry("agents", "Agents", "/agents/{project}", "e"),
    Entry("policy", "Policy", "/policy/{project}", "p"),
    Entry("settings", "Settings", "/settings", "s"),
)


def home(visit: Visit) -> str:
    """Returns where somebody begins: their inbox when something waits for them, else the board."""
    return f"/board/{visit.space.projects[0].slug}"


def complete(_visit: Visit, view: View) -> View:
    """Returns a view together with the parts that every page has."""
    return replace(view, parts=(*view.parts, Region("waiting", "")))


def around(space: Space, page: Page, visit: Visit, visitor: Visitor) -> dict[str, Any]:
    """Returns what the layout is given."""
    slug = visit.path.get("project") or space.projects[0].slug
    return {
        "space": space,
        "here": page.name,
        "slug": slug,
        "visitor": visitor,
        "entries": [
            entry._replace(path=entry.path.replace("{project}", slug))
            for entry in ENTRIES
            if reaches(visitor.role, entry.role)
        ],
    }


def bare() -> dict[str, Any]:
    """Returns what the layout is given where nobody is known."""
    return {"space": None, "here": "", "slug": "", "visitor": None, "entries": [], "csrf": "", "live": ""}
