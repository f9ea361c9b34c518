"""The ledger with a keyboard: through a stream step by step, to a receipt and its proof, and all of it without script."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from integration.gate_scene import ADA

if TYPE_CHECKING:
    from collections.abc import Callable

    from browser.harness import Seat, Stage


def stream_of(stage: Stage) -> str:
    """Returns the stream of the ticket that has everything."""
    return f"ticket/{stage.scene.ticket}"


def test_the_arrow_keys_go_through_a_stream_and_the_address_follows(page_as: Callable[..., Seat], stage: Stage) -> None:  # fmt: skip
    seat = page_as("viewer")
    page = seat.go(f"/receipts/{stage.slug}/stream?name={stream_of(stage)}")
    slider = page.get_by_role("slider")
    last = int(slider.get_attribute("max") or "")
    assert last >= 2
    slider.focus()
    page.keyboard.press("ArrowLeft")
    page.get_by_role("heading", name=f"Step {last - 1}:").wait_for()
    assert page.url.endswith(f"at={last - 1}")
    assert slider.get_attribute("aria-valuetext") == f"step {last - 1} of {last}"
    page.keyboard.press("Home")
    page.get_by_role("heading", name="Step 0:").wait_for()
    assert page.evaluate("document.activeElement.type") == "range"
    page.get_by_role("link", name="Next").click()
    page.get_by_role("heading", name="Step 1:").wait_for()
    page.get_by_role("link", name="Now").click()
    page.get_by_role("heading", name=f"Step {last}:").wait_for()
    assert slider.input_value() == str(last)
    page.reload()
    assert page.get_by_role("heading", name=f"Step {last}:").is_visible()


def test_a_receipt_leads_to_its_neighbours_and_its_proof_is_what_the_command_checks(
    page_as: Callable[..., Seat], stage: Stage
) -> None:
    stage.scene.desk.say("ledger", "checkpoint")
    seat = page_as("viewer")
    page = seat.go(f"/receipts/{stage.slug}/at/3")
    page.keyboard.press("j")
    page.wait_for_url("**/at/4")
    page.keyboard.press("k")
    page.wait_for_url("**/at/3")
    with page.expect_download() as waiting:
        page.keyboard.press("d")
    assert waiting.value.suggested_filename == "receipt-3.tlog-proof"
    stage.scene.desk.write("proof", waiting.value.path().read_text("utf-8"))
    assert stage.scene.desk.data("ledger", "proof", "--check", "proof")["position"] == 3


def test_what_is_there_to_read_can_be_read_without_script(page_as: Callable[..., Seat], stage: Stage) -> None:
    seat = page_as("admin", java_script_enabled=False)
    page = seat.go(f"/receipts/{stage.slug}")
    page.get_by_label("Kind").select_option("principal.added")
    page.get_by_role("button", name="Find").click()
    assert page.locator(".receipt").count() >= 2
    page.locator(".receipt-stream").first.click()
    page.get_by_label("Step", exact=True).fill("0")
    page.get_by_role("button", name="Go").last.click()
    assert page.get_by_role("heading", name="Step 0: registered").is_visible()
    seat.go(f"/insights/{stage.slug}")
    page.locator("summary").first.click()
    assert page.get_by_role("row", name="Week of Created Done").is_visible()
    seat.go(f"/policy/{stage.slug}/explain?action=ticket.edit&actor=agent:builder")
    assert page.get_by_text("people read what changes in a ticket").first.is_visible()


def test_a_plot_says_its_values_to_a_keyboard(page_as: Callable[..., Seat], stage: Stage) -> None:
    seat = page_as("viewer")
    page = seat.go(f"/insights/{stage.slug}")
    marks = page.locator("#plot-open .mark")
    marks.last.focus()
    page.keyboard.press("ArrowLeft")
    focused = page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert focused == marks.nth(marks.count() - 2).get_attribute("aria-label")
    shown = page.locator("#plot-open .tip text").all_text_contents()
    assert shown == focused.split("; ")
    page.keyboard.press("Escape")
    assert page.locator("#plot-open .tip").count() == 0
    page.keyboard.press("Home")
    assert page.evaluate("document.activeElement === document.querySelector('#plot-open .mark')")
    marks.nth(40).hover()
    assert page.locator("#plot-open .tip .tip-head").text_content()


@pytest.mark.slow
def test_a_token_is_seen_once_and_going_back_does_not_bring_it_again(
    own_stage: Stage, seats: Callable[..., Seat]
) -> None:
    seat = seats(own_stage).sign_in("admin", ADA)
    page = seat.go(f"/agents/{own_stage.slug}")
    page.get_by_text("Register an agent").click()
    page.locator("#agent-name").fill("helper")
    page.get_by_role("button", name="Register and show its token once").click()
    token = page.locator(".secret code").text_content() or ""
    assert token.startswith("cf_")
    assert token not in page.url
    page.get_by_role("link", name="I have kept it").click()
    page.get_by_role("heading", name="helper").wait_for()
    assert token not in page.content()
    page.get_by_label("Why").fill("no longer needed")
    page.get_by_role("button", name="Revoke").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    page.get_by_text("revoked", exact=True).first.wait_for()


@pytest.mark.slow
def test_an_examination_that_is_begun_shows_what_it_found_by_itself(
    page_as: Callable[..., Seat], stage: Stage
) -> None:
    seat = page_as("member")
    page = seat.go(f"/receipts/{stage.slug}/verify")
    page.keyboard.press("v")
    page.get_by_text("Everything agrees").wait_for()
