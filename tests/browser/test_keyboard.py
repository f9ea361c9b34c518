"""Everything that matters by keyboard alone: the hand never leaves it, and the focus is never lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from browser.harness import Seat, Stage
    from playwright.sync_api import Page


def _focused(page: Page) -> str:
    """Returns what has the focus, in a few words."""
    found: str = page.evaluate(
        "() => { const one = document.activeElement; return one === document.body ? '' : (one.id ? '#' + one.id : '') + ' ' + (one.ariaLabel || one.textContent.trim().slice(0, 60) || one.name); }"
    )
    return found.strip()


def _press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def _tab_to(page: Page, words: str, most: int = 60) -> None:
    """Presses Tab until something has the focus whose words contain these."""
    seen = []
    for _ in range(most):
        page.keyboard.press("Tab")
        seen.append(_focused(page))
        if words in seen[-1]:
            return
    raise AssertionError(f"Tab never came to {words!r}: {seen}")


def _until_waiting(page: Page, number: int) -> None:
    """Waits until the navigation says that so many decisions wait."""
    page.locator("#waiting", has_text=str(number)).wait_for()


@pytest.fixture
def person(own_stage: Stage, seats: Callable[..., Seat]) -> Seat:
    """An admin at a repository of their own."""
    return seats(own_stage).sign_in()


def test_the_first_tab_skips_to_the_content_and_the_focus_is_seen(page_as: Callable[..., Seat]) -> None:
    seat = page_as("member")
    page = seat.go(f"/board/{seat.stage.slug}")
    page.keyboard.press("Tab")
    assert _focused(page) == "Skip to the content"
    assert page.get_by_text("Skip to the content").bounding_box()["y"] >= 0  # type: ignore[index]
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"


def test_g_and_a_letter_go_places_and_a_question_mark_tells_which(page_as: Callable[..., Seat]) -> None:
    seat = page_as("member")
    page = seat.go(f"/board/{seat.stage.slug}")
    _press(page, "g", "l")
    page.wait_for_url("**/list")
    page.keyboard.press("?")
    keys = page.get_by_role("dialog", name="Keys")
    keys.wait_for()
    assert "Attention" in keys.inner_text()
    for _ in range(4):
        page.keyboard.press("Tab")
        assert page.evaluate(
            "document.activeElement === document.body || document.activeElement.closest('dialog') !== null"
        )
    page.keyboard.press("Escape")
    keys.wait_for(state="detached")


def test_no_key_does_anything_while_somebody_types(page_as: Callable[..., Seat]) -> None:
    seat = page_as("member")
    page = seat.go("/list")
    field = page.get_by_label("Title or id")
    field.focus()
    page.keyboard.type("g b ? / n")
    assert field.input_value() == "g b ? / n"
    assert page.get_by_role("dialog").count() == 0
    assert page.url.split("?")[0].endswith("/list")


def test_the_palette_finds_a_ticket_and_goes_there(page_as: Callable[..., Seat]) -> None:
    seat = page_as("viewer")
    page = seat.go(f"/board/{seat.stage.slug}")
    page.keyboard.press("Control+k")
    page.get_by_role("combobox", name="Find a ticket").wait_for()
    page.keyboard.type("accents")
    page.get_by_role("option", name="Search finds words without their accents").wait_for()
    page.keyboard.press("Enter")
    page.wait_for_url("**/tickets/shop/*")
    assert page.locator("h1").inner_text() == "Search finds words without their accents"


def test_the_palette_opens_by_a_button_too(page_as: Callable[..., Seat]) -> None:
    seat = page_as("viewer")
    page = seat.go(f"/board/{seat.stage.slug}")
    page.get_by_role("button", name="Find anything").click()
    page.get_by_role("combobox", name="Find a ticket").wait_for()


def test_the_palette_goes_to_pages_and_closes_by_escape(page_as: Callable[..., Seat]) -> None:
    seat = page_as("viewer")
    page = seat.go(f"/board/{seat.stage.slug}")
    page.keyboard.press("/")
    page.keyboard.type("receip")
    page.get_by_role("option", name="Receipts").wait_for()
    page.keyboard.press("Escape")
    assert page.get_by_role("dialog").count() == 0
    _press(page, "/")
    page.keyboard.type("receip")
    page.keyboard.press("Enter")
    page.wait_for_url("**/receipts/shop")


@pytest.mark.slow
def test_a_ticket_is_created_found_and_opened(person: Seat) -> None:
    page = person.go(f"/board/{person.stage.slug}")
    page.keyboard.press("c")
    title = page.get_by_label("Title", exact=True)
    title.wait_for()
    title.focus()
    page.keyboard.type("Print the invoice twice")
    page.keyboard.press("Enter")
    page.get_by_text("Print the invoice twice").first.wait_for()
    _press(page, "Escape")
    person.go("/list")
    page.keyboard.press("f")
    page.keyboard.type("invoice")
    page.keyboard.press("Enter")
    link = page.get_by_role("link", name="Print the invoice twice")
    link.wait_for()
    _tab_to(page, "Print the invoice twice")
    page.keyboard.press("Enter")
    page.wait_for_url("**/tickets/shop/*")


@pytest.mark.slow
def test_what_waits_is_approved_and_rejected(person: Seat) -> None:
    page = person.go("/inbox")
    assert page.locator("#waiting").inner_text() == "5"
    _press(page, "j", "j")
    page.keyboard.press("a")
    _until_waiting(page, 4)
    page.keyboard.press("r")
    reason = page.get_by_role("textbox").locator("visible=true").first
    reason.wait_for()
    page.keyboard.type("Not before the holidays", delay=40)
    page.keyboard.press("Control+Enter")
    _until_waiting(page, 3)
    scene = person.stage.scene
    statuses = [scene.desk.data("proposal", "show", each)["proposal"]["status"] for each in scene.waiting]
    assert sorted(statuses) == ["applied", "pending", "pending", "pending", "rejected"], statuses
