"""JSON from outside, read strictly: no duplicate keys, no NaN, no surprises, and limits on everything.

Every fault is an error that names the line (1-based, in the whole input) and what is wrong with
it; no input can raise anything else. Numbers beyond what Python converts or a double holds stay
the text that they are, as in front matter (`tickets.scalar.core`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import NoReturn

from counterfoil.errors import InputError
from counterfoil.tickets.scalar import INT_TEXT_LENGTH

LINE_BYTES = 1024 * 1024
LINES = 100_000
INPUT_BYTES = 256 * 1024 * 1024
"""Of the whole input, whichever way it is laid out."""
DEPTH = 64
"""Levels of arrays and objects; front matter allows half of that."""

HINT = "write one JSON object a line, in UTF-8"
_SPACE = b" \t\r"
_TOO_DEEP = f"nested more than {DEPTH} levels deep"

Object = dict[str, object]


class _Fault(Exception):
    """What is wrong with a text and at which character, before anybody knows in which line that is."""

    def __init__(self, problem: str, position: int = 0) -> None:
        super().__init__(problem)
        self.position = position


def lines(data: bytes, line_bytes: int = LINE_BYTES) -> Iterator[tuple[int, Object]]:
    """Yields the objects of JSON lines with the numbers of their lines; blank lines are none.

    Args:
        data: the whole input.
        line_bytes: the most that one line may have.

    Raises:
        InputError: `invalid_json` or `too_large`, with `line`.
    """
    _check_size(data)
    begin = number = 0
    while begin < len(data):
        end = data.find(b"\n", begin)
        end = len(data) if end < 0 else end
        number += 1
        if number > LINES:
            raise _too_large(f"there are more than {LINES} lines", number, LINES)
        if end - begin > line_bytes:
            raise _too_large(f"line {number} is longer than {line_bytes} bytes", number, line_bytes)
        line = data[begin:end].strip(_SPACE)
        begin = end + 1
        if not line:
            continue
        try:
            value = _only_value(_text(line))
        except _Fault as fault:
            raise invalid(number, f"{fault} (column {fault.position + 1})") from None
        if not isinstance(value, dict):
            raise invalid(number, f"a line must be an object, not {kind_of(value)}")
        yield number, value


def arrays(data: bytes) -> Iterator[tuple[int, Object]]:
    """Yields the objects of one JSON array, or of several behind each other as `--paginate` prints them.

    Each comes with its position, counted from 1 through all arrays.

    Raises:
        InputError: `invalid_json` or `too_large`, with `line`.
    """
    _check_size(data)
    position = number = 0
    text = str(data, "utf-8", "replace")
    try:
        text = _text(data)
        while (position := _skip_space(text, position)) < len(text):
            begin = position
            value, position = _next_value(text, begin)
            if not isinstance(value, list):
                raise _Fault(f"an array of objects is wanted, not {kind_of(value)}", begin)
            for item in value:
                number += 1
                if number > LINES:
                    raise _Fault(f"there are more than {LINES} items", begin)
                if not isinstance(item, dict):
                    raise _Fault(f"item {number} must be an object, not {kind_of(item)}", begin)
                yield number, item
    except _Fault as fault:
        raise invalid(text.count("\n", 0, fault.position) + 1, str(fault)) from None


def invalid(line: int, problem: str) -> InputError:
    """Returns the error for a line that cannot be read."""
    return InputError("invalid_json", f"line {line}: {problem}", HINT, line=line, problem=problem)


def kind_of(value: object) -> str:
    """Names the kind of a JSON value as an error message does."""
    if isinstance(value, bool):
        return "true or false"
    names = ((str, "a text"), ((int, float), "a number"), (dict, "an object"), (list, "an array"))
    return next((name for kind, name in names if isinstance(value, kind)), "null")


def _check_size(data: bytes) -> None:
    if len(data) > INPUT_BYTES:
        raise _too_large(f"the input is larger than {INPUT_BYTES} bytes", 1, INPUT_BYTES)


def _too_large(message: str, line: int, limit: int) -> InputError:
    return InputError("too_large", message, "split the input", line=line, limit=limit)


def _text(data: bytes) -> str:
    try:
        text = str(data, "utf-8")
    except UnicodeDecodeError as error:
        before = len(data[: error.start].decode("utf-8", "replace"))
        raise _Fault(f"byte 0x{data[error.start]:02X} is not valid UTF-8", before) from None
    if text.startswith("\ufeff"):
        raise _Fault("the input begins with a byte order mark")
    return text


def _only_value(text: str) -> object:
    value, end = _next_value(text, 0)
    if end != len(text):
        raise _Fault("something follows the value", end)
    return value


def _next_value(text: str, position: int) -> tuple[object, int]:
    try:
        value, end = _DECODER.raw_decode(text, position)
    except RecursionError:
        raise _Fault(_TOO_DEEP, position) from None
    except json.JSONDecodeError as error:
        raise _Fault(error.msg[:1].lower() + error.msg[1:], error.pos) from None
    brackets = text.count("[", position, end) + text.count("{", position, end)
    if brackets > DEPTH and _is_too_deep(value):
        raise _Fault(_TOO_DEEP, position)
    if "\\u" in text:
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise _Fault("half a surrogate pair is no character", position) from None
    return value, end


def _is_too_deep(value: object) -> bool:
    level = [value]
    for _ in range(DEPTH):
        deeper: list[object] = []
        for outer in level:
            if isinstance(outer, dict):
                deeper += outer.values()
            elif isinstance(outer, list):
                deeper += outer
        level = deeper
    return any(isinstance(item, dict | list) for item in level)


def _skip_space(text: str, position: int) -> int:
    while position < len(text) and text[position] in " \t\r\n":
        position += 1
    return position


def _object(pairs: list[tuple[str, object]]) -> Object:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise _Fault(f"the key {key!r} stands twice")
            seen.add(key)
    return found


def _integer(text: str) -> object:
    return int(text) if len(text) <= INT_TEXT_LENGTH else text


def _float(text: str) -> object:
    value = float(text)
    return text if value in (float("inf"), float("-inf")) else value


def _constant(text: str) -> NoReturn:
    raise _Fault(f"{text} is not JSON")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_integer, parse_float=_float, parse_constant=_constant
)
