"""SQL in named blocks: a file is cut at its `-- name: …` lines. On the hot path."""

from __future__ import annotations

MARK = "-- name: "


def read_blocks(name: str) -> dict[str, str]:
    """Returns the blocks of a file of this package by their names."""
    with open(f"{__file__.rpartition('/')[0]}/{name}", encoding="utf-8") as file:
        _, *parts = file.read().split(MARK)
    blocks = {}
    for part in parts:
        title, _, text = part.partition("\n")
        blocks[title] = text.strip()
    return blocks
