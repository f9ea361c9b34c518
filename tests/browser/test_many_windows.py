"""More windows of one browser than it opens connections to a server: all open, and the one that is looked at follows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from browser.harness import Seat, Stage

WINDOWS = 8
STREAMS = 4
LOOK_MS = 20_000
COUNTED = """() => {
  window.streams = 0;
  const Real = window.EventSource;
  window.EventSource = class extends Real {
    constructor(place) { super(place); window.streams += 1; }
    close() { if (this.readyState !== 2) window.streams -= 1; super.close(); }
  };
}"""


@pytest.mark.slow
def test_eight_windows_open_and_what_is_looked_at_follows(page_as: Callable[..., Seat], stage: Stage) -> None:
    desk = stage.scene.desk
    seat = page_as("member")
    seat.context.clock.install()
    seat.context.add_init_script(f"({COUNTED})()")
    windows = []
    for _ in range(WINDOWS):
        window = seat.context.new_page()
        window.goto("/board/shop", wait_until="load")
        windows.append(window)
    seat.page.close()
    first, last = windows[0], windows[-1]
    for window in windows:
        is_last = window in windows[-STREAMS:]
        window.wait_for_function("wanted => window.streams === wanted", arg=int(is_last))

    desk.say("new", "Seen in the last window", "--actor", "human:ada")
    expect(last.locator("main")).to_contain_text("Seen in the last window")
    first.evaluate("dispatchEvent(new Event('focus'))")
    first.wait_for_function("() => window.streams === 1")
    expect(first.locator("main")).to_contain_text("Seen in the last window")
    windows[-STREAMS].wait_for_function("() => window.streams === 0")

    last.close()
    windows[-STREAMS].wait_for_function("() => window.streams === 1")
    seat.context.clock.fast_forward(LOOK_MS)
    expect(windows[1].locator("main")).to_contain_text("Seen in the last window")
    assert windows[1].evaluate("window.streams") == 0
