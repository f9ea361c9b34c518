"""A page that is open shows what happens elsewhere at once, and takes nothing from whoever is at work in it."""

from __future__ import annotations

import re
import signal
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from browser.harness import Seat, Stage
    from integration.verbs_scene import Desk
    from playwright.sync_api import Page

MARK = "window.isTheSame = true"
"""A page that was loaded anew has forgotten it."""


def card(page: Page, ticket: str, column: str) -> None:
    """Waits until a ticket's card is in a column."""
    expect(page.locator(f"#column-{column} #card-{ticket}")).to_have_count(1)


def restate(desk: Desk, ticket: str, state: str) -> None:
    """Gives a ticket another state by hand."""
    text = desk.file(ticket).read_text("utf-8")
    head, _, rest = text.partition("\nstate: ")
    desk.file(ticket).write_text(f"{head}\nstate: {state}\n{rest.partition(chr(10))[2]}", "utf-8")


def test_typed_text_caret_and_focus_stay_while_cards_come_and_change(
    page_as: Callable[..., Seat], stage: Stage
) -> None:
    desk = stage.scene.desk
    page = page_as().go(f"/board/{stage.slug}")
    page.evaluate(MARK)
    field = page.get_by_role("searchbox")
    field.focus()
    page.keyboard.type("no such thin")
    page.evaluate("document.activeElement.setSelectionRange(3, 7)")
    ticket = desk.new("From a command: no such thing", "--state", "ready")  # what is typed finds it
    card(page, ticket, "ready")
    desk.change(f".tickets/tickets/{ticket}.md", "From a command", "Then by hand")
    expect(page.locator(f"#card-{ticket}")).to_contain_text("Then by hand")
    expect(field).to_be_focused()
    expect(field).to_have_value("no such thin")
    assert page.evaluate("[document.activeElement.selectionStart, document.activeElement.selectionEnd]") == [
        3,
        7,
    ]
    assert page.evaluate("window.isTheSame")


def test_the_focus_goes_with_a_card_that_moves_and_to_its_neighbour_when_it_goes(
    page_as: Callable[..., Seat], stage: Stage
) -> None:
    desk = stage.scene.desk
    ticket, other = (
        desk.new(title, "--state", "backlog", "--priority", "p0") for title in ("Wanders", "Stays")
    )
    page = page_as().go(f"/board/{stage.slug}")
    link = page.locator(f"#card-{ticket} a").first
    link.focus()
    restate(desk, ticket, "ready")
    card(page, ticket, "ready")
    expect(link).to_be_focused()
    restate(desk, ticket, "backlog")
    card(page, ticket, "backlog")
    expect(link).to_be_focused()
    desk.file(ticket).unlink()
    expect(page.locator(f"#card-{ticket}")).to_have_count(0)
    expect(page.locator(f"#card-{other} a").first).to_be_focused()
    expect(page.locator("#live-words")).to_have_text("Wanders is no longer here.")


@pytest.mark.slow
def test_what_one_looks_at_stays_where_it_is_while_cards_come_in_above(
    own_stage: Stage, seats: Callable[..., Seat]
) -> None:
    desk = own_stage.scene.desk
    for number in range(30):
        desk.put(f"01K{number:02}000000000000000000000", f"Card {number}", state="ready", priority="p2")
    page = seats(own_stage, viewport={"width": 390, "height": 700}).sign_in().go(f"/board/{own_stage.slug}")
    looked_at = page.locator("#card-01K15000000000000000000000")
    looked_at.scroll_into_view_if_needed()
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    top = looked_at.bounding_box()
    first = desk.new("Above all others", "--state", "ready", "--priority", "p0")
    card(page, first, "ready")
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    now = looked_at.bounding_box()
    assert top is not None
    assert now is not None
    assert abs(now["y"] - top["y"]) <= 2


@pytest.mark.slow
def test_two_browsers_and_a_command_see_each_other(own_stage: Stage, seats: Callable[..., Seat]) -> None:
    desk = own_stage.scene.desk
    ada = (
        seats(own_stage)
        .sign_in("member", "human:ada")
        .go(f"/tickets/{own_stage.slug}/{own_stage.scene.ticket}")
    )
    grace = (
        seats(own_stage)
        .sign_in("member", "human:grace")
        .go(f"/tickets/{own_stage.slug}/{own_stage.scene.ticket}")
    )
    for page, words in ((ada, "Ada was here"), (grace, "And Grace")):
        page.locator("#say-text").fill(words)
        page.keyboard.press("Control+Enter")
        for each in (ada, grace):
            expect(each.locator("#ticket-said")).to_contain_text(words)
    desk.say("comment", own_stage.scene.ticket, "And a terminal", "--actor", "human:ada")
    for each in (ada, grace):
        expect(each.locator("#ticket-said")).to_contain_text("And a terminal")


@pytest.mark.slow
def test_a_server_that_is_killed_and_started_again_leaves_an_open_page_as_it_should_be(
    own_stage: Stage, seats: Callable[..., Seat]
) -> None:
    served, desk = own_stage.served, own_stage.scene.desk
    seat = seats(own_stage).sign_in()
    page = seat.go(f"/board/{own_stage.slug}")
    page.evaluate(MARK)
    page.get_by_role("searchbox").fill("half typed")
    served.stop(signal.SIGKILL)
    expect(page.locator("body.is-offline")).to_have_count(1)
    missed = desk.new("While nobody served", "--state", "ready")
    served.start(str(desk.path), str(desk.path.parent / "warehouse"))
    card(page, missed, "ready")
    expect(page.locator("body.is-offline")).to_have_count(0)
    later = desk.new("Afterwards", "--state", "ready")
    card(page, later, "ready")
    expect(page.get_by_role("searchbox")).to_have_value("half typed")
    assert page.evaluate("window.isTheSame")
    seat.faults.clear()  # that the server did not answer is what this is about


@pytest.mark.slow
@pytest.mark.parametrize("is_away", [False, True], ids=["while it listens", "while it has no network"])
def test_a_page_whose_session_is_over_says_so_and_leads_to_the_sign_in(
    own_stage: Stage, seats: Callable[..., Seat], is_away: bool
) -> None:
    seat = seats(own_stage).sign_in()
    page = seat.follow(f"/board/{own_stage.slug}")
    desk = own_stage.scene.desk
    seat.context.set_offline(is_away)
    for session in desk.data("session", "list")["sessions"]:
        desk.say("session", "revoke", session["name"])
    seat.context.set_offline(False)
    expect(page.locator("#live-note")).to_contain_text("You are signed out")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/sign-in?to=*")
    seat.forgive(
        r"(401 GET|request: GET|console: ).*/live"
    )  # whose stream broke off before is refused another one


@pytest.mark.slow
def test_a_hidden_page_lets_go_of_its_stream_and_catches_up_when_it_is_seen_again(
    own_stage: Stage, seats: Callable[..., Seat]
) -> None:
    seat = seats(own_stage).sign_in()
    page = seat.page
    page.add_init_script("""
        window.isHidden = false;
        Object.defineProperty(Document.prototype, "hidden", { get: () => window.isHidden });
        window.streams = [];
        const Real = window.EventSource;
        window.EventSource = class extends Real { constructor(place) { super(place); window.streams.push(this); } };
    """)
    seat.go(f"/board/{own_stage.slug}")
    page.wait_for_function("() => window.streams.length === 1 && window.streams[0].readyState === 1")
    page.evaluate("window.isHidden = true; document.dispatchEvent(new Event('visibilitychange'))")
    page.wait_for_function("() => window.streams[0].readyState === 2")
    missed = own_stage.scene.desk.new("Unseen", "--state", "ready")
    assert page.locator(f"#card-{missed}").count() == 0
    page.evaluate("window.isHidden = false; document.dispatchEvent(new Event('visibilitychange'))")
    card(page, missed, "ready")


@pytest.mark.slow
def test_pages_of_another_version_of_the_server_are_not_mixed(
    own_stage: Stage, seats: Callable[..., Seat]
) -> None:
    seat = seats(own_stage).sign_in()
    page = seat.page
    page.route(re.compile(r":\d+/board/[a-z]+$"), _with_old_script)
    page.goto(f"/board/{own_stage.slug}")
    expect(page.locator("#live-note")).to_contain_text("The server was updated")
    missed = own_stage.scene.desk.new("Of the new one", "--state", "ready")
    assert page.locator(f"#card-{missed}").count() == 0
    page.unroute_all()
    page.get_by_role("button", name="Load it anew").click()
    card(page, missed, "ready")


@pytest.mark.slow
def test_the_refresh_button_reads_everything_anew_without_loading_the_page(
    own_stage: Stage, seats: Callable[..., Seat]
) -> None:
    page = seats(own_stage).sign_in("viewer", "human:grace").go(f"/board/{own_stage.slug}")
    page.evaluate(MARK)
    page.get_by_role("button", name="Read everything anew").click()
    expect(page.locator("#toasts")).to_contain_text("read anew")
    assert page.evaluate("window.isTheSame")
    ticket = own_stage.scene.desk.new("And it still follows", "--state", "ready")
    card(page, ticket, "ready")


def _with_old_script(route: object) -> None:
    answer = route.fetch()  # type: ignore[attr-defined]
    text = answer.text().replace("/static/app.css?v=", "/static/app.css?v=0")
    route.fulfill(response=answer, body=text)  # type: ignore[attr-defined]


STUB = """
window.EventSource = class extends EventTarget {
  constructor() { super(); this.readyState = 1; window.stream = this; }
  close() { this.readyState = 2; }
};
window.push = (...operations) => {
  const event = new MessageEvent("news", { data: JSON.stringify(operations), lastEventId: "x" });
  window.stream.dispatchEvent(event);
};
"""
"""A stream in which comes what the test says."""
PART = """
<details {open}><summary>More</summary><p>{words}</p></details>
<textarea id="text">{words}</textarea><textarea id="other">{words}</textarea>
<input id="line" value="{words}"><input id="tick" type="checkbox"><select id="choice"><option>a<option {chosen}>b<option>c</select>
<div id="menu" popover><p>{words}</p></div>
<div id="kept" data-keep><p>{words}</p></div>
<div id="marked" data-keep-attributes="class aria-selected" class="plain" title="{words}"></div>
<ul id="items">{items}</ul>
"""


def part(words: str, *items: str, chosen: str = "") -> str:
    """Returns what is in a region."""
    rows = "".join(
        f'<li id="i-{item}"><a href="#{item}">{item}</a><div class="roll"><p>long</p></div></li>'
        for item in items
    )
    return PART.format(words=words, items=rows, open="", chosen=chosen)


@pytest.fixture
def stubbed(page_as: Callable[..., Seat], stage: Stage) -> Page:
    """A page with a region and a list, whose stream belongs to the test."""
    seat = page_as()
    seat.page.add_init_script(STUB)
    page = seat.go(f"/board/{stage.slug}")
    page.evaluate(
        "(html) => { const made = document.createElement('section'); made.id = 'part'; made.innerHTML = html;"
        " document.getElementById('main').append(made); }",
        part("one", "a", "b", "c"),
    )
    return page


def push(page: Page, *operations: list[str | None]) -> None:
    """Lets the server say something."""
    page.evaluate("(operations) => window.push(...operations)", list(operations))


def test_what_somebody_has_opened_typed_ticked_or_chosen_stays_while_the_rest_becomes_new(
    stubbed: Page,
) -> None:
    stubbed.locator("#part details").evaluate("(one) => { one.open = true; }")
    stubbed.locator("#text").fill("mine")
    stubbed.locator("#line").fill("mine, too")
    stubbed.locator("#tick").check()
    stubbed.locator("#choice").select_option("c")
    stubbed.locator("#menu").evaluate("(one) => one.showPopover()")
    stubbed.locator("#marked").evaluate(
        "(one) => { one.className = 'is-chosen'; one.ariaSelected = 'true'; }"
    )
    push(stubbed, ["html", "part", part("two", "a", "b", "c", chosen="selected")])
    expect(stubbed.locator("#part details")).to_have_attribute("open", "")
    expect(stubbed.locator("#part details p")).to_have_text("two")
    expect(stubbed.locator("#text")).to_have_value("mine")
    expect(stubbed.locator("#other")).to_have_value("two")
    expect(stubbed.locator("#line")).to_have_value("mine, too")
    expect(stubbed.locator("#tick")).to_be_checked()
    expect(stubbed.locator("#choice")).to_have_value("c")
    expect(stubbed.locator("#menu")).to_be_visible()
    expect(stubbed.locator("#menu")).to_have_text("two")
    expect(stubbed.locator("#kept")).to_have_text("one")
    expect(stubbed.locator("#marked")).to_have_class("is-chosen")
    expect(stubbed.locator("#marked")).to_have_attribute("title", "two")


def test_an_item_that_moves_to_another_list_is_the_same_element_with_its_focus_and_its_scroll_position(
    stubbed: Page,
) -> None:
    stubbed.evaluate("""() => {
        const style = new CSSStyleSheet();
        style.replaceSync(".roll { block-size: 20px; overflow: auto } .roll p { block-size: 200px }");
        document.adoptedStyleSheets = [style];
        const other = document.createElement("ul");
        other.id = "others";
        document.getElementById("part").append(other);
        window.item = document.getElementById("i-b");
        window.item.querySelector(".roll").scrollTop = 50;
        window.item.querySelector("a").focus();
    }""")
    html = '<li id="i-b"><a href="#b">b anew</a><div class="roll"><p>long</p></div></li>'
    push(stubbed, ["del", "items", "i-b"], ["put", "others", "i-b", html, None])
    expect(stubbed.locator("#others #i-b a")).to_have_text("b anew")
    expect(stubbed.locator("#others #i-b a")).to_be_focused()
    assert stubbed.evaluate("window.item === document.getElementById('i-b')")
    assert stubbed.locator("#i-b .roll").evaluate("(one) => one.scrollTop") == 50
    push(stubbed, ["put", "items", "i-b", html, "i-a"], ["del", "others", "i-b"])
    assert stubbed.locator("#items > li").evaluate_all("(all) => all.map((one) => one.id)") == [
        "i-b",
        "i-a",
        "i-c",
    ]
    expect(stubbed.locator("#items #i-b a")).to_be_focused()


def test_what_comes_while_something_is_dragged_is_put_in_place_afterwards(stubbed: Page) -> None:
    stubbed.evaluate("() => { counterfoil.live.isBusy = true; }")
    push(stubbed, ["del", "items", "i-a"])
    push(stubbed, ["put", "items", "i-d", '<li id="i-d">d</li>', "i-b"])
    assert stubbed.locator("#items > li").count() == 3
    stubbed.evaluate("() => { counterfoil.live.isBusy = false; }")
    assert stubbed.locator("#items > li").evaluate_all("(all) => all.map((one) => one.id)") == [
        "i-d",
        "i-b",
        "i-c",
    ]


def test_a_list_that_comes_whole_keeps_the_items_that_it_had(stubbed: Page) -> None:
    stubbed.evaluate("() => { window.item = document.getElementById('i-c'); }")
    items = "".join(f'<li id="i-{name}">{name}</li>' for name in "cxa")
    push(stubbed, ["list", "items", items])
    assert stubbed.locator("#items > li").evaluate_all("(all) => all.map((one) => one.id)") == [
        "i-c",
        "i-x",
        "i-a",
    ]
    assert stubbed.evaluate("window.item === document.getElementById('i-c')")


def test_what_comes_for_a_place_that_the_page_lacks_has_the_page_fetched_anew(stubbed: Page) -> None:
    stubbed.evaluate("() => { document.getElementById('column-ready').remove(); }")
    push(stubbed, ["html", "nowhere", "words"])
    expect(stubbed.locator("#column-ready")).to_have_count(1)
