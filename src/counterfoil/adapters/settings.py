"""The user's own settings, a small TOML file outside of every repository (product.md §32)."""

from __future__ import annotations

import tomllib
from json import dumps

from counterfoil.errors import InputError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


def read_toml(path: str) -> Mapping[str, str]:
    """Returns the settings with dotted names and text values; a list is written as JSON.

    Raises:
        InputError: `invalid_config`, with the parser's words.
    """
    try:
        with open(path, "rb") as file:
            tree = tomllib.load(file)
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        hint = f"mend {path}"
        raise InputError("invalid_config", f"{path} cannot be read: {error}", hint, path=path) from None
    flat: dict[str, str] = {}
    _flatten("", tree, flat)
    return flat


def _flatten(prefix: str, tree: Mapping[str, object], flat: dict[str, str]) -> None:
    for key, value in tree.items():
        if isinstance(value, dict):
            _flatten(f"{prefix}{key}.", value, flat)
        elif isinstance(value, bool):
            flat[prefix + key] = "on" if value else "off"
        elif isinstance(value, list):
            flat[prefix + key] = dumps(value, default=str)
        else:
            flat[prefix + key] = str(value)
