"""The simulator on the real Git, a real disk and SQLite: fewer days, the same rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from simulation.real_world import RealWorld

from counterfoil.testing.simulator import simulate

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.slow
@pytest.mark.parametrize("seed", [str(seed) for seed in range(1, 21)])
def test_the_real_git_agrees_after_any_day(seed: str, tmp_path: Path) -> None:
    run = simulate(seed, lambda name: RealWorld(name, tmp_path / "clone"))
    assert run.commands >= 40
    assert run.crashes >= 1
