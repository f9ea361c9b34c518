"""A real browser before a real server: pages whose every fault fails the test that looks at them.

A page is at fault when it breaks its content security policy, writes an error to the console, throws, asks for
something that fails, or opens a dialog of the browser's, which is what a script smuggled into a text would do.
"""

from __future__ import annotations

import os
import re
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import pytest
from integration.http_scene import Served
from integration.terminal_scene import sit_at

if TYPE_CHECKING:
    from browser.scene import Scene
    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Dialog, Page, Request, Response

    from counterfoil.web.dashboard.route import Route

ROOT = Path(__file__).parents[2]
ARTIFACTS = Path(os.environ.get("COUNTERFOIL_ARTIFACTS", ROOT / "build" / "artifacts")) / "screenshots"
NAMED = os.environ.get("COUNTERFOIL_CHROMIUM", "")
PROGRAMS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
ARGUMENTS = (
    "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--force-prefers-no-reduced-motion", "--hide-scrollbars",
)  # fmt: skip
WIDTHS = (390, 768, 1280)
HEIGHTS = {390: 844, 768: 1024, 1280: 800}
THEMES = ("light", "dark")
PATIENCE_MS = 10_000
_WATCH_POLICY = "document.addEventListener('securitypolicyviolation', (event) => window.seenViolation(event.violatedDirective + ' ' + event.blockedURI + ' ' + event.sample));"


def program() -> str:
    """Returns Chromium, or skips: CI forbids that, and installs it before."""
    pytest.importorskip(
        "playwright.sync_api", reason="Playwright is missing: python3 dev.py test installs it"
    )
    found = NAMED or next(filter(None, map(shutil.which, PROGRAMS)), None)
    if not found:
        pytest.skip(
            "there is no Chromium here: apt-get install chromium, or name one in COUNTERFOIL_CHROMIUM"
        )
    return found


def launched(playwright: Any) -> Browser:
    """Starts Chromium."""
    arguments = [*ARGUMENTS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    found: Browser = playwright.chromium.launch(executable_path=program(), args=arguments)
    return found


class Stage(NamedTuple):
    """A server with something to see on it.

    Attributes:
        scene: what.
        served: where.
        slug: the name of the rich repository in addresses.
    """

    scene: Scene
    served: Served
    slug: str

    def link(self, role: str = "admin", person: str = "human:ada") -> str:
        """Returns a one-time link, as a person at a terminal gets it."""
        said = sit_at(
            self.scene.desk, "session", "link", "--as", person, "--role", role, "--actor", person, columns=200
        )
        return next(word for word in said.out.split() if word.startswith("http"))


class Seat:
    """Somebody at a browser of their own.

    Attributes:
        context: the browser's profile.
        page: the tab.
        faults: what was wrong so far; a test that expects one takes it out.
        streams: the addresses of the streams that were opened for its pages.
        has_script: whether JavaScript is on.
    """

    def __init__(self, browser: Browser, stage: Stage, **settings: Any) -> None:
        settings.setdefault("viewport", {"width": 1280, "height": 800})
        settings.setdefault("reduced_motion", "reduce")
        self.stage = stage
        self.has_script = settings.get("java_script_enabled", True)
        self.context: BrowserContext = browser.new_context(base_url=stage.served.url, **settings)
        self.context.set_default_timeout(PATIENCE_MS)
        self.faults: list[str] = []
        self.streams: list[str] = []
        self.context.expose_function("seenViolation", lambda text: self.faults.append(f"policy: {text}"))
        self.context.add_init_script(_WATCH_POLICY)
        self.context.on("page", self._watch)
        self.page = self.context.new_page()

    def sign_in(self, role: str = "admin", person: str = "human:ada") -> Seat:
        """Opens a one-time link and signs in with it, which is one click where no script does it."""
        self.page.goto(self.stage.link(role, person), wait_until="commit")
        if not self.has_script:
            self.page.get_by_role("button", name="Sign in").click()
            self.page.get_by_role("link", name="Go on").click()
        self.page.wait_for_selector("nav[aria-label=Pages]")
        return self

    def go(self, address: str, status: int = 200) -> Page:
        """Opens an address and waits until it is there."""
        answer = self.page.goto(address, wait_until="load")
        assert answer is not None
        assert answer.status == status, f"{address}: {answer.status}"
        return self.page

    def follow(self, address: str) -> Page:
        """Opens an address and waits until the page hears of what changes in it."""
        before = len(self.streams)
        page = self.go(address)
        until = time.monotonic() + PATIENCE_MS / 1000
        while len(self.streams) == before:
            assert time.monotonic() < until, f"{address} opened no stream"
            page.wait_for_timeout(20)
        return page

    def forgive(self, pattern: str) -> None:
        """Takes out the faults that a test expects."""
        self.faults = [fault for fault in self.faults if not re.search(pattern, fault)]

    def check(self) -> None:
        """Fails if anything was wrong so far."""
        assert not self.faults, "\n".join(self.faults)

    def close(self) -> None:
        """Closes the tab and its profile."""
        self.context.close()

    def _watch(self, page: Page) -> None:
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.faults.append(f"script: {error}"))
        page.on("requestfailed", self._failed)
        page.on("response", self._answered)
        page.on("dialog", self._dialog)

    def _console(self, message: ConsoleMessage) -> None:
        # What the server refuses is in the console, too; `_answered` has it with its status.
        if message.type in {"error", "warning"} and "Failed to load resource" not in message.text:
            self.faults.append(f"console: {message.text} ({message.location})")

    def _failed(self, request: Request) -> None:
        # A page that is left behind drops what it still waited for: its stream, a search as somebody types.
        if request.failure != "net::ERR_ABORTED":
            self.faults.append(f"request: {request.method} {request.url}: {request.failure}")

    def _answered(self, response: Response) -> None:
        if response.ok and urlsplit(response.url).path == "/live":
            self.streams.append(response.url)
        if response.status >= 400 and not response.request.is_navigation_request():
            self.faults.append(f"answer: {response.status} {response.request.method} {response.url}")

    def _dialog(self, dialog: Dialog) -> None:
        self.faults.append(f"dialog: {dialog.message}")
        dialog.dismiss()


def address(route: Route, stage: Stage) -> str:
    """Returns an address at which a route shows something."""
    scene = stage.scene
    known = {"project": stage.slug, "position": "3", "ticket": scene.ticket, "id": scene.waiting[0]}
    given = EXAMPLES.get(route.path, route.path)
    for parameter, value in known.items():
        given = given.replace("{" + parameter + "}", value)
    assert "{" not in given, f"tests/browser/harness.py has no example for {route.path}"
    return given


EXAMPLES = {
    "/policy/{project}/explain": "/policy/{project}/explain?action=ticket.move&ticket={ticket}&to=done&actor=agent:builder",
    "/agents/{project}/{kind}/{name}": "/agents/{project}/agent/builder",
    "/receipts/{project}/stream": "/receipts/{project}/stream?name=ticket/{ticket}",
    "/receipts/{project}/compare": "/receipts/{project}/compare?left=ticket/{ticket}&right=agent/builder",
}
"""Addresses of routes that need more than their parameters to show something."""


def overflow(page: Page) -> list[str]:
    """Returns the elements that make a page wider than its window, if it is."""
    found: list[str] = page.evaluate(
        """() => {
          const room = document.documentElement.clientWidth;
          if (document.documentElement.scrollWidth <= room) return [];
          return [...document.querySelectorAll("body *")]
            .filter((one) => one.getBoundingClientRect().right > room + 0.5 && one.checkVisibility())
            .map((one) => `${one.tagName.toLowerCase()}.${one.className} ends at ${Math.round(one.getBoundingClientRect().right)}`)
            .slice(0, 8);
        }"""
    )
    return found


def accessibility_faults(page: Page) -> list[str]:
    """Returns what axe-core finds wrong with a page, rules of WCAG 2.2 A and AA and its best practices alike."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [
        f"{fault['id']} ({fault['impact']}): {fault['help']}: " + "; ".join(
            f"{' '.join(map(str, node['target']))}: {node['failureSummary'].splitlines()[-1].strip()}" for node in fault["nodes"][:4]
        )
        for fault in found
    ]  # fmt: skip


def picture(page: Page, name: str, *, whole: bool = True) -> Path:
    """Takes a screenshot for those who look at what the tests saw."""
    ARTIFACTS.mkdir(parents=True, exist_ok=True)
    place = ARTIFACTS / f"{name}.png"
    page.screenshot(path=place, full_page=whole, animations="disabled")
    return place
