"""What a server knows of the tickets is what the files say, however it was told of what changed."""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING

import pytest
from integration.verbs_scene import FIRST, SECOND, THIRD, TICKETS

from counterfoil.bootstrap import open_server
from counterfoil.errors import HostError
from counterfoil.usecases import snapshot as snapshots
from counterfoil.usecases.context import Options
from counterfoil.usecases.snapshot import Snapshot

if TYPE_CHECKING:
    from pathlib import Path

    from integration.verbs_scene import Desk

LETTERS = "ABCDEFGHJK"
STATES = ("backlog", "ready", "in_progress", "blocked", "done")


def begun(desk: Desk) -> Snapshot:
    """Returns what a server knows that has just begun, and is told of changes from now on."""
    server = open_server(str(desk.path), {**os.environ, **desk.env}, Options(ci=True))
    made = Snapshot(server, Options(ci=True))
    made.refresh()
    made.is_watched = True
    return made


def titles(made: Snapshot) -> list[str]:
    """Returns the titles in the protocol's order."""
    return [row[1] for row in made.tickets().rows]


def check(made: Snapshot, desk: Desk) -> None:
    """Compares what is known with what somebody reads who begins just now."""
    known, read = made.tickets(), begun(desk).tickets()
    assert known.rows == read.rows
    assert (known.by_id, known.by_state, known.problems) == (read.by_id, read.by_state, read.problems)


def test_of_a_named_file_only_that_one_is_read_and_put_where_it_belongs(desk: Desk) -> None:
    desk.put(FIRST, "One", priority="p1")
    desk.put(SECOND, "Two", priority="p2")
    made = begun(desk)
    before = made.tickets()
    desk.put(FIRST, "One anew", priority="p3")
    desk.put(SECOND, "Two unheard", priority="p2")
    made.refresh({f"{FIRST}.md"})
    assert titles(made) == ["Two", "One anew"]
    assert made.tickets().number == before.number + 1
    assert [row[1] for row in before.rows] == ["One", "Two"], "what was given out does not change"


def test_whatever_changes_one_by_one_ends_as_if_all_were_read_at_once(desk: Desk) -> None:
    chance = random.Random(5)  # the same walk every time
    made = begun(desk)
    names = [f"01{letter}RZ3NDEKTSV4RRFFQ69G5FAV" for letter in LETTERS]
    for number in range(120):
        ticket = chance.choice(names)
        kind = chance.random()
        if kind < 0.2:
            desk.file(ticket).unlink(missing_ok=True)
        elif kind < 0.35:
            desk.write(f"{TICKETS}/{ticket}.md", "no ticket at all\n")
        else:
            desk.put(ticket, f"Ticket {number}", state=chance.choice(STATES), priority=f"p{number % 4}")
        made.refresh({f"{ticket}.md"})
        if number % 20 == 0:
            check(made, desk)
    check(made, desk)


def test_a_file_that_is_half_written_is_a_problem_until_it_is_whole(desk: Desk) -> None:
    desk.put(FIRST, "Whole")
    made = begun(desk)
    text = desk.file(FIRST).read_text("utf-8")
    desk.file(FIRST).write_text(text[:20], "utf-8")
    made.refresh({f"{FIRST}.md"})
    assert titles(made) == []
    assert set(made.tickets().problems) == {f"{FIRST}.md"}
    desk.file(FIRST).write_text(text, "utf-8")
    made.refresh({f"{FIRST}.md"})
    assert titles(made) == ["Whole"]
    assert made.tickets().problems == {}


def test_a_file_whose_text_alone_changes_makes_a_new_moment_for_whoever_keeps_what_it_made_of_it(
    desk: Desk,
) -> None:
    desk.put(FIRST, body="Old.\n")
    made = begun(desk)
    number = made.tickets().number
    desk.put(FIRST, body="New.\n")
    assert made.refresh({f"{FIRST}.md"}).number > number


def test_the_second_file_of_an_id_is_a_problem_as_soon_as_the_first_is_there(desk: Desk) -> None:
    desk.put(FIRST, "Small")
    os.rename(desk.file(FIRST), desk.file(FIRST).with_name(f"{FIRST.lower()}.md"))
    made = begun(desk)
    assert titles(made) == ["Small"]
    desk.put(FIRST, "Large")
    made.refresh({f"{FIRST}.md"})
    check(made, desk)
    desk.file(FIRST).unlink()
    made.refresh({f"{FIRST}.md"})
    check(made, desk)


def test_what_is_no_ticket_file_makes_no_new_moment(desk: Desk) -> None:
    desk.put(FIRST)
    made = begun(desk)
    number = made.tickets().number
    assert made.refresh({f".{FIRST}.md.123.tmp", "notes.txt"}).number == number


def test_a_change_of_which_nobody_told_is_seen_when_there_is_doubt(desk: Desk) -> None:
    desk.put(FIRST, "One")
    made = begun(desk)
    desk.put(SECOND, "Two")
    assert titles(made) == ["One"]
    made.doubt()
    assert titles(made) == ["One", "Two"]


def test_a_change_of_which_word_was_lost_is_seen_after_a_while(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.put(FIRST, "One")
    made = begun(desk)
    desk.put(SECOND, "Two")
    monkeypatch.setattr(snapshots, "RELIST_S", 0.0)
    assert titles(made) == ["One", "Two"]


def test_where_nobody_watches_every_question_compares_the_files(desk: Desk) -> None:
    made = begun(desk)
    made.is_watched = False
    for number, ticket in enumerate((FIRST, SECOND, THIRD), 1):
        desk.put(ticket)
        assert len(made.tickets().rows) == number


def test_another_prefix_makes_a_new_moment(desk: Desk) -> None:
    desk.put(FIRST)
    made = begun(desk)
    desk.write(".tickets/config.yml", "id_prefix: SHOE\n")
    assert made.refresh(frozenset()).id_prefix == "SHOE"


def test_what_a_server_knows_leaves_the_cache_of_the_commands_alone(desk: Desk) -> None:
    desk.put(FIRST, "One")
    made = begun(desk)
    cache = desk.path / ".git/counterfoil/cache"
    before = {file.name: file.stat().st_mtime_ns for file in cache.iterdir()}
    desk.put(SECOND, "Two")
    made.refresh({f"{SECOND}.md"})
    made.refresh()
    assert {file.name: file.stat().st_mtime_ns for file in cache.iterdir()} == before


def test_a_look_that_fails_leaves_the_doubt_for_whoever_asks_next(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.put(FIRST, "One")
    made = begun(desk)
    desk.put(SECOND, "Two")
    made.doubt()

    def fail(*_: object) -> None:
        raise HostError("io_error", "not now")

    with monkeypatch.context() as broken:
        broken.setattr(snapshots.KeptCatalog, "catch_up", fail)
        for _ in range(2):
            with pytest.raises(HostError):
                made.tickets()
    assert titles(made) == ["One", "Two"]


def test_another_prefix_is_on_the_next_page_once_the_watcher_has_told_that_something_is_different(
    desk: Desk,
) -> None:
    desk.put(FIRST)
    made = begun(desk)
    desk.write(".tickets/config.yml", "id_prefix: SHOE\n")
    made.doubt()  # as the lookout does for a change without a name
    assert made.tickets().id_prefix == "SHOE"


def test_what_a_command_has_just_done_is_known_before_the_watcher_tells_of_it(desk: Desk) -> None:
    desk.new("One")
    made = begun(desk)
    made.settled()
    desk.new("Two")
    assert [row[1] for row in made.settled().rows] == ["One", "Two"]


def test_of_changes_within_one_tick_of_the_clock_none_is_passed_over(desk: Desk, tmp_path: Path) -> None:
    desk.put(FIRST, "Title 0")
    made = begun(desk)
    text = desk.file(FIRST).read_text("utf-8")
    for number in range(1, 60):
        fresh = tmp_path / "fresh"
        fresh.write_text(text.replace("Title 0", f"Title {number}"), "utf-8")
        os.replace(fresh, desk.file(FIRST))
        assert [row[1] for row in made.settled().rows] == [f"Title {number}"]


def test_as_long_as_the_folder_is_the_same_and_somebody_watches_nothing_is_compared(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.put(FIRST)
    monkeypatch.setattr(snapshots, "is_settled", lambda *_: True)
    made = begun(desk)
    known = made.settled()

    def fail(*_: object) -> None:
        raise AssertionError("the files are compared")

    with monkeypatch.context() as counted:
        counted.setattr(snapshots.KeptCatalog, "catch_up", fail)
        assert made.settled() is known
    made.doubt()
    desk.write(f"{TICKETS}/{FIRST}.md", "no ticket at all\n")
    assert made.settled().rows == ()


def test_a_folder_that_changed_a_moment_ago_may_be_another_one_and_is_compared(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.put(FIRST, "One")
    monkeypatch.setattr(snapshots, "is_settled", lambda *_: False)
    made = begun(desk)
    desk.put(FIRST, "One anew")
    assert [row[1] for row in made.settled().rows] == ["One anew"]


def test_what_is_written_in_place_is_seen_at_once_where_nobody_watches(desk: Desk) -> None:
    desk.put(FIRST, "Title 0")
    made = begun(desk)
    made.is_watched = False
    for number in range(1, 20):
        desk.put(FIRST, f"Title {number}")
        assert [row[1] for row in made.settled().rows] == [f"Title {number}"]


def test_what_is_ready_is_found_out_once_and_anew_after_a_change(desk: Desk) -> None:
    desk.put(FIRST, "One", state="ready")
    desk.put(SECOND, "Two", state="ready")
    made = begun(desk)
    before = made.tickets()
    assert [row[1] for row in before.readiness().ready] == ["One", "Two"]
    assert before.readiness() is before.readiness()
    desk.put(FIRST, "One", state="ready", body="Another text.\n")
    assert made.refresh({f"{FIRST}.md"}).readiness() is before.readiness(), "no row differs"
    desk.put(FIRST, "One", state="done")
    assert [row[1] for row in made.refresh({f"{FIRST}.md"}).readiness().ready] == ["Two"]
    assert [row[1] for row in before.readiness().ready] == ["One", "Two"]
