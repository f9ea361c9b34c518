"""Measures the gate inside a process and over HTTP; prints one row after the other as JSON, for `run.py`.

    python3 bench/gate.py [--quick] [--command TICKET] [PART…]

To be run by the Python of `.venv`. A part is `rulings`, `http` (with what costs most where there are many
proposals: the inbox) or `postgres`. The installed command starts anew for each answer where it is given.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import gate_http
import gate_inside
import rulings
from gate_http import FEW, GROWN, Site
from table import Row, as_data
from world import hermetic_environment

PARTS = ("rulings", "http", "postgres")


def served(folder: Path, rounds: int, seconds: float, command: Path | None) -> Iterator[Row]:
    """Yields what is measured of two ledgers in files, one of few proposals and one of many."""
    with ExitStack() as stack:
        few, many = Site(folder / "few"), Site(folder / "many")
        stack.callback(few.served.close)
        stack.callback(many.served.close)
        few.grow(FEW)
        many.grow(GROWN)
        yield from gate_inside.rows(many)
        if command is not None:
            yield from gate_inside.cold(many, command)
        yield from gate_http.rows(few, many, folder, rounds, seconds)


def rows(parts: Sequence[str], *, quick: bool, command: Path | None) -> Iterator[Row]:
    """Yields what was asked for."""
    rounds = gate_http.ROUNDS_QUICK if quick else gate_http.ROUNDS
    seconds = gate_http.RATE_S_QUICK if quick else gate_http.RATE_S
    with tempfile.TemporaryDirectory(prefix="counterfoil-bench-") as name:
        folder = Path(name).resolve()
        (folder / "home").mkdir()
        kept = hermetic_environment(folder / "home")
        os.environ.clear()
        os.environ.update(kept)
        if "rulings" in parts:
            yield from rulings.rows()
        if "http" in parts:
            yield from served(folder, rounds, seconds, command)
        if "postgres" in parts:
            yield from gate_http.rows_of_postgres(folder, rounds, seconds)


def main() -> None:
    """Reads the command line and prints the rows."""
    parser = argparse.ArgumentParser(prog="bench/gate.py", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    parser.add_argument("--command", type=Path, metavar="TICKET", help="the installed command")
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    options = parser.parse_args()
    for row in rows(options.parts or PARTS, quick=options.quick, command=options.command):
        print(json.dumps(as_data(row)), flush=True)


if __name__ == "__main__":
    sys.exit(main())
