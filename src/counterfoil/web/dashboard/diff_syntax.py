"""Colours of a file's lines: which class each piece of text bears. Pygments is imported when first needed.

What a ticket holds, front matter and Markdown, is told by its name. Whatever a lexer gives back must be the very
text that it was given; else the lines stay plain.
"""

from __future__ import annotations

import re
from itertools import accumulate
from typing import TYPE_CHECKING

from counterfoil.web.dashboard import highlighting

if TYPE_CHECKING:
    from collections.abc import Sequence

    Piece = tuple[int, int, str]
    """Where it begins and ends in the line, and its class."""

CHARACTERS = 40_000
"""So much of one change is coloured; the rest is as readable without."""
LINE = 500
"""A hunk with a longer line stays plain: some lexers take long over those."""
FENCE = "---\n"
_BY_ENDING = {"md": "markdown", "pyi": "python", "cjs": "javascript", "h": "c", "cc": "cpp", "hpp": "cpp"}
"""The lexer by the ending of a file's name, where people do not write it so behind a fence."""


_FIELD = re.compile(r"[a-z_][\w-]*:(\s|$)|\s+\S|- ")


class Colours:
    """Colours the hunks of one change, as far as its budget lasts."""

    def __init__(self, budget: int = CHARACTERS) -> None:
        self._left = budget

    def of(self, path: str, lines: Sequence[str], first: int) -> list[list[Piece]]:
        """Returns the pieces of each line that have a colour.

        Args:
            path: the file.
            lines: consecutive lines of one of its versions, with their line ends.
            first: the number of the first of them.
        """
        plain: list[list[Piece]] = [[] for _ in lines]
        size = sum([len(line) for line in lines])
        ending = path.rpartition("/")[2].rpartition(".")[2].lower()
        name = _BY_ENDING.get(ending) or highlighting.language_of(ending)
        if not name or size > self._left or any(len(line) > LINE for line in lines):
            return plain
        self._left -= size
        if name != "markdown":
            return _coloured(name, lines)
        front = _front_matter(lines, first)
        return _coloured("yaml", lines[:front]) + _coloured("markdown", lines[front:])


def _front_matter(lines: Sequence[str], first: int) -> int:
    """Returns how many of the lines belong to the front matter; behind its first line that is told by their form."""
    if first > 1 and FENCE not in lines:
        return len(lines) if all(map(_FIELD.match, lines)) else 0
    if first == 1 and (not lines or lines[0] != FENCE):
        return 0
    for number, line in enumerate(lines):
        if line == FENCE and (number or first > 1):
            return number + 1
    return len(lines)


def _coloured(name: str, lines: Sequence[str]) -> list[list[Piece]]:
    found: list[list[Piece]] = [[] for _ in lines]
    if not lines:
        return found
    whole = "".join(lines)
    ends = list(accumulate([len(line) for line in lines]))
    at = number = 0
    for token, text in highlighting.pieces(whole, name):
        start, at = at, at + len(text)
        if whole[start:at] != text:
            return [[] for _ in lines]
        while text and start < at:
            while start >= ends[number]:
                number += 1
            till = min(at, ends[number])
            begin = ends[number] - len(lines[number])
            if token:
                found[number].append((start - begin, till - begin, token))
            start = till
    return found
