"""What becomes of the automatic commit in every state that a clone can be in."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from siege.scenes import Project, begin, only

if TYPE_CHECKING:
    from pathlib import Path

    from world import RepositoryFactory

TICKET = ".tickets/tickets/{}.md"
INDEX = ".tickets/index.json"


def assert_refused_without_a_trace(project: Project, kind: str) -> dict[str, object]:
    """Asserts that a change fails as a commit that failed, and that nothing at all has changed."""
    before = project.snapshot()
    error = project.refused(12, "start", only(project))
    assert (error["code"], error["details"]["committed"]) == ("commit_failed", False)
    assert error["details"]["kind"] == kind
    assert error["hint"]
    assert project.snapshot() == before
    assert project.left_behind() == []
    return error


# --- what else is staged -------------------------------------------------------------------------


def test_other_staged_files_stay_staged_and_out_of_the_commit(project: Project) -> None:
    project.write("new.txt", "mine\n")
    project.write("old.txt", "old\n")
    project.git("add", "old.txt")
    project.git("commit", "-qm", "old")
    project.write("old.txt", "changed\n")
    project.git("add", "new.txt", "old.txt")
    project.write("old.txt", "changed again\n")
    staged = project.git("diff", "--cached")
    data = project.ok("start", only(project))
    assert data["committed"] is True
    assert project.committed_paths() == [INDEX, TICKET.format(only(project))]
    assert project.git("diff", "--cached") == staged
    assert project.status() == ["A  new.txt", "MM old.txt"]


def test_a_staged_removal_and_a_rename_stay_as_they_are(project: Project) -> None:
    project.repository.commit("files", gone="x\n", named="a longer text to be recognised\n" * 5)
    project.git("rm", "-q", "gone")
    project.git("mv", "named", "renamed")
    project.ok("start", only(project))
    assert project.status() == ["D  gone", "R  named -> renamed"]


def test_a_file_that_is_only_meant_to_be_added_stays_so(project: Project) -> None:
    project.write("later.txt", "not yet\n")
    project.git("add", "--intent-to-add", "later.txt")
    project.ok("start", only(project))
    assert project.status() == [" A later.txt"]


def test_a_partly_staged_ticket_is_committed_as_the_working_tree_has_it(project: Project) -> None:
    file = project.file(only(project))
    file.write_text(file.read_text("utf-8") + "staged\n", "utf-8")
    project.git("add", str(file))
    file.write_text(file.read_text("utf-8") + "not staged\n", "utf-8")
    project.ok("start", only(project))
    committed = project.git("show", f"HEAD:{TICKET.format(only(project))}")
    assert committed.endswith("staged\nnot staged")
    assert "state: in_progress" in committed
    assert project.status() == []


# --- in the middle of something --------------------------------------------------------------------


def conflict(project: Project) -> None:
    """Makes two branches that disagree about a file; stands on main."""
    project.repository.commit("base", file="base\n")
    project.git("switch", "-qc", "side")
    project.repository.commit("side", file="side\n")
    project.git("switch", "-q", "main")
    project.repository.commit("main", file="main\n")


@pytest.mark.parametrize(
    ("operation", "begin_it"),
    [
        ("merge", ("merge", "side")),
        ("rebase", ("rebase", "side")),
        ("rebase", ("rebase", "--apply", "side")),
        ("cherry-pick", ("cherry-pick", "side")),
        ("revert", ("revert", "--no-edit", "HEAD~1")),
    ],
)
def test_in_the_middle_of_an_operation_nothing_is_committed(
    project: Project, operation: str, begin_it: tuple[str, ...]
) -> None:
    conflict(project)
    project.git(*begin_it, status=None)
    error = assert_refused_without_a_trace(project, "in_progress")
    assert f"git {operation} --continue" in str(error["hint"])
    assert project.ok("start", only(project), "--no-commit")["committed"] is False
    project.git(operation, "--abort")


# --- who commits, and who objects ----------------------------------------------------------------


@pytest.fixture
def nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which Git knows no name and may not guess one."""
    file = tmp_path / "anonymous"
    file.write_text("[user]\n\tuseConfigOnly = true\n[init]\n\tdefaultBranch = main\n", "utf-8")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(file))


@pytest.mark.usefixtures("nobody")
def test_without_an_identity_nothing_is_committed_and_nothing_changed(project_of_somebody: Project) -> None:
    project = project_of_somebody
    before = project.snapshot()
    error = project.refused(12, "start", only(project), "--actor", "human:me")
    details = error["details"]
    assert (error["code"], details["committed"], details["kind"]) == ("commit_failed", False, "identity")
    assert "git config user.name" in error["hint"]
    assert project.snapshot() == before


@pytest.mark.usefixtures("nobody")
def test_without_any_name_the_actor_is_asked_for(project_of_somebody: Project) -> None:
    project = project_of_somebody
    before = project.snapshot()
    error = project.refused(2, "start", only(project))
    assert error["code"] == "invalid_actor"
    assert "git config ticket.actor" in error["hint"]
    assert project.snapshot() == before


@pytest.fixture
def project_of_somebody(repository: RepositoryFactory, nobody: None) -> Project:  # noqa: ARG001
    """A project that somebody with a name has begun, on a machine that knows no name."""
    made = repository(commit=False)
    somebody = {"GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@b"}
    somebody |= {"GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@b", "TICKET_ACTOR": "human:a"}
    project = Project(made)
    project.ok("init", env=somebody)
    project.new("First", "--state", "ready", env=somebody)
    return project


@pytest.mark.parametrize("name", ["pre-commit", "prepare-commit-msg", "commit-msg"])
def test_a_failing_hook_refuses_the_change_in_its_own_words(project: Project, name: str) -> None:
    project.hook(name, "echo 'the moon is not full' >&2\nexit 1")
    error = assert_refused_without_a_trace(project, "hook")
    assert "the moon is not full" in str(error["message"])
    told = project.run("start", only(project))
    assert (told.status, "the moon is not full" in told.stderr) == (12, True)


def test_a_failing_post_commit_hook_comes_too_late(project: Project) -> None:
    project.hook("post-commit", "exit 1")
    assert project.ok("start", only(project))["committed"] is True
    assert project.status() == []


def test_a_hook_that_rewrites_the_ticket_has_its_way(project: Project) -> None:
    name = TICKET.format(only(project))
    project.hook("pre-commit", f"printf 'by the hook\\n' >> {name}\ngit add {name}")
    project.ok("start", only(project))
    assert project.git("show", f"HEAD:{name}").endswith("by the hook")
    assert project.status() == []
    project.hook("pre-commit", "exit 0")
    project.new("Afterwards")
    project.check()


@pytest.mark.parametrize("staged", [False, True])
def test_a_hook_that_adds_a_file_leaves_a_clean_tree(project: Project, staged: bool) -> None:
    if staged:
        project.write("mine.txt", "mine\n")
        project.git("add", "mine.txt")
    project.hook("pre-commit", "echo generated > generated.txt\ngit add generated.txt")
    project.ok("start", only(project))
    assert "generated.txt" in project.committed_paths()
    assert project.status() == (["A  mine.txt"] if staged else [])


def test_the_hooks_path_that_is_configured_counts(project: Project, tmp_path: Path) -> None:
    folder = tmp_path / "hooks elsewhere"
    folder.mkdir()
    hook = folder / "pre-commit"
    hook.write_text("#!/bin/sh\necho from elsewhere >&2\nexit 1\n", "utf-8")
    hook.chmod(0o755)
    project.git("config", "core.hooksPath", str(folder))
    assert "from elsewhere" in str(assert_refused_without_a_trace(project, "hook")["message"])


def test_a_signature_that_fails_refuses_the_change(project: Project, tmp_path: Path) -> None:
    project.git("config", "commit.gpgSign", "true")
    project.git("config", "gpg.format", "ssh")
    project.git("config", "user.signingKey", str(tmp_path / "no such key"))
    assert_refused_without_a_trace(project, "signing")


def test_a_signature_that_works_is_on_the_commit(project: Project, tmp_path: Path) -> None:
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    allowed = tmp_path / "allowed"
    allowed.write_text(f"test.person@example.org {key.with_suffix('.pub').read_text('utf-8')}", "utf-8")
    for setting, value in (
        ("commit.gpgSign", "true"), ("gpg.format", "ssh"), ("user.signingKey", str(key)),
        ("gpg.ssh.allowedSignersFile", str(allowed)),
    ):  # fmt: skip
        project.git("config", setting, value)
    project.ok("start", only(project))
    project.git("verify-commit", "HEAD")


# --- where the repository is unusual ---------------------------------------------------------------


def test_ignored_tickets_are_kept_and_not_committed_with_a_warning(repository: RepositoryFactory) -> None:
    made = repository()
    made.commit("ignore", **{".gitignore": ".tickets/\n"})
    project = Project(made)
    project.run("init", "--json")
    answer = project.run("new", "Private", "--json")
    assert (answer.status, answer.data["committed"]) == (0, False)
    assert answer.warning_codes == ["tickets_ignored"]
    assert project.titles() == ["Private"]
    assert project.status() == []
    project.check()


def test_a_detached_head_gets_the_commit_and_a_warning(project: Project) -> None:
    project.git("switch", "-q", "--detach")
    answer = project.run("start", only(project), "--json")
    assert (answer.status, answer.data["committed"]) == (0, True)
    assert answer.warning_codes == ["detached_head"]
    assert answer.data["commit"] == project.git("rev-parse", "HEAD")


def test_a_bare_repository_is_no_place_for_tickets(repository: RepositoryFactory) -> None:
    project = Project(repository(bare=True))
    for words in (("init",), ("new", "Nowhere"), ("list",)):
        error = project.refused(8, *words)
        assert (error["code"], "worktree add" in error["hint"]) == ("not_git_repo", True)


def test_a_repository_with_sha256_works(repository: RepositoryFactory) -> None:
    project = begin(repository(object_format="sha256"))
    ticket = project.new("Long names")
    assert len(project.ok("move", ticket, "ready")["commit"]) == 64
    assert project.status() == []
    project.check()


def test_the_first_commit_of_a_repository_may_be_ours(repository: RepositoryFactory) -> None:
    project = Project(repository(commit=False))
    project.write("mine.txt", "mine\n")
    project.git("add", "mine.txt")
    project.ok("init")
    project.new("First of all")
    assert project.status() == ["A  mine.txt"]
    assert "mine.txt" not in project.git("ls-tree", "-r", "--name-only", "HEAD")


def test_without_init_the_first_commit_is_the_ticket_alone(repository: RepositoryFactory) -> None:
    project = Project(repository(commit=False))
    (project.path / ".tickets/tickets").mkdir(parents=True)
    ticket = project.new("Core profile")
    assert project.committed_paths() == [TICKET.format(ticket)]
    assert project.status() == []


def test_a_linked_worktree_commits_on_its_own_branch(project: Project, tmp_path: Path) -> None:
    project.git("worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))
    side = Project(type(project.repository)(tmp_path / "side"))
    head = project.git("rev-parse", "main")
    ticket = side.new("On the side")
    assert side.git("symbolic-ref", "--short", "HEAD") == "side"
    assert project.git("rev-parse", "main") == head
    assert side.status() == project.status() == []
    assert project.refused(4, "show", ticket, "--ci")["code"] == "ticket_not_found"


def test_a_submodule_commits_in_itself(repository: RepositoryFactory, tmp_path: Path) -> None:
    begin(repository("inner"))
    outer = repository("outer")
    allow = ("-c", "protocol.file.allow=always")
    outer.git(*allow, "submodule", "--quiet", "add", str(tmp_path / "inner"), "parts/inner")
    outer.commit("a part")
    inner = Project(type(outer)(outer.path / "parts/inner"))
    inner.new("Inside")
    assert inner.status() == []
    assert outer.git("status", "--porcelain") == " M parts/inner"
    inner.check()


def test_two_projects_in_one_repository_keep_to_themselves(repository: RepositoryFactory) -> None:
    made = repository()
    north, south = begin(made, "areas/north"), begin(made, "areas/south")
    ticket = north.new("In the north")
    assert made.git("show", "--format=", "--name-only", "HEAD").splitlines() == [
        f"areas/north/{INDEX}", f"areas/north/{TICKET.format(ticket)}",
    ]  # fmt: skip
    south.new("In the south")
    assert (north.titles(), south.titles()) == (["In the north"], ["In the south"])
    (north.path / "deep/er").mkdir(parents=True)
    deep = Project(made, "areas/north/deep/er")
    assert deep.titles() == ["In the north"]
    assert made.git("status", "--porcelain") == ""
    assert north.run("validate", "--all").status == south.run("validate", "--all").status == 0


@pytest.mark.parametrize(
    "settings",
    [
        {"core.splitIndex": "true"},
        {"core.untrackedCache": "true", "core.fsmonitor": "true"},
        {"core.autocrlf": "true"},
        {"core.autocrlf": "input", "core.safecrlf": "true"},
        {"index.version": "4", "index.skipHash": "true"},
        {"core.precomposeUnicode": "true", "core.quotePath": "false", "core.abbrev": "4"},
        {"commit.status": "false", "commit.verbose": "true", "commit.cleanup": "scissors"},
        {"diff.external": "false", "status.relativePaths": "false", "color.ui": "always"},
        {"core.logAllRefUpdates": "always", "core.sharedRepository": "group"},
        {"feature.manyFiles": "true", "core.commentChar": "t"},
    ],
    ids=" ".join,
)
def test_settings_of_the_user_do_no_harm(project: Project, settings: dict[str, str]) -> None:
    for name, value in settings.items():
        project.git("config", name, value)
    project.git("update-index", "--refresh", status=None)
    ticket = project.new("# not a comment")
    project.ok("move", ticket, "ready")
    assert project.git("log", "-2", "--format=%s").splitlines()[1].endswith("# not a comment")
    assert project.titles() == ["# not a comment", "First"]
    assert project.status() == []
    project.check()


def clone(of: Project, to: Path, *how: str) -> Project:
    """Clones over a file URL, as from a server."""
    upstream = of.repository
    upstream.git("config", "uploadpack.allowFilter", "true")
    upstream.git("clone", "--quiet", *how, f"file://{upstream.path}", str(to))
    return Project(type(upstream)(to))


@pytest.mark.parametrize("how", [("--depth=1",), ("--filter=blob:none",), ("--filter=tree:0",)])
def test_shallow_and_partial_clones_work_without_fetching(
    project: Project, tmp_path: Path, how: tuple[str, ...]
) -> None:
    project.ok("start", only(project))
    copy = clone(project, tmp_path / "copy", *how)
    project.repository.path.rename(tmp_path / "gone")
    assert copy.titles() == ["First"]
    copy.new("Here")
    copy.ok("done", only_called(copy, "First"))
    assert copy.status() == []
    assert copy.run("validate", "--all").status == 0


def only_called(project: Project, title: str) -> str:
    """Returns the id of the one ticket with this title."""
    return next(str(entry["id"]) for entry in project.tickets() if entry["title"] == title)


def test_a_sparse_tree_without_tickets_reads_and_refuses_to_write(project: Project) -> None:
    project.repository.commit("code", **{"src/code.txt": "code\n"})
    project.git("sparse-checkout", "set", "--no-cone", "/src/")
    assert not (project.path / ".tickets").exists()
    before = project.snapshot()
    assert project.titles() == ["First"]
    answer = project.run("new", "Nowhere", "--json")
    assert answer.status == 12
    assert "sparse-checkout" in answer.error["hint"]
    assert project.snapshot() == before


def test_a_lock_that_another_git_holds_is_waited_for_and_then_told(project: Project) -> None:
    lock = project.write(".git/index.lock", "")
    before = project.snapshot()
    error = project.refused(12, "start", only(project), env={"TICKET_LOCKTIMEOUT": "0.2"})
    assert (error["code"], f"rm {lock}" in error["hint"]) == ("lock_timeout", True)
    lock.unlink()
    assert project.snapshot() == before
    project.ok("start", only(project))


def test_what_git_commits_by_itself_is_found_and_not_an_error(project: Project) -> None:
    ticket = only(project)
    project.ok("start", ticket, "--no-commit")
    answer = project.run("move", ticket, "ready", "--json")
    assert (answer.status, answer.data["changed"], answer.data["committed"]) == (0, True, False)
    assert answer.warning_codes == ["nothing_to_commit"]
    assert project.status() == []


def test_the_index_goes_along_where_it_alone_told_of_what_was_not_committed(project: Project) -> None:
    ticket = only(project)
    project.ok("move", ticket, "in_progress", "--no-commit")
    project.ok("edit", ticket, "--append", "This stands in no index.")
    assert project.status() == []
    project.check()
