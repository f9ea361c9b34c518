"""Every page in light and dark on a phone, a tablet and a desk: it fits, everybody can use it, nothing goes wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from browser.harness import (
    HEIGHTS,
    THEMES,
    WIDTHS,
    Seat,
    Stage,
    accessibility_faults,
    address,
    overflow,
    picture,
)  # fmt: skip

from counterfoil.web.dashboard.route import Page
from counterfoil.web.dashboard.routes import ROUTES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

PAGES = [route for route in ROUTES if isinstance(route, Page)]
FURTHER = {
    "board-narrowed": "/board/{project}?label=payments",
    "list-nothing": "/list?q=there+is+no+such+thing",
    "ticket-unreadable": "/tickets/{project}/01JBR0KENA0000000000000000",
    "proposal-decided": "/proposals/{project}/{decided}",
    "board-other": "/board/warehouse",
    "nothing": "/there/is/nothing/here",
}
"""What pages look like in other circumstances."""


@pytest.fixture(scope="module", params=[(theme, width) for theme in THEMES for width in WIDTHS], ids=str)
def visitor(request: pytest.FixtureRequest, chromium: Browser, stage: Stage) -> Iterator[tuple[Seat, str]]:
    """Somebody with a window of one width, and one taste."""
    theme, width = request.param
    settings: dict[str, Any] = {
        "viewport": {"width": width, "height": HEIGHTS[width]}, "color_scheme": theme, "has_touch": width < 500,
    }  # fmt: skip
    seat = Seat(chromium, stage, **settings).sign_in()
    yield seat, f"{theme}-{width}"
    seat.close()


def _look(seat: Seat, place: str, name: str, status: int = 200) -> list[str]:
    """Opens a page and returns everything that is wrong with it."""
    seat.faults.clear()
    page = seat.go(place, status)
    picture(page, name)
    wide = [f"too wide: {each}" for each in overflow(page)]
    return wide + accessibility_faults(page) + seat.faults


def _name(route: Page) -> str:
    return (
        route.path.strip("/")
        .replace("{project}", "")
        .replace("{", "")
        .replace("}", "")
        .replace("/", "-")
        .strip("-")
    )


@pytest.mark.slow
@pytest.mark.parametrize("route", PAGES, ids=_name)
def test_a_page_fits_and_can_be_used_by_everybody(route: Page, visitor: tuple[Seat, str]) -> None:
    seat, look = visitor
    faults = _look(seat, address(route, seat.stage), f"{_name(route)}-{look}")
    assert not faults, "\n".join(faults)


@pytest.mark.slow
@pytest.mark.parametrize("name", FURTHER)
def test_so_it_does_in_other_circumstances(name: str, visitor: tuple[Seat, str]) -> None:
    seat, look = visitor
    place = FURTHER[name].replace("{project}", seat.stage.slug).replace("{decided}", seat.stage.scene.decided)
    faults = _look(seat, place, f"{name}-{look}", 404 if name == "nothing" else 200)
    assert not faults, "\n".join(faults)


def test_the_board_opens_without_a_fault(chromium: Browser, stage: Stage) -> None:
    seat = Seat(chromium, stage).sign_in()
    faults = _look(seat, f"/board/{stage.slug}", "smoke-board")
    seat.close()
    assert not faults, "\n".join(faults)
