"""Labels that are given through a page take none away that somebody else gave a moment before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from integration.dashboard_scene import Dash
from integration.verbs_scene import FIRST, SECOND, TICKETS

if TYPE_CHECKING:
    from integration.verbs_scene import Desk


@pytest.fixture
def late(desk: Desk) -> Dash:
    """Returns a dashboard that has not heard yet that somebody else gave both tickets a label."""
    for ticket, title in ((FIRST, "Fix login"), (SECOND, "Sell shoes")):
        desk.put(ticket, title, state="ready", labels="[bug]")
    desk.commit("scene: tickets")
    dash = Dash(desk)
    snapshot = dash.space.projects[0].snapshot
    snapshot.tickets()
    snapshot.is_watched = True
    for ticket in (FIRST, SECOND):
        desk.change(f"{TICKETS}/{ticket}.md", "[bug]", "[bug, urgent]")
    desk.commit("by hand")
    assert list(snapshot.tickets().by_id[FIRST][4]) == ["bug"]
    return dash


def labels(desk: Desk, ticket: str) -> list[str]:
    found: list[str] = desk.data("show", ticket)["ticket"]["labels"]
    return found


def test_a_label_is_added_to_those_that_the_file_has_now(desk: Desk, late: Dash) -> None:
    late.post(f"/tickets/{late.slug}/{FIRST}/labels", add="api", remove="bug")
    assert labels(desk, FIRST) == ["urgent", "api"]


def test_labels_of_several_tickets_are_those_that_their_files_have_now(desk: Desk, late: Dash) -> None:
    chosen = [f"{late.slug}/{ticket}" for ticket in (FIRST, SECOND)]
    late.post("/list/bulk", ticket=chosen, add="api", state="in_progress")
    assert [labels(desk, ticket) for ticket in (FIRST, SECOND)] == [["bug", "urgent", "api"]] * 2
    late.post("/list/bulk", ticket=chosen, add="urgent", remove="bug")
    assert [labels(desk, ticket) for ticket in (FIRST, SECOND)] == [["urgent", "api"]] * 2


def test_a_ticket_that_is_gone_meanwhile_is_told(desk: Desk, late: Dash) -> None:
    (desk.path / ".tickets/tickets" / f"{FIRST}.md").unlink()
    told = late.post(f"/tickets/{late.slug}/{FIRST}/labels", 404, add="api")
    assert "there is nothing here" in told["message"]
