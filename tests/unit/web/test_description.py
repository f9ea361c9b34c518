"""The description of the API that lies in the repository is the one that the server gives."""

from __future__ import annotations

from pathlib import Path

from counterfoil.web.api.describe import text

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "openapi.json"


def test_the_page_is_current() -> None:
    assert PAGE.read_text("utf-8") == text(), "python3 dev.py docs"
