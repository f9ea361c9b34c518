"""A backend for each test, of each kind that there is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

pytest.register_assert_rewrite("conformance.stores.backends")

from conformance.stores.backends import BACKENDS, FOR_PROCESSES, Backend  # noqa: E402 - after it may be rewritten

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from counterfoil.usecases.ports import Store


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> Backend:
    """Somewhere that a ledger lies."""
    return BACKENDS[request.param](tmp_path)


@pytest.fixture(params=FOR_PROCESSES)
def shared(request: pytest.FixtureRequest, tmp_path: Path) -> Backend:
    """Somewhere that several processes reach; the ledger is made."""
    found = BACKENDS[request.param](tmp_path)
    found.open().close()
    return found


@pytest.fixture
def store(backend: Backend) -> Iterator[Store]:
    """An empty ledger."""
    opened = backend.open()
    yield opened
    opened.close()
