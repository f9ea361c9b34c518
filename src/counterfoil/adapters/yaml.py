"""The full YAML reader: PyYAML's parser, with our own construction on top.

Only the parser's events are used, never a loader or constructor of PyYAML, so nothing that
stands in a file is ever executed or instantiated. The reading is that of YAML 1.2 where the
parser's 1.1 differs: U+0085, U+2028 and U+2029 are ordinary characters, `<<` is a key like
any other, and types are given later by meaning. Tags, tabs, document markers, duplicate keys
and aliases that grow without bound are refused with their line and column. Uses libyaml where
PyYAML was built with it, the Python parser otherwise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import yaml
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.scanner import Scanner

from counterfoil.tickets.frontmatter import Entry, FormatError, Mapping, Scalar, Sequence
from counterfoil.tickets.model import FRONT_MATTER_ALIASES, FRONT_MATTER_BYTES, FRONT_MATTER_DEPTH
from counterfoil.tickets.scalar import core, is_unsafe

if TYPE_CHECKING:
    from collections.abc import Callable

    from counterfoil.tickets.frontmatter import Node

EXPANDED_WEIGHT = 2 * FRONT_MATTER_BYTES
"""Nodes plus characters that a tree may have once every alias is written out."""

_LINE_SEPARATORS = "\x85\u2028\u2029"
_STAND_INS = range(0xF0000, 0x10FFFE)


class EventSource(Protocol):
    """What is used of a PyYAML parser: one event after the other."""

    def check_event(self) -> bool:
        """Tells whether there is another event."""
        ...

    def get_event(self) -> Any:
        """Returns the next event."""
        ...


class PythonParser(Reader, Scanner, Parser):
    """PyYAML's parser in Python, for interpreters whose PyYAML has no libyaml."""

    def __init__(self, stream: str) -> None:
        Reader.__init__(self, stream)
        Scanner.__init__(self)
        Parser.__init__(self)


def _best_parser() -> Callable[[str], EventSource]:
    try:
        from yaml._yaml import CParser
    except ImportError:
        return PythonParser
    return CParser


BEST_PARSER = _best_parser()


def read(text: str, parser: Callable[[str], EventSource] = BEST_PARSER) -> Mapping:
    """Reads a mapping from YAML text.

    Args:
        text: the YAML, with LF or CRLF line ends.
        parser: makes the source of events.

    Returns:
        The tree, with lines and columns counted from 1 in `text`. Text without a value gives
        an empty mapping.

    Raises:
        FormatError: with the reason, line and column.
    """
    if len(text) * 4 > FRONT_MATTER_BYTES and len(text.encode("utf-8", "replace")) > FRONT_MATTER_BYTES + 1:
        raise FormatError("too_large", f"YAML may have at most {FRONT_MATTER_BYTES} bytes here", 1, 1)
    text = text.replace("\r\n", "\n")
    _check_characters(text)
    stand_ins = _choose_stand_ins(text)
    try:
        source = parser(text.translate({ord(char): code for char, code in stand_ins.items()}))
        return _Builder(text, {code: char for char, code in stand_ins.items()}).build(source)
    except yaml.MarkedYAMLError as error:
        ended = error.problem is not None and "end of stream" in error.problem
        mark = (error.context_mark if ended else None) or error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise FormatError("yaml", f"not valid YAML: {error.problem or error.context}", line, column) from None
    except yaml.YAMLError as error:
        raise FormatError("yaml", f"not valid YAML: {error}", 1, 1) from None


def _check_characters(text: str) -> None:
    """Refuses what may not stand in front matter at all, even within comments (Protocol §2.8)."""
    if text.replace("\n", "").isprintable():
        return
    line, begin = 1, 0
    for position, char in enumerate(text):
        if char == "\n":
            line, begin = line + 1, position + 1
        elif is_unsafe(char) and char not in _LINE_SEPARATORS:
            raise _bad_character(char, line, position - begin + 1)


def _bad_character(char: str, line: int, column: int) -> FormatError:
    if char == "\t":
        return FormatError(
            "tab", "YAML must not contain tabs", line, column, 'indent with spaces; within text write "\\t"'
        )
    if char == "\r":
        return FormatError(
            "carriage_return", "a carriage return must be followed by a line feed", line, column
        )
    problem = f"the control character U+{ord(char):04X} must be written as an escape in double quotes"
    return FormatError("control_character", problem, line, column)


def _choose_stand_ins(text: str) -> dict[str, int]:
    """Finds a private character for each 1.1 line separator in `text`, raw and escaped unused.

    There are more candidates than a text of the allowed size can use up.
    """
    chosen: dict[str, int] = {}
    if any(char in text for char in _LINE_SEPARATORS):
        raw = set(text)
        escaped = {piece[:8].lower() for piece in text.split("\\U")}
        free = (code for code in _STAND_INS if chr(code) not in raw and f"{code:08x}" not in escaped)
        chosen = {char: next(free) for char in _LINE_SEPARATORS if char in raw}
    return chosen


class _Frame:
    """A collection that is being built: what it holds so far and how large that has become."""

    def __init__(self, event: Any) -> None:
        self.event = event
        self.is_mapping = isinstance(event, yaml.MappingStartEvent)
        self.items: list[Node] = []
        self.entries: list[Entry] = []
        self.keys: set[str] = set()
        self.key: tuple[str, int, int, int] | None = None
        self.weight = 1
        self.height = 1


class _Builder:
    """Builds the tree from events with a stack of its own, so that no input can exhaust Python's."""

    def __init__(self, text: str, restored: dict[int, str]) -> None:
        self.lines = text.split("\n")
        self.restored = restored
        self.stack: list[_Frame] = []
        self.anchors: dict[str, tuple[Node, int, int] | None] = {}
        self.anchor_count = 0
        self.alias_count = 0
        self.root: Node | None = None

    def build(self, source: EventSource) -> Mapping:
        while source.check_event():
            event = source.get_event()
            if isinstance(event, (yaml.DocumentStartEvent, yaml.DocumentEndEvent)):
                if event.explicit:
                    raise _fault(
                        "document_marker", "front matter is one YAML document without markers", event
                    )
            elif isinstance(event, yaml.NodeEvent):
                self._take(event)
            elif isinstance(event, yaml.CollectionEndEvent):
                self._close(event)
        if self.root is None:
            return Mapping([], False, 1, 1, 1, 1)
        if not isinstance(self.root, Mapping):
            raise FormatError(
                "not_a_mapping", "front matter must be `key: value` lines", self.root.line, self.root.column
            )
        return self.root

    def _take(self, event: Any) -> None:
        if getattr(event, "tag", None) is not None:
            raise _fault("tag", f"the tag {event.tag} is not allowed", event)
        parent = self.stack[-1] if self.stack else None
        if parent is not None and parent.is_mapping and parent.key is None:
            self._take_key(parent, event)
        elif isinstance(event, yaml.AliasEvent):
            self._take_alias(event)
        elif isinstance(event, yaml.ScalarEvent):
            scalar = self._scalar(event)
            self._open_anchor(event)
            self._add(scalar, event, len(scalar.text) + 1, 0)
        else:
            if len(self.stack) >= FRONT_MATTER_DEPTH:
                raise _too_deep(event)
            self._open_anchor(event)
            self.stack.append(_Frame(event))

    def _take_key(self, frame: _Frame, event: Any) -> None:
        if not isinstance(event, yaml.ScalarEvent):
            raise _fault("complex_key", "a key must be a plain word or a quoted text", event)
        key = self._scalar(event)
        if len(self.stack) == 1 and key.plain and not isinstance(core(key.text), str):
            raise _fault("key_type", f"the key {key.text!r} is not a string", event)
        if key.text in frame.keys:
            raise _fault("duplicate_key", f"the key {key.text!r} stands twice", event)
        self._open_anchor(event)
        self._remember(event, key, len(key.text) + 1, 0)
        frame.keys.add(key.text)
        frame.key = (key.text, key.line, key.column, key.end_column if key.line == key.end_line else 0)
        frame.weight += len(key.text) + 1

    def _take_alias(self, event: Any) -> None:
        self.alias_count += 1
        if self.alias_count > FRONT_MATTER_ALIASES:
            raise _fault("too_many_aliases", f"more than {FRONT_MATTER_ALIASES} aliases", event)
        if event.anchor not in self.anchors:
            raise _fault("undefined_alias", f"the alias *{event.anchor} has no anchor", event)
        known = self.anchors[event.anchor]
        if known is None:
            raise _fault("recursive_alias", f"the alias *{event.anchor} stands within its own anchor", event)
        node, weight, height = known
        if len(self.stack) + height > FRONT_MATTER_DEPTH:
            raise _too_deep(event)
        place = (*_place(event), "*" + event.anchor)
        if isinstance(node, Scalar):
            self._add(Scalar(node.text, node.style, *place), event, weight, height)
        elif isinstance(node, Sequence):
            self._add(Sequence(node.items, node.flow, *place), event, weight, height)
        else:
            self._add(Mapping(node.entries, node.flow, *place), event, weight, height)

    def _open_anchor(self, event: Any) -> None:
        if event.anchor is not None:
            self.anchor_count += 1
            if self.anchor_count > FRONT_MATTER_ALIASES:
                raise _fault("too_many_aliases", f"more than {FRONT_MATTER_ALIASES} anchors", event)
            self.anchors[event.anchor] = None

    def _remember(self, event: Any, node: Node, weight: int, height: int) -> None:
        if event.anchor is not None and not isinstance(event, yaml.AliasEvent):
            self.anchors[event.anchor] = (node, weight, height)

    def _close(self, end: Any) -> None:
        frame = self.stack.pop()
        flow = bool(frame.event.flow_style)
        line, column = frame.event.start_mark.line + 1, frame.event.start_mark.column + 1
        if flow:
            place = (line, column, end.end_mark.line + 1, end.end_mark.column + 1)
        elif frame.is_mapping:
            last = frame.entries[-1].value
            place = (line, column, frame.entries[-1].end_line, last.end_column)
        else:
            place = (line, column, frame.items[-1].end_line, frame.items[-1].end_column)
        mark = "&" + frame.event.anchor if frame.event.anchor is not None else ""
        node = (
            Mapping(frame.entries, flow, *place, mark)
            if frame.is_mapping
            else Sequence(frame.items, flow, *place, mark)
        )
        self._add(node, frame.event, frame.weight, frame.height)

    def _add(self, node: Node, event: Any, weight: int, height: int) -> None:
        """Puts a finished node where it belongs and charges its size to the collection around it."""
        self._remember(event, node, weight, height)
        if not self.stack:
            self.root = node
            return
        frame = self.stack[-1]
        frame.weight += weight
        frame.height = max(frame.height, height + 1)
        if frame.weight > EXPANDED_WEIGHT:
            raise _fault("too_many_aliases", "the aliases make the front matter too large", event)
        if frame.key is None:
            frame.items.append(node)
        else:
            text, line, column, end_column = frame.key
            frame.entries.append(Entry(text, node, line, column, end_column))
            frame.key = None

    def _scalar(self, event: Any) -> Scalar:
        text = event.value.translate(self.restored) if self.restored else event.value
        style = event.style or ""
        mark = "&" + event.anchor if event.anchor is not None else ""
        if style in ("|", ">"):
            return Scalar(text, style, *self._block_place(event), mark)
        return Scalar(text, style, *_place(event), mark)

    def _block_place(self, event: Any) -> tuple[int, int, int, int]:
        """Ends a literal or folded scalar with its last line that is not blank.

        The parser counts the blank lines behind it in; they belong to it only if it keeps them (`+`).
        """
        first = event.start_mark.line
        header = self.lines[first][event.start_mark.column :]
        if event.anchor is not None:
            header = header[len(event.anchor) + 1 :].lstrip(" ")
        last = event.end_mark.line - 1 if event.end_mark.column == 0 else event.end_mark.line
        if "+" not in header.partition(" ")[0]:
            while last > first and not self.lines[last].strip(" "):
                last -= 1
        return first + 1, event.start_mark.column + 1, last + 1, len(self.lines[last]) + 1


def _place(event: Any) -> tuple[int, int, int, int]:
    start, end = event.start_mark, event.end_mark
    return start.line + 1, start.column + 1, end.line + 1, end.column + 1


def _fault(reason: str, problem: str, event: Any) -> FormatError:
    return FormatError(reason, problem, event.start_mark.line + 1, event.start_mark.column + 1)


def _too_deep(event: Any) -> FormatError:
    return _fault("too_deep", f"nested more than {FRONT_MATTER_DEPTH} levels deep", event)
