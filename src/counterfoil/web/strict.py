"""JSON from the network, read strictly: one meaning for every text, and nothing that exhausts the reader.

Two programs that read a duplicate key differently, or NaN, would judge different payloads (RFC 8259 §4, §6;
I-JSON, RFC 7493 §2.3).
"""

from __future__ import annotations

import json
from typing import Any, NoReturn

from counterfoil.errors import InputError

DEPTH = 64
"""Levels of arrays and objects."""
DIGITS = 400
"""Of one number: more would take the square of it to convert."""


def read(data: bytes) -> Any:
    """Returns the value of a JSON text.

    Raises:
        InputError: `invalid_json`.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _invalid(f"byte {error.start} is no UTF-8") from None
    try:
        value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=_constant,
            parse_int=_integer,
            parse_float=_decimal,
        )
    except json.JSONDecodeError as error:
        raise _invalid(f"{error.msg} at character {error.pos}") from None
    except RecursionError:
        raise _invalid(f"nested more than {DEPTH} levels deep") from None
    if text.count("[") + text.count("{") > DEPTH:
        _check_depth(value)
    if "\\u" in text:
        _check_text(value)
    return value


def _check_depth(value: Any) -> None:
    """Refuses what those who read it after us might go too deep in."""
    level = [value]
    for _ in range(DEPTH):
        level = [
            each
            for outer in level
            if isinstance(outer, (dict, list))
            for each in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return
    if any(isinstance(each, (dict, list)) for each in level):
        raise _invalid(f"nested more than {DEPTH} levels deep")


def _check_text(value: Any) -> None:
    """Refuses halves of surrogate pairs, which no UTF-8 can hold (RFC 3629 §3)."""
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        raise _invalid("half of a surrogate pair stands in a text") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise _invalid(f"the key {twice[:40]!r} stands twice in one object")
    return found


def _constant(text: str) -> NoReturn:
    raise _invalid(f"{text} is no JSON")


def _integer(text: str) -> int:
    if len(text) > DIGITS:
        raise _invalid(f"a number of {len(text)} digits")
    return int(text)


def _decimal(text: str) -> float:
    if len(text) > DIGITS:
        raise _invalid(f"a number of {len(text)} digits")
    value = float(text)
    if value in {float("inf"), float("-inf")}:
        raise _invalid("a number that no double can hold")
    return value


def _invalid(problem: str) -> InputError:
    return InputError(
        "invalid_json", f"the body is no JSON that can be read in one way: {problem}", problem=problem
    )
