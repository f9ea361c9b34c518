"""A payload from the command line: a JSON object from a file, and fields that stand for themselves."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from counterfoil.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

NOTHING = ("none", "null")


def payload_of(
    action: str, schema: Mapping[str, object], text: str | None, pairs: Sequence[str]
) -> dict[str, Any]:
    """Returns the payload that somebody typed; whether it fits is the action's to say.

    Args:
        action: its name, for hints.
        schema: the JSON Schema of the payload: it tells a number from a text that looks like one.
        text: a JSON object, or None.
        pairs: `KEY=VALUE` each. A value is a text where the schema wants one; else JSON, or for a list one
            or several values with commas between. A key that is repeated adds to a list.

    Raises:
        InputError: `invalid_json` for what is no JSON object, `usage` for what is no pair.
    """
    payload = {} if text is None else read_object(text, action)
    fields = schema.get("properties")
    kinds: Mapping[str, object] = fields if isinstance(fields, dict) else {}
    given: dict[str, Any] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            message = f"--set takes KEY=VALUE, not {pair!r}"
            raise InputError("usage", message, f"ticket actions {action}", value=pair)
        found = _value(kinds.get(name), value)
        if name in given:
            if not isinstance(given[name], list) or not isinstance(found, list):
                message = f"{name} is given twice, and is no list"
                raise InputError("usage", message, f"ticket actions {action}", value=pair)
            found = given[name] + found
        given[name] = found
    return {**payload, **given}


def read_object(text: str, action: str) -> dict[str, Any]:
    """Reads a JSON object in which no key stands twice.

    Raises:
        InputError: `invalid_json`.
    """
    try:
        found = json.loads(text, object_pairs_hook=_without_twins, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        problem = str(error) if isinstance(error, ValueError) else "it is nested too deep"
    else:
        if isinstance(found, dict):
            return found
        problem = "it is no object"
    hint = f"ticket actions {action} shows its fields"
    raise InputError("invalid_json", f"the payload cannot be read: {problem}", hint, reason=problem)


def _value(schema: object, text: str) -> Any:
    """Returns what a text means where a schema stands; an unknown field stays text, and is refused as such."""
    kinds = _kinds(schema)
    if "null" in kinds and text.lower() in NOTHING:
        return None
    if "string" in kinds or not kinds:
        return text
    if "array" in kinds and not text.lstrip().startswith("["):
        items = schema.get("items") if isinstance(schema, dict) else None
        return [_value(items, part.strip()) for part in text.split(",") if part.strip()]
    try:
        return json.loads(text, object_pairs_hook=_without_twins, parse_constant=_no_number)
    except (ValueError, RecursionError):
        return text


def _kinds(schema: object) -> list[str]:
    if not isinstance(schema, dict):
        return []
    kinds = schema.get("type")
    if isinstance(kinds, list):
        return [str(kind) for kind in kinds]
    if kinds is None and isinstance(schema.get("enum"), list):
        return ["string"]
    if kinds is None and "oneOf" in schema:
        return ["object"]
    return [] if kinds is None else [str(kinds)]


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twin = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {twin!r} stands there twice")
    return found


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")
