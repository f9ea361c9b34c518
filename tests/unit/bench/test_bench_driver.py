"""The driver that takes the ledger or the gate out of a command, or watches it work."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from counterfoil.bootstrap import open_project
from counterfoil.usecases import kinds
from counterfoil.usecases.context import Options

DRIVER = Path(__file__).resolve().parents[3] / "bench" / "driver.py"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository without tickets."""
    subprocess.run(["git", "init", "--quiet", str(tmp_path / "work")], check=True)
    (tmp_path / ".gitconfig").write_text("[user]\n\tname = B\n\temail = b@example.invalid\n")
    return tmp_path / "work"


def ticket(repository: Path, mode: str, *words: str) -> None:
    """Runs the command by the driver."""
    env = {"PATH": os.environ["PATH"], "HOME": str(repository.parent)}
    command = [sys.executable, str(DRIVER), mode, *words]
    subprocess.run(command, cwd=repository, env=env, check=True, stdout=subprocess.DEVNULL)


def newest_ruling(repository: Path) -> dict[str, object]:
    """Returns the ruling that was sealed with what the newest command intended."""
    context = open_project(
        str(repository), {"HOME": str(repository.parent), **os.environ}, Options("human:b")
    )
    store = context.ledgers.open()
    try:
        bodies = [receipt.data() for receipt in store.log() if receipt.kind == kinds.INTENDED]
    finally:
        store.close()
    found: dict[str, object] = bodies[-1]["ruling"]
    return found


def told(repository: Path) -> tuple[bool, bool]:
    """Returns whether the newest commit names a receipt, and whether there is a ledger."""
    message = subprocess.check_output(["git", "log", "-1", "--format=%B"], cwd=repository, text=True)
    return "Ticket-Receipt: " in message, (repository / ".git/counterfoil/ledger.db").exists()


def test_a_command_without_its_ledger_commits_and_seals_nothing(repository: Path) -> None:
    ticket(repository, "without", "init")
    ticket(repository, "without", "new", "Sell shoes")
    assert told(repository) == (False, False)


def test_a_command_with_its_ledger_is_the_command(repository: Path) -> None:
    ticket(repository, "with", "init")
    ticket(repository, "with", "new", "Sell shoes")
    assert told(repository) == (True, True)


def test_each_command_that_is_watched_adds_a_line_of_what_was_synced(
    repository: Path, tmp_path: Path
) -> None:
    report = tmp_path / "report"
    for words in (("init",), ("new", "Sell shoes"), ("new", "Sell socks")):
        ticket(repository, f"count={report}", *words)
    *_, last = [json.loads(line) for line in report.read_text().splitlines()]
    assert last == {"ledger.db-wal": 2}


def test_a_command_without_its_gate_seals_a_change_on_which_nobody_has_ruled(repository: Path) -> None:
    ticket(repository, "with", "init")
    for mode, ruled in (("ungated", False), ("with", True)):
        ticket(repository, mode, "new", f"Sell shoes {mode}")
        assert told(repository) == (True, True)
        assert ("rule" in newest_ruling(repository)) is ruled


def test_the_modules_of_a_command_are_noted_at_its_end(repository: Path, tmp_path: Path) -> None:
    report = tmp_path / "report"
    for mode in ("with", f"loaded={report}", "ungated"):
        ticket(repository, mode, *(["init"] if mode == "with" else ["new", "Sell shoes"]))
    (line,) = report.read_text().splitlines()
    assert {"counterfoil.gate.rules", "counterfoil.usecases.ruling"} <= set(line.split())
