"""What was approved and did not come about: never "Approved" and 0, and the way to try again has a name."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from integration.gate_scene import ADA, AGENT, approved, asked, shown, state
from integration.terminal_scene import sit_at

if TYPE_CHECKING:
    from pathlib import Path

    from integration.verbs_scene import Desk

KILLED = -9
KILLS = "import os; os.kill(os.getppid(), 9)"


def hook(desk: Desk, script: str) -> Path:
    """Installs a hook that runs before each commit."""
    file = desk.write(".git/hooks/pre-commit", f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return file


def test_a_refused_commit_is_tried_again_by_approving_again(desk: Desk) -> None:
    made = asked(desk)
    installed = hook(desk, "echo no >&2; exit 1")
    screen = " ".join(approved(desk, made.proposal, status=12).out.split())
    name = made.proposal[:10]
    assert f"{name} is approved, not yet in effect: " in screen
    assert f"then try again: ticket approve {name}" in screen
    assert "--no-commit" not in screen
    assert shown(desk, made.proposal)["status"] == "approved"
    installed.unlink()
    assert f"Approved {name}" in approved(desk, made.proposal).out
    assert state(desk, made.ticket) == "done"


def test_a_commit_that_a_hook_has_changed_is_told_with_the_way_to_take_it_back(desk: Desk) -> None:
    made = asked(desk)
    file = f".tickets/tickets/{made.ticket}.md"
    hook(desk, f"echo added >> {file}; git add {file}")
    screen = " ".join(approved(desk, made.proposal, status=12).out.split())
    assert f"{made.proposal[:10]} was approved, and failed: " in screen
    assert f"git revert {desk.git('rev-parse', 'HEAD')[:12]}" in screen
    assert "Approved P-" not in screen
    assert desk.data("proposal", "show", made.proposal)["proposal"]["status"] == "failed"


def test_what_has_failed_meanwhile_is_not_called_approved(desk: Desk, tmp_path: Path) -> None:
    own = tmp_path / "own"
    (own / "counterfoil").mkdir(parents=True)
    lines = f'[commands.work]\nargv = [{sys.executable!r}, "-c", {KILLS!r}]\n'
    (own / "counterfoil/config.toml").write_text(lines, "utf-8")
    desk.env["XDG_CONFIG_HOME"] = str(own)
    data = desk.data("propose", "command.run", "--set", "command=work", "--actor", AGENT)
    name = data["proposal"]["id"]
    sit_at(desk, "approve", name, "--yes", "--actor", ADA, status=KILLED)
    said = approved(desk, name, status=12)
    assert "Approved P-" not in said.out
    assert "was approved, and failed: it was interrupted, and nothing tells whether it happened" in " ".join(
        said.out.split()
    )
