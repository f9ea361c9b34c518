"""What stands around every page: where one begins, how much waits, what is said when there is nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from integration.dashboard_scene import Dash
from integration.gate_scene import asked
from integration.verbs_scene import Desk

from counterfoil.usecases.spaces import APPROVER, VIEWER
from counterfoil.web.dashboard.visit import Visitor

if TYPE_CHECKING:
    from pathlib import Path


def _waiting(page: str) -> str:
    found = re.search(r'id="waiting">([^<]*)<', page)
    assert found
    return found[1]


def test_one_begins_at_the_board_and_at_the_inbox_while_a_decision_waits(desk: Desk) -> None:
    dash = Dash(desk, role=APPROVER)
    assert dash.get("/", 303).headers["location"] == f"/board/{dash.slug}"
    asked(desk)
    assert dash.get("/", 303).headers["location"] == "/inbox"


def test_whoever_may_not_decide_begins_at_the_board(desk: Desk) -> None:
    asked(desk)
    dash = Dash(desk, role=VIEWER)
    assert dash.get("/", 303).headers["location"] == f"/board/{dash.slug}"


def test_what_waits_is_counted_on_every_page_and_nothing_is_no_number(desk: Desk) -> None:
    dash = Dash(desk)
    assert _waiting(dash.get(f"/board/{dash.slug}").text) == ""
    asked(desk)
    assert _waiting(dash.get(f"/board/{dash.slug}").text) == "1"
    assert _waiting(dash.get("/settings").text) == "1"


def test_the_number_says_that_it_counts_what_waits_for_anybody(desk: Desk) -> None:
    """Whoever may decide nothing reads the same number as everybody of their role."""
    asked(desk)
    page = Dash(desk, role=VIEWER).get(f"/board/{Dash(desk).slug}").text
    words = "wait for people, for you or for others"
    assert f'title="{words}" id="waiting">1</span><span class="sr"> {words}</span>' in page


def test_a_ledger_that_cannot_be_opened_takes_no_page_away(desk: Desk) -> None:
    asked(desk)
    files = [*(desk.path / ".git" / "counterfoil").glob("ledger.db*")]
    assert files
    for file in files:
        file.write_bytes(b"not a ledger")
    dash = Dash(desk)
    page = dash.get(f"/board/{dash.slug}").text
    assert _waiting(page) == "?"
    assert "What waits for a decision is not known" in page
    assert "ticket ledger verify" in page
    assert "does not verify" not in page
    assert str(desk.path) not in page
    assert "Nothing waits for you" not in dash.get("/inbox").text
    attention = dash.get("/attention").text
    assert "Nothing needs attention" not in attention
    assert "waits for a decision <b>?</b>" in attention
    plain = Dash(desk, role=VIEWER).get("/list").text
    assert "the ledger cannot be read" in plain
    assert "ledger.db" not in plain
    assert dash.get("/", 303).headers["location"] == f"/board/{dash.slug}"


def test_what_is_not_there_is_told_within_the_frame(desk: Desk) -> None:
    answer = Dash(desk).get("/there/is/nothing", 404)
    assert "404" in answer.text
    assert 'aria-label="Pages"' in answer.text
    assert answer.text.count("<h1") == 1


def test_the_switch_leads_to_the_same_page_of_another_repository(desk: Desk, tmp_path: Path) -> None:
    dash = Dash(desk, desk.copy(tmp_path / "other"))
    page = dash.get(f"/policy/{dash.slug}").text
    assert 'href="/policy/other"' in page
    assert "project-menu" not in Dash(desk).get(f"/board/{dash.slug}").text


@pytest.mark.parametrize("chosen", ["light", "dark"])
def test_the_first_byte_has_the_colours_that_were_chosen(desk: Desk, chosen: str) -> None:
    dash = Dash(desk)
    page = dash.get(f"/board/{dash.slug}", cookie=f"theme={chosen}").text
    assert f'data-theme="{chosen}"' in page[:200]
    assert "data-theme=" not in dash.get(f"/board/{dash.slug}").text.partition("<body")[0]


def test_a_choice_of_colours_is_kept_in_a_cookie(desk: Desk) -> None:
    assert "colours" in Dash(desk).post("/theme", theme="dark")["message"]


def test_what_is_asked_beside_a_page_is_led_to_it_or_told_that_the_page_is_only_looked_at(desk: Desk) -> None:
    dash = Dash(desk)
    for path, place in (
        ("/board", "/board/work"), ("/board/work/", "/board/work"), ("/inbox//", "/inbox"), ("/policy/", "/policy/work"),
    ):  # fmt: skip
        assert dash.get(path, 303).headers["location"] == place
    for method, path in (("PUT", "/board/work"), ("DELETE", "/inbox"), ("PATCH", "/list"), ("POST", "/list")):
        answer = dash._send(method, path, 405, None, {})
        assert answer.headers["allow"] == "GET"
    for path in ("/board//work", "/boards", "/boards/", "/tickets", "/agents/work/agent", "/list/bulk"):
        dash.get(path, 404)
    assert dash._send("PUT", "/new/work", 405, None, {}).headers["allow"] == "GET, POST"
    dash._send("PUT", "/boards", 404, None, {})
    dash.door.chosen = Visitor("human:eve", "stranger", "s2", True)
    dash._send("PUT", "/board/work", 404, None, {})
    dash.get("/board", 404)
