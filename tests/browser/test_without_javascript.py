"""Without JavaScript every page can be read, and one gets from each to the others and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from browser.harness import address, overflow
from browser.test_every_page import PAGES

if TYPE_CHECKING:
    from collections.abc import Callable

    from browser.harness import Seat


@pytest.fixture
def reader(page_as: Callable[..., Seat]) -> Seat:
    """Somebody whose browser runs no script."""
    return page_as("admin", java_script_enabled=False)


@pytest.mark.slow
def test_every_page_says_what_it_is_about(reader: Seat) -> None:
    for route in PAGES:
        page = reader.go(address(route, reader.stage))
        assert page.locator("h1").count() == 1, route.path
        assert len(page.locator("main").inner_text()) > 40, route.path
        assert page.locator("main .skeleton:visible, main .spinner:visible").count() == 0, route.path


def test_the_board_leads_to_a_ticket_and_back_to_the_list_that_it_filters(reader: Seat) -> None:
    page = reader.go(f"/board/{reader.stage.slug}")
    page.get_by_role("link", name="Charge a card within 800 ms").click()
    assert page.locator("h1").inner_text() == "Charge a card within 800 ms"
    assert page.get_by_text("Customers who pay by card wait").is_visible()
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="List").click()
    page.get_by_label("Title or id").fill("warehouse every night")
    page.get_by_label("Title or id").press("Enter")
    page.get_by_role("link", name="Count what is left in the warehouse every night").wait_for()
    assert page.get_by_role("link", name="Charge a card within 800 ms").count() == 0


def test_the_colours_are_chosen_by_a_form_and_kept(reader: Seat) -> None:
    page = reader.go(f"/board/{reader.stage.slug}")
    page.locator("button.person").click()
    page.locator("#person-menu").get_by_role("button", name="Dark").click()
    page.wait_for_load_state()
    assert page.locator("html").get_attribute("data-theme") == "dark"
    reader.go("/list")
    assert page.locator("html").get_attribute("data-theme") == "dark"
    assert overflow(page) == []
