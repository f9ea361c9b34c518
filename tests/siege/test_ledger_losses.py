"""What is gone is missed, whatever its successor says of it, and nothing else is called gone."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from siege.ledger_scene import forging, found, ledger_file, remove, sound
from siege.scenes import Project, begin

if TYPE_CHECKING:
    from pathlib import Path

    from world import RepositoryFactory


@pytest.fixture
def scene(repository: RepositoryFactory) -> Project:
    """A project with a ticket and the receipts of it."""
    project = begin(repository())
    project.new("First", "--state", "ready")
    return project


def state(project: Project) -> Path:
    """Returns the clone's own folder."""
    return ledger_file(project).parent


def test_a_deleted_ledger_is_missed_whatever_way_git_is_told_to_search(scene: Project) -> None:
    scene.git("config", "grep.patternType", "fixed")
    shutil.rmtree(state(scene))
    assert "ledger_lost" in scene.run("new", "Second", "--json").warning_codes
    assert "ledger_lost" in found(scene)


def test_a_deleted_ledger_is_missed_where_only_its_checkpoint_is_left_in_git(
    repository: RepositoryFactory,
) -> None:
    scene = begin(repository(), "", "--no-commit")
    scene.git("config", "ticket.commit", "off")
    scene.new("First")
    scene.ok("ledger", "checkpoint")
    shutil.rmtree(state(scene))
    scene.new("Second")
    assert "ledger_lost" in found(scene)


def test_what_was_restored_has_to_stay(scene: Project, tmp_path: Path) -> None:
    scene.ok("ledger", "backup", str(tmp_path / "backup.db"))
    scene.ok("ledger", "restore", str(tmp_path / "backup.db"))
    assert "ledger_followed" in sound(scene)
    shutil.rmtree(state(scene) / "origins")
    assert found(scene) == {"ledger_lost"}


def test_a_note_of_another_command_hides_no_cut(scene: Project) -> None:
    with forging(scene) as forger:
        remove(forger, "position = ?", len(forger.receipts()) - 1)
    (state(scene) / "intents").mkdir(exist_ok=True)
    (state(scene) / "intents" / "00000000").write_bytes(b"anything")
    assert "log_cut" in found(scene)


def test_what_a_hook_makes_of_a_file_is_what_is_sealed(scene: Project) -> None:
    scene.hook(
        "pre-commit", "for f in .tickets/tickets/*.md; do echo '<!-- seen -->' >> $f; git add $f; done"
    )
    second = scene.new("Second")
    (held,) = scene.git("rev-parse", f"HEAD:.tickets/tickets/{second}.md").split()
    story = scene.ok("ledger", "show", f"ticket/{second}@1")
    assert story["body"]["after"] == held
    assert sound(scene) == {"tail_unsigned"}


def test_state_in_a_place_of_its_own_has_a_ledger_of_its_own(scene: Project, tmp_path: Path) -> None:
    elsewhere = ("--data-dir", str(tmp_path / "elsewhere"))
    assert "ledger_lost" not in scene.run("new", "Second", "--json", *elsewhere).warning_codes
    scene.new("Third")
    assert scene.run("new", "Fourth", "--json", *elsewhere).warning_codes == []
    assert "ledger_followed" not in sound(scene)
    assert scene.run("ledger", "verify", *elsewhere).status == 0


def test_a_server_out_of_reach_stops_no_ticket(scene: Project) -> None:
    away = {"COUNTERFOIL_DATABASE": "postgresql://nobody:secret@127.0.0.1:1/none"}
    for title in ("Second", "Third", "Fourth"):
        answer = scene.run("new", title, "--json", env=away)
        assert (answer.status, answer.warning_codes) == (0, ["ledger_unavailable"])
        assert "secret" not in answer.stdout
    assert scene.run("ledger", "verify", "--json", env=away).status == 11
    scene.new("Fifth")
    assert sound(scene) == {"tail_unsigned"}
