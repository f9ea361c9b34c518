"""A text whose lines are known by number, and the replacements that are made in it."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from counterfoil.tickets.frontmatter import Node


class Splice:
    """A stretch of text, from `start` up to `end`, and what comes in its place."""

    __slots__ = ("end", "new", "start")

    def __init__(self, start: int, end: int, new: str) -> None:
        self.start = start
        self.end = end
        self.new = new


class Source:
    """The text of a file, addressed by lines and columns that count from 1.

    Lines end with LF alone; a CR in front of it belongs to the line's end, not to its content.
    """

    __slots__ = ("_starts", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._starts = [0]
        position = 0
        while (position := text.find("\n", position) + 1) > 0:
            self._starts.append(position)

    def line_start(self, line: int) -> int:
        """Returns the offset of a line's first character."""
        return self._starts[line - 1]

    def content_end(self, line: int) -> int:
        """Returns the offset just behind a line's content, in front of its line end."""
        end = self._starts[line] - 1
        return end - 1 if self.text[end - 1] == "\r" else end

    def line_end(self, line: int) -> str:
        """Returns a line's own line end."""
        return self.text[self.content_end(line) : self._starts[line]]

    def offset(self, line: int, column: int) -> int:
        """Returns the offset of a place."""
        return self._starts[line - 1] + column - 1

    def begins_line(self, node: Node) -> bool:
        """Tells whether nothing but spaces stands in front of a node on its line."""
        return not self.text[self.line_start(node.line) : self.offset(node.line, node.column)].strip(" ")

    def replacing(self, node: Node, new: str) -> Splice:
        """Makes the splice that puts `new` in the place of a node.

        A node without any text (the value of `key:`) stands right behind its colon, so that a
        space must come first.
        """
        start = self.offset(node.line, node.column)
        end = self.offset(node.end_line, node.end_column)
        return Splice(start, end, new if end > start else " " + new)

    def spliced(self, splices: list[Splice]) -> str:
        """Returns the text with all splices made; they must not overlap."""
        parts = []
        position = 0
        for splice in sorted(splices, key=_place):
            parts += [self.text[position : splice.start], splice.new]
            position = splice.end
        return "".join([*parts, self.text[position:]])


def overlap(splices: list[Splice]) -> bool:
    """Tells whether two splices claim the same text, so that they cannot both be made."""
    position = 0
    for splice in sorted(splices, key=_place):
        if splice.start < position:
            return True
        position = splice.end
    return False


def _place(splice: Splice) -> tuple[int, int]:
    return splice.start, splice.end
