"""Markdown files with front matter that other tools wrote, as texts by key.

Every value is taken as the text that it is written as, so that `007` stays an id. Other tools write
front matter without quoting (`assignee: @codex`), which no YAML reader accepts; such a file is read
line by line instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterfoil.tickets.document import FormatError, syntax
from counterfoil.tickets.frontmatter import Mapping, Scalar, Sequence, is_null
from counterfoil.tickets.reading import decode, split

if TYPE_CHECKING:
    from counterfoil.tickets.frontmatter import FullReader, Node

Fields = dict[str, str | list[str]]


def read(data: bytes, full: FullReader) -> tuple[Fields, str]:
    """Reads a file's front matter and its body, the body with LF line ends.

    Raises:
        FormatError: when it is no text or has no front matter.
    """
    try:
        root, body = syntax(data, full)
        fields: Fields = {entry.key: _plain(entry.value) for entry in root.entries}
    except FormatError:
        head, body = split(decode(data))
        fields = _by_line(head)
    return fields, body.replace("\r\n", "\n")


def one(fields: Fields, key: str) -> str:
    """Returns a single text; of a list, the first."""
    value = fields.get(key, "")
    return value if isinstance(value, str) else value[0] if value else ""


def many(fields: Fields, key: str) -> list[str]:
    """Returns a list of texts; a single text may hold several, with commas between them."""
    value = fields.get(key, [])
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _plain(node: Node) -> str | list[str]:
    if isinstance(node, Sequence):
        return [text for item in node.items if isinstance(text := _plain(item), str) and text]
    if isinstance(node, Mapping):
        return [f"{entry.key}: {_plain(entry.value)}" for entry in node.entries]
    return "" if is_null(node) or not isinstance(node, Scalar) else node.text


def _by_line(head: str) -> Fields:
    fields: Fields = {}
    key = ""
    for line in head.split("\n"):
        if line.lstrip().startswith("- ") and key:
            known = fields[key]
            fields[key] = [*(known if isinstance(known, list) else []), _unquoted(line.lstrip()[2:])]
            continue
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip():
            continue
        key, value = name, value.partition(" # ")[0].strip()
        if value.startswith("[") and value.endswith("]"):
            fields[key] = [part for item in value[1:-1].split(",") if (part := _unquoted(item))]
        else:
            fields[key] = _unquoted(value)
    return fields


def _unquoted(text: str) -> str:
    text = text.strip()
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text
