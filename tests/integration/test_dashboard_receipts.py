"""The ledger in a browser: the log, a stream at any moment, branches, one receipt with its proof, the examination."""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from integration.dashboard_scene import Dash

from counterfoil.usecases import browsing, reading_up, views
from counterfoil.usecases.context import Options
from counterfoil.usecases.spaces import VIEWER
from counterfoil.web.dashboard.route import Page
from counterfoil.web.dashboard.routes import ROUTES
from counterfoil.web.dashboard.view import Listing, Region
from counterfoil.web.dashboard.visit import NOBODY, Visit

if TYPE_CHECKING:
    from integration.verbs_scene import Desk

EVIL = '<script>alert(1)</script>"><img src=x onerror=alert(2)>'
PATIENCE_S = 30.0


@pytest.fixture
def moved(desk: Desk) -> tuple[Desk, str]:
    """A repository with a ticket that was made and moved, whose log is signed."""
    ticket = desk.new("Wash the windows")
    desk.say("move", ticket, "ready")
    desk.say("move", ticket, "in_progress")
    desk.say("ledger", "checkpoint")
    return desk, ticket


def positions(html: str) -> list[int]:
    """Returns the receipts that a page lists."""
    return [int(number) for number in re.findall(r'id="receipt-(\d+)"', html)]


def size_of(desk: Desk) -> int:
    """Returns how long the log is."""
    return int(desk.data("ledger", "status")["size"])


# --- the log --------------------------------------------------------------------------------------


def test_the_log_is_shown_newest_first_and_a_filter_narrows_it(moved: tuple[Desk, str]) -> None:
    desk, ticket = moved
    dash = Dash(desk)
    size = size_of(desk)
    assert positions(dash.get("/receipts/work").text) == list(range(size - 1, -1, -1))
    applied = positions(dash.get("/receipts/work?kind=ticket.applied").text)
    assert len(applied) == 3
    assert positions(dash.get(f"/receipts/work?stream=ticket/{ticket}&kind=ticket.applied").text) == applied
    assert positions(dash.get("/receipts/work?actor=agent:nobody").text) == []
    assert positions(dash.get("/receipts/work?since=2999-01-01").text) == []
    assert "No receipt fits" in dash.get("/receipts/work?since=2999-01-01").text
    older = dash.get("/receipts/work?before=3").text
    assert positions(older) == [2, 1, 0]
    assert ">Newest</a>" in older


def test_a_page_leads_to_the_next_one_until_the_first_receipt(
    moved: tuple[Desk, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(browsing, "PAGE", 6)
    dash, size = Dash(moved[0]), size_of(moved[0])
    assert 6 < size <= 12
    first = dash.get("/receipts/work").text
    (older,) = re.findall(r'href="(/receipts/work\?before=\d+)" rel="next"', first)
    second = dash.get(older).text
    assert positions(first) + positions(second) == list(range(size - 1, -1, -1))
    assert 'rel="next"' not in second


@pytest.mark.parametrize(
    ("query", "status"),
    [("before=x", 404), ("before=99999", 404), ("since=yesterday", 400), ("since=1", 400)],
)
def test_what_cannot_be_asked_is_refused(moved: tuple[Desk, str], query: str, status: int) -> None:
    Dash(moved[0]).get(f"/receipts/work?{query}", status)


def test_looking_at_pages_begins_no_ledger(core_desk: Desk) -> None:
    dash = Dash(core_desk)
    for path in ("/receipts/work", "/receipts/work/streams", "/receipts/work/verify", "/insights/work"):
        assert "There is no ledger yet" in dash.get(path).text
    for path in ("/agents/work", "/policy/work", "/settings"):
        dash.get(path)
    dash.get("/receipts/work/at/0", 404)
    assert not dash.space.projects[0].server.context(NOBODY).ledgers.exists()


def test_what_follows_a_page_begins_where_it_ends_however_many_came_since(
    moved: tuple[Desk, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(browsing, "PAGE", 4)
    desk, _ = moved
    dash = Dash(desk)
    page = next(route for route in ROUTES if route.path == "/receipts/{project}")
    assert isinstance(page, Page)
    visit = Visit(dash.hub, dash.space, {"project": "work"}, {}, VIEWER, None)
    first = page.show(visit)
    desk.new("Another one")
    second = page.show(visit)
    assert first.tag() != second.tag()
    parts = {part.id: part for part in second.parts}
    log, pager = parts["log"], parts["log-pager"]
    assert isinstance(log, Listing)
    assert isinstance(pager, Region)
    assert log.items[-1][0] == f"receipt-{size_of(desk) - 4}"
    assert f"before={size_of(desk) - 4}" in pager.html


def test_streams_are_listed_by_how_their_names_begin(moved: tuple[Desk, str]) -> None:
    desk, ticket = moved
    dash = Dash(desk)
    every = dash.get("/receipts/work/streams").text
    assert f"ticket/{ticket}" in every
    assert ">project/root</a>" in every
    some = dash.get("/receipts/work/streams?prefix=ticket/").text
    assert f"ticket/{ticket}" in some
    assert ">project/root</a>" not in some
    assert "No stream begins so" in dash.get("/receipts/work/streams?prefix=nothing").text


# --- a stream at any moment -----------------------------------------------------------------------


def test_a_stream_is_shown_as_it_was_after_a_step_with_what_the_step_changed(moved: tuple[Desk, str]) -> None:
    desk, ticket = moved
    dash = Dash(desk)
    place = f"/receipts/work/stream?name=ticket/{ticket}"
    then, now = dash.get(f"{place}&at=3").text, dash.get(place).text
    row = re.search(r'is-changed"><th[^>]*>fields.state</th>(.*?)</tr>', then)
    assert row is not None
    assert re.findall(r"<(?:del|ins)>(\w+)<", row[1]) == ["backlog", "ready"]
    assert 'value="3" aria-describedby' in then
    assert 'rel="prev"' in then
    assert 'rel="next"' in then
    assert re.search(r">fields.state</th>.*?in_progress", now)
    assert 'rel="next"' not in now
    assert dash.get(f"/receipts/work/stream?name={ticket[:8]}").text.count(ticket) > 1


@pytest.mark.parametrize("at", ["99", "-1", "x", "²", "9" * 20])
def test_a_step_that_is_none_is_not_found(moved: tuple[Desk, str], at: str) -> None:
    desk, ticket = moved
    Dash(desk).get(f"/receipts/work/stream?name=ticket/{ticket}&at={quote(at)}", 404)


def test_a_stream_that_is_none_is_not_found_and_no_name_leads_to_all_of_them(moved: tuple[Desk, str]) -> None:
    dash = Dash(moved[0])
    dash.get("/receipts/work/stream?name=nothing/here", 404)
    dash.get("/receipts/work/compare?left=nothing/here&right=project/root", 404)
    for path in ("/receipts/work/stream", "/receipts/work/compare?left=a"):
        assert dash.get(path, 303).headers["location"] == "/receipts/work/streams"


def test_branches_are_drawn_listed_and_compared(moved: tuple[Desk, str]) -> None:
    desk, ticket = moved
    stream = f"ticket/{ticket}"
    desk.say("fork", stream, "--at", "3")
    desk.say("ledger", "note", f"{stream}/fork-1", "Another way", status=None)
    dash = Dash(desk)
    page = dash.get(f"/receipts/work/stream?name={stream}/fork-1").text
    assert page.count('class="lane-name') == 2
    assert "leaves after" in page
    assert f"left={quote(stream + '/fork-1', safe='')}" in page
    compared = dash.get(f"/receipts/work/compare?left={stream}&right={stream}/fork-1").text
    assert "They share 4 steps" in compared
    row = re.search(r">fields.state</th>(.*?)</tr>", compared)
    assert row is not None
    assert re.findall(r"<td[^>]*>(\w+)</td>", row[1]) == ["in_progress", "ready"]


# --- one receipt ----------------------------------------------------------------------------------


def test_a_receipt_tells_its_header_its_body_and_the_way_to_the_root(moved: tuple[Desk, str]) -> None:
    desk, _ = moved
    dash = Dash(desk)
    told = desk.data("ledger", "tail", "--limit", "100", status=0)["receipts"]
    sealed = next(each for each in told if each["kind"] == "ticket.applied")
    page = dash.get(f"/receipts/work/at/{sealed['position']}").text
    assert "in the signed log" in page
    for digest in (sealed["id"], sealed["header"]["prev"], sealed["header"]["body"]):
        assert digest in page
    assert "&#34;ref&#34;: &#34;refs/heads/main&#34;" in page
    assert "the way leads there" in page
    assert sealed["body"]["salt"] not in page
    assert dash.get(f"/receipts/work/at/{sealed['id']}").text == page
    for name in ("99999", "x", "0" * 64, "-1"):
        dash.get(f"/receipts/work/at/{name}", 404)
        dash.get(f"/receipts/work/at/{name}/proof", 404)


def test_the_proof_that_is_downloaded_is_the_one_that_the_command_checks(moved: tuple[Desk, str]) -> None:
    desk, _ = moved
    answer = Dash(desk).get("/receipts/work/at/3/proof")
    assert answer.headers["content-disposition"] == 'attachment; filename="receipt-3.tlog-proof"'
    desk.write("receipt-3.tlog-proof", answer.text)
    assert desk.data("ledger", "proof", "--check", "receipt-3.tlog-proof")["position"] == 3


def test_a_receipt_that_is_not_signed_yet_says_how_to_sign_it(moved: tuple[Desk, str]) -> None:
    desk, _ = moved
    desk.say("ledger", "note", "project/root", "Later", status=None)
    desk.new("Later")
    page = Dash(desk).get(f"/receipts/work/at/{size_of(desk) - 1}").text
    assert "not signed yet" in page
    assert "ticket ledger checkpoint" in page
    assert "<svg" not in page


def test_a_body_that_is_longer_than_a_page_shows_is_cut_and_says_so(moved: tuple[Desk, str]) -> None:
    desk, ticket = moved
    stream = f"ticket/{ticket}"
    desk.say("ledger", "note", stream, "x" * 60_000)
    dash, place = Dash(desk), size_of(desk) - 1
    page = dash.get(f"/receipts/work/at/{place}").text
    assert f"ticket ledger show @{place}" in page
    assert len(page) < 120_000
    assert len(dash.get(f"/receipts/work?stream={stream}").text) < 30_000


def test_an_erased_body_is_told_and_its_proof_holds(moved: tuple[Desk, str]) -> None:
    desk, _ = moved
    dash = Dash(desk)
    context = dash.space.projects[0].server.context(NOBODY)
    context.ledgers.open().erase([3])
    page = dash.get("/receipts/work/at/3").text
    assert "What was said here is gone" in page
    assert "the way leads there" in page
    assert "erased" in dash.get("/receipts/work").text


def test_no_text_of_anybody_becomes_markup_and_what_guesses_could_use_is_not_shown(desk: Desk) -> None:
    ticket = desk.new(EVIL)
    issued = desk.data("agent", "add", "builder", "--actor", "human:ada")
    dash = Dash(desk)
    last = size_of(desk) - 1
    pages = [
        "/receipts/work", f"/receipts/work/stream?name=ticket/{ticket}", "/receipts/work/streams",
        *[f"/receipts/work/at/{number}" for number in range(last + 1)],
        f"/receipts/work?actor={quote(EVIL)}&stream={quote(EVIL)}&kind={quote(EVIL)}",
        f"/receipts/work/streams?prefix={quote(EVIL)}",
    ]  # fmt: skip
    seen = "".join(dash.get(path).text for path in pages)
    assert "<script>alert" not in seen
    assert "<img src=x" not in seen
    assert "[not shown here]" in seen
    assert issued["token"].rpartition("_")[2] not in seen


# --- the examination ------------------------------------------------------------------------------


def test_an_examination_is_begun_by_hand_and_what_it_finds_stays(moved: tuple[Desk, str]) -> None:
    desk, _ = moved
    dash = Dash(desk)
    assert "Not examined since this server began" in dash.get("/receipts/work/verify").text
    dash.post("/receipts/work/verify", deep="on")
    errand = dash.hub.errands.look("work", "verify")
    assert errand is not None
    assert errand.wait(PATIENCE_S)
    page = dash.get("/receipts/work/verify").text
    assert "Everything agrees" in page
    assert "every body read in full" in page
    desk.new("Later")
    assert "more came" in dash.get("/receipts/work/verify").text


def test_what_alarms_is_told_with_what_to_do_about_it(moved: tuple[Desk, str]) -> None:
    desk, _ = moved
    dash = Dash(desk)
    store = dash.space.projects[0].server.store(dash.space.projects[0].server.context(Options(ci=True)))
    size, note = store.newest_checkpoint()
    lines = note.split("\n")
    lines[2] = lines[2][::-1]
    store.keep_checkpoint(size, "\n".join(lines))
    dash.post("/receipts/work/verify")
    errand = dash.hub.errands.look("work", "verify")
    assert errand is not None
    assert errand.wait(PATIENCE_S)
    page = dash.get("/receipts/work/verify").text
    assert "What alarms" in page
    assert 'class="finding is-bad"' in page


def test_whoever_only_looks_begins_no_examination(moved: tuple[Desk, str]) -> None:
    dash = Dash(moved[0], role=VIEWER)
    assert "Verify now" not in dash.get("/receipts/work/verify").text
    assert dash.post("/receipts/work/verify", 403)["code"] == "role_refused"
    assert dash.hub.errands.look("work", "verify") is None


# --- pages to come, and pictures -------------------------------------------------------------------


@pytest.mark.parametrize("name", ["work", "jobs", "evidence"])
def test_a_page_to_come_says_what_will_be_there_and_what_works_today(desk: Desk, name: str) -> None:
    page = Dash(desk, role=VIEWER).get(f"/{name}").text
    assert "What will be seen here" in page
    assert page.count('data-copy="ticket ') >= 2


def test_a_change_that_brings_a_file_or_takes_it_away_is_called_so(desk: Desk) -> None:
    desk.say("batch", "-", stdin='{"op": "new", "title": "Wash the windows"}\n')
    desk.say("undo")
    dash = Dash(desk)

    def told(kind: str) -> list[str]:
        page = dash.get(f"/receipts/work?kind={kind}").text
        return re.findall(r'class="receipt-what"><span class="strong">([^<]*)<', page)

    assert told("ticket.applied") == ["created"]
    assert told("ticket.intended") == ["is about to remove", "is about to create"]


def test_a_picture_without_anything_to_draw_teaches_the_command_that_leads_there(desk: Desk) -> None:
    page = Dash(desk).get("/insights/work").text
    for command in ("ticket new", "ticket next", "ticket inbox", "ticket actions spend.record"):
        assert f"<code>{command}" in page
    assert page.count('class="plot-empty') == 5


def test_insights_are_drawn_from_the_receipts_with_a_table_of_each(moved: tuple[Desk, str]) -> None:
    desk, ticket = moved
    desk.say("move", ticket, "done", "--actor", "human:ada", status=None)
    desk.new("Another one")
    page = Dash(desk, role=VIEWER).get("/insights/work").text
    assert "2 created and 1 done in" in page
    assert page.count('<svg class="plot"') == 3
    assert page.count("The same as a table") == 3
    assert "style=" not in page
    assert "Nobody has said what they spent" in page


def test_a_log_that_is_long_is_read_up_beside_the_page(moved: tuple[Desk, str], monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    monkeypatch.setattr(reading_up, "BEHIND_MAX", 2)
    gate, read_up = threading.Event(), views.read_up
    monkeypatch.setattr(
        views, "read_up", lambda *given, **named: gate.wait(PATIENCE_S) and read_up(*given, **named)
    )
    dash = Dash(moved[0])
    assert "Nothing branches off here" not in dash.get("/receipts/work/stream?name=project/root").text
    assert "is being looked up once" in dash.get("/receipts/work?kind=ticket.applied").text
    assert "are being looked up once" in dash.get("/receipts/work/streams").text
    assert "being added up once" in dash.get("/insights/work").text
    assert positions(dash.get("/receipts/work").text)
    gate.set()
    assert dash.space.projects[0].reading.settle() is None
    assert "Nothing branches off here" in dash.get("/receipts/work/stream?name=project/root").text
    assert "1 created" in dash.get("/insights/work").text
    assert positions(dash.get("/receipts/work?kind=ticket.applied").text)
