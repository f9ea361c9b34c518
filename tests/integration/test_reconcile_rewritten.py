"""Rewritten history is no tampering: what amend, rebase, squash, cherry-pick and force pushes leave behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from integration.history_scene import Clone, team
from integration.reconcile_scene import (
    begun,
    blob,
    bodies,
    change_of,
    check_agreement,
    edit,
    reconcile,
    told,
)

from counterfoil.usecases import kinds

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def scene(tmp_path: Path) -> tuple[Clone, str]:
    """Returns a clone with a ledger and one ticket that was moved to ready by our last command."""
    clone, ticket = begun(tmp_path / "work")
    clone.say("move", ticket, "ready")
    return clone, ticket


def head(clone: Clone) -> str:
    """Returns HEAD's commit."""
    return clone.git("rev-parse", "HEAD")


def said(clone: Clone) -> tuple[int, int, int]:
    """Returns how many changes, rewritten and dropped entries were told in all."""
    return len(told(clone, "changes")), len(told(clone, "rewritten")), len(told(clone, "dropped"))


def test_a_new_message_makes_another_commit_of_the_same_change(scene: tuple[Clone, str]) -> None:
    clone, ticket = scene
    before = head(clone)
    clone.git("commit", "-q", "--amend", "-m", "told otherwise")
    reconcile(clone)
    assert told(clone, "rewritten") == [[ticket, before, head(clone)]]
    assert said(clone) == (0, 1, 0)


def test_an_amended_content_is_told_as_a_change_and_as_rewritten(scene: tuple[Clone, str]) -> None:
    clone, ticket = scene
    before, earlier = head(clone), blob(clone, ticket, "HEAD^")
    clone.replace(ticket, "One", "Eins")
    clone.git("commit", "-qa", "--amend", "--no-edit")
    reconcile(clone)
    assert told(clone, "rewritten") == [[ticket, before, head(clone)]]
    assert told(clone, "changes") == [[ticket, earlier, blob(clone, ticket), head(clone)]]
    assert told(clone, "dropped") == []
    check_agreement(clone)


def test_a_rebase_of_several_commits_is_told_commit_by_commit(scene: tuple[Clone, str]) -> None:
    clone, ticket = scene
    clone.git("branch", "upstream", "HEAD~2")
    clone.say("edit", ticket, "-p", "p0")
    by_hand = edit(clone, ticket, "One", "Eins")
    reconcile(clone)
    old = clone.git("log", "--format=%H", "-4").splitlines()[::-1]
    clone.git("switch", "-q", "upstream")
    clone.commit("upstream", **{"code.py": "1\n"})
    clone.git("switch", "-q", "main")
    clone.git("rebase", "-q", "upstream")
    new = clone.git("log", "--format=%H", "-4").splitlines()[::-1]
    reconcile(clone)
    assert by_hand == old[-1]
    assert told(clone, "rewritten") == [[ticket, *pair] for pair in zip(old, new, strict=True)]
    assert told(clone, "changes") == [change_of(clone, ticket, by_hand)]
    assert told(clone, "dropped") == []


def test_squashed_commits_are_told_as_the_one_that_they_became(scene: tuple[Clone, str]) -> None:
    clone, ticket = scene
    clone.say("edit", ticket, "-p", "p0")
    second, first = clone.git("log", "--format=%H", "-2").splitlines()
    clone.git("reset", "-q", "--soft", "HEAD~2")
    clone.git("commit", "-qm", "both at once")
    reconcile(clone)
    assert told(clone, "rewritten") == [[ticket, first, head(clone)], [ticket, second, head(clone)]]
    assert said(clone) == (0, 2, 0)


@pytest.mark.parametrize("pruned", [False, True])
def test_a_branch_that_is_squashed_into_the_base_branch_is_known(tmp_path: Path, pruned: bool) -> None:
    clone, ticket = begun(tmp_path / "work")
    clone.git("switch", "-qc", "feature")
    clone.say("move", ticket, "ready")
    clone.say("edit", ticket, "-p", "p0")
    second, first = clone.git("log", "--format=%H", "-2").splitlines()
    clone.git("switch", "-q", "main")
    clone.git("merge", "-q", "--squash", "feature")
    clone.git("commit", "-qm", "squashed")
    clone.git("branch", "-qD", "feature")
    if pruned:
        clone.git("reflog", "expire", "--expire=now", "--all")
        clone.git("gc", "-q", "--prune=now")
        assert clone.git("cat-file", "-t", first, status=None) == ""
    reconcile(clone)
    assert told(clone, "rewritten") == [[ticket, first, head(clone)], [ticket, second, head(clone)]]
    assert said(clone) == (0, 2, 0)


def test_a_cherry_picked_command_is_known_and_the_original_too_when_it_is_merged(tmp_path: Path) -> None:
    clone, ticket = begun(tmp_path / "work")
    clone.git("switch", "-qc", "feature")
    clone.say("move", ticket, "ready")
    picked = head(clone)
    clone.git("switch", "-q", "main")
    clone.commit("code", **{"code.py": "1\n"})
    clone.git("cherry-pick", picked)
    reconcile(clone)
    assert told(clone, "rewritten") == [[ticket, picked, head(clone)]]
    clone.git("merge", "-q", "--no-edit", "feature")
    assert reconcile(clone).receipts == ()
    assert said(clone) == (0, 1, 0)


def test_a_command_that_is_repeated_by_hand_is_a_change_of_its_own(scene: tuple[Clone, str]) -> None:
    clone, ticket = scene
    message = clone.git("log", "-1", "--format=%B")
    back = edit(clone, ticket, "state: ready", "state: backlog")
    again = edit(clone, ticket, "state: backlog", "state: ready", message)
    reconcile(clone)
    assert told(clone, "changes") == [change_of(clone, ticket, back), change_of(clone, ticket, again)]
    assert told(clone, "rewritten") == []


def test_what_was_written_without_a_commit_is_known_when_it_is_committed_by_hand(tmp_path: Path) -> None:
    clone, ticket = begun(tmp_path / "work")
    clone.say("move", ticket, "ready", "--no-commit")
    clone.commit("by hand")
    reconcile(clone)
    assert told(clone, "rewritten") == [[ticket, None, head(clone)]]
    assert said(clone) == (0, 1, 0)


def test_a_branch_that_is_reset_backwards_tells_what_it_dropped(scene: tuple[Clone, str]) -> None:
    clone, ticket = scene
    ours = change_of(clone, ticket, head(clone))
    by_hand = change_of(clone, ticket, edit(clone, ticket, "One", "Eins"))
    reconcile(clone)
    tip = head(clone)
    clone.git("reset", "-q", "--hard", "HEAD~2")
    reconcile(clone)
    assert told(clone, "dropped") == [ours, by_hand]
    body = bodies(clone, kinds.RECONCILED)[-1]
    assert (body["from"], body["to"], body["changes"]) == (tip, head(clone), [])
    # Forward again: what was dropped is back, and is told, ours too.
    clone.git("reset", "-q", "--hard", tip)
    reconcile(clone)
    assert told(clone, "changes") == [by_hand, ours, by_hand]
    check_agreement(clone)


def test_new_work_upon_a_hard_reset_is_told_beside_what_is_gone(scene: tuple[Clone, str]) -> None:
    clone, ticket = scene
    ours = change_of(clone, ticket, head(clone))
    clone.git("reset", "-q", "--hard", "HEAD^")
    theirs = change_of(clone, ticket, edit(clone, ticket, "One", "Eins"))
    reconcile(clone)
    assert (told(clone, "changes"), told(clone, "dropped")) == ([theirs], [ours])
    check_agreement(clone)


def test_a_force_push_of_others_is_told_as_what_was_dropped_and_what_was_rewritten(tmp_path: Path) -> None:
    ana, ben = team(tmp_path, "ana", "ben")
    first, second = ana.new("First"), ana.new("Second")
    ana.git("push", "-q")
    ben.git("pull", "-q")
    ben.new("Of ben")
    ben.git("push", "-q")
    reconcile(ben)
    ana.git("pull", "-q", "--rebase")
    ana.say("move", first, "ready")
    ana.say("move", second, "ready")
    ana.git("push", "-q")
    ben.git("pull", "-q")
    reconcile(ben)
    dropped = change_of(ana, first, ana.git("rev-parse", "HEAD^"))
    ana.git("reset", "-q", "--hard", "HEAD~2")
    ana.git("cherry-pick", "-X", "theirs", "origin/main")
    ana.git("push", "-q", "--force")
    ben.git("fetch", "-q")
    ben.git("reset", "-q", "--hard", "origin/main")
    reconcile(ben)
    assert told(ben, "dropped") == [dropped]
    assert [entry[0] for entry in told(ben, "rewritten")] == [second]
    check_agreement(ben)


def test_a_rebase_that_merges_contents_is_told_as_a_change_and_as_rewritten(tmp_path: Path) -> None:
    ana, ben = team(tmp_path, "ana", "ben")
    ticket = ana.new("First", "--body", "One\n\n\n\nTwo\n\n\n\nThree\n")
    ana.git("push", "-q")
    ben.git("pull", "-q")
    edit(ben, ticket, "Three", "Drei")
    ben.git("push", "-q")
    ana.say("edit", ticket, "--body", "Eins\n\n\n\nTwo\n\n\n\nThree\n")
    mine = head(ana)
    ana.git("pull", "-q", "--rebase")
    reconcile(ana)
    assert told(ana, "rewritten") == [[ticket, mine, head(ana)]]
    theirs = ben.git("rev-parse", "HEAD")
    assert told(ana, "changes") == [change_of(ana, ticket, theirs), change_of(ana, ticket, head(ana))]
    assert told(ana, "dropped") == []
    check_agreement(ana)


def test_replacing_objects_changes_nothing_of_what_is_observed(scene: tuple[Clone, str]) -> None:
    clone, ticket = scene
    start = head(clone)
    commit = edit(clone, ticket, "One", "Eins")
    clone.git("replace", commit, start)
    reconcile(clone)
    clone.git("replace", "-d", commit)
    assert told(clone, "changes") == [change_of(clone, ticket, commit)]
