"""Filling the placeholders of a ticket template (SPEC §6).

`{{title}}` and its like stand in front matter or body. In the front matter a value is written
so that it stays one YAML scalar whatever it contains; in the body it is put in as it is. What
stands where is found out once, so that a thousand tickets are filled from one look at the template.
"""

from __future__ import annotations

from counterfoil.tickets.scalar import escape, is_unsafe, quote, quote_in_flow

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Values = Mapping[str, str]
    Filler = Callable[[Values], str | None]
    """Fills one line; None if its whole value came out empty."""


class Template:
    """A template whose placeholders are found.

    Attributes:
        text: the template as it was given.
    """

    __slots__ = ("_lines", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        lines = text.split("\n")
        closing = 0
        if lines[0].rstrip("\r") == "---":
            closing = next((i for i, line in enumerate(lines) if i and line.rstrip("\r") == "---"), 0)
        self._lines: list[str | Filler] = [
            line if "{{" not in line else _line(line, 0 < number < closing)
            for number, line in enumerate(lines)
        ]

    def fill(self, values: Values) -> str:
        """Returns the text with the values in place; see `document.fill_template`."""
        filled = [line if isinstance(line, str) else line(values) for line in self._lines]
        return "\n".join([line for line in filled if line is not None])


def _line(line: str, in_front_matter: bool) -> Filler:
    if not in_front_matter:
        return _filler(line, str)
    content = line.rstrip("\r")
    fill, end = _front_matter_line(content), line[len(content) :]
    if not end:
        return fill

    def fill_with_end(values: Values) -> str | None:
        written = fill(values)
        return None if written is None else written + end

    return fill_with_end


def _front_matter_line(line: str) -> Filler:
    """Finds the value of a line of front matter, and how it has to be written."""
    begin = len(line) - len(line.lstrip(" "))
    if line.startswith("- ", begin):
        begin += 2
    key, colon, _ = line[begin:].partition(": ")
    if colon and key.replace("-", "_").isidentifier():
        begin += len(key) + 2
    elif line[:begin].strip(" ") != "-":
        return _filler(line, _flattened)
    begin += len(line) - begin - len(line[begin:].lstrip(" "))
    prefix, value = line[:begin], line[begin:]
    if value[0] in "\"'":
        quoted = _quoted(value)
        return lambda values: prefix + quoted(values)
    value, hash_sign, comment = value.partition(" #")
    content = value.rstrip(" ")
    gap = value[len(content) :] + hash_sign
    comment_of = _filler(comment, _flattened)
    if content[0] == "[" and content[-1] == "]":
        items = [_item(item.strip(" ")) for item in content[1:-1].split(",")]
        return lambda values: (
            f"{prefix}[{', '.join([item(values) for item in items])}]{gap}{comment_of(values)}"
        )
    text_of = _filler(content, str)

    def fill(values: Values) -> str | None:
        text = text_of(values)
        return f"{prefix}{quote(text)}{gap}{comment_of(values)}" if text else None

    return fill


def _item(item: str) -> Callable[[Values], str]:
    """Finds how an item of a list has to be written; one without a placeholder stays as it is."""
    if "{{" in item and item[0] in "\"'":
        return _quoted(item)
    text_of = _filler(item, str)
    return text_of if "{{" not in item else lambda values: quote_in_flow(text_of(values))


def _quoted(text: str) -> Callable[[Values], str]:
    return _filler(text, escape if text[0] == '"' else _in_single_quotes)


def _filler(text: str, written: Callable[[str], str]) -> Callable[[Values], str]:
    """Returns what puts written values in the place of the placeholders; unknown ones stay."""
    places: list[tuple[str, str, str]] = []
    position = 0
    while (opening := text.find("{{", position)) >= 0 and (closing := text.find("}}", opening)) >= 0:
        placeholder = text[opening : closing + 2]
        places.append((text[position:opening], placeholder, placeholder[2:-2].strip(" ")))
        position = closing + 2
    rest = text[position:]

    def fill(values: Values) -> str:
        parts = []
        for before, placeholder, name in places:
            value = values.get(name)
            parts += [before, placeholder if value is None else written(value)]
        return "".join([*parts, rest])

    return fill


def _flattened(value: str) -> str:
    return "".join([" " if is_unsafe(char) else char for char in value])


def _in_single_quotes(value: str) -> str:
    return _flattened(value).replace("'", "''")
