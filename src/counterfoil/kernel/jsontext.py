"""JSON text without the cost of the `json` package, whose import outweighs most verbs.

Only writing is done here, for values made of dict, list, tuple, str, int, float, bool and
None; the escaping is CPython's own C function. Reading JSON is rare on the hot path and
uses the standard library. Lone surrogates cannot occur: all text comes from strict UTF-8.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

try:
    from _json import encode_basestring as string
except ImportError:  # an interpreter without the accelerator
    from json.encoder import py_encode_basestring as string

__all__ = ["compact", "pretty", "string"]


def compact(value: object) -> str:
    """Writes `value` as one line of JSON, non-ASCII text as it is, keys in given order."""
    return _write(value, "", "")


def pretty(value: object, indent: str = "") -> str:
    """Writes `value` as JSON with two spaces a level; empty containers stay on one line.

    Args:
        value: the value.
        indent: what already stands in front of the line that the value begins on.
    """
    return _write(value, indent, "  ")


def _write(value: object, indent: str, step: str) -> str:
    if isinstance(value, str):
        return string(value)
    if value is None or value is True or value is False:
        return "null" if value is None else "true" if value else "false"
    if isinstance(value, int):
        return int.__repr__(value)
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, dict):
        return _mapping(value, indent, step)
    if isinstance(value, (list, tuple)):
        return _sequence(value, indent, step)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _number(value: float) -> str:
    text = float.__repr__(value)
    return {"nan": '".nan"', "inf": '".inf"', "-inf": '"-.inf"'}.get(text, text)


def _mapping(value: Mapping[str, object], indent: str, step: str) -> str:
    if not value:
        return "{}"
    inner = indent + step
    parts = [
        f"{string(str(key))}:{' ' if step else ''}{_write(item, inner, step)}" for key, item in value.items()
    ]
    return _join(parts, "{", "}", indent, inner, step)


def _sequence(value: Sequence[object], indent: str, step: str) -> str:
    if not value:
        return "[]"
    inner = indent + step
    return _join([_write(item, inner, step) for item in value], "[", "]", indent, inner, step)


def _join(parts: list[str], opening: str, closing: str, indent: str, inner: str, step: str) -> str:
    if not step:
        return f"{opening}{','.join(parts)}{closing}"
    separator = ",\n" + inner
    return f"{opening}\n{inner}{separator.join(parts)}\n{indent}{closing}"
