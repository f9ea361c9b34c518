"""The board as people use it: cards by mouse, by finger and by keyboard, filters, new tickets, and what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from integration.gate_scene import ADA, GRACE
from integration.gate_scene import state as state_of
from integration.terminal_scene import sit_at

if TYPE_CHECKING:
    from collections.abc import Callable

    from browser.harness import Seat, Stage
    from playwright.sync_api import Locator, Page

    Sit = Callable[..., Seat]

POLICY = """\
version: 1
merge_policy: {default: review_required}
rules:
  - {id: ask, then: ask, action: ticket.move, actor: "human:ada", reason: two look at it}
  - {id: never, then: deny, action: ticket.move, actor: "human:grace", reason: not by her}
"""
BEHIND = 60


def card(page: Page, title: str) -> Locator:
    return page.locator("#board .card", has_text=title)


def column(page: Page, state: str) -> Locator:
    return page.locator(f"#board .column[data-state={state}]")


def settled(page: Page, title: str, state: str) -> None:
    """Waits until a card is in a column, and no longer on its way there."""
    column(page, state).locator(".card:not(.is-moving)", has_text=title).wait_for()


def toast(page: Page, words: str) -> Locator:
    """Waits until something is said."""
    found = page.locator("#over .toast", has_text=words).last
    found.wait_for()
    return found


def drag(page: Page, title: str, state: str) -> None:
    """Drags a card into a column by mouse."""
    begin, end = card(page, title).bounding_box(), column(page, state).bounding_box()
    assert begin is not None
    assert end is not None
    page.mouse.move(begin["x"] + 20, begin["y"] + 12)
    page.mouse.down()
    page.mouse.move(begin["x"] + 40, begin["y"] + 30, steps=3)
    page.mouse.move(end["x"] + end["width"] / 2, end["y"] + 120, steps=5)
    page.mouse.up()


def focused(page: Page) -> str:
    """Returns the title of the card that has the focus."""
    found: str = page.evaluate(
        "document.activeElement.closest('.card')?.querySelector('a').textContent ?? ''"
    )
    return found


def new(stage: Stage, title: str, *words: str) -> str:
    return stage.scene.desk.new(title, "--actor", ADA, *words)


def test_a_card_is_dragged_where_it_may_go_and_brought_back_from_the_toast(
    stage: Stage, page_as: Sit
) -> None:
    ticket = new(stage, "Dragged about", "-s", "ready")
    page = page_as("member").go("/board/shop")
    card(page, "Dragged about").wait_for()

    drag(page, "Dragged about", "done")
    assert state_of(stage.scene.desk, ticket) == "ready"
    drag(page, "Dragged about", "blocked")
    told = toast(page, "is blocked")
    settled(page, "Dragged about", "blocked")
    assert page.url.endswith("/board/shop")
    assert state_of(stage.scene.desk, ticket) == "blocked"
    told.get_by_role("button", name="Undo").click()
    settled(page, "Dragged about", "ready")
    assert state_of(stage.scene.desk, ticket) == "ready"


@pytest.mark.slow
def test_columns_show_where_a_lifted_card_may_go(stage: Stage, page_as: Sit) -> None:
    new(stage, "Lifted only", "-s", "ready")
    page = page_as("member").go("/board/shop")
    box = card(page, "Lifted only").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 20, box["y"] + 12)
    page.mouse.down()
    page.mouse.move(box["x"] + 60, box["y"] + 40, steps=3)
    allowed = page.locator(".column.can-drop").evaluate_all("all => all.map((one) => one.dataset.state)")
    page.keyboard.press("Escape")
    page.mouse.up()

    assert allowed == ["in_progress", "blocked"]
    assert page.locator(".ghost, .can-drop, .is-lifted").count() == 0
    assert page.url.endswith("/board/shop")


@pytest.mark.slow
def test_by_keys_alone_a_card_is_reached_moved_and_found_again(stage: Stage, page_as: Sit) -> None:
    ticket = new(stage, "Moved by keys", "-s", "ready", "-p", "p0")
    page = page_as("member").go("/board/shop")
    keys = page.keyboard
    page.locator("#column-backlog a").first.focus()
    keys.press("ArrowRight")
    assert focused(page) == "Moved by keys"
    keys.press("ArrowDown")
    assert focused(page) != "Moved by keys"
    keys.press("ArrowUp")
    keys.press("m")
    page.get_by_role("menu").wait_for()
    choices = page.get_by_role("menuitem").all_inner_texts()
    assert choices[:2] == ["Move to in progress", "Move to blocked"]
    keys.press("ArrowDown")
    keys.press("Enter")
    settled(page, "Moved by keys", "blocked")
    assert focused(page) == "Moved by keys"
    keys.press(" ")
    keys.press("ArrowLeft")
    page.locator(".column.is-over[data-state=in_progress]").wait_for()
    keys.press("ArrowLeft")
    keys.press(" ")
    settled(page, "Moved by keys", "ready")
    keys.press("m")
    page.get_by_role("menuitem", name="Priority P3").click()
    toast(page, "is p3")
    keys.press("m")
    page.get_by_role("menuitem", name="Claim it and begin").click()
    settled(page, "Moved by keys", "in_progress")
    card(page, "Moved by keys").locator(".is-claim").wait_for()
    keys.press("m")
    page.get_by_role("menuitem", name="Give the claim back").click()
    settled(page, "Moved by keys", "ready")
    assert state_of(stage.scene.desk, ticket) == "ready"


@pytest.mark.slow
def test_a_finger_that_rests_on_a_card_gets_its_menu_and_one_that_moves_scrolls(
    stage: Stage, page_as: Sit
) -> None:
    new(stage, "Under a thumb", "-s", "backlog", "-p", "p0")
    seat = page_as("member", viewport={"width": 390, "height": 844}, has_touch=True)
    page = seat.go("/board/shop")
    box = card(page, "Under a thumb").bounding_box()
    assert box is not None
    touch = seat.context.new_cdp_session(page)
    place = {"x": box["x"] + 40, "y": box["y"] + 12}
    touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [place]})
    page.locator(".ghost").wait_for()
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    page.get_by_role("menuitem", name="Move to ready").tap()
    settled(page, "Under a thumb", "ready")


@pytest.mark.slow
def test_a_refusal_takes_the_card_back_and_says_why(own_stage: Stage, seats: Sit) -> None:
    desk = own_stage.scene.desk
    ticket = new(own_stage, "Not so fast", "-s", "ready")
    desk.write(".tickets/policy.yml", POLICY)
    desk.commit("scene: policy")
    sit_at(desk, "policy", "accept", "--yes", "--actor", ADA)
    grace = seats(own_stage).sign_in("member", GRACE)
    page = grace.go("/board/shop")

    drag(page, "Not so fast", "blocked")

    assert "not by her" in toast(page, "policy refuses").inner_text()
    settled(page, "Not so fast", "ready")
    grace.forgive("^answer: 403")
    page = seats(own_stage).sign_in("member", ADA).go("/board/shop")
    drag(page, "Not so fast", "blocked")
    told = toast(page, "waits for a decision")
    settled(page, "Not so fast", "ready")
    card(page, "Not so fast").get_by_text("1 waiting").wait_for()
    assert state_of(desk, ticket) == "ready"
    told.get_by_role("link", name="Look at it").click()
    page.wait_for_url("**/proposals/shop/P-*")


@pytest.mark.slow
def test_a_filter_answers_as_one_types_and_stays_live(stage: Stage, page_as: Sit) -> None:
    page = page_as("member").go("/board/shop")
    page.keyboard.press("f")
    page.keyboard.type("basket")
    card(page, "Charge a card").wait_for(state="detached")
    assert page.url.endswith("/board/shop?q=basket")
    assert page.evaluate("document.activeElement.name") == "q"
    new(stage, "A second basket", "-s", "ready")
    card(page, "A second basket").wait_for()
    new(stage, "Something else", "-s", "ready")
    page.select_option("select[name=label]", "bug")
    card(page, "A second basket").wait_for(state="detached")
    page.go_back()
    card(page, "A second basket").wait_for()
    assert card(page, "Something else").count() == 0
    page.get_by_role("link", name="Clear").click()
    card(page, "Something else").wait_for()
    assert page.url.endswith("/board/shop")


@pytest.mark.slow
def test_a_ticket_is_opened_by_keys_alone_and_problems_stand_beside_their_fields(page_as: Sit) -> None:
    seat = page_as("member")
    page = seat.go("/board/shop")
    page.locator(
        "[data-key=c][data-htmx-powered]"
    ).wait_for()  # before that, it is a link to a page of its own
    page.keyboard.press("c")
    page.locator("dialog[open] #new-title").wait_for()
    page.wait_for_function("document.activeElement.id === 'new-title'")
    page.keyboard.type("Opened by keys")
    page.locator("#new-labels").focus()
    page.keyboard.type("Ä!")
    page.keyboard.press("Control+Enter")
    page.get_by_text("is no label", exact=False).first.wait_for()
    assert "is no label" in page.locator("#new-labels-problem").inner_text()
    assert page.evaluate("document.activeElement.id") == "new-labels"
    seat.forgive("^answer: 422")
    page.keyboard.press("Control+a")
    page.keyboard.type("keys")
    page.keyboard.press("Control+Enter")
    toast(page, "Opened: Opened by keys")
    settled(page, "Opened by keys", "backlog")
    assert page.locator("dialog[open]").count() == 0


@pytest.mark.slow
def test_what_lies_behind_a_column_comes_as_one_scrolls_and_is_kept_right(
    own_stage: Stage, seats: Sit
) -> None:
    desk = own_stage.scene.desk
    for number in range(BEHIND):
        desk.put(f"01D{number:05d}000000000000000000", f"Behind {number:02d}", state="ready", priority="p3")
    desk.commit("scene: many")
    page = seats(own_stage).sign_in("member").go("/board/shop")
    last = f"Behind {BEHIND - 1:02d}"
    assert card(page, last).count() == 0

    column(page, "ready").locator(".rest a").scroll_into_view_if_needed()
    card(page, last).wait_for()
    desk.change(f".tickets/tickets/01D{BEHIND - 1:05d}000000000000000000.md", last, "Behind all")
    card(page, "Behind all").wait_for()
    desk.say("move", "01D00000000000000000000000", "blocked", "--actor", ADA)
    settled(page, "Behind 00", "blocked")
    page.wait_for_function(
        "(n) => { const all = [...document.querySelectorAll('[data-state=ready] .card')].map((one) => one.id); return all.length === n && new Set(all).size === n; }",
        arg=BEHIND - 1 + 3,
    )


@pytest.mark.slow
def test_several_tickets_are_changed_together_and_a_view_is_kept(stage: Stage, page_as: Sit) -> None:
    for number in range(3):
        new(stage, f"Together {number}", "-s", "backlog")
    page = page_as("member").go("/list?q=together")
    page.get_by_label("Choose all on this page").check()
    page.locator("[data-bulk-count]", has_text="3 chosen").wait_for()
    page.get_by_label("Move the chosen to").select_option("ready")
    page.get_by_role("button", name="Apply").click()
    toast(page, "3 tickets changed")
    page.wait_for_function("document.querySelectorAll('#lines .s-ready').length === 3")
    page.get_by_text("Save this view").click()
    page.get_by_label("Save as").fill("All together")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("link", name="All together").wait_for()
    page.goto("/list")
    page.get_by_role("link", name="All together").click()
    page.wait_for_url("**/list?q=together")
