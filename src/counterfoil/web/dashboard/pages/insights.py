"""How work flows, in pictures: what came and went, how long it took, what waited, what it cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from counterfoil.kernel.instant import DAY_MS, iso_ms
from counterfoil.usecases import insights, views
from counterfoil.web.dashboard import at_ledger, plotting
from counterfoil.web.dashboard.rendering import TEMPLATES
from counterfoil.web.dashboard.route import Page
from counterfoil.web.dashboard.view import Region, View

if TYPE_CHECKING:
    from counterfoil.usecases.insights import Insights
    from counterfoil.web.dashboard.visit import Visit


NOTHING = {
    "flow": ("A ticket that is created or done is counted here, on its day.", 'ticket new "Title"'),
    "open": ("Tickets that are open are drawn here, day by day.", 'ticket new "Title"'),
    "cycle": ("Counted from the first start of a ticket to done. Take up what is ready:", "ticket next"),
    "latency": ("No proposal was answered yet. What policy asks about waits in the inbox:", "ticket inbox"),
    "spend": (
        "Who works on a ticket may say what it cost. What such a record holds:",
        "ticket actions spend.record",
    ),
}
"""By picture, what would be drawn, and the command that leads there."""


def show(visit: Visit) -> View:
    """Makes the pictures of one repository."""
    title = f"Insights into {visit.project.title}"
    store = at_ledger.existing(visit)
    data: dict[str, Any] = {"has_ledger": store is not None, "left": None, "names": ()}
    if store is None:
        return View("insights.html", title, data=data)
    context = visit.context()
    left = at_ledger.left(visit, store, views.FLOW)
    if left is not None:
        return View("insights.html", title, data={**data, "left": left})
    with at_ledger.derived(visit) as lent:
        tickets = visit.tickets()
        now = {state: len(rows) for state, rows in tickets.by_state.items()}
        now_ms = context.clock.now_ms()
        found = insights.since_first(insights.look(store, lent, context.project, now, now_ms))
    plots = pictures(found)
    parts = tuple(
        Region(f"plot-{plot.name}", TEMPLATES.macro("plots.html", "plot", plot, *NOTHING[plot.name]))
        for plot in plots
    )
    data |= {
        "names": [plot.name for plot in plots],
        "since": found.days[0],
        "until": iso_ms(now_ms // DAY_MS * DAY_MS)[:10],
        "currencies": found.currencies,
    }
    return View("insights.html", title, parts, data)


def pictures(found: Insights) -> list[plotting.Plot]:
    """Draws all series."""
    ended = sum(each.number for each in found.cycle)
    answered = sum(each.number for row in found.latency.values() for each in row)
    spent = sum(map(sum, found.spent.values()))
    return [
        plotting.flow("flow", "Created and done", found.days, found.created, found.done),
        plotting.stacked_areas("open", "Open tickets by state", found.days, found.states),
        plotting.spreads(
            "cycle", "Cycle time", f"{plotting.number(ended)} {'ticket' if ended == 1 else 'tickets'} finished, from the first start to done", {"median": found.cycle}
        ),
        plotting.spreads(
            "latency", "Decision latency", f"{plotting.number(answered)} {'proposal' if answered == 1 else 'proposals'} answered, from the question to the first answer",
            found.latency,
        ),
        plotting.stacked_bars(
            "spend", f"Spend in {found.currency}" if found.currency else "Spend",
            f"{plotting.amount(spent)} {found.currency}, as agents and people say of themselves" if found.currency
            else "Nobody has said what they spent; agents do so with spend.record", found.days, found.spent,
        ),
    ]  # fmt: skip


ROUTES = (Page("insights", "/insights/{project}", show, of_project=True),)
