"""Reads the text of a difference back into lines: what each is, of which file, and which number it bears.

Lines are told apart by the ranges that a hunk announces and not by how they look. A removed line may read
`--- a/other` and an added one `+++ b/other`; inside a hunk they are lines like all others.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

FILE, MODE, HUNK, SAME, OLD, NEW, END, NOTE = "file", "mode", "hunk", "same", "old", "new", "end", "note"
"""Kinds of lines: names and mode of a file, the head of a hunk, lines in both texts or in one of them, that a
text ends without a line end, and anything else."""
_RANGES = re.compile(r"@@ -(\d{1,9})(?:,(\d{1,9}))? \+(\d{1,9})(?:,(\d{1,9}))? @@")
_SIGNS = {" ": SAME, "-": OLD, "+": NEW}


class Line(NamedTuple):
    """One line of a difference.

    Attributes:
        kind: what it is.
        text: the whole of it, its sign and its line end included.
        old, new: its number in the text before and after, 0 where it is in none.
        path: the file that it belongs to, empty before the first.
    """

    kind: str
    text: str
    old: int = 0
    new: int = 0
    path: str = ""


def read(text: str) -> list[Line]:
    """Returns the lines of a difference; put together, their texts are the text again."""
    found: list[Line] = []
    path = ""
    old = new = old_left = new_left = 0
    for raw in lines_of(text):
        kind = _SIGNS.get(raw[0], NOTE)
        if (
            (kind == SAME and old_left and new_left)
            or (kind == OLD and old_left)
            or (kind == NEW and new_left)
        ):
            found.append(Line(kind, raw, old if kind != NEW else 0, new if kind != OLD else 0, path))
            old, old_left = (old + 1, old_left - 1) if kind != NEW else (old, old_left)
            new, new_left = (new + 1, new_left - 1) if kind != OLD else (new, new_left)
            continue
        ranges = _RANGES.match(raw)
        if raw.startswith("\\ "):
            kind = END
        elif ranges is not None:
            kind = HUNK
            old, new = int(ranges[1]), int(ranges[3])
            old_left, new_left = int(ranges[2] or 1), int(ranges[4] or 1)
        elif raw.startswith("--- ") or raw.startswith("+++ "):
            kind = FILE
            path = _path(raw) or path
        else:
            kind = MODE if raw.startswith("mode ") else NOTE
        found.append(Line(kind, raw, path=path))
    return found


def lines_of(text: str) -> list[str]:
    """Returns the lines of a text with their line ends; only `\\n` ends a line."""
    lines = text.split("\n")
    last = lines.pop()
    return [*[f"{line}\n" for line in lines], *([last] if last else [])]


def _path(raw: str) -> str:
    name = raw[4:].rstrip("\n")
    return "" if name == "/dev/null" else name[2:]


def files(lines: Sequence[Line]) -> list[str]:
    """Returns the paths of the files in a difference, in order, each once."""
    return list(dict.fromkeys([line.path for line in lines if line.path]))


def counts(lines: Sequence[Line]) -> tuple[int, int]:
    """Returns how many lines are added and removed."""
    kinds = [line.kind for line in lines]
    return kinds.count(NEW), kinds.count(OLD)
