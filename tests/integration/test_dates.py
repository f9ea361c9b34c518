"""Created and updated, derived from Git (Protocol §2.6), cached by commit and never fetched for."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from integration.history_scene import Clone, project

if TYPE_CHECKING:
    from pathlib import Path

DAYS = [f"2023-11-{day}T22:13:20Z" for day in range(14, 30)]
"""What `on_day` writes as the author's date."""


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    """Returns a project whose first commit is of day 0."""
    made = project(tmp_path / "work")
    made.on_day(0)
    return made


def dates(clone: Clone, ticket: str) -> tuple[str | None, str | None]:
    """Returns the dates of one ticket as `show` tells them."""
    entry = clone.data("show", ticket, "--dates")["ticket"]
    return entry["created_at"], entry["updated_at"]


def cached(clone: Clone) -> list[str]:
    """Returns the commits for which dates are stored."""
    folder = clone.path / ".git/counterfoil/cache"
    return sorted(file.name.rpartition("-")[2] for file in folder.glob("dates-*"))


def read_trees(clone: Clone, ticket: str) -> int:
    """Returns how many passes over the history `show --dates` makes."""
    trace = clone.path / "trace"
    clone.env["GIT_TRACE"] = str(trace)
    dates(clone, ticket)
    del clone.env["GIT_TRACE"]
    lines = trace.read_text("utf-8").splitlines() if trace.exists() else []
    trace.unlink(missing_ok=True)
    return sum("built-in: git log" in line or "git -c log.follow" in line for line in lines)


def test_created_is_the_first_commit_and_updated_the_latest_by_the_authors_date(clone: Clone) -> None:
    ticket = clone.new("A thing")
    clone.on_day(1)
    clone.say("move", ticket, "ready")
    clone.on_day(2)
    clone.new("Another")
    assert dates(clone, ticket) == (DAYS[0], DAYS[1])
    entries = clone.data("list", "--dates")["tickets"]
    assert {entry["title"]: (entry["created_at"], entry["updated_at"]) for entry in entries} == {
        "A thing": (DAYS[0], DAYS[1]),
        "Another": (DAYS[2], DAYS[2]),
    }


def test_a_file_that_was_never_committed_has_no_dates(clone: Clone) -> None:
    clone.new("Committed")
    ticket = clone.new("A thing", "--no-commit")
    assert dates(clone, ticket) == (None, None)


def test_an_uncommitted_edit_changes_no_date(clone: Clone) -> None:
    ticket = clone.new("A thing")
    clone.on_day(1)
    clone.say("move", ticket, "ready", "--no-commit")
    assert dates(clone, ticket) == (DAYS[0], DAYS[0])


def test_before_the_first_commit_nothing_is_dated(tmp_path: Path) -> None:
    path = tmp_path / "fresh"
    path.mkdir()
    fresh = Clone(path)
    fresh.git("init", "-q")
    fresh.write(".tickets/tickets/.gitkeep", "")
    ticket = fresh.new("A thing", "--no-commit", "--actor", "human:ana")
    assert dates(fresh, ticket) == (None, None)


def test_the_same_commit_is_passed_over_once_and_a_later_one_extends_it(clone: Clone) -> None:
    first, second = clone.new("First"), clone.new("Second")
    assert (read_trees(clone, first) > 0, read_trees(clone, first)) == (True, 0)
    clone.on_day(1)
    clone.say("move", first, "ready")
    assert (dates(clone, first), dates(clone, second)) == ((DAYS[0], DAYS[1]), (DAYS[0], DAYS[0]))
    assert cached(clone) == [clone.git("rev-parse", "HEAD")]


def test_a_pass_that_was_extended_says_what_one_from_scratch_says(clone: Clone) -> None:
    tickets = [clone.new(f"Ticket {number}") for number in range(3)]
    for day, ticket in enumerate([*tickets, tickets[0]], 1):
        clone.on_day(day)
        clone.git("switch", "-qC", f"side-{day}")
        clone.say("edit", ticket, "-p", f"p{day % 3}")
        clone.git("switch", "-q", "main")
        if day % 2:
            clone.git("merge", "-q", "--no-ff", "-m", f"merge {day}", f"side-{day}")
        dates(clone, ticket)
    extended = clone.data("list", "--dates")["tickets"]
    for file in (clone.path / ".git/counterfoil/cache").glob("dates-*"):
        file.unlink()
    assert clone.data("list", "--dates")["tickets"] == extended


def test_a_commit_on_a_merged_branch_counts_even_when_the_merge_took_the_other_side(clone: Clone) -> None:
    ticket = clone.new("A thing")
    clone.on_day(1)
    clone.git("switch", "-qc", "side")
    clone.say("edit", ticket, "-p", "p0")
    clone.git("switch", "-q", "main")
    assert dates(clone, ticket) == (DAYS[0], DAYS[0])
    clone.on_day(2)
    clone.git("merge", "-q", "-s", "ours", "-m", "not this", "side")
    assert dates(clone, ticket) == (DAYS[0], DAYS[1])


def test_a_merge_counts_where_it_says_what_no_parent_says(clone: Clone) -> None:
    ticket = clone.new("A thing")
    clone.git("switch", "-qc", "side")
    clone.on_day(1)
    clone.new("Beside")
    clone.git("switch", "-q", "main")
    clone.new("Meanwhile")
    clone.on_day(3)
    clone.git("merge", "-q", "--no-commit", "side", status=None)
    clone.git("checkout", "--ours", "--", ".tickets/index.json", status=None)
    clone.replace(ticket, "priority: p2", "priority: p0")
    clone.git("add", "--all")
    clone.git("commit", "-qm", "merge, and more")
    assert dates(clone, ticket) == (DAYS[0], DAYS[3])


@pytest.mark.parametrize(
    "rewrite",
    [("commit", "-q", "--amend", "-m", "other words"), ("rebase", "-q", "--force-rebase", "HEAD~1")],
)
def test_rewritten_commits_keep_their_dates_and_need_a_new_pass(
    clone: Clone, rewrite: tuple[str, ...]
) -> None:
    ticket = clone.new("A thing")
    clone.on_day(1)
    clone.say("move", ticket, "ready")
    assert dates(clone, ticket) == (DAYS[0], DAYS[1])
    before = clone.git("rev-parse", "HEAD")
    clone.on_day(5)
    clone.git(*rewrite)
    assert clone.git("rev-parse", "HEAD") != before
    assert dates(clone, ticket) == (DAYS[0], DAYS[1])


def test_dropped_commits_are_forgotten(clone: Clone) -> None:
    ticket = clone.new("A thing")
    clone.on_day(1)
    clone.say("move", ticket, "ready")
    assert dates(clone, ticket) == (DAYS[0], DAYS[1])
    clone.git("reset", "-q", "--hard", "HEAD~1")
    assert dates(clone, ticket) == (DAYS[0], DAYS[0])


def test_switching_between_branches_keeps_the_pass_of_each(clone: Clone) -> None:
    ticket = clone.new("A thing")
    dates(clone, ticket)
    clone.git("switch", "-qc", "side")
    clone.on_day(1)
    clone.say("move", ticket, "ready")
    assert dates(clone, ticket) == (DAYS[0], DAYS[1])
    clone.git("switch", "-q", "main")
    assert read_trees(clone, ticket) == 0
    assert dates(clone, ticket) == (DAYS[0], DAYS[0])
    assert cached(clone) == sorted([clone.git("rev-parse", "main"), clone.git("rev-parse", "side")])


def test_few_passes_are_kept(clone: Clone) -> None:
    ticket = clone.new("A thing")
    for number in range(9):
        clone.git("branch", f"stop-{number}")
        dates(clone, ticket)
        clone.say("edit", ticket, "-p", f"p{number % 2}")
    dates(clone, ticket)
    assert len(cached(clone)) == 6


def test_a_damaged_cache_counts_as_none(clone: Clone) -> None:
    ticket = clone.new("A thing")
    dates(clone, ticket)
    [file] = (clone.path / ".git/counterfoil/cache").glob("dates-*")
    for damage in (b"", b"garbage", file.read_bytes()[:-9]):
        file.write_bytes(damage)
        assert dates(clone, ticket) == (DAYS[0], DAYS[0])


def test_a_shallow_clone_knows_only_what_lies_after_its_boundary(clone: Clone, tmp_path: Path) -> None:
    old, touched = clone.new("Old"), clone.new("Touched")
    clone.on_day(1)
    clone.say("move", touched, "ready")
    fresh = clone.new("Fresh")
    shallow = clone.clone_to(tmp_path / "shallow", "--depth=3")
    assert [dates(shallow, ticket) for ticket in (old, touched, fresh)] == [
        (None, None),
        (None, DAYS[1]),
        (DAYS[1], DAYS[1]),
    ]
    envelope = shallow.answer("show", old, "--dates")
    assert [warning["code"] for warning in envelope["warnings"]] == ["dates_unknown"]
    assert "created unknown, updated unknown" in shallow.say("show", old, "--dates")[1]
    shallow.git("fetch", "-q", "--unshallow")
    assert dates(shallow, touched) == (DAYS[0], DAYS[1])


def test_a_blobless_clone_knows_all_dates_and_fetches_nothing(clone: Clone, tmp_path: Path) -> None:
    ticket = clone.new("A thing")
    clone.on_day(1)
    clone.say("move", ticket, "ready")
    blobless = clone.clone_to(tmp_path / "blobless", "--filter=blob:none")
    before = blobless.git("count-objects", "-v")
    assert dates(blobless, ticket) == (DAYS[0], DAYS[1])
    assert blobless.git("count-objects", "-v") == before


@pytest.mark.parametrize("knows_lazy_fetch", [True, False])
def test_a_treeless_clone_says_unknown_and_fetches_nothing(
    clone: Clone, tmp_path: Path, knows_lazy_fetch: bool
) -> None:
    ticket = clone.new("A thing")
    clone.on_day(1)
    clone.say("move", ticket, "ready")
    treeless = clone.clone_to(tmp_path / "treeless", "--filter=tree:0")
    if not knows_lazy_fetch:
        _forget_lazy_fetch(treeless, tmp_path / "older")
    before = treeless.git("count-objects", "-v")
    envelope = treeless.answer("show", ticket, "--dates")
    entry = envelope["data"]["ticket"]
    assert (entry["created_at"], entry["updated_at"]) == (None, None)
    assert [warning["code"] for warning in envelope["warnings"]] == ["dates_unknown"]
    assert treeless.git("count-objects", "-v") == before
    assert cached(treeless) == []


def _forget_lazy_fetch(clone: Clone, folder: Path) -> None:
    """Puts a `git` in front that behaves like one from before GIT_NO_LAZY_FETCH."""
    folder.mkdir()
    real = next(
        candidate
        for part in os.environ["PATH"].split(os.pathsep)
        if os.access(candidate := f"{part}/git", os.X_OK)
    )
    older = folder / "git"
    older.write_text(f'#!/bin/sh\nunset GIT_NO_LAZY_FETCH\nexec "{real}" "$@"\n', "utf-8")
    older.chmod(0o755)
    clone.env["PATH"] = f"{folder}{os.pathsep}{os.environ['PATH']}"


def test_worktrees_share_the_pass_and_sub_projects_have_their_own(clone: Clone, tmp_path: Path) -> None:
    ticket = clone.new("A thing")
    clone.write("sub/.tickets/tickets/.gitkeep", "")
    clone.on_day(1)
    inner = clone.new("Inner", "--project", "sub")
    assert dates(clone, ticket) == (DAYS[0], DAYS[0])
    entry = clone.data("show", inner, "--dates", "--project", "sub")["ticket"]
    assert (entry["created_at"], entry["updated_at"]) == (DAYS[1], DAYS[1])
    clone.git("worktree", "add", "-q", str(tmp_path / "other"), "HEAD")
    other = Clone(tmp_path / "other")
    count = len(cached(clone))
    assert dates(other, ticket) == (DAYS[0], DAYS[0])
    assert len(cached(clone)) == count == 2


def test_a_sha256_repository_has_dates_too(tmp_path: Path) -> None:
    other = project(tmp_path / "sha256", object_format="sha256")
    other.on_day(0)
    ticket = other.new("A thing")
    assert dates(other, ticket) == (DAYS[0], DAYS[0])
    other.on_day(1)
    other.say("move", ticket, "ready")
    assert dates(other, ticket) == (DAYS[0], DAYS[1])


def test_a_forged_date_beyond_the_calendar_breaks_nothing(clone: Clone) -> None:
    ticket = clone.new("A thing")
    tree = clone.git("rev-parse", "HEAD^{tree}")
    author = "T <t@example.org> 9999999999999 +0000"
    raw = f"tree {tree}\nparent {clone.git('rev-parse', 'HEAD~1')}\nauthor {author}\ncommitter {author}\n\nforged\n"
    file = clone.write("forged", raw)
    clone.git(
        "reset", "-q", "--soft", clone.git("hash-object", "-t", "commit", "-w", "--literally", str(file))
    )
    assert dates(clone, ticket) == ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z")
