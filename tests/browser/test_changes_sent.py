"""What a page says and does after a change: where it leads to, why it was refused, and that nobody knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from browser.harness import Seat, Stage
    from playwright.sync_api import Route

    Sit = Callable[..., Seat]


def test_a_better_proposal_is_what_one_looks_at_once_it_is_sent(own_stage: Stage, seats: Sit) -> None:
    text = own_stage.scene.waiting[3]
    page = seats(own_stage).sign_in().go(f"/proposals/shop/{text}/edit")
    page.get_by_label("Priority").fill("p1")
    page.get_by_role("button", name="Propose this instead").click()
    page.wait_for_url(lambda place: "/proposals/shop/P-" in place and not place.endswith((text, "/edit")))
    page.wait_for_load_state("networkidle")
    assert not page.url.endswith("/edit")
    expect(page.locator("#toasts .toast")).to_contain_text("Proposed")


def test_of_a_change_without_an_answer_nothing_is_claimed_and_sent_again_it_counts_once(
    own_stage: Stage, seats: Sit
) -> None:
    desk, seat = own_stage.scene.desk, seats(own_stage).sign_in("member")
    page = seat.go("/new/shop")

    def lost(route: Route) -> None:
        route.fetch(max_redirects=0)  # the server gets it, and makes the change
        route.abort()

    page.route("**/new/shop", lost, times=1)
    page.get_by_label("Title").fill("Lost on the way back")
    page.get_by_role("button", name="Open the ticket").click()
    alert = page.locator("#alerts .toast")
    expect(alert).to_contain_text("whether this took effect will be seen when it is back")
    page.get_by_role("button", name="Open the ticket").click()
    page.wait_for_url("**/tickets/shop/*")
    titles = [ticket["title"] for ticket in desk.data("list")["tickets"]]
    assert titles.count("Lost on the way back") == 1
    seat.forgive(r"ERR_FAILED|Failed to fetch")

    page.route("**/list?*", lambda route: route.abort())
    page.evaluate("htmx.ajax('GET', '/list?words=x', { target: '#main' })")
    expect(page.locator("#alerts .toast")).to_have_text("The server does not answerticket serve")
    seat.forgive(r"ERR_FAILED|Failed to fetch")


def test_what_is_refused_before_it_is_read_says_why_and_what_to_do(page_as: Sit, stage: Stage) -> None:
    seat = page_as("member")
    page = seat.go(f"/tickets/shop/{stage.scene.ticket}")
    page.evaluate(
        "place => { counterfoil.send(place, { text: 'x'.repeat(1200000) }); }", f"{page.url}/comment"
    )
    alert = page.locator("#alerts .toast")
    expect(alert).to_contain_text("A request may have 1 MiB")
    expect(alert).to_contain_text("send less")
    seat.forgive("answer: 413")
