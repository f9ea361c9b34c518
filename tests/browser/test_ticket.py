"""The ticket page under somebody's hands: comments by keyboard, texts that nothing takes away, edits that collide."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from browser.harness import accessibility_faults, overflow
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from browser.harness import Seat, Stage


def test_one_comments_by_keyboard_and_a_change_from_elsewhere_takes_no_text_away(
    page_as: Callable[..., Seat], stage: Stage
) -> None:
    seat = page_as("member", "human:grace")
    desk, ticket = stage.scene.desk, stage.scene.ticket
    page = seat.go(f"/tickets/{stage.slug}/{ticket}")
    page.keyboard.press("c")
    field = page.locator("#say-text")
    expect(field).to_be_focused()
    page.keyboard.type("Half of a thou")
    desk.say("comment", ticket, "From a terminal", "--actor", "human:ada")
    expect(page.locator("#ticket-said")).to_contain_text("From a terminal")
    expect(field).to_be_focused()
    page.keyboard.type("ght")
    expect(field).to_have_value("Half of a thought")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#ticket-said")).to_contain_text("Half of a thought")
    expect(field).to_have_value("")
    said = desk.data("show", ticket, "--discussion")["discussion"]
    assert (said[-1]["actor"], said[-1]["said"]["text"]) == ("human:grace", "Half of a thought")


@pytest.mark.slow
def test_keys_lead_to_what_one_does_with_a_ticket(page_as: Callable[..., Seat], stage: Stage) -> None:
    page = page_as().go(f"/tickets/{stage.slug}/{stage.scene.ticket}")
    page.keyboard.press("m")
    expect(page.locator(".moves button").first).to_be_focused()
    page.keyboard.press("l")
    expect(page.locator("#labels-dialog")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("a")
    expect(page.locator("#assign-dialog")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("t")
    page.wait_for_url("**#timeline")
    page.locator(".why summary").click()
    expect(page.locator("#ticket-why .obstacles")).to_be_visible()
    page.keyboard.press("e")
    expect(page.locator("#edit-body")).to_be_visible()


@pytest.mark.slow
def test_an_edit_beside_which_somebody_changed_another_field_is_saved_and_keeps_it(
    own_stage: Stage, seats: Callable[..., Seat]
) -> None:
    desk, ticket = own_stage.scene.desk, own_stage.scene.ticket
    page = seats(own_stage).sign_in().go(f"/tickets/{own_stage.slug}/{ticket}/edit")
    page.locator("#edit-body").fill("What I have written")
    desk.say("edit", ticket, "--priority", "p3", "--actor", "human:grace")
    notice = page.locator("#edit-notice")
    expect(notice).to_contain_text("Somebody has changed priority since you began. It stays so when you save")
    expect(page.locator("#edit-body")).to_have_value("What I have written")
    assert not accessibility_faults(page)
    assert not overflow(page)
    page.get_by_role("button", name="Save").click()
    page.wait_for_url(f"**/tickets/{own_stage.slug}/{ticket}")
    expect(page.locator("#toasts")).to_contain_text("priority was changed meanwhile by human:grace: kept")
    text = desk.text(f".tickets/tickets/{ticket}.md")
    assert text.endswith("---\n\nWhat I have written\n")
    assert "priority: p3" in text


@pytest.mark.slow
def test_an_edit_that_collides_keeps_the_text_and_shows_what_the_other_one_did(
    own_stage: Stage, seats: Callable[..., Seat]
) -> None:
    desk, ticket = own_stage.scene.desk, own_stage.scene.ticket
    seat = seats(own_stage).sign_in()
    page = seat.go(f"/tickets/{own_stage.slug}/{ticket}/edit")
    page.locator("#edit-title").fill("What I call it")
    desk.say("edit", ticket, "--title", "What others call it", "--priority", "p3", "--actor", "human:ada")
    notice = page.locator("#edit-notice")
    expect(notice).to_contain_text("Somebody has changed this ticket since you began")
    expect(notice.locator(".diff")).to_contain_text("What others call it")
    expect(page.locator("#edit-title")).to_have_value("What I call it")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#alerts")).to_contain_text("is not what you have seen")
    seat.forgive("412")
    notice.get_by_role("button", name="I have seen it").click()
    page.get_by_role("button", name="Save").click()
    page.wait_for_url(f"**/tickets/{own_stage.slug}/{ticket}")
    expect(page.locator("#ticket-title")).to_have_text("What I call it")
    text = desk.text(f".tickets/tickets/{ticket}.md")
    assert "What I call it" in text
    assert "priority: p3" in text


@pytest.mark.slow
def test_a_file_is_attached_and_its_preview_is_what_becomes_of_a_text(
    page_as: Callable[..., Seat], stage: Stage
) -> None:
    page = page_as().go(f"/tickets/{stage.slug}/{stage.scene.ticket}")
    page.locator("#say-text").fill("**strong** <script>alert(1)</script>")
    page.get_by_role("button", name="Preview").click()
    expect(page.locator("#say-preview strong")).to_have_text("strong")
    expect(page.locator("#say-text")).to_have_value("**strong** <script>alert(1)</script>")
    page.get_by_role("button", name="Attach").first.click()
    page.locator("#attach-file").set_input_files(
        {"name": "run.log", "mimeType": "text/plain", "buffer": b"all well\n"}
    )
    page.locator("#attach-dialog").get_by_role("button", name="Attach").click()
    expect(page.locator("#ticket-said")).to_contain_text("run.log")
    expect(page.locator("#attach-dialog")).to_be_hidden()
