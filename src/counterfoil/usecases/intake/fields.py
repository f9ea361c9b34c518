"""Forgiving access to the fields of foreign objects: what has another type is as if it were not there."""

from __future__ import annotations

from counterfoil.usecases.intake.strictjson import Object


def text(data: Object, key: str) -> str:
    """Returns a text, or an empty one."""
    value = data.get(key)
    return value if isinstance(value, str) else ""


def number(data: Object, key: str) -> int | None:
    """Returns a whole number, or None; true and false are none."""
    value = data.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def texts(data: Object, key: str) -> list[str]:
    """Returns the texts in a list; a single text is a list of one."""
    value = data.get(key)
    if isinstance(value, str):
        return [value] if value else []
    return [entry for entry in value if isinstance(entry, str) and entry] if isinstance(value, list) else []


def objects(data: Object, key: str) -> list[Object]:
    """Returns the objects in a list."""
    value = data.get(key)
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []
