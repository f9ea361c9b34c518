"""All routes of the dashboard, in the order in which they are tried."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterfoil.web.dashboard.pages import (
    agents,
    attention,
    board,
    changing,
    colours,
    creating,
    inbox,
    insights,
    listing,
    palette,
    places,
    policy,
    proposal,
    proposal_acts,
    proposal_edit,
    proposal_list,
    receipts,
    refreshing,
    sessions,
    settings,
    ticket,
    views,
)

if TYPE_CHECKING:
    from counterfoil.web.dashboard.route import Route

ROUTES: tuple[Route, ...] = (
    *board.ROUTES,
    *changing.ROUTES,
    *ticket.ROUTES,
    *creating.ROUTES,
    *listing.ROUTES,
    *views.ROUTES,
    *attention.ROUTES,
    *palette.ROUTES,
    *colours.ROUTES,
    *receipts.ROUTES,
    *insights.ROUTES,
    *places.ROUTES,
    *agents.ROUTES,
    *policy.ROUTES,
    *settings.ROUTES,
    *refreshing.ROUTES,
    *inbox.ROUTES,
    *proposal.ROUTES,
    *proposal_acts.ROUTES,
    *proposal_edit.ROUTES,
    *proposal_list.ROUTES,
    *sessions.ROUTES,
)
