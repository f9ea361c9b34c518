"""Deciding as people do it: by keys alone, by thumb, several at once, and two people at the same time."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from browser.harness import accessibility_faults, overflow
from integration.gate_scene import GRACE

if TYPE_CHECKING:
    from collections.abc import Callable

    from browser.harness import Seat, Stage
    from playwright.sync_api import Locator, Page

    Sit = Callable[..., Seat]

STEADY = "#inbox-yours:not([data-moving])"


def proposal(stage: Stage, name: str) -> dict[str, Any]:
    found: dict[str, Any] = stage.scene.desk.data("proposal", "show", name)["proposal"]
    return found


def row(page: Page, name: str) -> Locator:
    return page.locator(f"#w-shop-{name}")


def gone(page: Page, name: str) -> None:
    """Waits until a decision has left the list."""
    row(page, name).wait_for(state="detached")


def answered(page: Page, name: str, words: str) -> None:
    """Waits until a decision has left the list and its answer is told, for then it has had its effect."""
    gone(page, name)
    page.locator("#toasts .toast", has_text=words).last.wait_for()


def seen_to_its_end(one: Locator) -> None:
    """Scrolls to the end of a change."""
    one.locator(".change > :last-child").evaluate("end => end.scrollIntoView({block: 'center'})")


def focused(page: Page) -> str:
    """Returns the decision that has the focus, itself or something in it."""
    found: str = page.evaluate("document.activeElement.closest('[data-decision]')?.id ?? ''")
    return found


def test_by_keys_alone_one_is_approved_and_one_rejected_with_its_reason(own_stage: Stage, seats: Sit) -> None:
    step, first, second, _, policy = own_stage.scene.waiting
    page = seats(own_stage).sign_in().go("/inbox")
    keys = page.keyboard
    keys.press("j")
    assert focused(page) == f"w-shop-{policy}"
    keys.press("a")  # it is grave: what will happen is said first
    page.locator(f"#w-shop-{policy} .sure[open]").wait_for()
    assert "committed to main" in row(page, policy).locator(".sure").inner_text()
    keys.press("Escape")
    assert proposal(own_stage, policy)["status"] == "pending"
    keys.press("j")
    assert focused(page) == f"w-shop-{step}"
    keys.press("a")
    answered(page, step, "Approved: move")
    assert proposal(own_stage, step)["status"] == "applied"
    assert focused(page) == f"w-shop-{first}"
    keys.press("r")
    keys.type("Somebody else has begun it")
    page.wait_for_selector(STEADY)
    keys.press("Control+Enter")
    answered(page, first, "Rejected: assign")
    told = proposal(own_stage, first)
    assert (told["status"], told["closed"]["reason"]) == ("rejected", "Somebody else has begun it")
    assert focused(page) == f"w-shop-{second}"
    keys.press("e")
    page.wait_for_url(f"**/proposals/shop/{second}/edit")


@pytest.mark.slow
def test_by_keys_a_grave_one_is_confirmed(own_stage: Stage, seats: Sit) -> None:
    policy = own_stage.scene.waiting[4]
    page = seats(own_stage).sign_in().go("/inbox")
    page.keyboard.press("j")
    page.keyboard.press("a")
    page.locator(f"#w-shop-{policy} .sure[open]").wait_for()
    page.keyboard.press("Enter")
    answered(page, policy, "Approved: policy.change")
    assert proposal(own_stage, policy)["status"] == "applied"


@pytest.mark.slow
def test_by_thumb_the_buttons_are_large_at_the_bottom_and_do_what_they_say(
    own_stage: Stage, seats: Sit
) -> None:
    step, first, *_ = own_stage.scene.waiting
    seat = seats(own_stage, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True).sign_in()
    page = seat.go("/inbox")
    one = row(page, step)
    one.scroll_into_view_if_needed()
    approve, reject = one.locator("form[data-answer=approve] button"), one.locator("details.reject summary")
    for button in (approve, reject):
        box = button.bounding_box()
        assert box is not None
        assert box["height"] >= 44
        assert box["width"] >= 120
    seen_to_its_end(one)
    place = approve.bounding_box()
    assert place is not None
    approve.tap()
    gone(page, step)
    page.touchscreen.tap(
        place["x"] + 40, place["y"] + 20
    )  # the same place again, where the next one may be now
    answered(page, step, "Approved: move")
    page.wait_for_selector(STEADY)
    assert [proposal(own_stage, each)["status"] for each in own_stage.scene.waiting[1:]] == ["pending"] * 4
    other = row(page, first)
    other.locator("details.reject summary").tap()
    other.locator("textarea").fill("Not now")
    other.locator("details.reject button.is-main").tap()
    answered(page, first, "Rejected: assign")
    assert [proposal(own_stage, each)["status"] for each in (step, first)] == ["applied", "rejected"]


@pytest.mark.slow
def test_equal_ones_are_selected_and_approved_together(own_stage: Stage, seats: Sit) -> None:
    _, first, second, text, _ = own_stage.scene.waiting
    page = seats(own_stage).sign_in().go("/inbox")
    row(page, first).focus()
    page.keyboard.press("x")
    assert row(page, text).locator(".pick input").is_disabled()  # of another action
    row(page, second).focus()
    page.keyboard.press("x")
    assert page.locator(".together .chosen").inner_text() == "2 × ticket.assign"
    page.keyboard.press("u")
    assert page.locator(".together").is_hidden()
    for each in (first, second):
        row(page, each).locator(".pick input").check()
        seen_to_its_end(row(page, each))
    page.keyboard.press("b")
    page.keyboard.press("Enter")
    gone(page, first)
    answered(page, second, "Approved 2 of 2")
    assert [proposal(own_stage, each)["status"] for each in (first, second)] == ["applied"] * 2


@pytest.mark.slow
def test_what_somebody_else_has_answered_leaves_its_place_empty_and_cannot_be_answered(
    own_stage: Stage, seats: Sit
) -> None:
    step, first, *_ = own_stage.scene.waiting
    ada = seats(own_stage).sign_in().go("/inbox")
    grace = seats(own_stage).sign_in("approver", GRACE).go("/inbox")
    row(grace, step).focus()
    row(grace, first).scroll_into_view_if_needed()
    before = row(grace, first).bounding_box()
    seen_to_its_end(row(ada, step))
    row(ada, step).locator("form[data-answer=approve] button").click()
    gone(grace, step)
    empty = grace.locator("#inbox-yours > .is-gone")
    empty.wait_for()
    assert row(grace, first).bounding_box() == before  # nothing has moved under the thumb
    assert empty.locator("form").count() == 0
    empty.get_by_role("button", name="Go on").click()
    empty.wait_for(state="detached")


@pytest.mark.slow
def test_the_page_of_a_proposal_follows_what_becomes_of_it(own_stage: Stage, seats: Sit) -> None:
    step = own_stage.scene.waiting[0]
    page = seats(own_stage).sign_in("approver", GRACE).go(f"/proposals/shop/{step}")
    assert page.locator("form[data-answer=approve]").count() == 1
    own_stage.scene.desk.say("proposal", "withdraw", step, "--actor", "agent:builder")
    page.locator("#p-head", has_text="withdrawn").wait_for()
    assert page.locator("form[data-answer]").count() == 0


@pytest.mark.slow
def test_nothing_is_approved_by_a_key_where_nothing_is_selected(own_stage: Stage, seats: Sit) -> None:
    page = seats(own_stage).sign_in().go("/inbox")
    page.keyboard.press("a")
    assert focused(page) == f"w-shop-{own_stage.scene.waiting[4]}"
    page.keyboard.press("a")
    page.locator(".sure[open]").wait_for()
    assert all(proposal(own_stage, each)["status"] == "pending" for each in own_stage.scene.waiting)


@pytest.mark.slow
def test_nothing_is_approved_before_the_end_of_its_change_was_on_the_screen(
    own_stage: Stage, seats: Sit
) -> None:
    text = own_stage.scene.waiting[3]
    page = seats(own_stage, viewport={"width": 390, "height": 700}).sign_in().go("/inbox")
    one = row(page, text)
    one.locator("header").evaluate("head => head.scrollIntoView({block: 'start'})")
    approve = one.locator("form[data-answer=approve] button")
    approve.dispatch_event("click")
    page.locator("#toasts .toast", has_text="Here is the rest of the change").wait_for()
    assert proposal(own_stage, text)["status"] == "pending"
    approve.click()
    answered(page, text, "Approved: edit")


@pytest.mark.slow
def test_by_keys_alone_a_change_of_three_parts_is_opened_part_by_part_and_then_approved(
    own_stage: Stage, seats: Sit
) -> None:
    desk, ticket = own_stage.scene.desk, own_stage.scene.ticket
    payload = json.dumps({"ticket": ticket, "body": "".join([f"{number}\n" for number in range(2_000)])})
    told = desk.data("propose", "ticket.edit", "-F", "-", "--actor", "agent:builder", stdin=payload)
    one = told["proposal"]["id"]
    seat = seats(own_stage).sign_in()
    page = seat.go(f"/proposals/shop/{one}?from=1600")
    assert page.locator("form[data-answer=approve]").count() == 0
    for number, left in ((1, ["part 2"]), (2, [])):
        page.keyboard.press("a")
        page.locator(".note", has_text=f"this is part {number}").wait_for()
        assert page.locator("#unread a").all_inner_texts() == left
        assert not accessibility_faults(page)
        assert not overflow(page)
    page.keyboard.press("a")
    page.locator(".note", has_text="this is part 3").wait_for()
    page.keyboard.press("a")  # brings the end of the part before one's eyes
    page.locator("#toasts .toast", has_text="Here is the rest of the change").wait_for()
    page.keyboard.press("a")
    page.locator("#p-head", has_text="applied").wait_for()
    assert proposal(own_stage, one)["status"] == "applied"
