"""Projects to work in. Making one costs a handful of commits, so it is made once and copied."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from integration.verbs_scene import Desk, bare_repository, core

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def _models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Desk]:
    folder = tmp_path_factory.mktemp("models")
    bare, only_core, full = (bare_repository(folder / "bare"), core(folder / "core"), core(folder / "full"))
    full.say("init")
    return {"bare": bare, "core": only_core, "full": full}


@pytest.fixture
def desk(_models: dict[str, Desk], tmp_path: Path) -> Desk:
    """Returns a repository in which `ticket init` was run."""
    return _models["full"].copy(tmp_path / "full" / "work")


@pytest.fixture
def core_desk(_models: dict[str, Desk], tmp_path: Path) -> Desk:
    """Returns a repository with a folder for tickets, and neither configuration nor index."""
    return _models["core"].copy(tmp_path / "core" / "work")


@pytest.fixture
def bare_desk(_models: dict[str, Desk], tmp_path: Path) -> Desk:
    """Returns a repository that knows nothing of tickets."""
    return _models["bare"].copy(tmp_path / "bare" / "work")
