"""Which colours a browser is shown: its own choice, kept in a cookie, so that the first byte already has them."""

from __future__ import annotations

from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING

from starlette.datastructures import Headers

if TYPE_CHECKING:
    from starlette.types import Scope

COOKIE = "theme"
AUTO = "auto"
THEMES = (AUTO, "light", "dark")
"""`auto` follows what the device says."""
_A_YEAR = 365 * 24 * 3600


def of(scope: Scope) -> str:
    """Returns the colours that the browser of a request has chosen."""
    try:
        found = SimpleCookie(Headers(scope=scope).get("cookie", "")).get(COOKIE)
    except CookieError:
        return AUTO
    return found.value if found is not None and found.value in THEMES else AUTO


def cookie(theme: str) -> str:
    """Returns the `Set-Cookie` that keeps a choice. The page's script may read it: it says nothing about anybody."""
    chosen = theme if theme in THEMES else AUTO
    return f"{COOKIE}={chosen}; Path=/; Max-Age={_A_YEAR}; SameSite=Lax"
