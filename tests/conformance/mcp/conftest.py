"""Projects to serve, as the integration tests have them."""

from __future__ import annotations

from integration.conftest import _models, desk

__all__ = ["_models", "desk"]
