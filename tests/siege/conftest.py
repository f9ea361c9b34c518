"""The scene that most of the siege begins with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

pytest.register_assert_rewrite("siege.scenes")

from siege.scenes import Project, begin  # noqa: E402 - after it may be rewritten

if TYPE_CHECKING:
    from world import RepositoryFactory


@pytest.fixture
def project(repository: RepositoryFactory) -> Project:
    """A project with one ready ticket, called First."""
    made = begin(repository())
    made.new("First", "--state", "ready")
    return made
