"""Ledgers that were fetched: each is examined by itself, against its own checkpoints and the commits that name it."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from siege.ledger_scene import forging, found, make_ledger, sound
from siege.scenes import Project
from world import Repository

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def _model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two clones of one hub; one has fetched what the other has pushed."""
    folder = tmp_path_factory.mktemp("foreign")
    theirs = make_ledger(folder / "theirs").copy(folder / "sender")
    theirs.git("clone", "--quiet", "--bare", ".", str(folder / "hub"))
    theirs.git("remote", "add", "origin", str(folder / "hub"))
    theirs.git("clone", "--quiet", str(folder / "hub"), str(folder / "ours"))
    assert theirs.run("ledger", "push", "origin").status == 0
    ours = Project(Repository(folder / "ours"))
    ours.new("Ours")
    assert ours.run("ledger", "fetch", "origin").status == 0
    return ours.path


@pytest.fixture
def scene(_model: Path, tmp_path: Path) -> Project:
    """A copy of the clone that has fetched."""
    shutil.copytree(_model, tmp_path / "ours", symlinks=True)
    return Project(Repository(tmp_path / "ours"))


def fetched(project: Project) -> Path:
    (file,) = (project.repository.path / ".git/counterfoil/origins").glob("*.db")
    return file


def test_a_fetched_ledger_is_sound(scene: Project) -> None:
    assert sound(scene, "--deep") == {"tail_unsigned"}
    (foreign,) = scene.run("ledger", "verify", "--json").data["foreign"]
    assert (foreign["ledger"], foreign["findings"]) == (fetched(scene).stem, [])
    assert foreign["signed"] == foreign["size"] > 0
    assert scene.run("ledger", "verify", "--json", "--origin", fetched(scene).stem[:12]).data["size"] > 0


def test_a_body_edited_after_the_fetch(scene: Project) -> None:
    with forging(scene, fetched(scene)) as forger:
        forger.do("UPDATE receipts SET body = CAST('{}' AS BLOB) WHERE position = 2")
    assert found(scene) == {"body_edited"}
    assert found(scene, "--origin", fetched(scene).stem) == {"body_edited"}


def test_a_rewrite_after_the_fetch_differs_from_checkpoints_and_from_the_commits_of_its_owner(
    scene: Project,
) -> None:
    with forging(scene, fetched(scene)) as forger:
        receipts = forger.receipts()
        receipts[2].say(subject="another")
        forger.rewrite(receipts)
    assert {"checkpoint_differs", "trailer_differs"} <= found(scene)


def test_the_end_cut_off_after_the_fetch(scene: Project) -> None:
    with forging(scene, fetched(scene)) as forger:
        forger.do("DELETE FROM receipts WHERE position > 3")
    assert "log_cut" in found(scene)


def test_a_fetched_file_that_is_no_ledger(scene: Project) -> None:
    for file in fetched(scene).parent.glob("*.db-*"):
        file.unlink()
    fetched(scene).write_bytes(b"not at all" * 1000)
    assert found(scene) == {"ledger_damaged"}


def test_commits_that_are_newer_than_the_fetch_do_not_alarm(scene: Project) -> None:
    line = f"Ticket-Checkpoint: counterfoil/{fetched(scene).stem} 9999 {'ab' * 32}"
    scene.git("commit", "--quiet", "--allow-empty", "--message", f"theirs\n\n{line}")
    assert sound(scene) == {"tail_unsigned"}
