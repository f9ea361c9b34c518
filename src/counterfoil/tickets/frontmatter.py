"""Front matter as a tree of nodes that know their place in the source, and its fast reader.

Two readers make the same tree. The full one (`adapters.yaml`, handed in as an argument)
understands all of YAML; the one here understands the strict subset that nearly every ticket
is written in, costs a few microseconds and keeps the YAML library out of the hot verbs. It
answers None whenever it is not certain: then the full reader decides, errors included. Both
must agree on the tree and on every position, which a property test checks. On the hot path.
"""

from __future__ import annotations

from counterfoil.errors import InputError
from counterfoil.tickets.model import FRONT_MATTER_DEPTH
from counterfoil.tickets.scalar import INDICATORS, core, is_unsafe, unescape

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

KEY_LENGTH = 128
"""Longer keys are left to the full reader (YAML allows 1,024 characters on one line)."""

_NO_KEYS = frozenset(("null", "Null", "NULL", "true", "True", "TRUE", "false", "False", "FALSE"))
"""Words that are no strings, which the full reader refuses as keys where they may not be."""
_FLOW_STOP = frozenset("[]{}?")


class FormatError(InputError):
    """A file is no readable ticket, or no readable YAML.

    Attributes:
        reason: stable word. Of the file: `encoding`, `bom`, `nul`, `too_large`,
            `no_front_matter`, `unclosed`. Of the YAML: `tab`, `control_character`,
            `carriage_return`, `yaml`, `duplicate_key`, `tag`, `document_marker`, `too_deep`,
            `too_many_aliases`, `recursive_alias`, `undefined_alias`, `complex_key`, `key_type`,
            `not_a_mapping`. Of the fields: `missing_field`, `wrong_type`, `invalid_id`,
            `empty_title`, `invalid_state`, `invalid_priority`.
        problem: the message without the position.
        line: 1-based line in the file.
        column: 1-based column, in characters.
    """

    def __init__(self, reason: str, problem: str, line: int, column: int, hint: str = "") -> None:
        super().__init__(
            "invalid_ticket",
            f"{problem} (line {line}, column {column})",
            hint or "correct the file, then run `ticket validate --all`",
            reason=reason,
            line=line,
            column=column,
        )
        self.reason = reason
        self.problem = problem
        self.line = line
        self.column = column


class Scalar:
    """A text with its place; lines and columns count from 1, `end_column` is just behind it.

    Attributes:
        text: what it says, unquoted and unfolded.
        style: `""` plain, `"`, `'`, `|` or `>`.
        mark: `&name` if it carries an anchor, `*name` if it stands where an alias is written
            (then the place is the alias's), else empty.
    """

    __slots__ = ("column", "end_column", "end_line", "line", "mark", "style", "text")

    def __init__(
        self, text: str, style: str, line: int, column: int, end_line: int, end_column: int, mark: str = ""
    ) -> None:
        self.text = text
        self.style = style
        self.line = line
        self.column = column
        self.end_line = end_line
        self.end_column = end_column
        self.mark = mark

    @property
    def plain(self) -> bool:
        """Whether the scalar is unquoted, so that the core schema gives it a type."""
        return not self.style


class Sequence:
    """A list of nodes with its place; ends where its last item ends, or behind its bracket."""

    __slots__ = ("column", "end_column", "end_line", "flow", "items", "line", "mark")

    def __init__(
        self,
        items: list[Node],
        flow: bool,
        line: int,
        column: int,
        end_line: int,
        end_column: int,
        mark: str = "",
    ) -> None:
        self.items = items
        self.flow = flow
        self.line = line
        self.column = column
        self.end_line = end_line
        self.end_column = end_column
        self.mark = mark


class Entry:
    """One `key: value` of a mapping, with the key's place.

    `end_column` is just behind the key, or 0 when the key runs over several lines.
    """

    __slots__ = ("column", "end_column", "key", "line", "value")

    def __init__(self, key: str, value: Node, line: int, column: int, end_column: int) -> None:
        self.key = key
        self.value = value
        self.line = line
        self.column = column
        self.end_column = end_column

    @property
    def end_line(self) -> int:
        """The last line of the entry, its value included."""
        return max(self.line, self.value.end_line)


class Mapping:
    """Entries in the order of the source, without duplicates, with their place."""

    __slots__ = ("column", "end_column", "end_line", "entries", "flow", "line", "mark")

    def __init__(
        self,
        entries: list[Entry],
        flow: bool,
        line: int,
        column: int,
        end_line: int,
        end_column: int,
        mark: str = "",
    ) -> None:
        self.entries = entries
        self.flow = flow
        self.line = line
        self.column = column
        self.end_line = end_line
        self.end_column = end_column
        self.mark = mark

    def entry(self, key: str) -> Entry | None:
        """Returns the entry of a key, or None."""
        for entry in self.entries:
            if entry.key == key:
                return entry
        return None

    def get(self, key: str) -> Node | None:
        """Returns the value of a key, or None."""
        entry = self.entry(key)
        return entry.value if entry else None


if TYPE_CHECKING:
    Node = Scalar | Sequence | Mapping
    FullReader = Callable[[str], Mapping]


def resolve(node: Node) -> object:
    """Gives the values of a tree by the core schema of YAML 1.2, safe for JSON.

    Recursion is bounded: no reader makes a tree deeper than `FRONT_MATTER_DEPTH`.
    """
    if isinstance(node, Scalar):
        return node.text if node.style else core(node.text)
    if isinstance(node, Sequence):
        return [resolve(item) for item in node.items]
    return {entry.key: resolve(entry.value) for entry in node.entries}


def is_null(node: Node) -> bool:
    """Tells whether a node is YAML's null: nothing at all, `~` or `null`."""
    return isinstance(node, Scalar) and not node.style and core(node.text) is None


def read(text: str, first_line: int = 1) -> Mapping | None:
    """Reads block mappings of simple scalars and lists; None when the text may be anything else.

    Args:
        text: YAML with LF line ends.
        first_line: the number that the first line has in its file.
    """
    if not text.replace("\n", "").isprintable() and any(is_unsafe(char) and char != "\n" for char in text):
        return None
    lines = text.split("\n")
    found = _mapping(lines, 0, 0, first_line, 1)
    return found[0] if found and found[1] == len(lines) and found[0].entries else None


def _mapping(
    lines: list[str], index: int, indent: int, first_line: int, depth: int
) -> tuple[Mapping, int] | None:
    """Reads the block mapping whose keys stand at `indent`, from line `index` on."""
    entries: list[Entry] = []
    seen = set(_NO_KEYS)
    count = len(lines)
    while index < count:
        line = lines[index]
        body = line.lstrip(" ")
        if not body or body[0] == "#":
            index += 1
            continue
        column = len(line) - len(body)
        if column != indent:
            if column > indent:
                return None
            break
        key, colon, rest = body.partition(": ")
        if not colon:
            key = key.rstrip(" ")
            if key[-1] != ":":
                return None
            key = key[:-1]
        if key in seen or not (key.isidentifier() or _is_dashed(key)) or len(key) > KEY_LENGTH:
            return None
        seen.add(key)
        number = first_line + index
        behind = column + len(key) + 1
        value = rest.lstrip(" ")
        node: Node | None
        if not value or value[0] == "#":
            found = _below(lines, index, indent, first_line, depth)
            if found is None:
                return None
            node, index = found
            if node is None:
                node = Scalar("", "", number, behind + 1, number, behind + 1)
        else:
            start = behind + 2 + len(rest) - len(value)
            # The plain case once more, without a call: it is nearly every line of every ticket.
            if value[0] in INDICATORS or " #" in value or value[-1] in " :" or ": " in value:
                node = _inline(value, number, start)
                if node is None:
                    return None
            else:
                node = Scalar(value, "", number, start, number, start + len(value))
            index += 1
        entries.append(Entry(key, node, number, column + 1, behind))
    if not entries:
        return None
    first, last = entries[0], entries[-1].value
    return Mapping(entries, False, first.line, indent + 1, last.end_line, last.end_column), index


def _is_dashed(key: str) -> bool:
    return key[:1] not in ("-", ".") and key.replace("-", "_").replace(".", "_").isidentifier()


def _below(
    lines: list[str], index: int, indent: int, first_line: int, depth: int
) -> tuple[Node | None, int] | None:
    """Reads what stands below a key without a value on its own line; (None, …) if nothing does."""
    after = index + 1
    while after < len(lines):
        line = lines[after]
        body = line.lstrip(" ")
        if body and body[0] != "#":
            break
        after += 1
    else:
        return None, index + 1
    column = len(line) - len(body)
    dashed = body[0] == "-" and body[1:2] in ("", " ")
    if column < indent or (column == indent and not dashed):
        return None, index + 1
    if depth > FRONT_MATTER_DEPTH - 3:
        return None
    if dashed:
        return _sequence(lines, after, column, first_line)
    return _mapping(lines, after, column, first_line, depth + 1)


def _sequence(lines: list[str], index: int, indent: int, first_line: int) -> tuple[Sequence, int] | None:
    """Reads a block list of one-line scalars whose dashes stand at `indent`."""
    items: list[Node] = []
    begin = first_line + index
    while index < len(lines):
        line = lines[index]
        body = line.lstrip(" ")
        if not body or body[0] == "#":
            index += 1
            continue
        column = len(line) - len(body)
        if column > indent or body == "-":
            return None
        if column < indent or body[:2] != "- ":
            break
        value = body[2:].lstrip(" ")
        if not value or value[0] == "#":
            return None
        node = _inline(value, first_line + index, len(line) - len(value) + 1)
        if node is None:
            return None
        items.append(node)
        index += 1
    last = items[-1]
    return Sequence(items, False, begin, indent + 1, last.end_line, last.end_column), index


def _inline(value: str, line: int, column: int) -> Node | None:
    """Reads a value that begins and ends on one line; `value` begins with its first character."""
    first = value[0]
    if first not in INDICATORS:
        if " #" in value:
            value = value[: value.index(" #")]
        value = value.rstrip(" ")
        if ": " in value or value[-1] == ":":
            return None
        return Scalar(value, "", line, column, line, column + len(value))
    if first in "\"'":
        scalar = _quoted(value, 0, line, column)
        return scalar if scalar and _is_tail(value, scalar.end_column - column) else None
    if first == "[":
        return _flow(value, line, column)
    if first == "{" and value[:2] == "{}" and _is_tail(value, 2):
        return Mapping([], True, line, column, line, column + 2)
    return None


def _is_tail(value: str, position: int) -> bool:
    """Tells whether nothing but a comment follows a value."""
    tail = value[position:]
    return not tail or (tail[0] == " " and tail.lstrip(" ")[:1] in ("", "#"))


def _quoted(value: str, begin: int, line: int, column: int) -> Scalar | None:
    """Reads the quoted scalar that begins at `begin`; `column` is that of `value[0]`."""
    mark = value[begin]
    close = value.find(mark, begin + 1)
    if mark == "'":
        while close >= 0 and value[close + 1 : close + 2] == "'":
            close = value.find("'", close + 2)
    else:
        while close >= 0 and _is_escaped(value, close):
            close = value.find('"', close + 1)
    if close < 0:
        return None
    inner = value[begin + 1 : close]
    text = inner.replace("''", "'") if mark == "'" else unescape(inner)
    if text is None:
        return None
    return Scalar(text, mark, line, column + begin, line, column + close + 1)


def _is_escaped(value: str, position: int) -> bool:
    slashes = 0
    while value[position - 1 - slashes] == "\\":
        slashes += 1
    return slashes % 2 == 1


def _flow(value: str, line: int, column: int) -> Sequence | None:
    """Reads a `[…]` list of scalars that ends on its line."""
    items: list[Node] = []
    position = 1
    length = len(value)
    while True:
        while position < length and value[position] == " ":
            position += 1
        if position >= length:
            return None
        char = value[position]
        if char == "]" and not items:
            break
        item = (
            _quoted(value, position, line, column) if char in "\"'" else _bare(value, position, line, column)
        )
        if item is None:
            return None
        items.append(item)
        position = item.end_column - column
        while position < length and value[position] == " ":
            position += 1
        if value[position : position + 1] == "]":
            break
        if value[position : position + 1] != ",":
            return None
        position += 1
    position += 1
    if not _is_tail(value, position):
        return None
    return Sequence(items, True, line, column, line, column + position)


def _bare(value: str, begin: int, line: int, column: int) -> Scalar | None:
    """Reads a plain item of a `[…]` list."""
    comma = value.find(",", begin)
    close = value.find("]", begin, comma if comma >= 0 else len(value))
    end = close if close >= 0 else comma
    text = value[begin:end].rstrip(" ") if end > begin else ""
    if not text or text[0] in INDICATORS or not _FLOW_STOP.isdisjoint(text):
        return None
    if " #" in text or ": " in text or text[-1] == ":":
        return None
    return Scalar(text, "", line, column + begin, line, column + begin + len(text))
