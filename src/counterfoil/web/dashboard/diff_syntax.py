"""Colours of a file's lines: which class each piece of text bears. Pygments is imported when first needed.

What a ticket holds, front matter and Markdown, is told by its name. Whatever a lexer gives back must be the very
text that it was given; else the lines stay plain.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    Piece = tuple[int, int, str]
    """Where it begins and ends in the line, and its class."""

CHARACTERS = 40_000
"""So much of one change is coloured; the rest is as readable without."""
LINE = 500
"""A hunk with a longer line stays plain: some lexers take long over those."""
FENCE = "---\n"
_LEXERS = {
    "py": "python", "pyi": "python", "js": "javascript", "mjs": "javascript", "cjs": "javascript", "ts": "typescript", "tsx": "tsx",
    "jsx": "jsx", "json": "json", "yml": "yaml", "yaml": "yaml", "toml": "toml", "ini": "ini", "cfg": "ini", "md": "markdown",
    "sh": "bash", "bash": "bash", "css": "css", "html": "html", "xml": "xml", "sql": "sql", "c": "c", "h": "c", "cc": "cpp", "cpp": "cpp",
    "hpp": "cpp", "go": "go", "rs": "rust", "java": "java", "kt": "kotlin", "rb": "ruby", "php": "php", "cs": "csharp", "swift": "swift",
    "dockerfile": "docker", "makefile": "make",
}  # fmt: skip


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
        name = _LEXERS.get(path.rpartition("/")[2].rpartition(".")[2].lower())
        if name is None or size > self._left or any(len(line) > LINE for line in lines):
            return plain
        self._left -= size
        if name != "markdown":
            return _coloured(name, lines)
        front = _front_matter(lines, first)
        return _coloured("yaml", lines[:front]) + _coloured("markdown", lines[front:])


def _front_matter(lines: Sequence[str], first: int) -> int:
    """Returns how many of the lines belong to the front matter."""
    if first > 1 and FENCE not in lines:
        return 0
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
    ends = []
    total = 0
    for line in lines:
        total += len(line)
        ends.append(total)
    at = number = 0
    for token, text in _tokens(name, "".join(lines)):
        start, at = at, at + len(text)
        if at > total:
            return [[] for _ in lines]
        while text and start < at:
            while start >= ends[number]:
                number += 1
            till = min(at, ends[number])
            begin = ends[number] - len(lines[number])
            if token:
                found[number].append((start - begin, till - begin, token))
            start = till
    return found if at == total else [[] for _ in lines]


def _tokens(name: str, text: str) -> list[tuple[str, str]]:
    """Returns classes and texts as the lexer tells them; nothing where it gives another text back."""
    from pygments.lexers import get_lexer_by_name
    from pygments.token import STANDARD_TYPES

    lexer: Any = get_lexer_by_name(name)
    found = []
    at = 0
    for place, kind, piece in lexer.get_tokens_unprocessed(text):
        if place != at:
            return []
        at += len(piece)
        while kind not in STANDARD_TYPES:
            kind = kind.parent
        token = _PLAIN.get(STANDARD_TYPES[kind], STANDARD_TYPES[kind])
        if found and found[-1][0] == token:
            piece = found.pop()[1] + piece
        found.append((token, piece))
    return found if at == len(text) else []


_PLAIN = dict.fromkeys(("err", "w", "p", "n", "x", "esc", "g"), "")
"""What has no colour of its own."""
