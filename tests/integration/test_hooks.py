"""`ticket install-hooks`, and the pre-commit hook on staged content."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest
from integration import hooks_scene
from integration.hooks_scene import FIRST_FILE, SECRET, commit, hook_file, run_git
from integration.verbs_scene import FIRST, SECOND, TICKETS, Desk

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def hooked(desk: Desk) -> Desk:
    """Returns a project with a ready ticket and our hooks."""
    return hooks_scene.hooked(desk)


# --- installing ------------------------------------------------------------------------------------------


def test_the_hooks_are_installed_once(desk: Desk) -> None:
    folder = f"{desk.path}/.git/hooks"
    assert desk.say("install-hooks").out == f"Installed pre-commit and pre-push in {folder}\n"
    before = {name: desk.text(f".git/hooks/{name}") for name in ("pre-commit", "pre-push")}
    assert desk.say("install-hooks").out == (
        f"No change; pre-commit and pre-push are installed in {folder} already.\n"
    )
    assert desk.data("install-hooks") == {"installed": [], "path": folder, "changed": False}
    assert {name: desk.text(f".git/hooks/{name}") for name in before} == before
    assert all(os.access(f"{folder}/{name}", os.X_OK) for name in before)
    assert sorted(os.listdir(folder)) == ["pre-commit", "pre-push"]


def test_a_folder_of_hooks_elsewhere_is_honoured(desk: Desk) -> None:
    desk.git("config", "core.hooksPath", "../shared hooks")
    data = desk.data("install-hooks")
    assert data["path"] == str(desk.path.parent / "shared hooks")
    assert (desk.path.parent / "shared hooks/pre-commit").exists()
    assert not (desk.path / ".git/hooks/pre-commit").exists()
    desk.put(FIRST, state="nonsense")
    desk.git("add", ".")
    commit(desk, status=1)


def test_a_folder_of_hooks_in_the_work_tree_is_told(desk: Desk) -> None:
    desk.git("config", "core.hooksPath", ".githooks")
    assert desk.codes("install-hooks") == ["hooks_in_work_tree"]
    assert (desk.path / ".githooks/pre-push").exists()


def test_worktrees_share_the_hooks(hooked: Desk) -> None:
    hooked.git("worktree", "add", "-q", "../side", "-b", "side")
    side = Desk(hooked.path.parent / "side")
    assert side.data("install-hooks")["changed"] is False
    side.change(FIRST_FILE, "state: ready", "state: done")
    side.git("add", ".")
    assert "cannot move from ready to done" in commit(side, status=1).err


def test_another_hook_is_kept_and_runs_first(desk: Desk) -> None:
    mine = hook_file(desk, "pre-commit", "echo mine >> order; exit ${MINE:-0}")
    text = mine.read_text("utf-8")
    desk.say("install-hooks")
    assert desk.text(".git/hooks/pre-commit.before-ticket") == text
    desk.put(FIRST, state="nonsense")
    desk.git("add", TICKETS)
    refused = commit(desk, status=1)
    assert desk.text("order") == "mine\n"
    assert "[invalid_state]" in refused.err
    assert "error:" not in commit(desk, status=1, MINE="7").err.replace("error: pre-commit", "")
    desk.say("install-hooks")
    assert desk.text(".git/hooks/pre-commit.before-ticket") == text


def test_a_failing_other_hook_stops_the_commit_before_ours(desk: Desk) -> None:
    hook_file(desk, "pre-commit", "echo never >&2; exit 3")
    desk.say("install-hooks")
    desk.put(FIRST, state="nonsense")
    desk.git("add", TICKETS)
    refused = commit(desk, status=1)
    assert refused.err.strip() == "never"


def test_a_third_hook_is_refused_unless_forced(desk: Desk) -> None:
    hook_file(desk, "pre-commit", "echo one")
    desk.say("install-hooks")
    hook_file(desk, "pre-commit", "echo two")
    error = desk.error("install-hooks", status=10)
    assert error == {"code": "conflict", "details": {"path": f"{desk.path}/.git/hooks/pre-commit"}}
    assert desk.text(".git/hooks/pre-commit") == "#!/bin/sh\necho two\n"
    assert desk.data("install-hooks", "--force")["installed"] == ["pre-commit"]
    assert desk.text(".git/hooks/pre-commit.before-ticket") == "#!/bin/sh\necho two\n"


def test_a_hook_that_is_a_link_is_kept_as_one(desk: Desk) -> None:
    target = hook_file(desk, "real-hook", "exit 0", "tools")
    link = desk.path / ".git/hooks/pre-commit"
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(target)
    desk.say("install-hooks")
    assert (desk.path / ".git/hooks/pre-commit.before-ticket").readlink() == target
    assert target.read_text("utf-8") == "#!/bin/sh\nexit 0\n"
    desk.say("uninstall")
    assert link.readlink() == target


# --- pre-commit --------------------------------------------------------------------------------------------


def test_what_is_staged_counts_and_not_the_working_tree(hooked: Desk) -> None:
    hooked.change(FIRST_FILE, "priority: p2", "priority: p1")
    hooked.git("add", ".")
    hooked.change(FIRST_FILE, "priority: p1", "priority: rubbish")
    commit(hooked)
    hooked.git("add", ".")
    hooked.change(FIRST_FILE, "priority: rubbish", "priority: p1")
    refused = commit(hooked, status=1)
    assert f"{FIRST_FILE}:5:" in refused.err
    assert "hint:" in refused.err


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("state: ready", "state: done", "invalid_transition"),
        ("state: ready", "state: backlog", "invalid_transition"),
        ("state: ready", "state: open", "invalid_state"),
        ("title: T", "title: ''", "empty_title"),
        ("labels: []\n", "", "missing_labels"),
        ("Body.", f"key {SECRET}", "secret"),
        ("---\n\n", "\n", "unclosed"),
        (f"id: {FIRST}", f"id: {SECOND}", "id_mismatch"),
    ],
)
def test_what_the_protocol_forbids_is_not_committed(hooked: Desk, old: str, new: str, code: str) -> None:
    before = hooked.git("rev-parse", "HEAD")
    hooked.change(FIRST_FILE, old, new)
    hooked.git("add", ".")
    refused = commit(hooked, status=1)
    assert FIRST_FILE in refused.err
    assert "error: pre-commit:" in refused.err
    assert f" [{code}]" in refused.err, refused.err
    assert SECRET not in refused.err
    assert hooked.git("rev-parse", "HEAD") == before


@pytest.mark.parametrize(("old", "new"), [("ready", "in_progress"), ("ready", "blocked"), ("p2", "p0")])
def test_one_step_by_hand_is_allowed(hooked: Desk, old: str, new: str) -> None:
    hooked.change(FIRST_FILE, old, new)
    hooked.git("add", ".")
    commit(hooked)


def test_other_files_are_none_of_our_business(hooked: Desk) -> None:
    hooked.write(f"{TICKETS}/README.md", "# About\n")
    hooked.write(f"{TICKETS}/notes.txt", SECRET)
    hooked.write(f"{TICKETS}/sub/{FIRST}.md", "rubbish")
    hooked.write("code.py", SECRET)
    hooked.git("add", ".")
    commit(hooked)


def test_a_deletion_and_a_rename_are_fine(hooked: Desk) -> None:
    hooked.put(SECOND)
    hooked.git("add", ".")
    commit(hooked)
    hooked.git("rm", "-q", FIRST_FILE)
    commit(hooked)
    hooked.git("mv", f"{TICKETS}/{SECOND}.md", "elsewhere.md")
    commit(hooked)


def test_a_rename_that_makes_the_id_a_lie_is_refused(hooked: Desk) -> None:
    hooked.git("mv", FIRST_FILE, f"{TICKETS}/{SECOND}.md")
    assert "id_mismatch" in commit(hooked, status=1).err


def test_a_link_in_place_of_a_ticket_is_refused(hooked: Desk) -> None:
    (hooked.path / f"{TICKETS}/{SECOND}.md").symlink_to("/etc/passwd")
    hooked.git("add", ".")
    assert "[unsafe_path]" in commit(hooked, status=1).err


def test_the_first_commit_of_a_repository_is_checked_too(tmp_path: Path) -> None:
    (tmp_path / "fresh").mkdir()
    fresh = Desk(tmp_path / "fresh")
    fresh.git("init", "-q")
    fresh.say("init", "--no-commit", "--hooks")
    fresh.put(FIRST, state="nonsense")
    fresh.git("add", ".")
    commit(fresh, status=1)
    fresh.put(FIRST)
    fresh.git("add", ".")
    commit(fresh)


def test_our_own_commits_pass_and_a_batch_may_take_several_steps(hooked: Desk) -> None:
    hooked.say("new", "Other")
    lines = "".join([f'{{"op":"{verb}","id":"{FIRST}"}}\n' for verb in ("start", "done")])
    assert hooked.data("batch", stdin=lines)["committed"] is True
    assert {entry["state"] for entry in hooked.index()} == {"backlog", "done"}


def test_amending_compares_with_the_commit_that_is_replaced(hooked: Desk) -> None:
    hooked.say("start", FIRST)
    run_git(hooked, "commit", "-q", "--amend", "-m", "other words")


def two_steps_and_a_quarrel(desk: Desk) -> None:
    """Makes a branch on which the ticket was done, step by step, and titles that differ."""
    desk.git("switch", "-q", "-c", "theirs")
    desk.say("start", FIRST)
    desk.say("done", FIRST)
    desk.say("edit", FIRST, "--title", "Theirs")
    desk.git("switch", "-q", "main")


def test_a_merge_that_is_ended_by_hand_may_bring_several_steps(hooked: Desk) -> None:
    two_steps_and_a_quarrel(hooked)
    hooked.say("edit", FIRST, "--title", "Ours")
    hooked.git("merge", "theirs", status=1)
    hooked.git("add", ".")
    assert "[conflict_marker]" in commit(hooked, status=1).err
    text = hooked.text(FIRST_FILE).splitlines(keepends=True)
    hooked.write(FIRST_FILE, "".join(["title: Both\n" if "Ours" in line else line for line in text]))
    hooked.git("add", ".")
    commit(hooked)
    assert "state: done" in hooked.text(FIRST_FILE)


def test_a_squashed_branch_may_bring_several_steps(hooked: Desk) -> None:
    two_steps_and_a_quarrel(hooked)
    hooked.git("merge", "-q", "--squash", "theirs")
    commit(hooked)


def test_no_merge_makes_a_finished_ticket_unfinished(hooked: Desk) -> None:
    two_steps_and_a_quarrel(hooked)
    hooked.git("merge", "-q", "theirs")
    hooked.git("merge", "-q", "--squash", "theirs")
    hooked.write(".git/SQUASH_MSG", "x")
    hooked.change(FIRST_FILE, "state: done", "state: ready")
    hooked.git("add", ".")
    assert "[invalid_transition]" in commit(hooked, status=1).err


def test_a_partial_commit_is_checked_as_it_will_be(hooked: Desk) -> None:
    hooked.put(SECOND, state="nonsense")
    hooked.git("add", ".")
    hooked.write("code.py", "x\n")
    hooked.git("add", "code.py")
    run_git(hooked, "commit", "-q", "-m", "code alone", "--", "code.py")
    commit(hooked, status=1)


def test_validate_staged_repeats_the_check(hooked: Desk) -> None:
    hooked.change(FIRST_FILE, "state: ready", "state: done")
    assert hooked.data("validate", "--staged")["checked"] == 0
    hooked.git("add", ".")
    error = hooked.error("validate", "--staged", status=7)
    assert error["code"] == "validation_failed"
    assert [item["code"] for item in error["details"]["diagnostics"]] == ["invalid_transition"]


def test_without_the_program_there_is_a_warning_and_a_commit(hooked: Desk) -> None:
    programs = hooked.path.parent / "programs"
    programs.mkdir()
    for name in ("git", "sh", "dirname", "cat"):
        found = subprocess.run(["which", name], capture_output=True, text=True, check=True).stdout.strip()
        (programs / name).symlink_to(found)
    hooked.change(FIRST_FILE, "state: ready", "state: done")
    hooked.git("add", ".")
    said = commit(hooked, PATH=str(programs))
    assert said.err == "warning: ticket is not installed, so ticket files are not checked\n"


def test_a_hook_in_a_repository_without_tickets_has_nothing_to_say(bare_desk: Desk) -> None:
    for name in ("pre-commit", "pre-push"):
        assert bare_desk.spawn("hook", name) == (0, "", "")
    assert bare_desk.error("hook", "post-merge", status=2)["details"]["value"] == "post-merge"


@pytest.mark.parametrize("top", [True, False])
def test_the_tickets_of_sub_projects_are_checked_too(desk: Desk, bare_desk: Desk, top: bool) -> None:
    made = desk if top else bare_desk
    (made.path / "web").mkdir()
    made.say("init", "--prefix", "WEB", "--hooks", at="web")
    made.say("new", "T", at="web")
    made.write(f"web/{TICKETS}/{FIRST}.md", "rubbish")
    made.git("add", ".")
    refused = commit(made, status=1)
    assert f"web/{TICKETS}/{FIRST}.md:1:1: error:" in refused.err
    made.git("init", "-q", "--bare", "../origin.git")
    run_git(made, "commit", "-q", "--no-verify", "-m", "slipped")
    run_git(made, "push", "-q", "../origin.git", "main", status=1)


def test_the_test_data_of_a_tool_is_no_project(hooked: Desk) -> None:
    hooked.write(f"tests/data/{TICKETS}/{FIRST}.md", "rubbish")
    hooked.git("add", ".")
    commit(hooked)
