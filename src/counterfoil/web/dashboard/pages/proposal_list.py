"""All proposals of a repository, newest first: what was asked for, by whom, and what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from counterfoil.gate.proposal import STATUSES
from counterfoil.gate.shown import escaped
from counterfoil.usecases import proposals, whereabouts
from counterfoil.usecases.keeping import remembered
from counterfoil.usecases.views import PROPOSALS
from counterfoil.web.dashboard import at_ledger, proposal_cards
from counterfoil.web.dashboard.rendering import TEMPLATES
from counterfoil.web.dashboard.route import Page
from counterfoil.web.dashboard.view import Listing, Region, View

if TYPE_CHECKING:
    from counterfoil.gate.proposal import Proposal
    from counterfoil.web.dashboard.proposal_cards import Card
    from counterfoil.web.dashboard.visit import Visit

SHOWN = 50
LOOKED_AT_MAX = 2_000
"""How many proposals that are not wanted one page may skip; the next page goes on from there."""
KEPT, KEPT_BYTES = 2_000, 4 * 1024 * 1024
WANTED = ("status", "actor", "action")


def show(visit: Visit) -> View:
    """Makes the list of one repository's proposals."""
    project, tickets = visit.project, visit.tickets()
    wanted = {name: visit.one(name)[:100] for name in WANTED}
    left = None if (store := at_ledger.existing(visit)) is None else at_ledger.left(visit, store, PROPOSALS)
    found, behind = _found(visit, wanted) if left is None else ([], "")
    rows = []
    for state, status in found:
        made = proposal_cards.card(project, tickets, state, None, status=status)
        rows.append((f"r-{made.dom}", _row(made)))
    more = ""
    if behind:
        query = urlencode({**{name: value for name, value in wanted.items() if value}, "after": behind})
        more = f"/proposals/{project.slug}?{query}"
    if left is None:
        rest = TEMPLATES.macro("proposals.html", "list_rest", len(found), more, any(wanted.values()))
    else:
        rest = TEMPLATES.macro("reading.html", "reading", left)
    parts = (Listing("proposals", tuple(rows)), Region("proposals-rest", rest))
    data = {"statuses": STATUSES, "wanted": {name: escaped(value) for name, value in wanted.items()}}
    return View("proposal_list.html", f"Proposals of {project.title}", parts, data)


@remembered(KEPT, KEPT_BYTES)
def _row(made: Card) -> str:
    return TEMPLATES.macro("proposals.html", "row", made)


def _found(visit: Visit, wanted: dict[str, str]) -> tuple[list[tuple[Proposal, str]], str]:
    """Returns one page of those that are wanted, and the place behind it if more may follow."""
    context = visit.context()
    if not context.ledgers.exists():
        return [], ""
    store, views = visit.store(), context.ledgers.views()
    after = visit.one("after") if visit.one("after").isascii() and visit.one("after").isdigit() else ""
    found: list[tuple[Proposal, str]] = []
    behind = ""
    try:
        for number, each in enumerate(proposals.listing(store, views, after=after)):
            if len(found) == SHOWN or number == LOOKED_AT_MAX:
                return found, behind
            behind, state = each.place, each.proposal
            if _is_wanted(state, wanted) and whereabouts.is_of_project(context, state):
                status = proposals.status(context, state)
                found += [(state, status)] if wanted["status"] in {"", status} else []
    finally:
        views.close()
    return found, ""


def _is_wanted(state: Proposal, wanted: dict[str, str]) -> bool:
    """Tells whether a list is to have a proposal, its status apart; of what was erased there is nothing to list."""
    by, action = wanted["actor"], wanted["action"]
    return bool(state.body) and by in {"", state.actor} and action in {"", state.body["action"]}


ROUTES = (Page("inbox", "/proposals/{project}", show, of_project=True),)
