"""`ticket move`, `start` and `done`: the transition table on the command line."""

from __future__ import annotations

import pytest
from integration.verbs_scene import FIRST, SECOND, Desk

STATES = ("backlog", "ready", "in_progress", "blocked", "done")
TABLE = {
    "backlog": ["ready", "blocked"],
    "ready": ["in_progress", "blocked"],
    "in_progress": ["ready", "done", "blocked"],
    "blocked": ["ready", "in_progress"],
    "done": [],
}


def test_a_move_changes_one_line_and_is_committed(desk: Desk) -> None:
    made = desk.new("T")
    before = desk.text(f".tickets/tickets/{made}.md")
    said = desk.say("move", made[:8], "ready")
    assert (said.out, said.err) == (f"Moved TK-{made[:8]} to ready\n", "")
    assert desk.text(f".tickets/tickets/{made}.md") == before.replace("state: backlog", "state: ready")
    assert desk.subjects()[0] == f"ticket: TK-{made[:8]} → ready"
    assert desk.index()[0]["state"] == "ready"
    assert desk.git("status", "--porcelain") == ""


def test_the_short_verbs_move_too(desk: Desk) -> None:
    made = desk.new("T", "--state", "ready")
    assert desk.say("start", made).out == f"Moved TK-{made[:8]} to in_progress\n"
    data = desk.data("done", made)
    assert data["ticket"]["state"] == "done"
    assert (data["changed"], data["committed"]) == (True, True)
    assert data["commit"] == desk.git("rev-parse", "HEAD")


@pytest.mark.parametrize("words", [("move", "ready"), ("move", "READY")])
def test_staying_is_no_change_and_no_commit(desk: Desk, words: tuple[str, str]) -> None:
    made = desk.new("T", "--state", "ready")
    before = desk.state()
    said = desk.say(words[0], made, words[1])
    assert said.out == f"No change for TK-{made[:8]}; state is already ready.\n"
    data = desk.data(words[0], made, words[1])
    assert (data["changed"], data["committed"], data["commit"]) == (False, False, None)
    assert desk.state() == before


@pytest.mark.parametrize("before", STATES)
@pytest.mark.parametrize("after", STATES)
def test_the_table_holds(core_desk: Desk, before: str, after: str) -> None:
    core_desk.put(FIRST, state=before)
    words = ("move", FIRST, after, "--no-commit")
    if after == before or after in TABLE[before]:
        assert core_desk.data(*words)["changed"] is (after != before)
        assert f"state: {after}\n" in core_desk.file(FIRST).read_text("utf-8")
        return
    text = core_desk.file(FIRST).read_bytes()
    error = core_desk.error(*words, status=6)
    assert error == {
        "code": "invalid_transition",
        "details": {"from": before, "to": after, "allowed": TABLE[before]},
    }
    assert core_desk.file(FIRST).read_bytes() == text


def test_an_unknown_state_names_the_known_ones(desk: Desk) -> None:
    desk.put(FIRST)
    error = desk.error("move", FIRST, "closed", status=2)
    assert error == {"code": "invalid_state", "details": {"value": "closed", "allowed": list(STATES)}}


def test_an_unknown_ticket_is_not_found(desk: Desk) -> None:
    for words in (("move", "01ZZZZZZ", "ready"), ("start", "01ZZZZZZ"), ("done", "01ZZZZZZ")):
        assert desk.error(*words, status=4) == {
            "code": "ticket_not_found", "details": {"query": "01ZZZZZZ"},
        }  # fmt: skip


def test_an_ambiguous_ticket_is_told_with_its_candidates(desk: Desk) -> None:
    twin = FIRST[:10] + "ZZZZ" + FIRST[14:]
    desk.put(FIRST, "One")
    desk.put(twin, "Two")
    error = desk.error("move", FIRST[:8], "ready", status=5)
    assert error["code"] == "ambiguous_id"
    assert error["details"]["query"] == FIRST[:8]
    assert error["details"]["matches"] == [
        {"id": FIRST, "short_id": FIRST[:8], "display_id": f"TK-{FIRST[:8]}", "title": "One",
         "unique_prefix": FIRST[:11]},
        {"id": twin, "short_id": FIRST[:8], "display_id": f"TK-{FIRST[:8]}", "title": "Two",
         "unique_prefix": twin[:11]},
    ]  # fmt: skip
    said = desk.say("move", FIRST[:8], "ready", status=5)
    assert said.err.splitlines()[1:3] == [f"  {FIRST[:11]}  One", f"  {twin[:11]}  Two"]
    assert desk.data("move", FIRST[:11], "ready", "--no-commit")["ticket"]["id"] == FIRST


def test_the_file_decides_and_not_the_index(desk: Desk) -> None:
    made = desk.new("T")
    desk.change(f".tickets/tickets/{made}.md", "state: backlog", "state: ready")
    assert desk.data("start", made)["ticket"]["state"] == "in_progress"


def test_a_state_in_capitals_is_read_and_written_small(core_desk: Desk) -> None:
    core_desk.put(FIRST, state="READY", priority="P1")
    core_desk.say("start", FIRST, "--no-commit")
    assert "state: in_progress\npriority: P1\n" in core_desk.file(FIRST).read_text("utf-8")


@pytest.mark.parametrize(("priority", "asks"), [("p0", True), ("p1", True), ("p2", False), ("p3", False)])
def test_an_agent_that_finishes_urgent_work_has_to_ask(core_desk: Desk, priority: str, asks: bool) -> None:
    core_desk.put(FIRST, state="in_progress", priority=priority)
    words = ("done", FIRST, "--no-commit")
    if asks:
        assert core_desk.error(*words, "--actor", "agent:claude", status=9)["code"] == "needs_approval"
    else:
        assert core_desk.data(*words, "--actor", "agent:claude")["ticket"]["state"] == "done"
        core_desk.put(FIRST, state="in_progress", priority=priority)
    assert core_desk.codes(*words) == []


def test_a_broken_neighbour_does_not_stop_a_move(desk: Desk) -> None:
    made = desk.new("T")
    desk.write(f".tickets/tickets/{SECOND}.md", "no ticket\n")
    assert desk.data("move", made, "ready")["committed"] is True
    error = desk.error("move", SECOND, "ready", status=7)
    assert error["code"] == "invalid_ticket"
    assert error["details"]["reason"]


def test_a_file_whose_id_is_another_is_refused(desk: Desk) -> None:
    desk.put(FIRST)
    desk.file(FIRST).rename(desk.file(SECOND))
    error = desk.error("move", SECOND, "ready", status=7)
    assert (error["code"], error["details"]["reason"]) == ("invalid_ticket", "id_mismatch")


@pytest.mark.parametrize("words", [("move",), ("move", FIRST), ("move", FIRST, "ready", "now"), ("done",)])
def test_too_few_or_too_many_words_are_a_usage_error(desk: Desk, words: tuple[str, ...]) -> None:
    assert desk.error(*words, status=2)["code"] == "usage"
