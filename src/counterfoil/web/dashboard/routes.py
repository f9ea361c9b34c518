"""All routes of the dashboard, in the order in which they are tried."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterfoil.web.dashboard.pages import board, changing, colours, insights, places, receipts, refreshing

if TYPE_CHECKING:
    from counterfoil.web.dashboard.route import Route

ROUTES: tuple[Route, ...] = (
    *board.ROUTES,
    *changing.ROUTES,
    *colours.ROUTES,
    *receipts.ROUTES,
    *insights.ROUTES,
    *places.ROUTES,
    *refreshing.ROUTES,
)
