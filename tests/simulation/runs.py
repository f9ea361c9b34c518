"""Which seeds are run, and what becomes of one that fails."""

from __future__ import annotations

from pathlib import Path

from counterfoil.testing.simulator import Failure, Run, simulate

KEPT = Path(__file__).with_name("seeds.txt")


def kept_seeds() -> list[str]:
    """Returns the seeds that failed once."""
    lines = KEPT.read_text("utf-8").splitlines()
    return [line.split()[0] for line in lines if line.strip() and not line.startswith("#")]


def run_all(seeds: list[str]) -> list[Run]:
    """Runs seeds; those that fail are kept, and told together with how to see what happened.

    Raises:
        AssertionError: if any fails.
    """
    runs, failures = [], []
    for seed in seeds:
        try:
            runs.append(simulate(seed))
        except Failure as failure:
            keep(seed, failure)
            failures.append(failure)
    assert not failures, "\n\n".join([f"seed {failure.seed}: {failure}" for failure in failures])
    return runs


def keep(seed: str, failure: Failure) -> None:
    """Adds a seed to those that are run again every time."""
    if seed not in kept_seeds():
        words = " ".join(str(failure).split("\n")[0].split())[:100]
        with KEPT.open("a", encoding="utf-8") as file:
            file.write(f"{seed} {words}\n")
