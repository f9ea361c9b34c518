"""The board: one column a state, one card a ticket."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterfoil.tickets.workflow import STATES
from counterfoil.web.dashboard.rendering import TEMPLATES
from counterfoil.web.dashboard.route import Page
from counterfoil.web.dashboard.view import Listing, Region, View

if TYPE_CHECKING:
    from counterfoil.web.dashboard.view import Part
    from counterfoil.web.dashboard.visit import Visit

SHOWN = 50
"""Cards of one column at first; more come as one scrolls."""


def show(visit: Visit) -> View:
    """Makes the board of one repository."""
    tickets = visit.tickets()
    slug = visit.project.slug
    parts: list[Part] = []
    for state in STATES:
        rows = tickets.by_state[state]
        parts.append(Region(f"count-{state}", str(len(rows))))
        cards = [
            (f"card-{row[0]}", TEMPLATES.macro("cards.html", "card", row, slug, tickets.id_prefix))
            for row in rows[:SHOWN]
        ]
        parts.append(Listing(f"column-{state}", tuple(cards)))
    return View("board.html", f"Board of {visit.project.title}", tuple(parts), {"states": STATES})


ROUTES = (Page("board", "/board/{project}", show, of_project=True),)
