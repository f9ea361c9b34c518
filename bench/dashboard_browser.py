"""What a person at a browser waits for: the first paint of each page, and a change from elsewhere in an open one.

Headless Chromium on the same machine. The first paint is `first-contentful-paint` of fresh loads by a context whose cache
is empty, put against the same bytes from a bare route. A change counts from the moment at which its file was written (its
time of change) until a mutation observer in the page sees the new text: both clocks are the machine's.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from dashboard_pages import Answer, Bare, paths
from dashboard_scene import PERSON, House
from inprocess import percentile
from measure import Spread, spread
from table import TICKETS as COUNTED
from table import Row

SECTION = "The dashboard in headless Chromium"
LOADS, LOADS_QUICK = 9, 4
CHANGES, CHANGES_QUICK = 15, 6
PAINT_MS_MAX, CHANGE_MS_MAX = 300.0, 250.0
CHROMIUM = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
PAINTED = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null"
WATCH = """(wanted) => {
  window.seenAt = 0;
  const look = () => {
    if (!window.seenAt && document.body.textContent.includes(wanted)) {
      window.seenAt = performance.timeOrigin + performance.now();
    }
  };
  new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true });
  look();
}"""


@contextmanager
def browser() -> Iterator[Any]:
    """Starts Chromium: the system's where there is one, else Playwright's own."""
    from playwright.sync_api import sync_playwright

    path = next((path for path in CHROMIUM if os.access(path, os.X_OK)), None)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        try:
            yield started
        finally:
            started.close()


def rows(house: House, loads: int, changes: int) -> Iterator[Row]:
    """Yields the first paint of each page, and how soon changes are seen; says so where there is no browser."""
    from playwright.sync_api import Error

    try:
        with browser() as chromium:
            yield from _paints(house, chromium, loads)
            yield from _changes(house, chromium, changes)
    except Error as error:
        words = f"failed: {str(error).splitlines()[0][:60]}".replace("|", "¦")
        yield Row(SECTION, "Chromium", len(house.entries), None, None, words, "works", False)


def _context(house: House, chromium: Any) -> Any:
    """Returns a browser with nothing in it but the session."""
    made = chromium.new_context(viewport={"width": 1280, "height": 900})
    name, _, value = house.cookie.partition("=")
    made.add_cookies([{"name": name, "value": value, "url": house.host}])
    return made


def _paints(house: House, chromium: Any, loads: int) -> Iterator[Row]:
    size = len(house.entries)
    bare = Bare(house.folder, Answer(house.connect(), paths(house)["board"], house.cookie).body)
    addresses = {name: f"{house.host}{path}" for name, path in paths(house).items()}
    addresses["the board's bytes from a bare route"] = f"http://127.0.0.1:{bare.port}/"
    try:
        for name, address in addresses.items():
            found = [_paint(house, chromium, address) for _ in range(loads + 1)][1:]
            painted = [each for each in found if each is not None]
            if len(painted) < loads:
                yield Row(
                    SECTION, f"first paint: {name}", size, None, None, "nothing was painted", "works", False
                )
                continue
            wall = spread(painted)
            bare_one = name not in paths(house)
            target = ("", None) if bare_one else (f"≤ {PAINT_MS_MAX:g} ms", wall.median <= PAINT_MS_MAX)
            yield Row(
                SECTION, f"first paint: {name}", size, None, wall, f"{wall.median:.0f} ms", *target, COUNTED
            )
    finally:
        bare.close()


def _paint(house: House, chromium: Any, address: str) -> float | None:
    """Loads a page in a fresh context; returns milliseconds from the navigation to the first paint."""
    context = _context(house, chromium)
    try:
        page = context.new_page()
        answer = page.goto(address, wait_until="load")
        if answer.status != 200:
            return None
        page.wait_for_function(f"() => ({PAINTED}) !== null", timeout=5_000)
        found: float | None = page.evaluate(PAINTED)
        return found
    finally:
        context.close()


def _changes(house: House, chromium: Any, changes: int) -> Iterator[Row]:
    size = len(house.entries)
    context = _context(house, chromium)
    page = context.new_page()
    page.goto(f"{house.host}{paths(house)['board']}", wait_until="load")
    shown = [entry for entry in house.entries if page.locator(f"#card-{entry.id}").count()]
    try:
        for name, change in (("a hand edit", _edited), ("the command", _renamed)):
            took = []
            for number in range(changes + 1):
                wanted = f"seen {name} {number}".replace(" ", "-")
                page.evaluate(WATCH, wanted)
                begun = change(house, shown[number % len(shown)], wanted)
                page.wait_for_function("() => window.seenAt > 0", timeout=10_000)
                took.append(page.evaluate("window.seenAt") - begun)
            wall, last = spread(took[1:]), percentile(took[1:], 99)
            words = f"{wall.median:.0f} ms, at most {last:.0f} ms"
            title = f"a change by {name}, until it is in an open board"
            yield Row(
                SECTION,
                title,
                size,
                None,
                wall,
                words,
                f"≤ {CHANGE_MS_MAX:g} ms",
                last <= CHANGE_MS_MAX,
                COUNTED,
            )
    finally:
        context.close()
    yield _git_status(house, size)


def _edited(house: House, entry: Any, title: str) -> float:
    """Writes another title as an editor does; returns when, in milliseconds since 1970."""
    file = house.path / entry.path
    lines = [
        f"title: {title}" if line.startswith("title: ") else line for line in file.read_text().split("\n")
    ]
    file.write_text("\n".join(lines))
    return file.stat().st_mtime_ns / 1e6


def _renamed(house: House, entry: Any, title: str) -> float:
    """Lets the command write another title; returns when it did."""
    house.ticket("edit", entry.short_id, "--title", title, actor=PERSON)
    return (house.path / entry.path).stat().st_mtime_ns / 1e6


def _git_status(house: House, size: int) -> Row:
    """Returns what `git status` takes in the same repository: what a person would have looked with."""
    took = []
    for _ in range(7):
        begun = time.perf_counter()
        subprocess.run(
            ["git", "status", "--short"], cwd=house.path, env=house.env, stdout=subprocess.PIPE, check=True
        )
        took.append((time.perf_counter() - begun) * 1e3)
    wall: Spread = spread(took)
    return Row(
        SECTION, "git status in that repository", size, None, wall, f"{wall.median:.0f} ms", counted=COUNTED
    )
