"""Measures the dashboard of a large repository; prints one row after the other as JSON, for `run.py`.

    python3 bench/dashboard.py [--quick] [--command TICKET] [--work FOLDER] [PART…]

To be run by the Python of `.venv`. A part is `start`, `pages` or `browser`. The command that serves is the one given,
else the one beside this Python.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import dashboard_browser
import dashboard_pages
import dashboard_start
from dashboard_scene import House
from table import Row, as_data

PARTS = ("start", "pages", "browser")


def rows(parts: Sequence[str], folder: Path, command: Path, *, quick: bool) -> Iterator[Row]:
    """Yields what was asked for."""
    house = House(folder, command)
    house.make()
    house.start()
    try:
        house.sign_in()
        if "start" in parts:
            starts = dashboard_start.STARTS_QUICK if quick else dashboard_start.STARTS
            idle_s = dashboard_start.IDLE_S_QUICK if quick else dashboard_start.IDLE_S
            yield from dashboard_start.rows(house, starts, idle_s)
        if "pages" in parts:
            rounds = dashboard_pages.ROUNDS_QUICK if quick else dashboard_pages.ROUNDS
            edits = dashboard_pages.EDITS_QUICK if quick else dashboard_pages.EDITS
            yield from dashboard_pages.rows(house, rounds, edits)
        if "browser" in parts:
            loads = dashboard_browser.LOADS_QUICK if quick else dashboard_browser.LOADS
            changes = dashboard_browser.CHANGES_QUICK if quick else dashboard_browser.CHANGES
            yield from dashboard_browser.rows(house, loads, changes)
        yield dashboard_start.memory_at_last(house)
    finally:
        house.stop()


def main() -> None:
    """Reads the command line and prints the rows."""
    parser = argparse.ArgumentParser(
        prog="bench/dashboard.py", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    parser.add_argument("--command", type=Path, metavar="TICKET", help="the installed command")
    parser.add_argument("--work", metavar="FOLDER", type=Path, help="where the repository is made")
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    options = parser.parse_args()
    os.environ.pop("TICKET_ACTOR", None)
    command = options.command or Path(sys.executable).with_name("ticket")
    with tempfile.TemporaryDirectory(prefix="counterfoil-bench-", dir=options.work) as name:
        for row in rows(options.parts or PARTS, Path(name).resolve(), command, quick=options.quick):
            print(json.dumps(as_data(row)), flush=True)


if __name__ == "__main__":
    main()
