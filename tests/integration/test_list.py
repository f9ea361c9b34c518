"""`ticket list`: filters, fields, tables and boards, and what is left out."""

from __future__ import annotations

import pytest
from integration.verbs_scene import FIRST, SECOND, THIRD, TICKETS, Desk

FOURTH = "01DRZ3NDEKTSV4RRFFQ69G5FAV"


@pytest.fixture
def shelf(core_desk: Desk) -> Desk:
    """Returns a project with four tickets; the ids are in the order of their making."""
    core_desk.put(FIRST, "Fix Login", state="ready", priority="p1", labels="[bug, ui]", assignee="human:ana")
    core_desk.put(SECOND, "Write docs", priority="p3", reviewer="agent:claude")
    core_desk.put(THIRD, "Old work", state="done", priority="p0", labels="[bug]")
    core_desk.put(FOURTH, "Make haste", priority="p0")
    return core_desk


def titles(desk: Desk, *words: str) -> list[str]:
    """Returns the titles that `list --json` names."""
    return [entry["title"] for entry in desk.data("list", *words)["tickets"]]


def test_people_see_a_table_in_the_protocols_order_without_what_is_done(shelf: Desk) -> None:
    said = shelf.say("list")
    assert said.out == (
        "TK-01DRZ3ND  backlog      p0  Make haste\n"
        "TK-01BRZ3ND  backlog      p3  Write docs\n"
        "TK-01ARZ3ND  ready        p1  Fix Login  [bug, ui]  @human:ana\n"
    )
    assert said.err == "1 done not shown; `ticket list --all` shows everything\n"
    assert shelf.say("list", "-q").err == ""


def test_all_shows_what_is_done_too(shelf: Desk) -> None:
    said = shelf.say("list", "--all")
    assert said.out.splitlines()[-1] == "TK-01CRZ3ND  done         p0  Old work  [bug]"
    assert said.err == ""
    assert "Old work" in shelf.say("list", "--state", "Done").out


def test_programs_see_everything(shelf: Desk) -> None:
    envelope = shelf.envelope("list")
    assert envelope["warnings"] == []
    assert envelope["data"]["total"] == 4
    assert [entry["title"] for entry in envelope["data"]["tickets"]] == [
        "Make haste", "Write docs", "Fix Login", "Old work",
    ]  # fmt: skip
    assert envelope["data"]["tickets"][2] == {
        "id": FIRST, "short_id": FIRST[:8], "display_id": "TK-01ARZ3ND", "title": "Fix Login",
        "state": "ready", "priority": "p1", "labels": ["bug", "ui"], "assignee": "human:ana",
        "path": f"{TICKETS}/{FIRST}.md",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--state", "ready"), ["Fix Login"]),
        (("-s", "READY", "-s", "done"), ["Fix Login", "Old work"]),
        (("--priority", "p0"), ["Make haste", "Old work"]),
        (("-p", "P1", "-p", "p3"), ["Write docs", "Fix Login"]),
        (("--label", "bug"), ["Fix Login", "Old work"]),
        (("-l", "UI"), ["Fix Login"]),
        (("--label", "nobody-has-it"), []),
        (("--assignee", "human:ana"), ["Fix Login"]),
        (("--assignee", "none"), ["Make haste", "Write docs", "Old work"]),
        (("--reviewer", "agent:claude"), ["Write docs"]),
        (("--text", "LOGIN"), ["Fix Login"]),
        (("--text", "01brz3"), ["Write docs"]),
        (("--label", "bug", "--priority", "p1"), ["Fix Login"]),
        (("--limit", "2"), ["Make haste", "Write docs"]),
        (("-n", "0"), []),
        (("--limit=1", "--state=done"), ["Old work"]),
    ],
)
def test_filters_choose(shelf: Desk, words: tuple[str, ...], expected: list[str]) -> None:
    assert titles(shelf, *words) == expected


def test_a_limit_says_how_many_it_hides(shelf: Desk) -> None:
    data = shelf.data("list", "-n", "1")
    assert (len(data["tickets"]), data["total"]) == (1, 4)
    assert shelf.say("list", "-n", "1").err.splitlines()[0] == "2 more; raise --limit to see them"


@pytest.mark.parametrize(
    ("words", "code", "value"),
    [
        (("--state", "open"), "invalid_state", "open"),
        (("--priority", "p9"), "invalid_priority", "p9"),
        (("--assignee", "ana"), "invalid_actor", "ana"),
        (("--label", " "), "invalid_label", " "),
        (("--format", "tree"), "usage", "tree"),
        (("--fields", "id,colour"), "usage", "colour"),
        (("--limit", "-1"), "usage", "-1"),
        (("--limit", "ten"), "usage", "ten"),
        (("--limit", "٣"), "usage", "٣"),
    ],
)
def test_a_wrong_value_is_named(shelf: Desk, words: tuple[str, ...], code: str, value: str) -> None:
    error = shelf.error("list", *words, status=2)
    assert (error["code"], error["details"]["value"]) == (code, value)


def test_nothing_found_is_said_and_is_no_failure(core_desk: Desk) -> None:
    assert core_desk.say("list") == (0, "No tickets found.\n", "")
    assert core_desk.data("list") == {"tickets": [], "total": 0}
    core_desk.put(FIRST, state="done")
    assert core_desk.say("list") == (
        0, "No tickets found.\n", "1 done not shown; `ticket list --all` shows everything\n",
    )  # fmt: skip


def test_fields_are_columns_with_a_tab_between_them(shelf: Desk) -> None:
    said = shelf.say("list", "--fields", "display_id,labels,Assignee,title", "--state", "ready")
    assert said.out == "TK-01ARZ3ND\tbug,ui\thuman:ana\tFix Login\n"
    assert shelf.data("list", "--fields", "title,assignee", "-n", "1")["tickets"] == [
        {"title": "Make haste", "assignee": None}
    ]


def test_dates_come_from_git_on_request(shelf: Desk) -> None:
    shelf.git("add", ".")
    when = "2024-05-06T07:08:09+0000"
    shelf.env.update(GIT_AUTHOR_DATE=when, GIT_COMMITTER_DATE=when)
    shelf.say("move", FIRST, "in_progress", "--no-commit")
    shelf.git("-c", "user.name=x", "commit", "-q", "-m", "scene", "--date", when)
    data = shelf.data("list", "--dates", "-n", "1")["tickets"][0]
    assert set(data) >= {"created_at", "updated_at"}
    assert data["created_at"] is not None
    said = shelf.say("list", "--fields", "id,created_at", "-n", "1")
    assert said.out == f"{FOURTH}\t{data['created_at']}\n"


def test_a_broken_file_is_reported_and_the_rest_is_listed(shelf: Desk) -> None:
    shelf.write(f"{TICKETS}/01ERZ3NDEKTSV4RRFFQ69G5FAV.md", "---\nid: [\n---\n")
    shelf.write(f"{TICKETS}/README.md", "# About tickets\n")
    envelope = shelf.envelope("list")
    assert envelope["data"]["total"] == 4
    assert [(item["code"], item["path"]) for item in envelope["warnings"]] == [
        ("invalid_ticket", f"{TICKETS}/01ERZ3NDEKTSV4RRFFQ69G5FAV.md")
    ]
    said = shelf.say("list")
    assert said.out.count("\n") == 3
    assert said.err.startswith(f"warning: {TICKETS}/01ERZ3NDEKTSV4RRFFQ69G5FAV.md:")


def test_reading_writes_nothing_into_the_work_tree(desk: Desk) -> None:
    made = desk.new("T")
    desk.change(f"{TICKETS}/{made}.md", "title: T", "title: By hand")
    before = desk.text(".tickets/index.json")
    assert titles(desk) == ["By hand"]
    assert desk.text(".tickets/index.json") == before
    assert desk.git("status", "--porcelain") == f" M {TICKETS}/{made}.md"


def test_a_board_has_a_column_for_each_state(shelf: Desk) -> None:
    assert shelf.say("list", "--format", "kanban").out == (
        "backlog (2)\n"
        "  TK-01DRZ3ND  p0  Make haste\n"
        "  TK-01BRZ3ND  p3  Write docs\n"
        "\n"
        "ready (1)\n"
        "  TK-01ARZ3ND  p1  Fix Login\n"
        "\n"
        "in_progress (0)\n"
        "\n"
        "blocked (0)\n"
    )
    assert shelf.say("list", "--format", "kanban", "--all").out.splitlines()[-2:] == [
        "done (1)", "  TK-01CRZ3ND  p0  Old work",
    ]  # fmt: skip


def test_what_a_terminal_would_act_upon_is_made_visible(core_desk: Desk) -> None:
    core_desk.put(FIRST, '"a\\e[31mred\\u202eevil\\u0007"')
    core_desk.put(SECOND, '"tab\\there, 👩\u200d💻 joined"')
    for words in (("list",), ("list", "--format", "kanban"), ("list", "--fields", "title"),
                  ("ready",), ("search", "evil")):  # fmt: skip
        out = core_desk.say(*words).out
        assert not any(char in out for char in "\x1b\u202e\x07"), words
    assert "a\\u001b[31mred\\u202eevil\\u0007" in core_desk.say("list").out
    assert "tab\\u0009here, 👩\u200d💻 joined\t01B" in core_desk.say("list", "--fields", "title,id").out
    assert titles(core_desk)[0] == "a\x1b[31mred\u202eevil\x07"


def test_the_plain_table_keeps_wide_characters(core_desk: Desk) -> None:
    core_desk.put(FIRST, "日本語 🎫 é")
    assert core_desk.say("list").out == "TK-01ARZ3ND  backlog      p2  日本語 🎫 é\n"


def test_the_prefix_of_the_configuration_is_shown(core_desk: Desk) -> None:
    core_desk.put(FIRST)
    core_desk.write(".tickets/config.yml", "format_version: 1\nid_prefix: WEB\n")
    assert core_desk.say("list").out.startswith("WEB-01ARZ3ND  ")
    assert core_desk.data("list")["tickets"][0]["display_id"] == "WEB-01ARZ3ND"
    assert core_desk.data("show", "WEB-01ARZ3ND")["ticket"]["id"] == FIRST
