"""Style sheets and scripts: one file of each, made of those in `static/`, whose address changes with its content."""

from __future__ import annotations

import gzip
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

from counterfoil.kernel.digest import sha256_hex

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

STATIC = "/static"
TYPES = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}
FOREVER = "public, max-age=31536000, immutable"


class Asset(NamedTuple):
    """One file as it is sent.

    Attributes:
        name: such as `app.css`.
        media_type: its type.
        data: its bytes.
        packed: the same, gzipped.
        tag: stands for the content.
    """

    name: str
    media_type: str
    data: bytes
    packed: bytes
    tag: str


def address(name: str) -> str:
    """Returns where a file is found; another content has another address."""
    return f"{STATIC}/{name}?v={load(name).tag}"


@cache
def load(name: str) -> Asset:
    """Returns a file.

    Raises:
        KeyError: there is none of this name.
    """
    folder = files("counterfoil.web.dashboard").joinpath("static")
    bundles = {"app.css": ("css", ".css"), "app.js": ("js", ".js")}
    if name in bundles:
        place, ending = bundles[name]
        found = _sorted(folder.joinpath(place), ending)
        first = [folder.joinpath("vendor", "htmx.js")] if ending == ".js" else []
        data = b"\n".join([each.read_bytes() for each in (*first, *found)])
    elif name == "icon.svg":
        data = folder.joinpath(name).read_bytes()
    else:
        raise KeyError(name)
    kind = name.rpartition(".")[2]
    return Asset(name, TYPES[kind], data, gzip.compress(data, 9, mtime=0), sha256_hex(data)[:16])


def _sorted(folder: Traversable, ending: str) -> list[Traversable]:
    """Returns the files of a folder by name: `00-base.css` comes before `10-board.css`."""
    return sorted(
        [each for each in folder.iterdir() if each.name.endswith(ending)], key=lambda each: each.name
    )
