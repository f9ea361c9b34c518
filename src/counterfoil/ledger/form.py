"""Whether stored bytes are in canonical form, told fast.

To read and to write every body anew would cost ten times the hashing. Bodies of one kind have few shapes, though,
so each shape is read in full once and then becomes a pattern: its fields in their order, with any plain
string where a string stood and any safe whole number where a number stood. What matches is canonical;
what does not is read in full.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from counterfoil.errors import InputError
from counterfoil.kernel import canonical

if TYPE_CHECKING:
    from collections.abc import Callable

    Match = Callable[[bytes], object]

PATTERNS_MAX = 16
"""How many shapes of one kind are remembered."""
PATTERN_BYTES = 4000
SHAPED_BYTES = 1 << 16
"""The longest body whose shape is looked at; a hostile one could have millions of values."""
_STRING = rb'"[ !#-\[\]-\xff]*+"'
"""Any bytes that need no escape; whether they are UTF-8 is asked apart."""
_NUMBER = rb"(?:0|-?[1-9][0-9]{0,14})"
"""Fewer digits than 2^53 has, so no need to compare."""


class Forms:
    """Checks one body after the other."""

    def __init__(self) -> None:
        self._patterns: dict[object, list[Match]] = {}

    def fault(self, kind: object, body: bytes) -> str | None:
        """Returns why a body is no JSON object in canonical form, or None when it is one."""
        for match in self._patterns.get(kind, ()):
            if match(body) is not None and (body.isascii() or _is_text(body)):
                return None
        try:
            value = canonical.decode(body)
        except InputError as error:
            return error.message
        if not isinstance(value, dict):
            return "it is no JSON object"
        pattern = _pattern(value) if len(body) <= SHAPED_BYTES else b""
        if 0 < len(pattern) <= PATTERN_BYTES:
            patterns = self._patterns.setdefault(kind, [])
            patterns.insert(0, re.compile(pattern).fullmatch)
            del patterns[PATTERNS_MAX:]
        return None


def _is_text(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _pattern(value: canonical.Json) -> bytes:
    if isinstance(value, str):
        return _STRING
    if value is None or isinstance(value, bool):
        return b"(?:null|true|false)"
    if isinstance(value, int):
        return _NUMBER
    if isinstance(value, list):
        return rb"\[" + b",".join([_pattern(item) for item in value]) + rb"\]"
    parts = [re.escape(canonical.encode(key)) + b":" + _pattern(value[key]) for key in sorted(value)]
    return rb"\{" + b",".join(parts) + rb"\}"


def fault(data: bytes) -> str | None:
    """Returns why bytes are no JSON object in canonical form, or None when they are one; reads them in full."""
    try:
        value = canonical.decode(data)
    except InputError as error:
        return error.message
    return None if isinstance(value, dict) else "it is no JSON object"
