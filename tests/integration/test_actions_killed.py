"""An effect outside whose process is killed with SIGKILL in its midst: done once, or known to be unknown."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from world import RepositoryFactory

from counterfoil.bootstrap import open_project
from counterfoil.usecases import proposals, proposing, taking_up
from counterfoil.usecases.context import Context, Options
from counterfoil.usecases.opening import open_or_make
from counterfoil.usecases.proposing import Request

if TYPE_CHECKING:
    from pathlib import Path

    from counterfoil.gate.proposal import Proposal

DIES_AFTER = "import os; open('done', 'a').write('x'); os.kill(os.getppid(), 9)"
DIES_BEFORE = (
    "import os; os.path.exists('second') or (open('second', 'w').close(), os.kill(os.getppid(), 9), os._exit(0)); "
    "open('done', 'a').write('x')"
)
PROBE = "import os, sys; sys.exit(0 if os.path.exists('done') else 1)"
DECIDE = """
import os, sys
from counterfoil.bootstrap import open_project
from counterfoil.usecases import deciding
from counterfoil.usecases.context import Options
from counterfoil.usecases.opening import open_or_make

context = open_project(os.getcwd(), os.environ, Options(actor="human:ann"))
answer = deciding.Answer("approve", "human:ann", sys.argv[2], at_terminal=True)
deciding.decide(context, open_or_make(context), sys.argv[1], answer)
"""


class Site:
    """A project whose user has named one command."""

    def __init__(self, folder: Path, own: Path) -> None:
        self.folder = folder
        self.own = own

    def name(self, script: str, *more: str) -> None:
        """Writes the user's own configuration."""
        lines = ["[commands.work]", f'argv = [{sys.executable!r}, "-c", {script!r}]', *more]
        (self.own / "counterfoil").mkdir(parents=True)
        (self.own / "counterfoil/config.toml").write_text("\n".join(lines) + "\n", "utf-8")

    def context(self, actor: str = "human:ann") -> Context:
        """Returns a fresh context."""
        return open_project(str(self.folder), os.environ, Options(actor=actor))

    def propose(self) -> Proposal:
        """Lets an agent ask for the command."""
        context = self.context("agent:claude")
        return proposing.propose(
            context, open_or_make(context), Request("command.run", {"command": "work"})
        ).proposal

    def approve_and_be_killed(self, state: Proposal) -> None:
        """Approves in a process of its own, which the command kills."""
        ended = subprocess.run(
            [sys.executable, "-c", DECIDE, state.id, state.digest],
            cwd=self.folder,
            check=False,
            capture_output=True,
        )
        assert ended.returncode == -9, ended.stderr

    def resume(self, state: Proposal) -> Proposal:
        """Lets the next command finish what was interrupted."""
        context = self.context()
        store = open_or_make(context)
        taking_up.resume(context, store, context.ledgers.views())
        return proposals.load(store, state.id)

    def done(self) -> str:
        """Returns a letter for each time that the work was done."""
        file = self.folder / "done"
        return file.read_text() if file.exists() else ""


@pytest.fixture
def site(repository: RepositoryFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """A project of its own."""
    made = repository()
    made.commit(**{".tickets/tickets/.gitkeep": ""})
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "own"))
    return Site(made.path, tmp_path / "own")


@pytest.mark.parametrize(
    ("script", "more", "status", "done"),
    [
        (DIES_AFTER, (f'probe = [{sys.executable!r}, "-c", {PROBE!r}]',), "applied", "x"),
        (DIES_BEFORE, (f'probe = [{sys.executable!r}, "-c", {PROBE!r}]',), "applied", "x"),
        (DIES_AFTER, (), "failed", "x"),
        (DIES_BEFORE, (), "failed", ""),
        (DIES_BEFORE, ("idempotent = true",), "applied", "x"),
    ],
)
def test_a_command_whose_gate_is_killed_is_done_once_or_known_to_be_unknown(
    site: Site, script: str, more: tuple[str, ...], status: str, done: str
) -> None:
    site.name(script, *more)
    state = site.propose()
    assert state.status == "pending"
    site.approve_and_be_killed(state)
    now = site.resume(state)
    assert (now.status, site.done()) == (status, done)
    assert site.resume(state).status == status
    assert site.done() == done
