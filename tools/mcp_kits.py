"""Installs the official kits of the Model Context Protocol, which tests/conformance/mcp runs, with npm.

    python tools/mcp_kits.py

What is installed is what the package-lock.json of those tests names, with its hashes: the conformance kit, the
Inspector, and on Linux the Node that both want, whatever Node the machine has.
"""

from __future__ import annotations

import fcntl
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import dev  # noqa: E402

WANTED = ROOT / "tests" / "conformance" / "mcp"
STAMP = "dev-stamp"


def directory() -> Path:
    """Returns where the kits are, or would be."""
    return dev.state_directory() / "build" / "mcp-kits"


def are_installed() -> bool:
    """Tells whether the kits are there, as the lock file names them."""
    stamp = directory() / STAMP
    return stamp.is_file() and stamp.read_text("utf-8") == (WANTED / "package-lock.json").read_text("utf-8")


def install() -> str:
    """Installs the kits unless they are there; returns what went wrong, or an empty text."""
    place = directory()
    place.mkdir(parents=True, exist_ok=True)
    with open(place.parent / "mcp-kits.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if are_installed():
            return ""
        npm = shutil.which("npm")
        if npm is None:
            return "there is no npm\nhint: install Node (Debian: apt install npm), or run the tests without --all"
        dev.say(f"making {place} …")
        shutil.rmtree(place)
        place.mkdir()
        for name in ("package.json", "package-lock.json"):
            shutil.copy(WANTED / name, place)
        quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        command = [npm, "ci", *quiet, "--prefix", str(place)]
        answer = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
        if answer.returncode != 0:
            return (
                f"npm ci failed:\n{answer.stdout.rstrip()}\nhint: check that the npm registry is within reach"
            )
        (place / STAMP).write_text((place / "package-lock.json").read_text("utf-8"), "utf-8")
    return ""


if __name__ == "__main__":
    problem = install()
    sys.exit(f"error: {problem}" if problem else 0)
