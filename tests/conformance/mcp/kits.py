"""The official kits: where `dev.py` has installed them, and how they are run."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from tools import mcp_kits

if TYPE_CHECKING:
    from pathlib import Path


def kits() -> Path:
    """Returns the folder of the kits; without it a test is skipped, which `dev.py test --all` does not let pass."""
    if not mcp_kits.are_installed():
        pytest.skip("the kits are not installed: python3 dev.py test --all installs them, with npm")
    return mcp_kits.directory() / "node_modules"


def run(program: str, *words: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Runs a program of the kits by the Node that came with them, or by the machine's own."""
    folder = kits()
    own = [str(found.parent) for found in folder.glob("node-*/bin/node")]
    path = os.pathsep.join([*own, os.environ["PATH"]])
    command = ["node", str((folder / ".bin" / program).resolve()), *[str(word) for word in words]]
    return subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, "PATH": path, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
