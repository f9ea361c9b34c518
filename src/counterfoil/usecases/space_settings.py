"""The spaces of the user's own `config.toml`: which repositories `ticket serve` shows together.

    [space.team]
    repositories = ["~/code/shop", { path = "~/code/api", title = "The API" }]

A path begins at the user's home folder unless it is absolute, since the file belongs to no folder in particular.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, NamedTuple

from counterfoil.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

SECTION = "space."
KEY = ".repositories"
DEFAULT = "default"
"""The space that is served where nobody names one and no repository is around."""
FORM = 'repositories = ["~/code/shop", { path = "~/code/api", title = "The API" }]'


class Place(NamedTuple):
    """A repository that is to be shown.

    Attributes:
        folder: as it was given.
        title: what people are to read, or empty for its folder's name.
    """

    folder: str
    title: str = ""


def names(settings: Mapping[str, str]) -> list[str]:
    """Returns the names of all spaces that are configured."""
    return sorted(
        key.removeprefix(SECTION).removesuffix(KEY)
        for key in settings
        if key.startswith(SECTION) and key.endswith(KEY)
    )


def places(settings: Mapping[str, str], name: str, home: str) -> list[Place]:
    """Returns the repositories of a space.

    Args:
        settings: the user's own, as `adapters.settings` flattens them.
        name: of the space.
        home: the user's home folder.

    Raises:
        InputError: `space_not_found`, with the names that there are; `invalid_config`.
    """
    written = settings.get(f"{SECTION}{name}{KEY}")
    if written is None:
        known = names(settings)
        told = f"config.toml names {', '.join(known)}" if known else "config.toml names none"
        raise InputError(
            "space_not_found", f"there is no space {name!r}; {told}",
            f"put [space.{name}] with {FORM} into ~/.config/counterfoil/config.toml", value=name, allowed=known,
        )  # fmt: skip
    try:
        listed = json.loads(written)
    except ValueError:
        listed = None
    if not isinstance(listed, list) or not listed:
        raise _invalid(name)
    return [_place(name, item, home) for item in listed]


def _place(name: str, item: Any, home: str) -> Place:
    if isinstance(item, str):
        item = {"path": item}
    if not isinstance(item, dict) or not {"path"} <= set(item) <= {"path", "title"}:
        raise _invalid(name)
    path, title = item["path"], item.get("title", "")
    if not (isinstance(path, str) and isinstance(title, str) and path and "\0" not in path + title):
        raise _invalid(name)
    below = path.removeprefix("~").removeprefix("/") if path == "~" or path.startswith("~/") else path
    return Place(os.path.normpath(os.path.join(home, below)), title.strip())


def _invalid(name: str) -> InputError:
    return InputError(
        "invalid_config",
        f"config.toml: [space.{name}] does not list repositories as it should",
        FORM,
        space=name,
    )
