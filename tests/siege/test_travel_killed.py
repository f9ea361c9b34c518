"""A push or a fetch is killed around each of its calls; nothing half is kept, and the next one goes on."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from integration.ledger_scene import Clone, World, make_world
from siege.scenes import doomed

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["make_world"]

KILLED = -9
SHARES = 3
MOSTLY_SLOW = (0, *[pytest.param(share, marks=pytest.mark.slow) for share in range(1, SHARES)])


def die(clone: Clone, at: int, *words: str, log: Path | None = None) -> int:
    """Runs the command so that it dies at its `at`-th call that changes anything; returns its status."""
    return subprocess.run(
        [*doomed(at, log), *words], cwd=clone.path, capture_output=True, check=False
    ).returncode


def moments(clone: Clone, scratch: Path, *words: str) -> range:
    """Returns how many such calls the command makes, by running it to its end in a copy."""
    copy = Clone(clone.copy(scratch / "whole").path)
    assert die(copy, 0, *words, log=scratch / "log") == 0
    return range(1, len((scratch / "log").read_text("utf-8").splitlines()) + 1)


@pytest.mark.parametrize("share", MOSTLY_SLOW)
def test_a_fetch_that_was_killed_is_whole_or_not_there_and_the_next_one_ends_it(
    world: World, tmp_path: Path, share: int
) -> None:
    world.bob.new("Mine")
    world.ada.data("ledger", "push")
    ledger, size = world.ada.ledger(), world.ada.data("ledger")["size"]
    for at in moments(world.bob, tmp_path, "ledger", "fetch")[share::SHARES]:
        copy = Clone(world.bob.copy(tmp_path / "copy").path)
        assert die(copy, at, "ledger", "fetch") == KILLED
        assert copy.fetched().get(ledger, 0) in {0, size}, at
        assert copy.data("ledger", "verify")["findings"] == [], at
        assert copy.data("ledger", "fetch")["ledgers"][0]["size"] == size, at
        assert copy.receipts("--origin", ledger) == world.ada.receipts(), at
        copy.data("ledger", "gc")
        assert copy.git("for-each-ref", "refs/counterfoil/incoming") == "", at
        shutil.rmtree(copy.path)


@pytest.mark.parametrize("share", MOSTLY_SLOW)
def test_a_push_that_was_killed_is_made_good_by_the_next(world: World, tmp_path: Path, share: int) -> None:
    world.ada.data("ledger", "push")
    world.ada.new("Sell laces")
    world.ada.data("ledger", "checkpoint")
    size = world.ada.data("ledger")["size"]
    remote = world.remote.path
    kept = tmp_path / "remote-as-it-was.git"
    shutil.copytree(remote, kept)
    for at in moments(world.ada, tmp_path, "ledger", "push")[share::SHARES]:
        shutil.rmtree(remote)
        shutil.copytree(kept, remote)
        copy = Clone(world.ada.copy(tmp_path / "copy").path)
        assert die(copy, at, "ledger", "push") == KILLED
        assert copy.data("ledger", "push")["size"] == size, at
        clone = Clone(world.bob.copy(tmp_path / "clone").path)
        assert clone.data("ledger", "fetch")["ledgers"][0]["size"] == size, at
        shutil.rmtree(copy.path)
        shutil.rmtree(clone.path)
