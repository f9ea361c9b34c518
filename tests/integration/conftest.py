"""Projects to work in. Making one costs a handful of commits, so it is made once and copied."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from integration.verbs_scene import Desk, bare_repository, core

if TYPE_CHECKING:
    from pathlib import Path


MODEL_S = 20.0
"""How long a model is copied: what lies unsigned in a ledger for a minute is signed by the next command."""


class Models:
    """Repositories that tests get copies of.

    Args:
        folder: where they are made.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.bare, self.core = bare_repository(folder / "bare"), core(folder / "core")
        self._full: Desk | None = None
        self._made_s = 0.0

    def full(self) -> Desk:
        """Returns one in which `ticket init` was run a moment ago."""
        if self._full is None or time.monotonic() - self._made_s > MODEL_S:
            self._made_s = time.monotonic()
            self._full = core(self._folder / f"full-{self._made_s:.3f}")
            self._full.say("init")
        return self._full


@pytest.fixture(scope="session")
def _models(tmp_path_factory: pytest.TempPathFactory) -> Models:
    return Models(tmp_path_factory.mktemp("models"))


@pytest.fixture
def desk(_models: Models, tmp_path: Path) -> Desk:
    """Returns a repository in which `ticket init` was run."""
    return _models.full().copy(tmp_path / "full" / "work")


@pytest.fixture
def core_desk(_models: Models, tmp_path: Path) -> Desk:
    """Returns a repository with a folder for tickets, and neither configuration nor index."""
    return _models.core.copy(tmp_path / "core" / "work")


@pytest.fixture
def bare_desk(_models: Models, tmp_path: Path) -> Desk:
    """Returns a repository that knows nothing of tickets."""
    return _models.bare.copy(tmp_path / "bare" / "work")
