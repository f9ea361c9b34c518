"""What people write does not break the page that shows it: titles without a space, many labels, long names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from browser.harness import overflow

if TYPE_CHECKING:
    from collections.abc import Callable

    from browser.harness import Seat, Stage
    from playwright.sync_api import Page

ENDLESS = "W" * 190
SIZES = ((390, 844), (768, 1024), (1280, 800), (1700, 900))


def crossing(page: Page) -> list[str]:
    """Returns the links above a title that lie on it or on each other."""
    found: list[str] = page.evaluate(
        """() => {
          const all = [...document.querySelectorAll(".bar .crumbs a, .bar h1")];
          const cross = (a, b) => a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1;
          return all.flatMap((one, at) => all.slice(at + 1)
            .filter((other) => [...one.getClientRects()].some((a) => [...other.getClientRects()].some((b) => cross(a, b))))
            .map((other) => `${one.textContent.trim().slice(0, 30)} lies on ${other.textContent.trim().slice(0, 30)}`));
        }"""
    )
    return found


@pytest.mark.slow
def test_a_title_without_a_space_makes_no_page_wider_and_lies_on_nothing(
    own_stage: Stage, seats: Callable[..., Seat]
) -> None:
    desk, slug = own_stage.scene.desk, own_stage.slug
    ticket = desk.new(ENDLESS, "--state", "ready", *[f"--label=label-{number}" for number in range(30)])
    asked = ("edit", ticket, "--title", ENDLESS[:150], "--actor", "agent:builder")
    waiting = desk.error(*asked, status=9)["details"]["proposal"]
    seat = seats(own_stage).sign_in()
    for width, height in SIZES:
        seat.page.set_viewport_size({"width": width, "height": height})
        for place in (
            f"/board/{slug}", "/list?q=WWWW", f"/tickets/{slug}/{ticket}", "/inbox", f"/proposals/{slug}/{waiting}", "/attention",
            f"/receipts/{slug}", f"/receipts/{slug}/compare?left=ticket/{ticket}&right=agent/builder",
        ):  # fmt: skip
            page = seat.go(place)
            assert overflow(page) == [], (width, place)
            assert crossing(page) == [], (width, place)
    seat.go("/list?q=WWWW")
    assert seat.page.locator("tr", has_text=ENDLESS).locator(".chip").last.inner_text() == "+22"


@pytest.mark.slow
def test_the_switch_for_two_columns_is_there_where_it_does_something(
    own_stage: Stage, seats: Callable[..., Seat]
) -> None:
    seat = seats(own_stage).sign_in()
    asked = own_stage.scene.desk.data("inbox")["proposals"]
    edit = next(each["id"] for each in asked if each["action"] == "ticket.edit")
    page = seat.go(f"/proposals/{own_stage.slug}/{edit}")
    pair = page.locator(".change .pair:has(.d):has(.a)").first
    seen = set()
    for width in (640, 900, 1023, 1100, 1199, 1200, 1280, 1366, 1700):
        page.set_viewport_size({"width": width, "height": 800})
        is_offered = page.locator(".splits").is_visible()
        is_split = pair.evaluate("(element) => getComputedStyle(element).display") == "grid"
        assert is_offered == is_split, width
        seen.add(is_offered)
    assert seen == {True, False}
