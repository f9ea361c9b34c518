"""What the script sends twice, because somebody pressed twice, is one change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from browser.harness import Seat, Stage

TWICE = """async (place) => {
  const send = () => counterfoil.send(place, { text: "Pressed twice" });
  await Promise.all([send(), send()]);
  const form = document.getElementById("say");
  form.elements.text.value = "Submitted twice";
  form.requestSubmit();
  form.requestSubmit();
}"""


def test_a_comment_that_is_sent_twice_at_once_is_one(page_as: Callable[..., Seat], stage: Stage) -> None:
    desk, ticket = stage.scene.desk, stage.scene.ticket
    place = f"/tickets/{stage.slug}/{ticket}"
    page = page_as("member", "human:grace").go(place)

    page.evaluate(TWICE, f"{place}/comment")

    expect(page.locator("#ticket-said")).to_contain_text("Submitted twice")
    said = [str(one["said"].get("text")) for one in desk.data("show", ticket, "--discussion")["discussion"]]
    assert said.count("Pressed twice") == 1
    assert said.count("Submitted twice") == 1
