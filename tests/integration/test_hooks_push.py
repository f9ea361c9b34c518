"""The pre-push hook: on what is pushed, and against what the other side has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from integration import hooks_scene
from integration.hooks_scene import FIRST_FILE, commit, hook_file, run_git
from integration.verbs_scene import FIRST, TICKETS, Desk

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def hooked(desk: Desk) -> Desk:
    """Returns a project with a ready ticket and our hooks."""
    return hooks_scene.hooked(desk)


@pytest.fixture
def pushing(hooked: Desk) -> Desk:
    """Returns a hooked project whose main branch is pushed."""
    hooked.git("init", "-q", "--bare", "../origin.git")
    hooked.git("remote", "add", "origin", "../origin.git")
    run_git(hooked, "push", "-q", "-u", "origin", "main")
    return hooked


def slip(desk: Desk, old: str = "state: ready", new: str = "state: open") -> None:
    """Commits a bad ticket past the pre-commit hook."""
    desk.change(FIRST_FILE, old, new)
    run_git(desk, "commit", "-q", "--no-verify", "-am", "slipped")


def test_a_bad_ticket_is_not_pushed(pushing: Desk) -> None:
    slip(pushing)
    refused = run_git(pushing, "push", "-q", status=1)
    assert "error: pre-push: 1 error in 1 ticket" in refused.err
    pushing.change(FIRST_FILE, "state: open", "state: ready")
    run_git(pushing, "commit", "-q", "--no-verify", "-am", "mended")
    run_git(pushing, "push", "-q")


def test_what_is_pushed_counts_and_neither_index_nor_working_tree(pushing: Desk) -> None:
    pushing.write(FIRST_FILE, "rubbish")
    pushing.git("add", ".")
    run_git(pushing, "push", "-q", "origin", "HEAD:refs/heads/copy")


def test_a_new_branch_is_checked_and_a_deletion_is_not(pushing: Desk) -> None:
    pushing.git("switch", "-q", "-c", "side")
    slip(pushing)
    run_git(pushing, "push", "-q", "origin", "side", status=1)
    run_git(pushing, "push", "-q", "--no-verify", "origin", "side")
    run_git(pushing, "push", "-q", "origin", "--delete", "side")


def test_of_a_new_branch_only_what_is_new_is_checked(pushing: Desk) -> None:
    slip(pushing)
    run_git(pushing, "push", "-q", "--no-verify")
    pushing.git("switch", "-q", "-c", "side")
    pushing.say("new", "Good")
    run_git(pushing, "push", "-q", "origin", "side")
    run_git(pushing, "push", "-q", "origin", "side:other-name")
    slip(pushing, "priority: p2", "priority: p9")
    run_git(pushing, "push", "-q", "origin", "side:third", status=1)


def test_a_forced_update_is_checked_against_what_it_replaces(pushing: Desk) -> None:
    pushing.say("start", FIRST)
    run_git(pushing, "push", "-q")
    pushing.git("reset", "-q", "--hard", "HEAD~1")
    pushing.say("new", "Other")
    run_git(pushing, "push", "-q", "--force")
    slip(pushing, "title: T", "title: ''")
    run_git(pushing, "push", "-q", "--force", status=1)


def test_the_other_side_may_be_ahead_of_what_we_know(pushing: Desk) -> None:
    pushing.git("clone", "-q", "../origin.git", "../other")
    other = Desk(pushing.path.parent / "other")
    other.say("new", "Theirs")
    other.git("push", "-q")
    slip(pushing, "priority: p2", "priority: p9")
    refused = run_git(pushing, "push", "-q", "--force", status=1)
    assert "error: pre-push:" in refused.err


def test_both_hooks_hear_what_is_pushed(desk: Desk) -> None:
    hook_file(desk, "pre-push", 'cat > heard; echo "$1" >> heard; exit ${MINE:-0}')
    desk.say("install-hooks")
    desk.git("init", "-q", "--bare", "../origin.git")
    desk.put(FIRST, state="nonsense")
    desk.git("add", TICKETS)
    run_git(desk, "commit", "-q", "--no-verify", "-m", "slipped")
    head = desk.git("rev-parse", "HEAD")
    refused = run_git(desk, "push", "-q", "../origin.git", "main", status=1)
    assert "error: pre-push:" in refused.err
    assert desk.text("heard") == f"refs/heads/main {head} refs/heads/main {'0' * 40}\n../origin.git\n"
    assert (
        "error: pre-push:" not in run_git(desk, "push", "-q", "../origin.git", "main", status=1, MINE="2").err
    )


def test_a_push_of_nothing_new_is_fine(pushing: Desk) -> None:
    run_git(pushing, "push", "-q")
    pushing.git("tag", "v1")
    run_git(pushing, "push", "-q", "origin", "v1")


def test_sha256_repositories_are_checked_alike(tmp_path: Path) -> None:
    (tmp_path / "long").mkdir()
    long = Desk(tmp_path / "long")
    long.git("init", "-q", "--object-format=sha256")
    long.say("init", "--hooks")
    long.git("init", "-q", "--bare", "--object-format=sha256", "../origin.git")
    long.say("new", "T")
    run_git(long, "push", "-q", "../origin.git", "main")
    long.put(FIRST, state="nonsense")
    long.git("add", ".")
    commit(long, status=1)
