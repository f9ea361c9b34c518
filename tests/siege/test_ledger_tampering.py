"""What `ticket ledger verify` finds in a ledger that somebody with all rights has tampered with."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest
from siege.ledger_scene import forging, found, ledger_file, sound
from siege.scenes import Project, begin
from world import Repository

if TYPE_CHECKING:
    from pathlib import Path

    from siege.ledger_scene import Forger


@pytest.fixture(scope="module")
def _model(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A ledger with three tickets, a branch, a signed beginning and an unsigned end."""
    made = Repository(tmp_path_factory.mktemp("ledger") / "work")
    made.path.mkdir()
    made.git("init", "--quiet")
    made.commit("scene: begin")
    project = begin(made)
    names = {"first": project.new("First", "--state", "ready")}
    project.ok("start", names["first"], "--actor", "human:ada")
    project.ok("fork", f"ticket/{names['first']}", "what-if", "--at", "2")
    names["second"] = project.new("Second")
    assert project.run("ledger", "checkpoint").status == 0
    names["third"] = project.new("Third")
    return made.path, names


@pytest.fixture
def scene(_model: tuple[Path, dict[str, str]], tmp_path: Path) -> Project:
    """A copy of the model to tamper with."""
    shutil.copytree(_model[0], tmp_path / "work", symlinks=True)
    return Project(Repository(tmp_path / "work"))


@pytest.fixture
def first(_model: tuple[Path, dict[str, str]]) -> str:
    """The stream of the first ticket."""
    return f"ticket/{_model[1]['first']}"


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


def test_tail_cut_together_with_all_that_was_signed(scene: Project) -> None:
    with forging(scene) as forger:
        remove(forger, "position >= ?", 4)
        forger.do("DELETE FROM checkpoints")
    assert "log_cut" in found(scene)
    scene.git("update-ref", "-d", checkpoints_reference(scene))
    assert "log_cut" in found(scene)


def test_whole_stream_deleted(scene: Project) -> None:
    with forging(scene) as forger:
        remove(forger, "stream_id = (SELECT id FROM streams WHERE name = 'what-if')")
        forger.do("DELETE FROM streams WHERE name = 'what-if'")
    assert "position_gap" in found(scene)


def test_whole_stream_deleted_and_the_gap_closed(scene: Project) -> None:
    with forging(scene) as forger:
        forger.rewrite([receipt for receipt in forger.receipts() if receipt.stream != "what-if"])
        forger.do("DELETE FROM streams WHERE name = 'what-if'")
    assert {"checkpoint_differs", "trailer_differs"} <= found(scene)


def test_stream_emptied(scene: Project) -> None:
    with forging(scene) as forger:
        forger.rewrite([receipt for receipt in forger.receipts() if receipt.stream != "what-if"])
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


# --- branches -------------------------------------------------------------------------------------


def test_branch_edited(scene: Project) -> None:
    with forging(scene) as forger:
        body = {**json.loads(forger.receipts()[forger.place("what-if", 0)].body or b""), "at": 0}
        edit_body(
            forger,
            forger.place("what-if", 0),
            json.dumps(body, sort_keys=True, separators=(",", ":")),
        )
    assert {"body_edited", "branch_edited"} <= found(scene)


def test_branch_hung_elsewhere_in_the_table(scene: Project, first: str) -> None:
    with forging(scene) as forger:
        forger.do(
            "UPDATE streams SET fork_seq = 0, fork_hash = (SELECT hash FROM receipts WHERE position = ?) "
            "WHERE name = 'what-if'",
            forger.place(first, 0),
        )
    assert found(scene) == {"branch_edited"}


def test_branch_cut_off_in_the_table(scene: Project) -> None:
    with forging(scene) as forger:
        forger.do(
            "UPDATE streams SET parent_id = NULL, fork_seq = NULL, fork_hash = NULL WHERE name = 'what-if'"
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


def test_checkpoint_signed_by_a_key_that_was_never_the_ledgers(scene: Project) -> None:
    with forging(scene) as forger:
        receipts = forger.receipts()
        forger.rewrite([receipt for receipt in receipts if receipt.stream != "ledger/keys"])
    assert "checkpoint_unsigned" in found(scene)


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


def test_view_that_disagrees_with_its_fold_and_rebuild_mends_it(scene: Project, first: str) -> None:
    assert scene.run("inspect", first).status == 0
    assert scene.run("rebuild").status == 0
    with forging(scene, ledger_file(scene).with_name("views.db")) as forger:
        forger.do(
            "UPDATE cells SET value = CAST(replace(CAST(value AS TEXT), 'First', 'Last') AS BLOB) "
            "WHERE view = 'tickets'"
        )
        assert forger.db.changes() > 0
    assert found(scene) == {"view_differs"}
    assert scene.run("rebuild").status == 0
    assert sound(scene) == {"tail_unsigned"}


# --- bytes that are no receipts -------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        b'{"salt":',
        b"\xff\xfe",
        b"[]",
        b'{"__proto__":{"actor":"human:eve"}}',
        b'{"fence":9007199254740993}',
        b"",
    ],
    ids=["cut off", "no text", "a list", "__proto__", "2^53+1", "empty"],
)
def test_body_that_readers_would_not_agree_on(scene: Project, first: str, body: bytes) -> None:
    with forging(scene) as forger:
        edit_body(forger, forger.place(first, 1), body)
    assert found(scene) == {"body_edited"}


@pytest.mark.parametrize(
    "body",
    [
        b'{"__proto__":{"actor":"human:eve"}}',
        b'{"fence":9007199254740993}',
        b'{"b":1,"a":2}',
        b'{"a":1.5}',
        b"{",
    ],
    ids=["__proto__", "2^53+1", "unsorted", "float", "corrupt"],
)
def test_body_that_was_sealed_though_readers_do_not_agree_on_it(scene: Project, body: bytes) -> None:
    with forging(scene) as forger:
        receipts = forger.receipts()
        receipts[-1].body = body
        forger.rewrite(receipts)
    assert "body_malformed" in found(scene, "--deep")


@pytest.mark.parametrize("header", [b"{", b"\xff", b"null", b'{"v":1}', b""])
def test_header_that_is_none(scene: Project, first: str, header: bytes) -> None:
    with forging(scene) as forger:
        forger.do("UPDATE receipts SET header = ? WHERE position = ?", header, forger.place(first, 1))
    assert {"receipt_edited", "header_malformed"} <= found(scene)


def test_stream_name_that_is_no_text(scene: Project, first: str) -> None:
    with forging(scene) as forger:
        forger.do("UPDATE streams SET name = CAST(x'ff41' AS TEXT) WHERE name = ?", first)
    assert found(scene) & {"column_differs", "ledger_damaged"}


def test_damaged_file(scene: Project) -> None:
    with forging(scene) as forger:
        forger.do("COMMIT")
        forger.do("PRAGMA wal_checkpoint(TRUNCATE)")
        forger.do("BEGIN")
    file = ledger_file(scene)
    data = bytearray(file.read_bytes())
    data[4096:] = bytes(byte ^ 0x5A for byte in data[4096:])
    file.write_bytes(data)
    assert found(scene) == {"ledger_damaged"}


def test_file_that_is_no_database(scene: Project) -> None:
    for file in ledger_file(scene).parent.glob("ledger.db-*"):
        file.unlink()
    ledger_file(scene).write_bytes(b"not at all" * 1000)
    assert found(scene) == {"ledger_damaged"}


def test_missing_file_while_gits_configuration_shows_a_ledger(scene: Project) -> None:
    for file in ledger_file(scene).parent.glob("ledger.db*"):
        file.unlink()
    assert found(scene) == {"ledger_missing"}


def test_file_of_another_ledger_in_its_place(scene: Project, tmp_path: Path) -> None:
    other = other_project(tmp_path)
    for file in ledger_file(scene).parent.glob("ledger.db*"):
        file.unlink()
    for file in ledger_file(other).parent.glob("ledger.db*"):
        shutil.copy(file, ledger_file(scene).with_name(file.name))
    assert found(scene) == {"ledger_replaced"}


def test_deleted_ledger_that_was_begun_anew_stays_a_finding(scene: Project) -> None:
    for file in ledger_file(scene).parent.glob("ledger.db*"):
        file.unlink()
    scene.new("Fourth")
    assert found(scene) == {"ledger_lost"}


# --- tools of the forger --------------------------------------------------------------------------


def edit_body(forger: Forger, position: int, body: bytes | str) -> None:
    data = body.encode() if isinstance(body, str) else body
    forger.do("UPDATE receipts SET body = ? WHERE position = ?", data, position)


def edit_header(forger: Forger, position: int, old: bytes, new: bytes) -> None:
    ((header,),) = forger.do("SELECT header FROM receipts WHERE position = ?", position)
    assert old in header
    forger.do("UPDATE receipts SET header = ? WHERE position = ?", header.replace(old, new), position)


def remove(forger: Forger, where: str, *values: int) -> None:
    forger.do(f"DELETE FROM receipts WHERE {where}", *values)


def checkpoints_reference(project: Project) -> str:
    (name,) = project.git("for-each-ref", "--format=%(refname)", "refs/counterfoil/checkpoints").splitlines()
    return name


def without_trailers(project: Project) -> None:
    """Lets Git's history begin anew with one commit that says nothing."""
    tree = project.git("rev-parse", "HEAD^{tree}")
    project.git("update-ref", "HEAD", project.git("commit-tree", tree, "-m", "all of it"))


def other_project(tmp_path: Path) -> Project:
    repository = Repository(tmp_path / "other")
    repository.path.mkdir()
    repository.git("init", "--quiet")
    repository.commit("scene: begin")
    project = begin(repository)
    project.new("From elsewhere")
    return project
