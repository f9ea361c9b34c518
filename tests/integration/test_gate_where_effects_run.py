"""Whose process carries out what was approved, on which branch, with which programs; and who is told that it is not done."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from integration.gate_scene import ADA, AGENT, approved, asked, shown, state
from integration.terminal_scene import sit_at

if TYPE_CHECKING:
    from pathlib import Path

    from integration.verbs_scene import Desk


def configure(folder: Path, text: str) -> None:
    """Writes somebody's own configuration."""
    (folder / "counterfoil").mkdir(parents=True, exist_ok=True)
    (folder / "counterfoil/config.toml").write_text(text, "utf-8")


def tool(folder: Path, name: str, said: Path) -> None:
    """Makes a program that notes that it ran."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(f'#!/bin/sh\necho "$0" >> "{said}"\n', "utf-8")
    (folder / name).chmod(0o755)


def deploy(desk: Desk, own: Path, tools: Path, **env: str) -> str:
    """Lets the agent propose a command that the user has named, and returns the proposal's id."""
    configure(own, f'[commands.deploy]\nargv = ["deploytool"]\npath = "{tools}:/usr/bin:/bin"\n')
    data = desk.data("propose", "command.run", "--set", "command=deploy", "--actor", AGENT, **env)
    found: str = data["proposal"]["id"]
    return found


def refuse_commits(desk: Desk) -> Path:
    """Installs a hook that lets nothing be committed, and returns it."""
    hook = desk.path / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n", "utf-8")
    hook.chmod(0o755)
    return hook


def test_a_command_is_the_file_that_was_shown_whatever_path_its_proposer_or_waiter_has(
    desk: Desk, tmp_path: Path
) -> None:
    own, said = tmp_path / "own", tmp_path / "said"
    tool(tmp_path / "evil", "deploytool", said)
    tool(tmp_path / "tools", "deploytool", said)
    evil = f"{tmp_path}/evil:{os.environ['PATH']}"
    desk.env["XDG_CONFIG_HOME"] = str(own)
    proposal = deploy(desk, own, tmp_path / "tools", PATH=evil)
    assert f"{tmp_path}/tools/deploytool" in desk.data("proposal", "show", proposal)["shown"]["text"]
    assert desk.say("proposal", "wait", proposal, "--timeout", "0", "--actor", AGENT, status=10, PATH=evil)
    assert not said.exists()
    approved(desk, proposal)
    assert said.read_text("utf-8") == f"{tmp_path}/tools/deploytool\n"


def test_a_command_whose_program_is_nowhere_is_not_proposed(desk: Desk, tmp_path: Path) -> None:
    desk.env["XDG_CONFIG_HOME"] = str(tmp_path / "own")
    tool(tmp_path / "evil", "deploytool", tmp_path / "said")
    configure(tmp_path / "own", '[commands.deploy]\nargv = ["deploytool"]\n')
    words = ("propose", "command.run", "--set", "command=deploy", "--actor", AGENT)
    path = f"{tmp_path}/evil:{os.environ['PATH']}"
    assert desk.envelope(*words, status=2, PATH=path)["error"]["code"] == "invalid_config"


def test_a_process_without_the_definition_ends_nobody_s_proposal(desk: Desk, tmp_path: Path) -> None:
    own, said = tmp_path / "own", tmp_path / "said"
    tool(tmp_path / "tools", "deploytool", said)
    desk.env["XDG_CONFIG_HOME"] = str(own)
    proposal = deploy(desk, own, tmp_path / "tools")
    desk.env["XDG_CONFIG_HOME"] = str(tmp_path / "nothing")
    desk.say("proposal", "wait", proposal, "--timeout", "0", "--actor", AGENT, status=10)
    screen = " ".join(approved(desk, proposal, status=12).out.split())
    assert "this process cannot do it" in screen
    assert shown(desk, proposal)["status"] == "pending"
    desk.env["XDG_CONFIG_HOME"] = str(own)
    approved(desk, proposal)
    assert said.exists()


def test_a_command_that_is_defined_otherwise_by_now_is_sealed_as_stale_by_who_decides(
    desk: Desk, tmp_path: Path
) -> None:
    own, said = tmp_path / "own", tmp_path / "said"
    tool(tmp_path / "tools", "deploytool", said)
    desk.env["XDG_CONFIG_HOME"] = str(own)
    proposal = deploy(desk, own, tmp_path / "tools")
    configure(own, '[commands.deploy]\nargv = ["true"]\n')
    assert desk.data("why", proposal)["status"] == "pending"
    screen = " ".join(approved(desk, proposal, status=10).out.split())
    assert "the configuration says something else" in screen
    assert "ticket propose command.run" in screen
    assert shown(desk, proposal)["status"] == "stale"
    assert not said.exists()


def test_what_a_hook_hinders_is_told_of_everywhere_until_the_next_command_does_it(desk: Desk) -> None:
    made = asked(desk)
    hook = refuse_commits(desk)
    approved(desk, made.proposal, status=12)
    short = made.proposal[:10]
    why = desk.data("why", made.proposal, "--actor", ADA)
    assert (why["status"], why["next"]) == ("approved", f"ticket approve {short} tries again")
    assert "approved, not yet in effect" in desk.say("why", made.proposal, "--actor", ADA).out
    assert desk.data("inbox", "--all", "--actor", ADA)["not_in_effect"] == [made.proposal]
    assert "approved, not yet in effect" in desk.say("inbox", "--actor", ADA).err
    (found,) = [each for each in desk.data("doctor")["findings"] if each["check"] == "approved"]
    assert (found["state"], found["hint"]) == ("warning", f"ticket approve {made.proposal}")
    hook.unlink()
    desk.new("Whatever comes next", "--actor", ADA)
    assert (shown(desk, made.proposal)["status"], state(desk, made.ticket)) == ("applied", "done")
    assert desk.data("inbox", "--all", "--actor", ADA)["not_in_effect"] == []


def test_whoever_approved_tries_again_with_the_same_words(desk: Desk) -> None:
    made = asked(desk)
    hook = refuse_commits(desk)
    approved(desk, made.proposal, status=12)
    hook.unlink()
    approved(desk, made.proposal)
    assert shown(desk, made.proposal)["status"] == "applied"


@pytest.mark.parametrize("way", ["git switch", "another working tree"])
def test_the_hint_from_another_branch_leads_to_where_it_can_be_approved(
    desk: Desk, tmp_path: Path, way: str
) -> None:
    made = asked(desk)
    desk.git("checkout", "--quiet", "-b", "feature")
    assert "On branch main" in " ".join(desk.say("proposal", "show", made.proposal).out.split())
    if way == "another working tree":
        desk.git("worktree", "add", "--quiet", str(tmp_path / "main tree"), "main")
    screen = " ".join(approved(desk, made.proposal, status=10).out.split())
    assert "is about the branch main, and here feature is checked out" in screen
    if way == "git switch":
        assert "git switch main" in screen
        desk.git("switch", "--quiet", "main")
        approved(desk, made.proposal)
    else:
        assert f"ticket --project '{tmp_path}/main tree' approve {made.proposal}" in screen
        words = ("--project", f"{tmp_path}/main tree", "approve", made.proposal)
        sit_at(desk, *words, "--yes", "--actor", ADA)
    assert shown(desk, made.proposal)["status"] == "applied"
    assert state(desk, made.ticket) == ("done" if way == "git switch" else "in_progress")
