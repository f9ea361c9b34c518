"""The scene that most of the siege begins with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

pytest.register_assert_rewrite("siege.scenes", "siege.gate_scene")

from siege.gate_scene import STORES, Gate  # noqa: E402 - after it may be rewritten
from siege.scenes import Project, begin  # noqa: E402

if TYPE_CHECKING:
    from world import RepositoryFactory


@pytest.fixture
def project(repository: RepositoryFactory) -> Project:
    """A project with one ready ticket, called First."""
    made = begin(repository())
    made.new("First", "--state", "ready")
    return made


@pytest.fixture(params=[STORES[0], *[pytest.param(store, marks=pytest.mark.slow) for store in STORES[1:]]])
def gate(
    request: pytest.FixtureRequest, repository: RepositoryFactory, monkeypatch: pytest.MonkeyPatch
) -> Gate:
    """A project whose agents ask about everything, its ledger in a file and on a server."""
    return Gate(repository(), monkeypatch, request.param)
