"""Runs seeds: `python -m counterfoil.testing.simulator SEED [--trace]`, or `--seeds FIRST LAST`."""

from __future__ import annotations

import argparse
import sys
import traceback

from counterfoil.testing.simulator.run import Failure, simulate


def main() -> int:
    """Reads the command line and runs what it names."""
    parser = argparse.ArgumentParser(prog="python -m counterfoil.testing.simulator", description=__doc__)
    parser.add_argument("seed", nargs="?", help="a seed: any text")
    parser.add_argument("--seeds", nargs=2, type=int, metavar=("FIRST", "LAST"), help="a range of numbers")
    parser.add_argument("--trace", action="store_true", help="tell all that happened")
    options = parser.parse_args()
    seeds = [options.seed] if options.seed is not None else []
    if options.seeds:
        seeds += [str(seed) for seed in range(options.seeds[0], options.seeds[1] + 1)]
    failed = 0
    for seed in seeds:
        try:
            run = simulate(seed)
        except Failure as failure:
            failed += 1
            lines = [*failure.lines, *traceback.format_exception(failure.__cause__)] if options.trace else []
            sys.stdout.write("\n".join([*lines, f"seed {seed} FAILED: {failure}", ""]))
            continue
        lines = run.lines if options.trace else []
        sys.stdout.write(
            "\n".join([*lines, f"seed {seed}: {run.commands} commands, {run.crashes} crashes", ""])
        )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
