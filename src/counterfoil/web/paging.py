"""Pages of a list: a cursor says behind which place the next one begins, and nobody else can read it.

It names a place in the order, not a number of rows, so nothing is left out or told twice when the list grows.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error

from counterfoil.errors import InputError

LIMIT = 50
LIMIT_MAX = 200
NUMBER_MAX = 1 << 53
"""No log is as long."""


def cursor(kind: str, *place: str | int) -> str:
    """Returns the cursor of a place in a list."""
    data = json.dumps([kind, *place], separators=(",", ":")).encode()
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def place(kind: str, text: str | None, *types: type) -> list[str | int] | None:
    """Returns the place that a cursor of a list of this kind names; None without one.

    Raises:
        InputError: `invalid_cursor`.
    """
    if text is None:
        return None
    try:
        data = text.encode("ascii")
        found = json.loads(urlsafe_b64decode(data + b"=" * (-len(data) % 4)))
    except (ValueError, Base64Error, RecursionError):
        found = None
    if (
        not isinstance(found, list)
        or len(found) != len(types) + 1
        or found[0] != kind
        or not all(type(value) is wanted for value, wanted in zip(found[1:], types, strict=True))
        or not all(0 <= value < NUMBER_MAX for value in found[1:] if isinstance(value, int))
    ):
        raise InputError(
            "invalid_cursor", "that is no cursor of this list", "take `next` from the page before"
        )
    return found[1:]
