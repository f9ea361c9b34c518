"""What the tests of actions share."""

from __future__ import annotations

import pytest
from unit.usecases.actions.action_scene import Workshop
from world import RepositoryFactory


@pytest.fixture
def shop(repository: RepositoryFactory) -> Workshop:
    """A project of its own."""
    return Workshop(repository())
