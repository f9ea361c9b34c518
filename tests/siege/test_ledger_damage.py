"""What `ticket ledger verify` says of bytes that are no receipts, files that are no ledger, and views that lie."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from siege.ledger_scene import (
    checkpoints_reference,
    copy_model,
    edit_body,
    first_stream,
    forging,
    found,
    ledger_file,
    make_model,
    other_project,
    sound,
)

if TYPE_CHECKING:
    from pathlib import Path

    from siege.scenes import Project

__all__ = ["copy_model", "first_stream", "make_model"]


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


# --- witnesses that are kept from speaking --------------------------------------------------------


@pytest.mark.parametrize(
    "setting",
    [
        ("grep.patternType", "fixed"),
        ("grep.patternType", "perl"),
        ("trailer.separators", "="),
        ("i18n.logOutputEncoding", "UTF-16"),
        ("log.showSignature", "true"),
        ("color.ui", "always"),
    ],
    ids=" ".join,
)
def test_no_setting_of_git_hides_a_trailer(scene: Project, setting: tuple[str, str]) -> None:
    with forging(scene) as forger:
        forger.do("DELETE FROM receipts WHERE position > 4")
        forger.do("DELETE FROM checkpoints")
    scene.git("update-ref", "-d", checkpoints_reference(scene))
    scene.git("config", *setting)
    assert "log_cut" in found(scene)


def test_a_commit_that_git_replaces_by_another_speaks_all_the_same(scene: Project) -> None:
    with forging(scene) as forger:
        forger.do("DELETE FROM receipts WHERE position > 4")
        forger.do("DELETE FROM checkpoints")
    scene.git("update-ref", "-d", checkpoints_reference(scene))
    silent = scene.git("commit-tree", "HEAD^{tree}", "-m", "nothing was said")
    scene.git("replace", "HEAD", silent)
    assert "log_cut" in found(scene)


def test_a_history_that_git_cannot_read_is_a_finding(scene: Project) -> None:
    name = scene.git("rev-parse", "HEAD~1")
    lost = scene.repository.path / f".git/objects/{name[:2]}/{name[2:]}"
    lost.chmod(0o600)
    lost.unlink()
    assert "history_unreadable" in found(scene)


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
