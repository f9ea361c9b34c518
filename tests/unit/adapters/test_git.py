"""Git's adapter over real Git: whose index it touches, whose locks it removes, what it reads itself."""

from __future__ import annotations

import os
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from counterfoil.adapters.git import Git
from counterfoil.adapters.indexlock import MARK as LOCK_MARK
from counterfoil.adapters.location import find_worktree
from counterfoil.adapters.process import Programs
from counterfoil.errors import HostError

if TYPE_CHECKING:
    from world import Repository, RepositoryFactory


LONG_AGO_S = 1_700_000_000


def git_of(repository: Repository) -> Git:
    """Returns the adapter for a repository."""
    location = find_worktree(str(repository.path))
    assert location is not None
    return Git(Programs(os.environ), location)


def commit(git: Git, *paths: str, message: str = "subject\n", timeout_s: float = 5.0) -> str | None:
    """Commits paths and tells nobody of the process."""
    return git.commit(list(paths), message, started=lambda _pid: None, lock_timeout_s=timeout_s)


def dead_process() -> int:
    """Returns the id of a process that has ended."""
    with subprocess.Popen(["true"]) as ended:
        pass
    return ended.pid


def test_only_the_named_paths_are_committed(repository: RepositoryFactory) -> None:
    scene = repository()
    scene.commit("begin", a="1\n", b="1\n", gone="1\n")
    for name in ("a", "b"):
        scene.write(name, "2\n")
    (scene.path / "gone").unlink()
    scene.git("add", "b")
    scene.write("odd *[name]", "new\n")
    made = commit(git_of(scene), "a", "gone", "odd *[name]", message="subject\n\nKey: value\n")
    assert made == scene.git("rev-parse", "HEAD")
    shown = scene.git("show", "--no-renames", "--format=%B", "--name-status", "HEAD").split("\n")
    assert [line for line in shown if line] == ["subject", "Key: value", "M\ta", "D\tgone", "A\todd *[name]"]
    assert scene.git("status", "--porcelain") == "M  b"


def test_nothing_to_commit_is_none_and_no_commit(repository: RepositoryFactory) -> None:
    scene = repository()
    head = scene.commit("begin", a="1\n")
    assert commit(git_of(scene), "a") is None
    scene.write("b", "staged\n")
    scene.git("add", "b")
    assert commit(git_of(scene), "a") is None
    assert (scene.git("rev-parse", "HEAD"), scene.git("status", "--porcelain")) == (head, "A  b")


def test_a_failure_leaves_index_and_folder_as_they_were(repository: RepositoryFactory) -> None:
    scene = repository()
    scene.commit("begin", a="1\n")
    hook = scene.write(".git/hooks/pre-commit", "#!/bin/sh\necho no >&2\nexit 1\n")
    hook.chmod(0o755)
    scene.write("a", "2\n")
    index, listing = (scene.path / ".git/index").read_bytes(), sorted(os.listdir(scene.path / ".git"))
    with pytest.raises(HostError) as caught:
        commit(git_of(scene), "a")
    fields = caught.value.fields
    assert (caught.value.code, fields["kind"], fields["committed"], fields["reason"]) == (
        "commit_failed", "hook", False, "no",
    )  # fmt: skip
    assert (scene.path / ".git/index").read_bytes() == index
    assert sorted(os.listdir(scene.path / ".git")) == listing


def test_a_commit_that_comes_between_is_built_upon(repository: RepositoryFactory) -> None:
    scene = repository()
    scene.commit("begin", a="1\n")
    scene.write("a", "2\n")
    hook = scene.write(
        ".git/hooks/pre-commit",
        "#!/bin/sh\nrm .git/hooks/pre-commit\n"
        "git update-ref HEAD $(git commit-tree -p HEAD -m 'between' HEAD^{tree})\n",
    )
    hook.chmod(0o755)
    made = commit(git_of(scene), "a")
    assert scene.git("log", "--format=%s").splitlines() == ["subject", "between", "begin", "scene: begin"]
    assert (made, scene.git("status", "--porcelain")) == (scene.git("rev-parse", "HEAD"), "")


@pytest.mark.parametrize("staged", [False, True])
def test_a_file_edited_in_the_tick_of_its_staging_still_counts_as_changed(
    repository: RepositoryFactory, staged: bool
) -> None:
    scene = repository()
    scene.git("config", "core.trustCTime", "false")
    scene.commit("begin", code="1\n", ticket="1\n")
    if staged:
        scene.write("more", "1\n")
        scene.git("add", "more")
    tick = (LONG_AGO_S, LONG_AGO_S)
    os.utime(scene.path / "code", tick)
    scene.git("update-index", "-q", "--refresh")
    scene.write("code", "2\n")
    os.utime(scene.path / "code", tick)
    os.utime(scene.path / ".git/index", tick)
    scene.write("ticket", "a longer text\n")
    commit(git_of(scene), "ticket")
    assert scene.git("status", "--porcelain").splitlines() == [" M code", *["A  more"] * staged]


def test_a_lock_of_a_dead_command_is_removed(repository: RepositoryFactory) -> None:
    scene = repository()
    scene.write("a", "1\n")
    (scene.path / ".git/index.lock").write_bytes(LOCK_MARK + str(dead_process()).encode())
    for name in ("index.ticket", "index.ticket.lock", "index.ticket-head.lock", "index.ticket-lock"):
        (scene.path / ".git" / name).write_bytes(b"left over")
    assert commit(git_of(scene), "a", timeout_s=0.0) is not None
    assert [name for name in os.listdir(scene.path / ".git") if "ticket" in name or "lock" in name] == []


@pytest.mark.parametrize(
    "content",
    [b"", b"DIRC", LOCK_MARK, LOCK_MARK + b"x", LOCK_MARK + str(os.getpid()).encode()],
    ids=["empty, as Git makes it", "an index", "without a number", "no number", "of a living process"],
)
def test_a_lock_that_may_have_an_owner_stays(repository: RepositoryFactory, content: bytes) -> None:
    scene = repository()
    scene.write("a", "1\n")
    lock = scene.path / ".git/index.lock"
    lock.write_bytes(content)
    git = git_of(scene)
    with pytest.raises(HostError) as caught:
        commit(git, "a", timeout_s=0.0)
    git.discard_leftovers(time.time_ns())
    assert (caught.value.code, caught.value.fields["path"], lock.read_bytes()) == (
        "lock_timeout",
        str(lock),
        content,
    )


def test_locks_on_branches_are_removed_only_if_the_dead_git_can_have_made_them(
    repository: RepositoryFactory,
) -> None:
    scene = repository()
    names = ("HEAD.lock", "refs/heads/main.lock", "refs/heads/checked/out/before.lock")
    locks = [scene.write(f".git/{name}", "") for name in names]
    made_ns = min(lock.stat().st_ctime_ns for lock in locks)
    git = git_of(scene)
    git.discard_leftovers(max(lock.stat().st_ctime_ns for lock in locks) + 1)
    assert [lock.exists() for lock in locks] == [True, True, True]
    git.discard_leftovers(made_ns)
    assert [lock.exists() for lock in locks] == [False, False, False]


def test_what_head_holds_is_compared_with_the_files(repository: RepositoryFactory) -> None:
    scene = repository()
    git = git_of(scene)
    scene.commit("begin", **{"a": "1\n", "folder/ä b": "2\n"})
    assert git.is_committed(["a", "folder/ä b", "never there"])
    scene.write("a", "other\n")
    assert git.is_committed(["folder/ä b"])
    assert not git.is_committed(["a"])
    scene.git("add", "a")
    assert not git.is_committed(["a"])
    (scene.path / "folder/ä b").unlink()
    assert not git.is_committed(["folder/ä b"])
    scene.write("new", "x\n")
    assert not git.is_committed(["new"])


def test_before_the_first_commit_nothing_is_committed(repository: RepositoryFactory) -> None:
    scene = repository(commit=False)
    scene.write("a", "1\n")
    git = git_of(scene)
    assert (git.head(), git.branch(), git.is_committed(["a"])) == (None, "main", False)
    assert commit(git, "a") == git.head() == scene.git("rev-parse", "HEAD")


def test_the_index_can_be_brought_in_step_afterwards(repository: RepositoryFactory) -> None:
    scene = repository()
    scene.commit("begin", a="1\n", b="1\n")
    scene.write("a", "2\n")
    scene.write("b", "2\n")
    git_of(scene).sync_index(["a"], 1.0)
    assert scene.git("status", "--porcelain").splitlines() == ["M  a", " M b"]


@pytest.mark.parametrize("packed", [False, True])
def test_head_and_branch_are_what_git_says(repository: RepositoryFactory, packed: bool) -> None:
    scene = repository()
    scene.git("switch", "-q", "-c", "a/branch")
    if packed:
        scene.git("pack-refs", "--all")
    git = git_of(scene)
    assert (git.head(), git.branch()) == (scene.git("rev-parse", "HEAD"), "a/branch")
    scene.git("switch", "-q", "--detach")
    assert (git.head(), git.branch()) == (scene.git("rev-parse", "HEAD"), None)


def test_where_git_keeps_references_in_tables_it_is_asked_for_the_branch(
    repository: RepositoryFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = repository()
    tables = scene.path / "tables"
    tables.mkdir()
    (tables / "HEAD").write_text("ref: refs/heads/.invalid\n", "utf-8")
    git = git_of(scene)
    monkeypatch.setattr(git.location, "git_dir", str(tables))
    assert git.branch() == scene.git("branch", "--show-current")


def test_the_last_value_of_a_setting_counts_and_a_bare_one_is_true(repository: RepositoryFactory) -> None:
    scene = repository()
    with (scene.path / ".git/config").open("a", encoding="utf-8") as file:
        file.write(
            '[ticket]\n\tactor = human:a\n\tactor = human:b\n\tbare\n\tempty =\n\tlines = "one\\ntwo"\n'
        )
    settings = git_of(scene).config()
    named = {key: value for key, value in settings.items() if key.startswith("ticket.")}
    assert named == {
        "ticket.actor": "human:b", "ticket.bare": "true", "ticket.empty": "", "ticket.lines": "one\ntwo",
    }  # fmt: skip


def test_a_reading_command_that_fails_tells_gits_own_words(repository: RepositoryFactory) -> None:
    with pytest.raises(HostError) as caught:
        git_of(repository()).read("cat-file", "blob", "no-such-thing")
    assert (caught.value.code, caught.value.fields["step"]) == ("io_error", "cat-file")
    assert "no-such-thing" in str(caught.value.fields["reason"])


def test_reading_does_not_take_the_index_lock(repository: RepositoryFactory) -> None:
    scene = repository()
    scene.commit("begin", a="1\n")
    os.utime(scene.path / "a", ns=(1, 1))
    index = (scene.path / ".git/index").read_bytes()
    git_of(scene).read("status", "--porcelain")
    assert (scene.path / ".git/index").read_bytes() == index
