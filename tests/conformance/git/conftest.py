"""The worlds over which the suite runs."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from conformance.git.worlds import GitWorld, MemoryWorld, RealWorld

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(params=["real", "memory"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> GitWorld:
    """A new working tree without a commit."""
    if request.param == "memory":
        return MemoryWorld()
    return RealWorld(tmp_path / "repository", dict(os.environ))
