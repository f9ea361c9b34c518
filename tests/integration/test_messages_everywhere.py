"""The same answers wherever and in whatever surroundings the command is run."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest
from integration.verbs_scene import FIRST, TICKETS, Desk

if TYPE_CHECKING:
    from pathlib import Path


def test_quiet_changes_say_nothing_but_do_it(desk: Desk) -> None:
    made = desk.new("T", "--state", "ready")
    for words in (("move", made, "in_progress"), ("assign", made, "human:a"), ("reviewer", made, "human:b"),
                  ("edit", made, "-p", "p0"), ("done", made)):  # fmt: skip
        assert desk.say(*words, "-q") == (0, "", ""), words
    assert desk.index()[0]["state"] == "done"


def test_quiet_still_tells_errors(desk: Desk) -> None:
    said = desk.say("move", "01ZZZZZZ", "ready", "-q", status=4)
    assert said.err.startswith("error: ")


def test_state_may_lie_elsewhere(desk: Desk, tmp_path: Path) -> None:
    made = desk.new("T", "--state", "ready")
    elsewhere = tmp_path / "elsewhere"
    desk.say("claim", made, "--data-dir", str(elsewhere))
    assert (elsewhere / "claims" / made).exists()
    assert desk.data("show", made, COUNTERFOIL_DATA=str(elsewhere))["claim"] is not None
    assert desk.data("show", made)["claim"] is None


def test_variables_that_git_sets_for_its_children_are_followed(desk: Desk, tmp_path: Path) -> None:
    desk.put(FIRST)
    env = {"GIT_DIR": str(desk.path / ".git"), "GIT_WORK_TREE": str(desk.path)}
    elsewhere = Desk(tmp_path)
    assert elsewhere.data("list", "--project", str(desk.path), **env)["total"] == 1
    assert desk.data("list", **env)["total"] == 1
    assert desk.data("new", "T", **env)["committed"] is True


def test_a_rebase_may_run_it_after_every_commit(desk: Desk) -> None:
    desk.new("A")
    desk.new("B")
    subprocess.run(
        ["git", "rebase", "-q", "--exec", "ticket validate --all -q", "HEAD~2"], cwd=desk.path, check=True,
        capture_output=True,
    )  # fmt: skip
    assert len(desk.index()) == 2


def test_a_git_alias_may_run_it(desk: Desk) -> None:
    (desk.path / "src").mkdir()
    desk.git("config", "alias.ticket", "!ticket")
    answer = subprocess.run(
        ["git", "ticket", "new", "By alias"],
        cwd=desk.path / "src",
        capture_output=True,
        text=True,
        check=True,
    )
    assert answer.stdout.startswith("Created TK-")
    assert desk.git("status", "--porcelain") == ""


@pytest.mark.parametrize("language", ["de_DE.UTF-8", "C", "POSIX", "tr_TR.UTF-8"])
def test_the_users_language_changes_nothing(desk: Desk, language: str) -> None:
    said = desk.spawn("new", "Größe İstanbul", LC_ALL=language, LANG=language)
    assert said.out.endswith(": Größe İstanbul\n")
    assert desk.spawn("list", LC_ALL=language).out.endswith("Größe İstanbul\n")
    assert desk.spawn("branch", "gröSSe", LC_ALL=language).out.endswith("-grosse-istanbul\n")


def test_odd_folders_are_folders(desk: Desk) -> None:
    odd = desk.copy(desk.path.parent / "a b'c\"d $(x) ü\nnewline")
    made = odd.data("new", "T")["ticket"]
    assert odd.data("move", made["id"], "ready")["committed"] is True
    odd.say("validate", "--all")
    odd.say("install-hooks")
    odd.change(f"{TICKETS}/{made['id']}.md", "state: ready", "state: done")
    odd.git("add", ".")
    odd.git("commit", "-q", "-m", "x", status=1)


def test_a_folder_name_that_is_no_text_works(desk: Desk) -> None:
    odd = os.fsencode(desk.path.parent) + b"/caf\xe9"
    os.rename(desk.path, odd)
    made = Desk(type(desk.path)(os.fsdecode(odd)))
    assert made.data("new", "T")["committed"] is True
    assert made.spawn("list").out.count("\n") == 1


def test_a_lone_surrogate_on_the_command_line_is_refused(desk: Desk) -> None:
    answer = subprocess.run(
        [b"ticket", b"new", b"caf\xe9", b"--json"], cwd=desk.path, capture_output=True, check=False
    )
    assert answer.returncode == 2
    assert b'"code":"invalid_title"' in answer.stdout
    answer = subprocess.run(
        [b"ticket", b"new", b"T", b"-b", b"caf\xe9", b"--json"],
        cwd=desk.path,
        capture_output=True,
        check=False,
    )
    assert answer.returncode == 2
    assert b'"ok":false' in answer.stdout


@pytest.mark.parametrize(
    "words",
    [(b"show", b"\xff"), (b"search", b"\xff"), (b"list", b"--text", b"\xff"), (b"list", b"--label", b"\xff"),
     (b"new", b"T", b"-t", b"\xff"), (b"new", b"T", b"-l", b"\xff"), (b"new", b"T", b"-F", b"\xff"), (b"\xff",),
     (b"assign", b"x", b"\xff"), (b"list", b"--\xff"), (b"--project", b"\xff", b"list"), (b"config", b"\xff")],
)  # fmt: skip
def test_bytes_that_are_no_text_are_never_our_bug(desk: Desk, words: tuple[bytes, ...]) -> None:
    answer = subprocess.run([b"ticket", *words, b"--json"], cwd=desk.path, capture_output=True, check=False)
    assert answer.returncode in {0, 2, 3, 4, 8, 12}, answer
    answer.stdout.decode()
    assert answer.stdout.count(b"\n") == 1
    plain = subprocess.run([b"ticket", *words], cwd=desk.path, capture_output=True, check=False)
    assert plain.returncode == answer.returncode
