"""`ticket sync` where something stands in the way: nothing is ever left half-done."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from integration.history_scene import Clone, pair_of, project, shared, snapshot

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Clone, Clone]:
    """Returns the clones of ana and ben, in step with each other and with one ticket."""
    return pair_of(tmp_path)


@pytest.fixture
def driverless(pair: tuple[Clone, Clone]) -> tuple[Clone, Clone]:
    """Returns the same clones without merge drivers: plain Git merges the files."""
    for clone in pair:
        (clone.path / ".gitattributes").unlink(missing_ok=True)
    return pair


def test_a_conflict_in_a_ticket_is_taken_back_and_named(driverless: tuple[Clone, Clone]) -> None:
    ana, ben = driverless
    ticket = shared(ana)
    for clone, text in ((ben, "Ben's line\n"), (ana, "Ana's line\n")):
        clone.replace(ticket, "Two\n", text)
        clone.git("commit", "-qm", "by hand", "--", f".tickets/tickets/{ticket}.md")
    ben.git("push", "-q")
    before = snapshot(ana)
    error = ana.error("sync", status=10)
    assert (error["code"], error["details"]) == (
        "conflict",
        {
            "kind": "rebase",
            "tickets": [ticket],
            "paths": [f".tickets/tickets/{ticket}.md"],
            "subject": "by hand",
        },
    )
    assert error["hint"].startswith("git pull --rebase")
    assert snapshot(ana) == before
    assert not (ana.path / ".git/rebase-merge").exists()


def test_a_conflict_in_code_is_taken_back_and_named(pair: tuple[Clone, Clone]) -> None:
    ana, ben = pair
    ben.commit("code of ben", **{"code.py": "ben = 1\n"})
    ben.git("push", "-q")
    ana.commit("code of ana", **{"code.py": "ana = 1\n"})
    before = snapshot(ana)
    error = ana.error("sync", status=10)
    assert (error["details"]["tickets"], error["details"]["paths"]) == ([], ["code.py"])
    assert snapshot(ana) == before


def test_a_conflict_in_the_index_alone_never_stops_a_sync(driverless: tuple[Clone, Clone]) -> None:
    ana, ben = driverless
    for number in range(3):
        ben.new(f"Of ben {number}")
        ana.new(f"Of ana {number}")
    ben.git("push", "-q")
    ana.say("sync")
    assert len(ana.states()) == 7
    assert ana.say("rebuild-index")[0] == "Index already up to date (7 tickets).\n"
    assert ana.git("status", "--porcelain") == ""


def test_an_uncommitted_edit_of_what_came_in_is_refused_before_anything_moves(
    pair: tuple[Clone, Clone],
) -> None:
    ana, ben = pair
    ticket = shared(ana)
    ben.say("move", ticket, "ready")
    ben.say("sync")
    ana.new("Of ana")
    ana.replace(ticket, "Two\n", "Deux\n")
    before = snapshot(ana)
    error = ana.error("sync", status=10)
    path = f".tickets/tickets/{ticket}.md"
    assert (error["details"]["kind"], error["details"]["paths"]) == ("uncommitted", [path])
    assert snapshot(ana) == before


def test_an_untracked_file_in_the_way_is_refused_and_kept(pair: tuple[Clone, Clone]) -> None:
    ana, ben = pair
    ben.commit("notes", **{"notes.txt": "ben\n"})
    ben.say("sync")
    ana.write("notes.txt", "ana\n")
    before = snapshot(ana)
    assert ana.error("sync", status=12)["code"] == "io_error"
    ana.new("Of ana")
    after = snapshot(ana)
    assert ana.error("sync", status=12)["code"] == "io_error"
    assert snapshot(ana) == after
    assert after["notes.txt"] == before["notes.txt"] == b"ana\n"


def test_without_an_upstream_the_hint_is_the_command_that_sets_one(tmp_path: Path) -> None:
    clone = project(tmp_path / "work")
    error = clone.error("sync", status=2)
    assert (error["code"], error["hint"]) == (
        "no_upstream",
        "git remote add origin URL && git push -u origin main",
    )
    clone.git("remote", "add", "forge", str(tmp_path / "nowhere"))
    assert clone.error("sync", status=2)["hint"] == "git push -u forge main"


def test_an_upstream_that_is_gone_is_no_upstream(pair: tuple[Clone, Clone]) -> None:
    ana, _ = pair
    ana.git("switch", "-qc", "side")
    ana.git("push", "-q", "-u", "origin", "side")
    ana.git("push", "-q", "origin", ":side")
    error = ana.error("sync", status=2)
    assert (error["code"], error["hint"]) == ("no_upstream", "git push -u origin side")


def test_a_branch_that_follows_another_name_is_not_pushed_there(pair: tuple[Clone, Clone]) -> None:
    ana, ben = pair
    ana.git("switch", "-qc", "feature", "--track", "origin/main")
    ana.new("Of the feature")
    main = ana.git("ls-remote", "origin", "refs/heads/main")
    error = ana.error("sync", status=2)
    assert (error["code"], error["hint"]) == (
        "no_push_target",
        "git push -u origin feature, or `ticket sync --no-push`",
    )
    ben.new("Of ben")
    ben.say("sync")
    assert ana.data("sync", "--no-push")["pulled"]["commits"] == 1
    assert (
        main
        != ana.git("ls-remote", "origin", "refs/heads/main")
        == ben.git("ls-remote", "origin", "refs/heads/main")
    )


def test_a_detached_head_is_refused(pair: tuple[Clone, Clone]) -> None:
    ana, _ = pair
    ana.git("switch", "-q", "--detach")
    error = ana.error("sync", status=2)
    assert (error["code"], error["hint"]) == ("detached_head", "git switch BRANCH, then `ticket sync`")


def test_a_rebase_in_progress_is_left_alone(pair: tuple[Clone, Clone]) -> None:
    ana, _ = pair
    ana.commit("one", **{"code.py": "1\n"})
    ana.git("switch", "-qc", "side", "HEAD~1")
    ana.commit("two", **{"code.py": "2\n"})
    ana.git("rebase", "-q", "main", status=1)
    error = ana.error("sync", status=12)
    assert (error["code"], error["details"]["operation"]) == ("io_error", "rebase")
    assert "git rebase --continue" in error["hint"]
    assert (ana.path / ".git/rebase-merge").exists()


def test_a_remote_out_of_reach_is_told_in_gits_words(pair: tuple[Clone, Clone], tmp_path: Path) -> None:
    ana, _ = pair
    ana.new("Of ana")
    before = snapshot(ana)
    (tmp_path / "origin.git").rename(tmp_path / "away.git")
    error = ana.error("sync", status=12)
    assert (error["code"], error["details"]["step"]) == ("io_error", "fetch")
    assert "does not appear to be a git repository" in error["message"]
    assert snapshot(ana) == before


def test_a_push_that_the_remote_refuses_is_told_and_what_came_in_stays(
    pair: tuple[Clone, Clone], tmp_path: Path
) -> None:
    ana, ben = pair
    ben.new("Of ben")
    ben.say("sync")
    ana.new("Of ana")
    hook = tmp_path / "origin.git/hooks/pre-receive"
    hook.write_text("#!/bin/sh\necho 'the branch is protected' >&2\nexit 1\n", "utf-8")
    hook.chmod(0o755)
    error = ana.error("sync", status=12)
    assert (error["code"], error["details"]["step"]) == ("io_error", "push")
    assert "the branch is protected" in error["details"]["reason"]
    assert set(ana.states()) == {"Shared", "Of ben", "Of ana"}
    hook.unlink()
    assert len(ana.data("sync")["pushed"]) == 1


def test_histories_that_have_nothing_in_common_are_refused(pair: tuple[Clone, Clone], tmp_path: Path) -> None:
    ana, _ = pair
    stranger = project(tmp_path / "stranger")
    stranger.git("commit", "-q", "--amend", "-m", "another beginning")
    stranger.git("remote", "add", "origin", str(tmp_path / "origin.git"))
    stranger.git("fetch", "-q", "origin")
    stranger.git("branch", "-q", "--set-upstream-to=origin/main")
    before = snapshot(stranger)
    assert stranger.error("sync", status=2)["code"] == "unrelated_histories"
    assert snapshot(stranger) == before
    assert ana.states() == {"Shared": "backlog"}


def test_an_empty_clone_has_nothing_to_sync_yet(tmp_path: Path) -> None:
    bare = tmp_path / "empty.git"
    subprocess.run(["git", "init", "-q", "--bare", str(bare)], check=True)
    subprocess.run(["git", "clone", "-q", str(bare), str(tmp_path / "work")], check=True, capture_output=True)
    clone = Clone(tmp_path / "work")
    clone.write(".tickets/tickets/.gitkeep", "")
    assert clone.error("sync", status=2)["code"] == "no_commits"
    clone.new("First", "--actor", "human:ana")
    assert clone.error("sync", status=2)["hint"] == "git push -u origin main"
    clone.git("push", "-q", "-u", "origin", "main")
    assert clone.say("sync")[0] == "Already in step with origin/main.\n"
