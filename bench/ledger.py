"""Measures the ledger and prints one row after the other as JSON; `run.py` puts them into the table.

    python3 bench/ledger.py [--quick] [--receipts N] [PART…]

To be run by the Python of `.venv`, which has what the figures are put against. A part is the
name of a module without `ledger_`: store, runtime, verify, growth, postgres, simulator.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator

import ledger_growth
import ledger_postgres
import ledger_runtime
import ledger_store
import ledger_verify
from inprocess import timed
from table import Row, as_data, at_most

from counterfoil.testing.simulator.run import simulate

RECEIPTS = 100_000
GROWN, GROWN_QUICK = 1_000_000, 200_000
SEEDS = 40
SEED_MS_MAX = 50
ROUNDS, ROUNDS_QUICK = 9, 5


def simulator() -> Iterator[Row]:
    """Measures what a seed of the simulator costs."""
    costs = sorted(timed(lambda seed=seed: simulate(str(seed))).cpu * 1e3 for seed in range(SEEDS))  # type: ignore[misc]
    median = costs[len(costs) // 2]
    yield at_most("The simulator", "a seed, processor time", 0, median, "ms", SEED_MS_MAX)


def rows(parts: list[str], rounds: int, grown: int) -> Iterator[Row]:
    """Yields what was asked for."""
    for part in parts:
        with tempfile.TemporaryDirectory(prefix="counterfoil-bench-") as folder:
            yield from {
                "store": lambda folder: ledger_store.rows(folder, rounds),
                "runtime": lambda folder: ledger_runtime.rows(folder, rounds, RECEIPTS),
                "verify": lambda folder: ledger_verify.rows(folder, rounds, RECEIPTS),
                "growth": lambda _: ledger_growth.rows(RECEIPTS, grown),
                "postgres": lambda folder: ledger_postgres.rows(folder, rounds),
                "simulator": lambda _: simulator(),
            }[part](folder)


PARTS = ("store", "runtime", "verify", "growth", "postgres", "simulator")


def main() -> None:
    """Reads the command line and prints the rows."""
    parser = argparse.ArgumentParser(prog="bench/ledger.py", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer rounds and receipts")
    parser.add_argument("--receipts", type=int, help="how far the ledger grows")
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    options = parser.parse_args()
    grown = options.receipts or (GROWN_QUICK if options.quick else GROWN)
    for row in rows(options.parts or list(PARTS), ROUNDS_QUICK if options.quick else ROUNDS, grown):
        print(json.dumps(as_data(row)), flush=True)


if __name__ == "__main__":
    sys.exit(main())
