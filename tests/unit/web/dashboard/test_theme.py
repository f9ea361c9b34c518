"""The colours that a browser has chosen: its cookie is believed where it names some, and nowhere else."""

from __future__ import annotations

from typing import Any

import pytest

from counterfoil.web.dashboard import theme


def _scope(cookie: str) -> dict[str, Any]:
    return {"type": "http", "headers": [(b"cookie", cookie.encode("latin-1"))]}


@pytest.mark.parametrize("chosen", theme.THEMES)
def test_what_was_chosen_is_shown_the_next_time(chosen: str) -> None:
    sent = theme.cookie(chosen).partition(";")[0]
    assert theme.of(_scope(f"other=1; {sent}")) == chosen


@pytest.mark.parametrize(
    "cookie", ["", "theme=", 'theme="><script>', "theme=DARK", "a[]=1; theme=dark", "\xff=\xfe"]
)
def test_anything_else_follows_the_device(cookie: str) -> None:
    assert theme.of(_scope(cookie)) == theme.AUTO


def test_a_choice_that_is_none_is_not_kept() -> None:
    assert theme.cookie("dark; Path=/; HttpOnly").startswith("theme=auto; ")
