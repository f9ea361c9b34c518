"""What `verify` says of history that Git has rewritten, and of clones that share a name."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from integration.history_scene import Clone, pair_of, shared
from integration.reconcile_scene import begun, context_of, edit, reconcile

from counterfoil.usecases.auditing import verify

if TYPE_CHECKING:
    from pathlib import Path

QUIET = {"tail_unsigned"}
"""A note that has nothing to do with Git's history."""


@pytest.fixture
def scene(tmp_path: Path) -> tuple[Clone, str]:
    """Returns a clone with a ledger and a ticket that our last two commands changed."""
    clone, ticket = begun(tmp_path / "work")
    clone.say("move", ticket, "ready")
    clone.say("edit", ticket, "-p", "p0")
    return clone, ticket


def verdict(clone: Clone) -> tuple[list[str], list[str]]:
    """Returns the codes of what alarms and of what does not."""
    report = verify(context_of(clone))
    notes = [note.code for note in report.notes if note.code not in QUIET]
    return [finding.code for finding in report.findings], notes


def test_a_history_that_stands_is_no_word_worth(scene: tuple[Clone, str]) -> None:
    assert verdict(scene[0]) == ([], [])


def test_a_rewritten_commit_is_a_note_before_and_after_the_reconcile(scene: tuple[Clone, str]) -> None:
    clone, _ = scene
    clone.git("commit", "-q", "--amend", "-m", "told otherwise")
    assert verdict(clone) == ([], ["commit_rewritten"])
    reconcile(clone)
    assert verdict(clone) == ([], ["commit_rewritten"])


def test_an_amended_content_is_found_by_the_reconcile(scene: tuple[Clone, str]) -> None:
    clone, ticket = scene
    clone.replace(ticket, "One", "Eins")
    clone.git("commit", "-qa", "--amend", "--no-edit")
    reconcile(clone)
    assert verdict(clone) == ([], ["commit_rewritten"])


def test_a_squash_is_a_note_for_the_blobs_in_between_too(scene: tuple[Clone, str]) -> None:
    clone, _ = scene
    clone.git("switch", "-qc", "feature", "HEAD~2")
    clone.git("merge", "-q", "--squash", "main")
    clone.git("commit", "-qm", "both at once")
    clone.git("branch", "-qf", "main", "feature")
    assert verdict(clone) == ([], ["commit_rewritten", "commit_rewritten"])
    reconcile(clone)
    assert verdict(clone) == ([], ["commit_rewritten", "commit_rewritten"])


def test_a_change_that_is_in_no_history_any_more_is_a_note(scene: tuple[Clone, str]) -> None:
    clone, ticket = scene
    clone.git("reset", "-q", "--hard", "HEAD^")
    edit(clone, ticket, "One", "Eins")
    reconcile(clone)
    assert verdict(clone) == ([], ["change_dropped"])


def test_a_removed_ticket_whose_removal_was_dropped_is_a_note(scene: tuple[Clone, str]) -> None:
    clone, _ = scene
    other = clone.new("Second")
    clone.say("undo")
    assert not clone.file(other).exists()
    clone.git("commit", "-q", "--amend", "-m", "told otherwise")
    reconcile(clone)
    assert verdict(clone) == ([], ["commit_rewritten"])
    clone.git("reset", "-q", "--hard", "HEAD^")
    reconcile(clone)
    assert verdict(clone) == ([], ["change_dropped"])


def test_what_waits_to_be_sealed_is_a_note_even_without_a_ledger(scene: tuple[Clone, str]) -> None:
    clone, ticket = scene
    file = clone.path / ".git/counterfoil/ledger.db"
    for name in ("ledger.db-wal", "ledger.db-shm"):
        (file.parent / name).unlink(missing_ok=True)
    file.write_bytes(b"this is no database, it only looks as long as one" * 40)
    clone.say("edit", ticket, "-p", "p1")
    errors, notes = verdict(clone)
    assert (errors, notes) == (["ledger_damaged"], ["unrecorded"])


def test_neither_pull_nor_sync_nor_a_switch_of_branches_alarms(tmp_path: Path) -> None:
    ana, ben = pair_of(tmp_path)
    ben.say("move", shared(ben), "ready")
    ben.say("sync")
    ana.new("Of ana")
    ana.say("sync")
    errors, notes = verdict(ana)
    assert (errors, set(notes)) == ([], {"commit_rewritten", "trailers_foreign"})
    ana.git("switch", "-qc", "feature", "HEAD^")
    assert verdict(ana)[0] == []
    fresh = ana.clone_to(tmp_path / "fresh")
    errors, notes = verdict(fresh)
    assert (errors, sorted(notes)) == ([], ["no_ledger", "trailers_foreign", "trailers_foreign"])


def test_a_clone_that_was_moved_is_sound(scene: tuple[Clone, str], tmp_path: Path) -> None:
    clone, ticket = scene
    clone.path.rename(tmp_path / "elsewhere")
    moved = Clone(tmp_path / "elsewhere")
    moved.env = clone.env
    moved.say("edit", ticket, "-p", "p1")
    assert verdict(moved) == ([], [])


def test_two_copies_under_one_name_are_found_out_where_they_meet(
    scene: tuple[Clone, str], tmp_path: Path
) -> None:
    clone, ticket = scene
    shutil.copytree(clone.path, tmp_path / "copy", symlinks=True)
    copy = Clone(tmp_path / "copy")
    copy.env = clone.env
    copy.say("edit", ticket, "-p", "p1")
    clone.say("edit", ticket, "-p", "p3")
    assert verdict(clone) == verdict(copy) == ([], [])
    clone.git("fetch", "-q", str(copy.path), "main:theirs")
    errors, _ = verdict(clone)
    assert "trailer_differs" in errors


def test_a_copy_that_gives_up_the_name_is_a_clone_like_any_other(
    scene: tuple[Clone, str], tmp_path: Path
) -> None:
    clone, ticket = scene
    shutil.copytree(clone.path, tmp_path / "copy", symlinks=True)
    copy = Clone(tmp_path / "copy")
    copy.env = clone.env
    shutil.rmtree(copy.path / ".git/counterfoil")
    copy.git("config", "--unset-all", "ticket.origin")
    copy.say("edit", ticket, "-p", "p1")
    assert verdict(copy) == ([], ["trailers_foreign"])
    clone.git("fetch", "-q", str(copy.path), "main:theirs")
    assert verdict(clone) == ([], ["trailers_foreign"])
