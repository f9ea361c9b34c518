"""However much is asked of a server, one visitor and one blocked repository leave the dashboard to the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from integration.dashboard_scene import Dash

from counterfoil.usecases import context as contexts
from counterfoil.web.lanes import Lane
from counterfoil.web.rates import Rates

if TYPE_CHECKING:
    from integration.verbs_scene import Desk


@pytest.fixture
def dash(desk: Desk) -> Dash:
    """A dashboard of one repository with a ticket."""
    desk.new("Sell shoes", "--state", "ready")
    return Dash(desk)


def test_who_asks_too_often_is_told_when_to_come_back(dash: Dash) -> None:
    dash.hub.rates = Rates(dash.space.projects[0].server.context(at_door()).clock, {"visitor": 2})
    board = f"/board/{dash.slug}"
    dash.get(board)
    dash.get(board)
    page = dash.get(board, 429)
    assert int(page.headers["retry-after"]) >= 1
    assert "Too many requests" in page.text
    told = dash.get(board, 429, **{"hx-request": "true"})
    assert "rate_limited" in told.headers["hx-trigger"]
    assert int(told.headers["retry-after"]) >= 1
    assert dash.get(f"/live?page={board}&v=", 429).status_code == 429, "streams are counted, too"


def test_a_change_that_finds_too_many_waiting_is_refused_and_pages_are_not(dash: Dash) -> None:
    full = Lane(0, 0)
    dash.hub.lanes.acts = lambda _project: full  # type: ignore[method-assign]
    told = dash.post(f"/tickets/{dash.slug}/x/move", 503, state="done")
    assert told["code"] == "server_busy"
    dash.get(f"/board/{dash.slug}")


def test_a_page_for_which_there_is_no_thread_says_so_without_one(dash: Dash) -> None:
    dash.hub.lanes.pages = Lane(0, 0)
    page = dash.get(f"/board/{dash.slug}", 503)
    assert page.headers["retry-after"] == "1"
    assert "The server has as much to do as it can take" in page.text


def test_a_change_does_not_wait_long_for_another_command(
    dash: Dash, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = next((desk.path / ".tickets/tickets").glob("*.md")).stem
    monkeypatch.setattr(contexts, "AT_A_SERVER_S", 0.05)
    dash.door.chosen = dash.door.chosen and dash.door.chosen._replace(role="member")
    with dash.space.projects[0].server.context(at_door()).lock():
        told = dash.post(f"/tickets/{dash.slug}/{ticket}/edit", 503, title="Sell boots")
    assert (told["code"], told["message"]) == ("lock_timeout", "another command is writing")


def test_only_requests_wait_shortly(dash: Dash) -> None:
    server = dash.space.projects[0].server
    waits = [server.context(at_door(via)).lock_timeout_s() for via in ("web", "http", "cli", "mcp")]
    assert waits == [5.0, 5.0, 60.0, 60.0]


def test_a_page_that_waits_is_kept_up_to_date_without_waiting(dash: Dash, desk: Desk) -> None:
    ticket = next((desk.path / ".tickets/tickets").glob("*.md")).stem
    page = dash.get(f"/tickets/{dash.slug}/{ticket}?order=oldest&wait=1")
    assert "wait%3D1" not in page.text
    assert "order%3Doldest&amp;v=" in page.text


def at_door(via: str = "cli") -> contexts.Options:
    """Returns the options of somebody at a door."""
    return contexts.Options(actor="human:ada", ci=True, via=via)
