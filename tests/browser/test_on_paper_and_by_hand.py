"""What only a browser shows of small things: what is printed, which keys a page says it has, where the focus goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from browser.harness import Seat, Stage
    from playwright.sync_api import Page


def keys_by_place(page: Page) -> dict[str, list[str]]:
    """Returns the keys that the dialog lists, under its headings."""
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keys")
    dialog.wait_for()
    found: dict[str, list[str]] = dialog.evaluate(
        """(dialog) => {
          const places = {};
          let title = "";
          for (const one of dialog.querySelectorAll("dl > *")) {
            if (one.matches(".label-words")) places[title = one.textContent] = [];
            else if (one.matches("dt:not(.keys-title)")) places[title].push(...[...one.querySelectorAll("kbd")].map((key) => key.textContent));
          }
          return places;
        }"""
    )
    page.keyboard.press("Escape")
    return found


@pytest.mark.slow
def test_nothing_that_one_presses_or_fills_in_is_printed(page_as: Callable[..., Seat], stage: Stage) -> None:
    page = page_as().go(f"/tickets/{stage.slug}/{stage.scene.ticket}")
    assert page.locator("#main button:visible").count() > 3
    page.emulate_media(media="print")
    assert page.locator("button:visible, textarea:visible, input:visible, select:visible").count() == 0
    assert page.get_by_text("Oldest first").is_hidden()
    assert page.locator("#ticket-timeline .entry").first.is_visible()


@pytest.mark.slow
def test_a_key_stands_in_the_dialog_at_the_pages_where_it_works(
    page_as: Callable[..., Seat], stage: Stage
) -> None:
    seat = page_as()
    inbox = keys_by_place(seat.go("/inbox"))
    assert {"a", "r", "e", "j", "k", "o", "x"} <= set(inbox["This page"])
    assert set(inbox["Everywhere"]) == {"?", "/", "Ctrl+K", "Esc"}
    board = keys_by_place(seat.go(f"/board/{stage.slug}"))
    assert {"j", "k", "m", "c"} <= set(board["This page"])
    assert board["Everywhere"] == inbox["Everywhere"]


@pytest.mark.slow
def test_the_form_that_saves_a_view_has_the_focus_in_its_field(page_as: Callable[..., Seat]) -> None:
    page = page_as().go("/list")
    page.locator("summary", has_text="Save this view").click()
    page.wait_for_function("document.activeElement.name === 'name'")
    page.keyboard.type("Mine")
    assert page.locator("form[action='/views/save'] input[name=name]").input_value() == "Mine"


@pytest.mark.slow
def test_fields_have_the_room_that_there_is(page_as: Callable[..., Seat], stage: Stage) -> None:
    seat = page_as()
    page = seat.go("/list")
    page.locator("#lines .td-pick input").first.check()
    field = page.locator("#bulk input[name=assignee]")
    needed = field.evaluate(
        """(field) => {
          const pen = document.createElement("canvas").getContext("2d");
          pen.font = getComputedStyle(field).font;
          return pen.measureText(field.placeholder).width - (field.clientWidth - 18);
        }"""
    )
    assert needed <= 0
    page = seat.go(f"/receipts/{stage.slug}/streams")
    find, typed = page.get_by_role("button", name="Find", exact=True), page.locator("input[name=prefix]")
    first, second = find.bounding_box(), typed.bounding_box()
    assert first is not None
    assert second is not None
    assert first["x"] > second["x"] + second["width"] - 1
    page.set_viewport_size({"width": 390, "height": 844})
    page = seat.go(f"/receipts/{stage.slug}")
    assert page.locator(".receipt-stream").first.is_visible()
