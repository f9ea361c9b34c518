"""`ticket search`: text in titles and bodies."""

from __future__ import annotations

import pytest
from integration.verbs_scene import FIRST, SECOND, THIRD, TICKETS, Desk


@pytest.fixture
def shelf(core_desk: Desk) -> Desk:
    """Returns a project with texts to find."""
    core_desk.put(FIRST, "Fix Login", body="Intro.\n\nThe Session cookie is lost.\n", labels="[bug]")
    core_desk.put(SECOND, "Größe der Straße", body="naïve café\n", state="done")
    core_desk.put(THIRD, "Session work", body="Nothing.\n", priority="p0")
    return core_desk


def ids(desk: Desk, *words: str) -> list[str]:
    """Returns the ids that `search --json` names."""
    return [entry["id"] for entry in desk.data("search", *words)["tickets"]]


def test_people_see_the_tickets_and_the_line_that_was_found(shelf: Desk) -> None:
    assert shelf.say("search", "session") == (
        0,
        "TK-01CRZ3ND  backlog      p0  Session work\n"
        "TK-01ARZ3ND  backlog      p2  Fix Login  [bug]\n"
        "             The Session cookie is lost.\n",
        "",
    )


def test_programs_see_entries_and_excerpts(shelf: Desk) -> None:
    data = shelf.data("search", "session")
    assert data["total"] == 2
    assert [entry["title"] for entry in data["tickets"]] == ["Session work", "Fix Login"]
    assert data["excerpts"] == {FIRST: "The Session cookie is lost.", THIRD: ""}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("LOGIN",), [FIRST]),
        (("GRÖSSE",), [SECOND]),
        (("strasse",), [SECOND]),
        (("CAFÉ",), [SECOND]),
        (("cookie is",), [FIRST]),
        (("p2",), []),
        (("labels",), []),
        ((FIRST,), []),
        (("session", "--state", "done"), []),
        (("session", "-l", "bug"), [FIRST]),
        (("session", "-n", "1"), [THIRD]),
        (("--", "--no-such"), []),
    ],
)
def test_titles_and_bodies_are_searched_and_nothing_else(
    shelf: Desk, words: tuple[str, ...], expected: list[str]
) -> None:
    assert ids(shelf, *words) == expected


def test_nothing_found_is_no_failure(shelf: Desk) -> None:
    assert shelf.say("search", "absent") == (0, "No tickets found.\n", "")
    assert shelf.data("search", "absent") == {"tickets": [], "total": 0, "excerpts": {}}


def test_a_limit_says_how_many_it_hides(shelf: Desk) -> None:
    assert shelf.say("search", "session", "-n", "1").err == "1 more; raise --limit to see them\n"


def test_a_long_line_is_cut_around_the_place(core_desk: Desk) -> None:
    core_desk.put(FIRST, body="x" * 200 + " needle " + "y" * 200 + "\n")
    excerpt = core_desk.data("search", "needle")["excerpts"][FIRST]
    assert excerpt.startswith("…")
    assert excerpt.endswith("…")
    assert "needle" in excerpt
    assert len(excerpt) <= 74


@pytest.mark.parametrize("words", [("",), ("  ",), (), ("two", "words")])
def test_a_text_is_needed_and_only_one(shelf: Desk, words: tuple[str, ...]) -> None:
    assert shelf.error("search", *words, status=2)["code"] == "usage"


def test_broken_files_are_passed_over(shelf: Desk) -> None:
    shelf.write(f"{TICKETS}/01DRZ3NDEKTSV4RRFFQ69G5FAV.md", b"session \xff\n")
    shelf.file("01ERZ3NDEKTSV4RRFFQ69G5FAV").symlink_to(shelf.file(FIRST))
    shelf.write(f"{TICKETS}/README.md", "session\n")
    assert ids(shelf, "session") == [THIRD, FIRST]


def test_an_edit_by_hand_is_found_at_once(shelf: Desk) -> None:
    shelf.change(f"{TICKETS}/{FIRST}.md", "cookie", "biscuit")
    assert ids(shelf, "biscuit") == [FIRST]


def test_windows_line_ends_do_not_hide_the_body(core_desk: Desk) -> None:
    core_desk.put(FIRST, body="find me\n")
    core_desk.write(f"{TICKETS}/{FIRST}.md", core_desk.text(f"{TICKETS}/{FIRST}.md").replace("\n", "\r\n"))
    assert ids(core_desk, "find me") == [FIRST]


def test_letters_that_grow_when_folded_do_not_move_the_excerpt(core_desk: Desk) -> None:
    core_desk.put(FIRST, body="ßßßßßßßßßß\n" * 9 + "İİİ before the needle here\nafter\n")
    assert core_desk.data("search", "NEEDLE")["excerpts"][FIRST] == "İİİ before the needle here"


def test_a_word_that_is_everywhere_finds_everything(core_desk: Desk) -> None:
    for number in range(420):
        core_desk.put(f"01AR{number:04d}EKTSV4RRFFQ69G5FAV", f"T {number}", body="common\n")
    core_desk.write(f"{TICKETS}/{SECOND}.md", "common rubbish\n")
    data = core_desk.data("search", "COMMON", "-n", "2")
    assert (data["total"], list(data["excerpts"].values())) == (420, ["common", "common"])
    core_desk.change(f"{TICKETS}/01AR0000EKTSV4RRFFQ69G5FAV.md", "title: T 0", "title: common")
    assert core_desk.data("search", "common", "-n", "1")["tickets"][0]["title"] == "common"
