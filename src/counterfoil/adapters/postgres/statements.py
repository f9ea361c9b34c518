"""The SQL of this adapter, by name: everything that is ever asked stands in `sql/`."""

from __future__ import annotations

import os

FOLDER = os.path.join(os.path.dirname(__file__), "sql")
_MARK = "-- name: "


def _named_blocks(text: str) -> dict[str, str]:
    blocks = {}
    for block in text.split(_MARK)[1:]:
        name, _, sql = block.partition("\n")
        lines = [line for line in sql.splitlines() if not line.startswith("--")]
        blocks[name.strip()] = "\n".join(lines).strip()
    return blocks


def _read(name: str) -> str:
    with open(os.path.join(FOLDER, name), encoding="utf-8") as file:
        return file.read()


def migrations() -> list[str]:
    """Returns the numbered steps from an empty schema to the present format, in order."""
    names = sorted(name for name in os.listdir(FOLDER) if name[:4].isdigit())
    return [_read(name) for name in names]


QUERIES = _named_blocks(_read("queries.sql"))
