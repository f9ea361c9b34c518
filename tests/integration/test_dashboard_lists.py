"""The list, the table of attention, saved views, exports and the palette: what is found, and what is not let in."""

from __future__ import annotations

import csv
import io
import re
from html import unescape
from typing import TYPE_CHECKING

import pytest
from integration.dashboard_scene import Dash
from integration.gate_scene import ADA, GRACE, asked
from integration.verbs_scene import FIRST, SECOND, THIRD

from counterfoil.usecases.spaces import MEMBER, VIEWER
from counterfoil.web.dashboard.pages.listing import SHOWN
from counterfoil.web.dashboard.visit import Visitor

if TYPE_CHECKING:
    from integration.verbs_scene import Desk

EVIL = '"><img src=x onerror=alert(1)><script>alert(2)</script>'


def lines(html: str) -> list[str]:
    """Returns the ids of the tickets in a list."""
    return re.findall(r'<tr id="(?:line|matter)-[^"]*?-([0-9A-Z]{26})"', html)


@pytest.fixture
def two(desk: Desk, core_desk: Desk) -> Dash:
    """A space of two repositories."""
    desk.put(FIRST, "Fix login", state="ready", labels="[bug]", assignee="human:ada", priority="p1")
    desk.put(SECOND, "Sell shoes", state="blocked", priority="p0", body="They are of leather.\n")
    core_desk.path.rename(core_desk.path.parent / "other")
    core_desk.path = core_desk.path.parent / "other"
    core_desk.put(THIRD, "Archive", state="done", labels="[bug, api]")
    for each in (desk, core_desk):
        each.commit("scene: tickets")
    return Dash(desk, core_desk)


# --- the list -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", [FIRST, SECOND, THIRD]), ("?dir=desc", [THIRD, SECOND, FIRST]),
        ("?sort=title", [THIRD, FIRST, SECOND]), ("?sort=priority", [SECOND, FIRST, THIRD]),
        ("?sort=assignee", [FIRST, SECOND, THIRD]), ("?sort=id&dir=desc", [THIRD, SECOND, FIRST]),
        ("?sort=nonsense", [FIRST, SECOND, THIRD]), ("?repo=other", [THIRD]), ("?repo=nothing", []),
        ("?state=ready&state=done", [FIRST, THIRD]), ("?label=bug", [FIRST, THIRD]), ("?q=SELL", [SECOND]),
        ("?q=leather", []), ("?q=leather&body=1", [SECOND]), ("?q=login&body=1", [FIRST]),
        ("?q=leather&body=1&state=done", []), ("?assignee=none&page=99", [SECOND, THIRD]),
    ],
)  # fmt: skip
def test_an_address_lists_tickets_of_all_repositories(two: Dash, query: str, found: list[str]) -> None:
    html = two.get(f"/list{query}").text

    assert lines(html) == found
    assert f'id="found">{len(found)} ticket{"" if len(found) == 1 else "s"}</p>' in html


def test_a_text_in_bodies_is_looked_for_anew_when_a_ticket_has_changed(desk: Desk) -> None:
    desk.put(FIRST, "A ticket", body="Nothing.\n")
    dash = Dash(desk)

    assert lines(dash.get("/list?q=leather&body=1").text) == []
    desk.put(FIRST, "A ticket", body="Leather, and more.\n")
    assert lines(dash.get("/list?q=leather&body=1").text) == [FIRST]


def test_long_lists_come_page_by_page_and_keep_what_was_asked(desk: Desk) -> None:
    for number in range(SHOWN + 3):
        desk.put(f"01D{number:05d}000000000000000000", f"Ticket {number}", state="ready")
    dash = Dash(desk)

    first = dash.get("/list?state=ready&sort=id").text
    after = re.search(r'href="([^"]+)" rel="next"', first)
    assert after is not None
    second = dash.get(unescape(after[1])).text

    assert (len(lines(first)), len(lines(second))) == (SHOWN, 3)
    assert "51 to 53 of 53" in second
    assert "state=ready&amp;sort=id&amp;page=1" in second


def test_exports_have_everything_that_the_address_finds(two: Dash) -> None:
    found = two.get("/list.csv?label=bug")

    assert found.headers["content-disposition"] == 'attachment; filename="tickets.csv"'
    assert [row[1] for row in csv.reader(io.StringIO(found.text))] == ["id", "TK-01ARZ3ND", "TK-01CRZ3ND"]
    assert [entry["repo"] for entry in two.get("/list.json").json()] == ["work", "work", "other"]
    assert (
        two.get("/list.md?q=shoes")
        .text.split("\n")[2]
        .startswith("| work | TK-01BRZ3ND | Sell shoes | blocked")
    )


def test_what_is_typed_into_an_address_is_only_text(two: Dash) -> None:
    for path in ("/list", "/attention", "/board/work"):
        for name in ("q", "label", "assignee", "repo", "sort", "dir", "state", "priority", "why", "days"):
            html = two._send("GET", path, 200, None, {}).text if name == "" else two.get(f"{path}?{name}=%22%3E%3Cimg%20src%3Dx%3E%3Cscript%3E").text  # fmt: skip
            assert "<script>" not in html
            assert "<img src=x" not in html


# --- several at once ------------------------------------------------------------------------------


def test_several_tickets_change_together_in_each_repository(two: Dash, desk: Desk) -> None:
    chosen = [f"work/{FIRST}", f"work/{SECOND}", f"other/{THIRD}", f"other/{FIRST}", "nothing/x"]

    told = two.post("/list/bulk", ticket=chosen, state="in_progress", add="swift", assignee="me", once="k")

    assert told["message"] == "3 tickets changed; 3 tickets left as they are"
    rows = {
        row[0]: (row[2], row[4], row[5]) for one in two.space.projects for row in one.snapshot.tickets().rows
    }
    assert rows == {
        FIRST: ("in_progress", ("bug", "swift"), ADA), SECOND: ("in_progress", ("swift",), ADA),
        THIRD: ("done", ("bug", "api", "swift"), ADA),
    }  # fmt: skip
    assert desk.subjects()[0].startswith("ticket: ")


def test_what_one_repository_refuses_leaves_what_another_has_done(two: Dash, desk: Desk) -> None:
    desk.change(f".tickets/tickets/{SECOND}.md", "leather", "wood")
    chosen = [f"other/{THIRD}", f"work/{SECOND}"]

    told = two.post("/list/bulk", ticket=chosen, priority="p3")

    assert told["message"].startswith("1 ticket changed; not all: ")
    assert [one.snapshot.tickets().rows[-1][3] for one in two.space.projects] == ["p0", "p3"]


@pytest.mark.parametrize("fields", [{}, {"ticket": f"work/{FIRST}"}, {"state": "ready"}, {"ticket": f"work/{FIRST}", "state": "done"}])  # fmt: skip
def test_nothing_to_change_is_said(desk: Desk, fields: dict[str, str]) -> None:
    desk.put(FIRST, state="ready")

    assert Dash(desk).post("/list/bulk", 422, **fields)["code"] == "nothing_chosen"


# --- saved views ----------------------------------------------------------------------------------


def test_a_view_is_saved_renamed_and_forgotten_for_one_person(two: Dash) -> None:
    place = "/list?state=ready&label=bug"
    two.post("/views/save", name="  My   bugs ", address=place)
    mine = two.get(place).text

    assert (
        f'<a class="chip is-on" href="{place.replace("&", "&amp;")}" aria-current="true">My bugs</a>' in mine
    )
    two.door.chosen = Visitor(GRACE, MEMBER, "s2", True)
    assert "My bugs" not in two.get(place).text
    assert two.post("/views/rename", 422, name="My bugs", to="Hers")["code"] == "invalid_view"
    two.door.chosen = Visitor(ADA, VIEWER, "s1", True)
    two.post("/views/rename", name="My bugs", to="Bugs & <b>")
    assert "Bugs &amp; &lt;b&gt;" in two.get("/list").text
    two.post("/views/delete", name="Bugs & <b>")
    assert "Bugs &amp;" not in two.get("/list").text


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("x", "//evil.example/list"), ("x", "https://evil.example/list"), ("x", "/sign-out"), ("x", "/\\evil/list"),
        ("x", "javascript:alert(1)"), ("x", "/board/../sign-out//x"), ("x", "/list?q=\x00"), ("x", f"/list?q={'a' * 2000}"),
        ("", "/list"), (" ", "/list"), ("a" * 61, "/list"), ("\u202e", "/list"), ("x", ""),
    ],
)  # fmt: skip
def test_a_view_leads_only_to_a_list_of_ours(two: Dash, name: str, place: str) -> None:
    assert two.post("/views/save", 422, name=name, address=place)["code"] == "invalid_view"


# --- attention ------------------------------------------------------------------------------------


def test_what_needs_attention_comes_from_all_repositories_with_its_reasons(two: Dash, desk: Desk) -> None:
    waiting = asked(desk, "Asked for")
    desk.write(f".tickets/tickets/{THIRD}.md", "---\nid: x\ntitle: [\n---\n")

    html = two.get("/attention").text

    assert lines(html) == [waiting.ticket, SECOND]
    assert html.index("Invalid ticket format</span> </td>") < html.index("waits for a decision</span> </td>")
    assert f'<a href="/tickets/work/{THIRD}">{THIRD}.md</a>' in html
    assert lines(two.get("/attention?why=blocked").text) == [SECOND]
    assert lines(two.get("/attention?why=blocked&why=pending&sort=title&dir=desc").text) == [
        SECOND,
        waiting.ticket,
    ]
    assert lines(two.get("/attention?repo=other").text) == []
    assert lines(two.get("/attention?q=shoes").text) == [SECOND]
    assert f"{THIRD}.md" not in two.get("/attention?priority=p0").text


def test_ages_are_found_out_beside_the_request(desk: Desk) -> None:
    desk.put(FIRST, "Begun", state="in_progress")
    desk.git("add", "--all")
    desk.git("commit", "--quiet", "--date=2026-01-01T00:00:00Z", "--message", "scene: long ago")
    dash = Dash(desk)
    ages = dash.space.projects[0].ages
    told: list[bool] = []
    ages.when_known(lambda: told.append(True))

    dash.get("/attention")
    ages.settle()
    html = dash.get("/attention").text

    assert told == [True]
    assert lines(html) == [FIRST]
    assert "stale</span>" in html
    assert '<time datetime="2026-01-01T00:00:00Z">' in html
    assert lines(dash.get("/attention?days=3650").text) == []


def test_what_is_wrong_with_a_file_says_its_name_and_its_line_once(desk: Desk) -> None:
    desk.write(".tickets/tickets/weird name.md", "---\ntitle: T\n---\n")
    desk.write(".tickets/tickets/01HZZZZZZZZZZZZZZZZZZZZZZZ.md", "---\ntitle: T\na: b: c\n---\n")
    dash = Dash(desk)
    for place in ("/attention", "/board/work"):
        page = dash.get(place).text
        said = re.sub(r"<[^>]+>", "", page.partition('id="main"')[2])
        assert said.count("weird name.md") == 1, place
        assert "is not named after a ULID" in said
        assert said.count("line 3") == 1, place


def test_when_nothing_needs_attention_the_page_says_what_to_do(desk: Desk) -> None:
    html = Dash(desk).get("/attention").text

    assert "Nothing needs attention" in html
    assert "ticket next" in html


# --- the palette ----------------------------------------------------------------------------------


def test_the_palette_finds_tickets_and_people(two: Dash) -> None:
    assert two.get("/find?q=login").json() == {
        "found": [
            {"title": "Fix login", "href": f"/tickets/work/{FIRST}", "state": "ready", "note": "TK-01ARZ3ND"}
        ]
    }
    assert [each["href"] for each in two.get("/find?q=tk-01crz").json()["found"]] == [
        f"/tickets/other/{THIRD}"
    ]
    assert two.get("/find?q=human:ada").json()["found"] == [
        {"title": "human:ada", "href": "/list?assignee=human%3Aada", "note": "their tickets"}
    ]
    assert two.get("/find").json() == two.get("/find?q=+").json() == {"found": []}
