"""Many seeds of the simulator on a machine in memory: whoever dies where, Git and the ledger agree afterwards."""

from __future__ import annotations

import re

import pytest
from simulation.runs import kept_seeds, run_all

from counterfoil.testing.simulator import simulate

BLOCK = 10
DIED = re.compile(r"→ died (.*) \(moment \d+\)")
WHERE_SOMEBODY_DIES = (
    "before the ledger's append", "after the ledger's append", "before git locks the index",
    "after git locks the index", "before git commit", "inside git commit", "after git commit",
    "after git installs the index", "before replace .tickets/tickets/", "inside replace .tickets/tickets/",
    "after replace .tickets/tickets/", "inside replace .tickets/index.json", "before replace intents/",
    "inside replace intents/", "after replace intents/", "before remove intents/", "after remove intents/",
)  # fmt: skip


def block(first: int) -> list[str]:
    """Returns the seeds of a block."""
    return [str(seed) for seed in range(first, first + BLOCK)]


@pytest.mark.parametrize("first", range(1, 101, BLOCK))
def test_git_files_and_ledger_agree_after_any_day(first: int) -> None:
    for run in run_all(block(first)):
        assert run.commands >= 40
        assert run.crashes >= 1
        assert len(run.actors) >= 3


@pytest.mark.slow
@pytest.mark.parametrize("first", range(101, 1001, BLOCK))
def test_git_files_and_ledger_agree_after_many_more_days(first: int) -> None:
    run_all(block(first))


def test_what_failed_once_is_tried_again() -> None:
    assert len(run_all(kept_seeds())) >= 10


def test_a_seed_is_the_same_day_every_time() -> None:
    assert simulate("the same").lines == simulate("the same").lines


def test_somebody_dies_before_inside_and_after_every_kind_of_write() -> None:
    places = {
        found[1] for first in range(1, 61, BLOCK) for run in run_all(block(first)) for line in run.lines
        if (found := DIED.search(line))
    }  # fmt: skip
    missing = [place for place in WHERE_SOMEBODY_DIES if not any(died.startswith(place) for died in places)]
    assert len(missing) <= 3, missing
