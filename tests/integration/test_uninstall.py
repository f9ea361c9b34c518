"""`ticket uninstall` leaves a clone as it was before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from integration import hooks_scene
from integration.hooks_scene import hook_file
from integration.verbs_scene import FIRST, Desk, bare_repository

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def hooked(desk: Desk) -> Desk:
    """Returns a project with a ready ticket and our hooks."""
    return hooks_scene.hooked(desk)


def test_uninstalling_puts_everything_back(tmp_path: Path) -> None:
    desk = bare_repository(tmp_path / "work")
    hook_file(desk, "pre-push", "exit 0")
    config = desk.text(".git/config")
    hooks = {path.name: path.read_bytes() for path in (desk.path / ".git/hooks").iterdir()}
    desk.say("init", "--hooks")
    made = desk.new("T", "--state", "ready")
    desk.say("claim", made)
    said = desk.say("uninstall", "--state", "--ledger")
    assert said.out.splitlines() == [
        "Removed the pre-commit hook",
        "Removed the pre-push hook",
        "Removed the merge driver ticket-index",
        "Removed the merge driver ticket-file",
        "Removed the settings of this clone",
        f"Removed the state in {desk.path}/.git/counterfoil",
        "Removed the ledger and its keys",
    ]
    assert said.err == "the tickets stay; to remove them as well: git rm -r .tickets\n"
    assert desk.text(".git/config").replace("\n", "") == config.replace("\n", "")
    assert {path.name: path.read_bytes() for path in (desk.path / ".git/hooks").iterdir()} == hooks
    assert not (desk.path / ".git/counterfoil").exists()
    assert desk.git("status", "--porcelain") == ""
    assert desk.data("show", made)["ticket"]["state"] == "in_progress"
    assert desk.say("uninstall").out == "No change; nothing of ours was installed in this clone.\n"
    assert desk.data("uninstall") == {
        "files": [], "hooks": [], "drivers": [], "settings": False, "state": False, "ledger": False, "changed": False,
    }  # fmt: skip


def test_without_state_claims_stay(hooked: Desk) -> None:
    hooked.say("claim", FIRST)
    data = hooked.data("uninstall")
    assert data == {
        "files": [], "hooks": ["pre-commit", "pre-push"], "drivers": ["ticket-index", "ticket-file"], "settings": True,
        "state": False, "ledger": False, "changed": True,
    }  # fmt: skip
    assert hooked.data("show", FIRST)["claim"] is not None


def test_state_without_the_ledger_keeps_every_receipt(hooked: Desk) -> None:
    hooked.say("claim", FIRST)
    sealed = hooked.data("ledger", "status")["size"]
    assert hooked.say("uninstall", "--state").out.splitlines()[-1].startswith("Removed the state in ")
    left = {path.name for path in (hooked.path / ".git/counterfoil").iterdir()}
    assert "ledger.db" in left
    assert "claims" not in left
    assert hooked.data("ledger", "status")["size"] == sealed


def test_a_hook_that_came_after_ours_is_left_alone(hooked: Desk) -> None:
    hook_file(hooked, "pre-commit", "echo theirs")
    assert hooked.data("uninstall")["hooks"] == ["pre-push"]
    assert hooked.text(".git/hooks/pre-commit") == "#!/bin/sh\necho theirs\n"


@pytest.mark.parametrize("words", [(), ("--state",), ("--state", "--ledger")])
def test_an_agent_takes_nothing_out_and_that_is_sealed(hooked: Desk, words: tuple[str, ...]) -> None:
    config = hooked.text(".git/config")
    said = hooked.error("uninstall", *words, TICKET_ACTOR="agent:x", status=9)
    assert said["code"] == "refused"
    assert hooked.text(".git/config") == config
    assert (hooked.path / ".git/hooks/pre-commit").exists()
    assert len(hooked.data("trace", "refused/agent/x")["entries"]) == 1


def test_what_is_noted_of_the_policy_stays_as_long_as_the_ledger(hooked: Desk) -> None:
    hooked.say("edit", FIRST, "--title", "Sealed")
    hooked.git("config", "ticket.policy-root", "d" * 64)
    hooked.say("uninstall")
    noted = hooked.git("config", "--local", "--name-only", "--get-regexp", "^ticket").split()
    assert noted == ["ticket.origin", "ticket.policy-root"]
    assert hooked.data("uninstall")["settings"] is False
    elsewhere = {"TICKET_ACTOR": "agent:x", "COUNTERFOIL_DATA": str(hooked.path.parent / "elsewhere")}
    assert hooked.error("edit", FIRST, "--title", "Free", status=9, **elsewhere)["code"] == "needs_approval"
    assert hooked.data("uninstall", "--state", "--ledger")["settings"] is True
    assert "[ticket]" not in hooked.text(".git/config")
