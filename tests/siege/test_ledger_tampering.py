"""What `ticket ledger verify` finds in a ledger that somebody with all rights has tampered with."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from siege.ledger_scene import (
    Ledger,
    checkpoints_reference,
    copy_model,
    edit_body,
    edit_header,
    first_stream,
    forging,
    found,
    ledger_file,
    make_model,
    other_project,
    remove,
    sound,
    without_trailers,
)

if TYPE_CHECKING:
    from pathlib import Path

    from siege.scenes import Project

__all__ = ["copy_model", "first_stream", "make_model"]


@pytest.fixture
def branch(model: Ledger) -> str:
    """The branch that leaves it."""
    return model.branch


def test_nothing_is_found_where_nothing_was_done(scene: Project) -> None:
    assert sound(scene) == {"tail_unsigned"}
    assert sound(scene, "--deep") == {"tail_unsigned"}


# --- edits ----------------------------------------------------------------------------------------


def test_edited_body(scene: Project, first: str) -> None:
    with forging(scene) as forger:
        body = {**json.loads(forger.receipts()[forger.place(first, 1)].body or b""), "commit": "0" * 40}
        edit_body(forger, forger.place(first, 1), json.dumps(body, sort_keys=True, separators=(",", ":")))
    assert found(scene) == {"body_edited"}


def test_edited_header(scene: Project, first: str) -> None:
    with forging(scene) as forger:
        edit_header(forger, forger.place(first, 1), b'"actor":"human:', b'"actor":"human:not-')
    assert found(scene) == {"receipt_edited"}


def test_edited_hash(scene: Project, first: str) -> None:
    with forging(scene) as forger:
        forger.do("UPDATE receipts SET hash = zeroblob(32) WHERE position = ?", forger.place(first, 1))
    assert {"receipt_edited", "link_broken", "node_edited"} <= found(scene)


def test_recomputed_hashes_from_the_edit_on(scene: Project, first: str) -> None:
    with forging(scene) as forger:
        receipts = forger.receipts()
        receipts[forger.place(first, 0)].say(subject="somebody else's words")
        forger.rewrite(receipts)
    assert {"checkpoint_differs", "trailer_differs"} <= found(scene)


def test_recomputed_hashes_with_every_checkpoint_of_the_store_removed(scene: Project, first: str) -> None:
    with forging(scene) as forger:
        receipts = forger.receipts()
        receipts[forger.place(first, 2)].fields["actor"] = "human:eve"
        forger.rewrite(receipts)
        forger.do("DELETE FROM checkpoints")
    scene.git("update-ref", "-d", checkpoints_reference(scene))
    assert {"trailer_differs", "trailer_receipt_missing"} <= found(scene)


def test_recomputed_hashes_are_shown_by_the_checkpoints_in_git_alone(scene: Project, first: str) -> None:
    with forging(scene) as forger:
        receipts = forger.receipts()
        receipts[forger.place(first, 0)].say(subject="somebody else's words")
        forger.rewrite(receipts)
        forger.do("DELETE FROM checkpoints")
    without_trailers(scene)
    assert "checkpoint_differs" in found(scene)


def test_back_dated(scene: Project, first: str) -> None:
    with forging(scene) as forger:
        receipts = forger.receipts()
        receipts[forger.place(first, 2)].fields["at"] = "2001-01-01T00:00:00.000Z"
        forger.rewrite(receipts)
        forger.do("DELETE FROM checkpoints")
    scene.git("update-ref", "-d", checkpoints_reference(scene))
    without_trailers(scene)
    assert "time_backwards" in found(scene)


# --- cuts and moves -------------------------------------------------------------------------------


def test_receipt_dropped_in_the_middle(scene: Project, first: str) -> None:
    with forging(scene) as forger:
        remove(forger, "position = ?", forger.place(first, 2))
    assert {"position_gap", "receipt_missing"} <= found(scene)


def test_receipt_dropped_in_the_middle_and_the_gap_closed(scene: Project, first: str) -> None:
    with forging(scene) as forger:
        receipts = forger.receipts()
        del receipts[forger.place(first, 2)]
        forger.rewrite(receipts)
    assert {"checkpoint_differs", "trailer_differs"} <= found(scene)


def test_tail_cut(scene: Project) -> None:
    with forging(scene) as forger:
        remove(forger, "position >= ?", len(forger.receipts()) - 2)
    assert "log_cut" in found(scene)


def test_tail_cut_right_behind_the_newest_trailer(scene: Project) -> None:
    scene.new("The last")
    with forging(scene) as forger:
        remove(forger, "position = ?", len(forger.receipts()) - 1)
    assert "log_cut" in found(scene)


def test_tail_cut_together_with_all_that_was_signed(scene: Project) -> None:
    with forging(scene) as forger:
        remove(forger, "position >= ?", 4)
        forger.do("DELETE FROM checkpoints")
    assert "log_cut" in found(scene)
    scene.git("update-ref", "-d", checkpoints_reference(scene))
    assert "log_cut" in found(scene)


def test_whole_stream_deleted(scene: Project, branch: str) -> None:
    with forging(scene) as forger:
        remove(forger, "stream_id = (SELECT id FROM streams WHERE name = ?)", branch)
        forger.do("DELETE FROM streams WHERE name = ?", branch)
    assert "position_gap" in found(scene)


def test_whole_stream_deleted_and_the_gap_closed(scene: Project, branch: str) -> None:
    with forging(scene) as forger:
        forger.rewrite([receipt for receipt in forger.receipts() if receipt.stream != branch])
        forger.do("DELETE FROM streams WHERE name = ?", branch)
    assert {"checkpoint_differs", "trailer_differs"} <= found(scene)


def test_stream_emptied(scene: Project, branch: str) -> None:
    with forging(scene) as forger:
        forger.rewrite([receipt for receipt in forger.receipts() if receipt.stream != branch])
    assert "stream_missing" in found(scene)


def test_two_receipts_swapped(scene: Project, first: str) -> None:
    with forging(scene) as forger:
        one, other = forger.place(first, 0), forger.place(first, 1)
        for old, new in ((one, -1), (other, one), (-1, other)):
            forger.do("UPDATE receipts SET position = ? WHERE position = ?", new, old)
    assert {"receipt_missing", "receipt_misplaced", "node_edited"} <= found(scene)


def test_two_receipts_swapped_and_all_hashes_recomputed(scene: Project, first: str) -> None:
    with forging(scene) as forger:
        receipts = forger.receipts()
        one, other = forger.place(first, 0), forger.place(first, 2)
        receipts[one], receipts[other] = receipts[other], receipts[one]
        forger.rewrite(receipts)
    assert "trailer_differs" in found(scene)


def test_positions_moved_apart(scene: Project) -> None:
    with forging(scene) as forger:
        last = len(forger.receipts()) - 1
        forger.do("UPDATE receipts SET position = position + 10 WHERE position = ?", last)
    assert "position_gap" in found(scene)


def test_foreign_stream_spliced_in(scene: Project, tmp_path: Path) -> None:
    other = other_project(tmp_path)
    with forging(other) as stranger:
        receipts = [each for each in stranger.receipts() if each.stream.startswith("ticket/")]
    with forging(scene) as forger:
        forger.rewrite([*forger.receipts(), *receipts])
    assert found(scene) == {"foreign_receipt"}


def test_log_rolled_back_to_an_older_state_than_the_trailers_of_git_show(scene: Project) -> None:
    files = {file: file.read_bytes() for file in ledger_file(scene).parent.glob("ledger.db*")}
    scene.new("Fourth")
    sound(scene)
    for file in ledger_file(scene).parent.glob("ledger.db*"):
        file.unlink()
    for file, data in files.items():
        file.write_bytes(data)
    assert found(scene) == {"log_cut"}


@pytest.mark.parametrize(
    "settings",
    [
        {"trailer.ticket-checkpoint.key": "Hidden"},
        {"trailer.x.key": "Ticket-Checkpoint: "},
        {"trailer.separators": "#", "grep.patternType": "fixed"},
        {"log.showSignature": "true", "i18n.logOutputEncoding": "UTF-16"},
    ],
)
def test_settings_of_git_let_no_trailer_be_overlooked(scene: Project, settings: dict[str, str]) -> None:
    files = {file: file.read_bytes() for file in ledger_file(scene).parent.glob("ledger.db*")}
    scene.new("Fourth")
    put_back(scene, files)
    for name, value in settings.items():
        scene.git("config", name, value)
    assert found(scene) == {"log_cut"}


def test_history_grafted_away_is_read_all_the_same(scene: Project) -> None:
    files = {file: file.read_bytes() for file in ledger_file(scene).parent.glob("ledger.db*")}
    before = scene.git("rev-parse", "HEAD")
    scene.new("Fourth")
    put_back(scene, files)
    scene.git("commit", "--quiet", "--allow-empty", "--message", "Nothing")
    scene.write(".git/info/grafts", f"{scene.git('rev-parse', 'HEAD')} {before}\n")
    assert found(scene) == {"log_cut"}


def test_history_that_is_not_here_is_said_not_to_be(scene: Project) -> None:
    scene.write(".git/shallow", scene.git("rev-parse", "HEAD") + "\n")
    assert "history_shallow" in sound(scene)


def put_back(scene: Project, files: dict[Path, bytes]) -> None:
    """Puts an older state of the ledger in the place of the present one."""
    for file in ledger_file(scene).parent.glob("ledger.db*"):
        file.unlink()
    for file, data in files.items():
        file.write_bytes(data)


# --- branches -------------------------------------------------------------------------------------


def test_branch_edited(scene: Project, branch: str) -> None:
    with forging(scene) as forger:
        body = {**json.loads(forger.receipts()[forger.place(branch, 0)].body or b""), "at": 0}
        edit_body(
            forger,
            forger.place(branch, 0),
            json.dumps(body, sort_keys=True, separators=(",", ":")),
        )
    assert {"body_edited", "branch_edited"} <= found(scene)


def test_branch_hung_elsewhere_in_the_table(scene: Project, first: str, branch: str) -> None:
    with forging(scene) as forger:
        forger.do(
            "UPDATE streams SET fork_seq = 0, fork_hash = (SELECT hash FROM receipts WHERE position = ?) "
            "WHERE name = ?",
            forger.place(first, 0),
            branch,
        )
    assert found(scene) == {"branch_edited"}


def test_branch_cut_off_in_the_table(scene: Project, branch: str) -> None:
    with forging(scene) as forger:
        forger.do(
            "UPDATE streams SET parent_id = NULL, fork_seq = NULL, fork_hash = NULL WHERE name = ?",
            branch,
        )
    assert found(scene) == {"branch_edited"}


def test_stream_made_a_branch_in_the_table(scene: Project, first: str) -> None:
    with forging(scene) as forger:
        forger.do(
            "UPDATE streams SET parent_id = 1, fork_seq = 0, "
            "fork_hash = (SELECT hash FROM receipts WHERE position = 0) WHERE name = ?",
            first,
        )
    assert found(scene) == {"branch_edited"}


def test_parent_of_a_branch_edited(scene: Project, first: str) -> None:
    with forging(scene) as forger:
        receipts = forger.receipts()
        receipts[forger.place(first, 1)].say(path="elsewhere")
        forger.rewrite(receipts)
        forger.do("DELETE FROM checkpoints")
    scene.git("update-ref", "-d", checkpoints_reference(scene))
    without_trailers(scene)
    assert "branch_parent_edited" in found(scene)


# --- checkpoints ----------------------------------------------------------------------------------


def test_checkpoint_edited(scene: Project) -> None:
    with forging(scene) as forger:
        ((note,),) = forger.do("SELECT note FROM checkpoints")
        lines = note.split("\n")
        lines[2] = lines[2][:-2] + ("A=" if lines[2][-2] != "A" else "B=")
        forger.do("UPDATE checkpoints SET note = ?", "\n".join(lines))
    assert "checkpoint_edited" in found(scene)


def test_checkpoint_kept_under_another_size(scene: Project) -> None:
    with forging(scene) as forger:
        forger.do("UPDATE checkpoints SET size = size - 1")
    assert "checkpoint_edited" in found(scene)


def test_checkpoint_that_is_none(scene: Project) -> None:
    with forging(scene) as forger:
        forger.do("UPDATE checkpoints SET note = 'nothing'")
    assert "checkpoint_edited" in found(scene)


def test_checkpoint_of_another_log(scene: Project, tmp_path: Path) -> None:
    other = other_project(tmp_path)
    assert other.run("ledger", "checkpoint").status == 0
    with forging(other) as stranger:
        ((size, note),) = stranger.do("SELECT size, note FROM checkpoints")
    with forging(scene) as forger:
        forger.do("INSERT OR REPLACE INTO checkpoints VALUES (?, ?)", size, note)
    assert found(scene) == {"checkpoint_foreign"}


@pytest.mark.parametrize("kind", ["blob", "tree", "tag"])
def test_something_that_is_no_commit_in_the_place_of_the_checkpoints_in_git(
    scene: Project, kind: str
) -> None:
    scene.write("note", "counterfoil/nothing\n")
    made = {
        "blob": lambda: scene.git("hash-object", "-w", "note"),
        "tree": lambda: scene.git("rev-parse", "HEAD^{tree}"),
        "tag": lambda: (
            scene.git("tag", "-a", "-m", "none", "x", "HEAD:.tickets") or scene.git("rev-parse", "x")
        ),
    }[kind]()
    (ref,) = scene.git("for-each-ref", "--format=%(refname)", "refs/counterfoil/checkpoints").split()
    scene.git("update-ref", ref, made)
    assert "checkpoint_edited" in found(scene)


def test_checkpoints_of_git_deleted_are_noted_and_the_next_checkpoint_shows_them_again(
    scene: Project,
) -> None:
    (ref,) = scene.git("for-each-ref", "--format=%(refname)", "refs/counterfoil/checkpoints").split()
    scene.git("update-ref", "-d", ref)
    assert sound(scene) == {"tail_unsigned", "checkpoints_unseen"}
    assert scene.run("ledger", "checkpoint").status == 0
    assert sound(scene) == set()


def test_checkpoint_signed_by_a_key_that_was_never_the_ledgers(scene: Project) -> None:
    with forging(scene) as forger:
        receipts = forger.receipts()
        forger.rewrite([receipt for receipt in receipts if receipt.stream != "ledger/keys"])
    assert "checkpoint_unsigned" in found(scene)


def test_key_file_that_is_not_the_one_that_the_ledger_names(scene: Project, tmp_path: Path) -> None:
    other = other_project(tmp_path)
    assert other.run("ledger", "checkpoint").status == 0
    (theirs,) = ledger_file(other).parent.glob("keys/*.pem")
    (ours,) = ledger_file(scene).parent.glob("keys/*.pem")
    ours.write_bytes(theirs.read_bytes())
    assert found(scene) == {"key_differs"}


# --- what the store says beside the headers -------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("kind_id", "(SELECT id FROM kinds WHERE kind = 'ticket.applied')"),
        ("key", "zeroblob(32)"),
        ("stream_id", "(SELECT id FROM streams WHERE name = 'ledger')"),
        ("seq", "77"),
        ("prev", "zeroblob(32)"),
    ],
)
def test_column_that_differs_from_the_header(scene: Project, first: str, column: str, value: str) -> None:
    with forging(scene) as forger:
        forger.do(f"UPDATE receipts SET {column} = {value} WHERE position = ?", forger.place(first, 2))
    assert "column_differs" in found(scene)


def test_kind_renamed_for_all_receipts(scene: Project) -> None:
    with forging(scene) as forger:
        forger.do("UPDATE kinds SET kind = 'ticket.reverted' WHERE kind = 'ticket.applied'")
    assert found(scene) == {"column_differs"}


def test_nodes_edited(scene: Project) -> None:
    with forging(scene) as forger:
        forger.do("UPDATE receipts SET nodes = zeroblob(64) WHERE position = 3")
    assert found(scene) == {"node_edited"}


def test_one_command_recorded_twice(scene: Project, first: str) -> None:
    with forging(scene) as forger:
        receipts = forger.receipts()
        forger.forget_uniqueness()
        again = receipts[forger.place(first, 0)]
        again.fields = dict(again.fields)
        forger.rewrite([*receipts, again])
    assert "key_repeated" in found(scene)


def test_body_gone_without_a_receipt_of_its_erasure(scene: Project, first: str) -> None:
    with forging(scene) as forger:
        forger.do("UPDATE receipts SET body = NULL WHERE position = ?", forger.place(first, 1))
    assert found(scene) == {"body_missing"}
