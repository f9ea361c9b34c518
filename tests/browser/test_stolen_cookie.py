"""What listens on another port of this machine gets the cookie of whoever visits it, and can look, and no more."""

from __future__ import annotations

import re
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

import httpx2
import pytest
from playwright.sync_api import expect

from counterfoil.web.dashboard.route import Act, Page
from counterfoil.web.dashboard.routes import ROUTES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from browser.harness import Seat, Stage

KEPT = "localStorage.getItem('session-proof')"
READ_ALL = "JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])"
UNPROVEN = "does not hold the proof of its session"


class Preview:
    """What an agent has started to show its work, and what it has learnt by that.

    Attributes:
        url: where.
        heard: the headers and addresses of all that was asked.
    """

    def __init__(self) -> None:
        heard: list[str] = []

        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                heard.append(f"{self.path}\n{self.headers}")
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.end_headers()
                self.wfile.write(b"<!doctype html><title>Preview</title><link rel=icon href='data:,'>")

            def log_message(self, *_: object) -> None:
                """Says nothing."""

        self.heard = heard
        self._server = HTTPServer(("127.0.0.1", 0), Answer)
        self.url = f"http://127.0.0.1:{self._server.server_port}/"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def cookie(self) -> str:
        """Returns the cookie header that it was sent."""
        found = re.search(r"^cookie: (.+)$", self.heard[0], re.MULTILINE | re.IGNORECASE)
        assert found is not None, self.heard
        return found[1].strip()

    def close(self) -> None:
        """Stops listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def preview() -> Iterator[Preview]:
    """A server on another port."""
    made = Preview()
    yield made
    made.close()


def place(route: Act, stage: Stage) -> str:
    """Returns an address of a change; what it names need not be there, for nobody comes so far."""
    known = {"project": stage.slug, "ticket": stage.scene.ticket, "id": stage.scene.waiting[0]}
    known |= {"kind": "agent", "name": "builder"}
    return re.sub(r"\{(\w+)[^}]*\}", lambda found: known[found[1]], route.path)


def test_a_server_on_another_port_that_is_visited_can_look_and_decides_and_changes_nothing(
    own_stage: Stage, seats: Callable[..., Seat], preview: Preview
) -> None:
    seat = seats(own_stage).sign_in()
    page = seat.go(f"/board/{own_stage.slug}")
    proof = page.evaluate(KEPT)
    assert re.fullmatch("[a-z2-7]{52}", proof)
    page.goto(preview.url)
    assert proof not in page.evaluate(READ_ALL)
    assert proof not in "".join(preview.heard)
    with own_stage.served.ledger() as (_, store):
        before = store.size()
    headers = {
        "Cookie": preview.cookie(),
        "Origin": own_stage.served.url.rstrip("/"),
        "Sec-Fetch-Site": "same-origin",
    }
    acts = [route for route in ROUTES if isinstance(route, Act) and route.needs_proof]
    with httpx2.Client(base_url=own_stage.served.url, headers=headers, trust_env=False) as thief:
        seen = thief.get(f"/proposals/{own_stage.slug}/{own_stage.scene.waiting[0]}")
        assert seen.status_code == 200
        csrf = re.search(r'<meta name="csrf" content="([^"]+)">', seen.text)
        assert csrf is not None
        fields = dict(re.findall(r'<input type="hidden" name="(digest|seen)" value="(\w+)"', seen.text))
        fields |= {"csrf": csrf[1], "sure": "yes", "session-proof": csrf[1]}
        for route in acts:
            answer = thief.post(place(route, own_stage), data=fields)
            assert (answer.status_code, "session_unproven" in answer.text) == (403, True), route.path
        shown = [
            thief.get(route.path.replace("{project}", own_stage.slug))
            for route in ROUTES
            if isinstance(route, Page)
        ]
        assert not [answer.url for answer in shown if proof in answer.text + str(answer.headers)]
    with own_stage.served.ledger() as (_, store):
        assert store.size() == before


@pytest.mark.slow
def test_a_browser_shows_its_proof_with_every_change_and_says_what_helps_when_it_is_gone(
    own_stage: Stage, seats: Callable[..., Seat]
) -> None:
    seat = seats(own_stage).sign_in()
    asked: list[str] = []
    seat.context.on("request", lambda request: asked.append(request.url))
    ticket = f"/tickets/{own_stage.slug}/{own_stage.scene.ticket}"
    page = seat.go(ticket)
    proof = page.evaluate(KEPT)
    page.locator("#say-text").fill("By a script")
    page.locator("#say-text").press("Control+Enter")
    expect(page.locator("#ticket-said")).to_contain_text("By a script")
    page = seat.go("/settings")
    page.get_by_role("button", name="Examine").first.click()
    page.wait_for_url("**/settings#doctor-*")
    assert not [address for address in asked if proof in address]
    assert proof not in page.content()

    page.evaluate("localStorage.clear()")
    page.get_by_role("button", name="Examine").first.click()
    expect(page.locator("main")).to_contain_text(UNPROVEN)
    expect(page.locator("main")).to_contain_text("ticket session link")
    page = seat.go(ticket)
    page.locator("#say-text").fill("Without a proof")
    page.locator("#say-text").press("Control+Enter")
    expect(page.locator("#alerts")).to_contain_text(UNPROVEN)
    assert len(seat.faults) == 1
    assert "403 POST" in seat.faults.pop()

    seat.sign_in()
    assert page.evaluate(KEPT) not in {None, proof}
    page = seat.go(ticket)
    page.locator("#say-text").fill("Signed in anew")
    page.locator("#say-text").press("Control+Enter")
    expect(page.locator("#ticket-said")).to_contain_text("Signed in anew")
    page.locator("button.person").click()
    page.locator("#person-menu").get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/sign-in")
    assert page.evaluate(KEPT) is None


def test_where_nothing_can_be_stored_the_page_says_that_one_can_only_look(
    stage: Stage, seats: Callable[..., Seat]
) -> None:
    seat = seats(stage)
    seat.context.add_init_script(
        "Object.defineProperty(window, 'localStorage', { get() { throw new Error('closed'); } });"
    )
    page = seat.page
    page.goto(stage.link(), wait_until="commit")
    expect(page.locator("main [role=alert]")).to_contain_text("look at everything, and change nothing")
    assert "data-session-proof" not in page.content()
    page.get_by_role("link", name="Go on").click()
    page.wait_for_selector("nav[aria-label=Pages]")


def test_without_javascript_the_page_after_the_link_says_that_one_can_only_look(
    stage: Stage, seats: Callable[..., Seat]
) -> None:
    seat = seats(stage, java_script_enabled=False)
    page = seat.page
    page.goto(stage.link())
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("main")).to_contain_text("JavaScript is off")
    page.get_by_role("link", name="Go on").click()
    page.wait_for_selector("nav[aria-label=Pages]")
