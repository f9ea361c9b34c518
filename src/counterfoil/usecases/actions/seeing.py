"""What a reviewer sees of an action that changes no file: its payload in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from counterfoil.gate import shown
from counterfoil.gate.action import PREVIEW, Shown
from counterfoil.kernel import canonical
from counterfoil.kernel.digest import sha256_hex

if TYPE_CHECKING:
    from counterfoil.gate.action import ActionType


def preview(action: ActionType, payload: Mapping[str, Any]) -> Shown:
    """Returns a payload in words, field by field, with everything hidden written out."""
    lines = [action.summary, ""]
    flags = []
    for path, text in _leaves(_in_order(action, payload)):
        flags += [*shown.text_flags(path, text)]
        if path in _TITLES:
            flags += shown.lookalike_flags(path, text)
        lines += _field(path, shown.escaped(text))
    return Shown(PREVIEW, "\n".join(lines) + "\n", tuple(flags))


def _in_order(action: ActionType, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a payload as its schema orders it, whatever order it was sent or sealed in."""
    properties = action.schema.get("properties")
    names = list(properties) if isinstance(properties, Mapping) else []
    plain: Any = canonical.decode(canonical.encode(dict(payload)))
    return {name: plain[name] for name in names if name in plain}


_TITLES = ("/title", "/url")


def _field(path: str, text: str) -> list[str]:
    name = path.removeprefix("/").replace("/", ".")
    first, *others = text.split("\n")
    if not others:
        return [f"{name}: {first}"]
    return [f"{name}:", *[f"  {line}" for line in (first, *others)]]


def _leaves(value: object, path: str = "") -> list[tuple[str, str]]:
    if isinstance(value, Mapping):
        return [leaf for key in value for leaf in _leaves(value[key], f"{path}/{key}")]
    if isinstance(value, (list, tuple)):
        return [leaf for number, item in enumerate(value) for leaf in _leaves(item, f"{path}/{number}")]
    if isinstance(value, str):
        return [(path, value)]
    return [
        (path, "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value))
    ]


def digest_of(seen: Shown) -> str:
    """Returns SHA-256 over what a reviewer sees, flags included."""
    data = {"kind": seen.kind, "text": seen.text, "flags": [flag.as_data() for flag in seen.flags]}
    return sha256_hex(canonical.encode(data))
