"""What must not alarm `ticket ledger verify`: everything that people do with Git in good faith."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from siege.ledger_scene import ledger_file, sound
from siege.scenes import Project, begin
from world import Repository

if TYPE_CHECKING:
    from pathlib import Path

    from world import RepositoryFactory

TAIL = "tail_unsigned"
REWRITTEN = "commit_rewritten"
DROPPED = "change_dropped"


@pytest.fixture
def scene(repository: RepositoryFactory) -> Project:
    """A project with two tickets, each made by a commit of its own."""
    project = begin(repository())
    project.new("First", "--state", "ready")
    project.new("Second", "--state", "ready")
    return project


def tickets(project: Project) -> list[str]:
    return sorted(file.stem for file in (project.path / ".tickets/tickets").iterdir())


def clone(project: Project, target: Path) -> Project:
    project.git("clone", "--quiet", str(project.repository.path), str(target))
    return Project(Repository(target))


def test_fresh_clone_has_no_ledger_and_knows_whose_trailers_it_holds(scene: Project, tmp_path: Path) -> None:
    assert sound(clone(scene, tmp_path / "clone")) == {"no_ledger", "trailers_foreign"}


def test_clone_that_goes_on_by_itself(scene: Project, tmp_path: Path) -> None:
    other = clone(scene, tmp_path / "clone")
    other.new("Third")
    assert sound(other) == {"trailers_foreign", TAIL}


def test_switching_branches(scene: Project) -> None:
    scene.git("switch", "--quiet", "--create", "side")
    scene.new("On the side")
    scene.git("switch", "--quiet", "main")
    assert sound(scene) == {TAIL}
    scene.git("branch", "--delete", "--force", "--quiet", "side")
    assert sound(scene) == {DROPPED, TAIL}


def test_amend(scene: Project) -> None:
    scene.git("commit", "--quiet", "--amend", "--no-edit", "--allow-empty", "--date=2001-01-01T00:00:00")
    assert sound(scene) == {REWRITTEN, TAIL}


def test_amend_of_the_message(scene: Project) -> None:
    scene.git("commit", "--quiet", "--amend", "--message", "something else")
    assert sound(scene) == {REWRITTEN, TAIL}


def test_rebase(scene: Project) -> None:
    base = scene.git("rev-parse", "HEAD~2")
    scene.git("switch", "--quiet", "--create", "elsewhere", base)
    scene.repository.commit("scene: elsewhere", note="here")
    scene.git("switch", "--quiet", "main")
    scene.git("rebase", "--quiet", "elsewhere")
    assert sound(scene) == {REWRITTEN, TAIL}
    scene.new("Third")
    assert sound(scene) == {REWRITTEN, TAIL}


def test_squash(scene: Project) -> None:
    scene.git("switch", "--quiet", "--create", "side", "HEAD~1")
    scene.git("merge", "--quiet", "--squash", "main")
    scene.git("commit", "--quiet", "--message", "both at once")
    scene.git("branch", "--quiet", "--force", "main", "side")
    scene.git("switch", "--quiet", "main")
    assert sound(scene) == {REWRITTEN, TAIL}


def test_squash_that_keeps_the_trailers_of_both(scene: Project) -> None:
    trailers = [
        line
        for commit in ("HEAD", "HEAD~1")
        for line in scene.git("show", "--no-patch", "--format=%(trailers:unfold)", commit).splitlines()
        if line
    ]
    assert sum(line.startswith("Ticket-Checkpoint") for line in trailers) == 2
    scene.git("reset", "--quiet", "--soft", "HEAD~2")
    scene.git("commit", "--quiet", "--message", "both at once\n\n" + "\n".join(trailers))
    assert sound(scene) == {REWRITTEN, TAIL}


def test_cherry_pick(scene: Project) -> None:
    scene.git("switch", "--quiet", "--create", "side", "HEAD~1")
    scene.git("cherry-pick", "--allow-empty", "main")
    assert sound(scene) == {TAIL}


def test_reset_to_an_older_commit(scene: Project) -> None:
    scene.git("reset", "--quiet", "--hard", "HEAD~1")
    assert sound(scene) == {DROPPED, TAIL}
    scene.new("Third")
    assert sound(scene) == {DROPPED, TAIL}


def test_edits_by_hand_and_their_reconcile(scene: Project) -> None:
    file = scene.file(tickets(scene)[0])
    file.write_text(file.read_text("utf-8").replace("First", "Primo"), "utf-8")
    scene.repository.commit("scene: by hand")
    assert sound(scene) == {TAIL}
    assert scene.run("ledger", "reconcile").status == 0
    assert sound(scene, "--deep") == {TAIL}


def test_sync_between_two_clones(scene: Project, tmp_path: Path) -> None:
    hub = Repository(tmp_path / "hub")
    scene.git("clone", "--quiet", "--bare", ".", str(hub.path))
    scene.git("remote", "add", "origin", str(hub.path))
    scene.git("fetch", "--quiet", "origin")
    scene.git("branch", "--quiet", "--set-upstream-to=origin/main", "main")
    other = Project(Repository(tmp_path / "other"))
    hub.git("clone", "--quiet", str(hub.path), str(other.path))
    other.new("Theirs")
    scene.new("Ours")
    for project in (other, scene, other):
        assert project.run("sync").status == 0, project.run("sync")
    for project in (scene, other):
        assert sound(project) - {REWRITTEN, TAIL} == {"trailers_foreign"}


def test_restore_of_a_backup(scene: Project, tmp_path: Path) -> None:
    backup = tmp_path / "ledger-backup.db"
    assert scene.run("ledger", "backup", str(backup)).status == 0
    scene.new("Third")
    answer = scene.run("ledger", "restore", str(backup))
    assert answer.status == 0, answer
    assert sound(scene) >= {"ledger_followed"}
    scene.new("Fourth")
    assert sound(scene) >= {"ledger_followed"}


def test_body_erased_by_the_program(scene: Project) -> None:
    answer = scene.run("ledger", "gc", "--erase", "@1", "--reason", "names a customer", "--yes")
    assert answer.status == 0, answer
    assert sound(scene, "--deep") == {TAIL}


def test_trailers_that_are_switched_off(scene: Project) -> None:
    scene.git("config", "ticket.trailers", "off")
    scene.new("Third")
    assert "Ticket-Checkpoint" not in scene.git("show", "--no-patch", "--format=%B")
    assert sound(scene) == {"trailers_off", TAIL}


def test_signed_to_the_end(scene: Project) -> None:
    assert scene.run("ledger", "checkpoint").status == 0
    assert sound(scene) == set()
    assert sound(scene, "--deep") == set()


def test_rotated_key(scene: Project) -> None:
    assert scene.run("ledger", "checkpoint").status == 0
    assert scene.run("ledger", "checkpoint", "--rotate-key").status == 0
    assert sound(scene, "--deep") <= {TAIL}


def test_trailers_that_somebody_typed(scene: Project) -> None:
    for line in ("Ticket-Checkpoint: nonsense", "Ticket-Checkpoint: counterfoil/X 1 2", "Ticket-Receipt: 00"):
        scene.git("commit", "--quiet", "--allow-empty", "--message", f"by hand\n\n{line}")
    assert sound(scene) == {TAIL}


def test_verifying_writes_nothing(scene: Project) -> None:
    before = {file: file.read_bytes() for file in ledger_file(scene).parent.rglob("*") if file.is_file()}
    sound(scene, "--deep")
    after = {file: file.read_bytes() for file in ledger_file(scene).parent.rglob("*") if file.is_file()}
    assert {file.name for file in after} == {file.name for file in before}
    for file, data in before.items():
        assert file.suffix == ".db-shm" or after[file] == data, file


def test_ledger_that_cannot_be_read_is_told_as_such(scene: Project) -> None:
    if os.geteuid() == 0:
        ledger_file(scene).with_name("ledger.db-wal").unlink(missing_ok=True)
        ledger_file(scene).unlink()
        ledger_file(scene).mkdir()
    else:
        ledger_file(scene).chmod(0)
    answer = scene.run("ledger", "verify", "--json")
    assert answer.status == 11, answer
    (finding,) = answer.error["details"]["findings"]
    assert finding["code"] in {"ledger_unavailable", "ledger_damaged"}
