"""`ticket sync` where something stands in the way: nothing is ever left half-done."""

from __future__ import annotations

import os
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


# --- what was staged, and what was killed ---------------------------------------------------------


def diverge(ana: Clone, ben: Clone, **files: str) -> None:
    """Lets both sides commit, so that a sync of ana's has two commits to move."""
    ana.commit("base", **{"kept.txt": "1\n", "gone.txt": "1\n", "lost.txt": "1\n", "twice.txt": "1\n"})
    ana.say("sync")
    ben.commit("of ben", **{"ben.txt": "ben\n", **files})
    ben.say("sync")
    ana.commit("of ana", **{"ana.txt": "ana\n"})
    ana.commit("of ana too", **{"code.py": "ana = 1\n"})


def dirty(ana: Clone) -> None:
    """Leaves changes of all kinds uncommitted."""
    ana.write("twice.txt", "2\n")
    ana.write("fresh.txt", "1\n")
    ana.git("add", "twice.txt", "fresh.txt")
    ana.git("rm", "-q", "gone.txt")
    for name in ("twice.txt", "fresh.txt", "kept.txt"):
        ana.write(name, "3\n")
    (ana.path / "lost.txt").unlink()
    ana.write("untracked.txt", "1\n")


STATUS = "D  gone.txt\n M kept.txt\n D lost.txt\nMM twice.txt\nAM fresh.txt\n?? untracked.txt"


def staged(clone: Clone) -> list[str]:
    """Returns what is staged, with its content's ids."""
    return clone.git("diff", "--cached", "--raw", "--no-abbrev").splitlines()


def status(clone: Clone) -> list[str]:
    """Returns what is uncommitted, sorted."""
    return sorted(clone.git("status", "--porcelain", "--no-renames").splitlines())


@pytest.mark.parametrize("fails", [False, True])
def test_what_is_staged_stays_staged(pair: tuple[Clone, Clone], fails: bool) -> None:
    ana, ben = pair
    diverge(ana, ben, **({"code.py": "ben = 1\n"} if fails else {}))
    dirty(ana)
    before, was_staged = snapshot(ana), staged(ana)
    assert status(ana) == sorted(STATUS.splitlines())
    if fails:
        assert ana.error("sync", status=10)["details"]["paths"] == ["code.py"]
        assert snapshot(ana) == before
    else:
        ana.say("sync")
        assert ana.subjects()[:3] == ["of ana too", "of ana", "of ben"]
        assert status(ana) == sorted(STATUS.splitlines())
        assert ana.git("stash", "list") == ""
    assert staged(ana) == was_staged
    assert sorted(path.name for path in (ana.path / ".git").glob("index.*")) == []


def kill_during_rebase(ana: Clone, script: str) -> None:
    """Syncs with a hook that kills whatever it wants while the first commit is moved."""
    hook = ana.write(".git/hooks/post-commit", f"#!/bin/sh\n{script}\n")
    hook.chmod(0o755)
    answer = subprocess.run(
        ["ticket", "sync"], cwd=ana.path, env=dict(os.environ, **ana.env), capture_output=True, check=False,
        start_new_session=True,
    )  # fmt: skip
    assert answer.returncode == -9
    hook.unlink()


@pytest.mark.parametrize("then", [("sync", "--no-push"), ("doctor",), ("new", "Another")])
@pytest.mark.parametrize("early", [False, True])
def test_a_sync_that_was_killed_is_taken_back_by_the_next_command(
    pair: tuple[Clone, Clone], then: tuple[str, ...], early: bool
) -> None:
    ana, ben = pair
    diverge(ana, ben)
    dirty(ana)
    was_staged, head = staged(ana), ana.git("rev-parse", "HEAD")
    forgets = "rm .git/rebase-merge/head-name .git/rebase-merge/orig-head; " if early else ""
    kill_during_rebase(ana, f": > .git/index.lock; {forgets}kill -9 0")
    assert (ana.path / ".git/rebase-merge").exists()
    told = str(ana.answer(*then))
    assert "took back a sync that was interrupted; `ticket sync` starts it anew" in told
    assert not (ana.path / ".git/rebase-merge").exists()
    assert ana.git("symbolic-ref", "HEAD") == "refs/heads/main"
    assert (status(ana), staged(ana)) == (sorted(STATUS.splitlines()), was_staged)
    if then == ("doctor",):
        assert ana.git("rev-parse", "HEAD") == head
    assert "sync that was interrupted" not in str(ana.answer("doctor"))


def test_a_sync_that_was_killed_while_it_took_over_files_leaves_none_of_them(
    pair: tuple[Clone, Clone],
) -> None:
    ana, ben = pair
    ben.commit("of ben", **{"ben.txt": "ben\n", "code.py": "1\n", "zoo.txt": "1\n"})
    ben.say("sync")
    ana.say("sync")
    (ben.path / "code.py").unlink()
    ben.commit("of ben too", **{"ben.txt": "Ben\n", "bird.txt": "1\n", "zoo.txt": "2\n"})
    ben.say("sync")
    ana.write("edited.txt", "1\n")
    ana.git("add", "edited.txt")
    before = snapshot(ana)
    ana.write(".git/info/attributes", "zoo.txt filter=deadly\n")
    ana.git("config", "filter.deadly.smudge", "kill -9 0")
    answer = subprocess.run(
        ["ticket", "sync"], cwd=ana.path, env=dict(os.environ, **ana.env), capture_output=True, check=False,
        start_new_session=True,
    )  # fmt: skip
    assert answer.returncode == -9
    (ana.path / ".git/info/attributes").unlink()
    assert (ana.path / "bird.txt").exists()
    assert "took back a sync that was interrupted" in str(ana.answer("doctor"))
    assert snapshot(ana) == before


def test_a_git_that_outlives_its_sync_is_awaited_and_what_was_put_aside_comes_back(
    pair: tuple[Clone, Clone],
) -> None:
    ana, ben = pair
    diverge(ana, ben)
    dirty(ana)
    was_staged = staged(ana)
    once = "[ -e .git/killed ] || { : > .git/killed; kill -9 $(awk '{print $4}' /proc/$PPID/stat); }"
    kill_during_rebase(ana, once)
    told = str(ana.answer("doctor"))
    assert "finished a sync that was interrupted; `ticket sync` starts it anew" in told
    assert ana.subjects()[:3] == ["of ana too", "of ana", "of ben"]
    assert (status(ana), staged(ana)) == (sorted(STATUS.splitlines()), was_staged)


def test_a_rebase_of_somebody_elses_is_never_taken_back(pair: tuple[Clone, Clone]) -> None:
    ana, ben = pair
    diverge(ana, ben, **{"code.py": "ben = 1\n"})
    kill_during_rebase(ana, "kill -9 0")
    ana.git("rebase", "--abort")
    ana.commit("one more", **{"other.txt": "1\n"})
    ana.git("rebase", "-q", "origin/main", status=1)
    ana.say(
        "doctor",
    )
    assert (ana.path / ".git/rebase-merge").exists()
