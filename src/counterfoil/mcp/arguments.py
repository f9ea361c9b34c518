"""What a model may write into a tool's arguments, checked against the tool's own schema.

The schemas use a small part of JSON Schema, and this checks all of that part: a general validator would cost
more at every start than the rest of the server.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from counterfoil.errors import InputError
from counterfoil.kernel.jsontext import compact

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

KEYWORDS = frozenset(
    ("type", "properties", "required", "additionalProperties", "items", "enum", "description", "default", "minimum",
     "maximum", "minLength", "maxLength", "maxItems")
)  # fmt: skip
DEPTH_MAX = 64
"""A payload that nests deeper is nobody's; the writers of JSON would run out of stack."""
SHOWN_CHARS = 80


def check(tool: str, schema: Mapping[str, Any], arguments: object) -> dict[str, Any]:
    """Returns the arguments if they fit.

    Raises:
        InputError: `invalid_argument`, with the place and what may stand there.
    """
    checked = arguments if arguments is not None else {}
    _walk(tool, schema, checked, "", 0)
    assert isinstance(checked, dict)
    return checked


def _walk(tool: str, schema: Mapping[str, Any], value: object, place: str, depth: int) -> None:
    if depth > DEPTH_MAX:
        raise _wrong(tool, place, f"at most {DEPTH_MAX} levels", None)
    kind = schema.get("type")
    if kind is not None and not _KINDS[kind](value):
        raise _wrong(tool, place, _ARTICLES[kind], value)
    allowed = schema.get("enum")
    if allowed is not None and value not in allowed:
        raise _wrong(tool, place, f"one of {', '.join(allowed)}", value, allowed=list(allowed))
    if isinstance(value, str):
        _check_text(tool, schema, value, place)
    elif isinstance(value, int) and not isinstance(value, bool):
        low, high = schema.get("minimum"), schema.get("maximum")
        if (low is not None and value < low) or (high is not None and value > high):
            raise _wrong(tool, place, f"a number from {low} to {high}", value)
    elif isinstance(value, list):
        if len(value) > schema.get("maxItems", len(value)):
            raise _wrong(tool, place, f"at most {schema['maxItems']} items", None)
        for number, item in enumerate(value):
            _walk(tool, schema.get("items", {}), item, f"{place}/{number}", depth + 1)
    elif isinstance(value, dict):
        _check_object(tool, schema, value, place, depth)


def _check_text(tool: str, schema: Mapping[str, Any], value: str, place: str) -> None:
    shortest, longest = schema.get("minLength", 0), schema.get("maxLength", len(value))
    if not shortest <= len(value) <= longest:
        raise _wrong(tool, place, f"a text of {shortest} to {longest} characters", None, length=len(value))
    if not value.isascii() and any("\ud800" <= char <= "\udfff" for char in value):
        raise _wrong(tool, place, "a text without halves of surrogate pairs", None)


def _check_object(
    tool: str, schema: Mapping[str, Any], value: dict[Any, Any], place: str, depth: int
) -> None:
    known = schema.get("properties", {})
    for name in schema.get("required", ()):
        if name not in value:
            raise _wrong(tool, f"{place}/{name}", "given", None, required=list(schema["required"]))
    for name, item in value.items():
        if name in known:
            _walk(tool, known[name], item, f"{place}/{name}", depth + 1)
        elif schema.get("additionalProperties") is False:
            raise _wrong(
                tool, f"{place}/{name}"[:SHOWN_CHARS], "left out: nobody knows it", None, allowed=list(known)
            )
        else:
            _check_text(tool, {}, str(name), place)
            _walk(tool, {}, item, f"{place}/{name}"[:SHOWN_CHARS], depth + 1)


def _wrong(tool: str, place: str, wanted: str, value: object, **more: object) -> InputError:
    where = place.lstrip("/") or "the arguments"
    shown = ""
    if value is not None:
        text = compact(value) if not isinstance(value, dict | list) else "what was given"
        shown = f", not {text[:SHOWN_CHARS]}"
    return InputError(
        "invalid_argument", f"{tool}: {where} has to be {wanted}{shown}", "see the tool's schema and call it again",
        tool=tool, argument=where, **more,
    )  # fmt: skip


_KINDS: dict[str, Callable[[object], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
}
_ARTICLES = {
    "object": "an object", "array": "a list", "string": "a text", "integer": "a whole number", "boolean": "true or false",
}  # fmt: skip
