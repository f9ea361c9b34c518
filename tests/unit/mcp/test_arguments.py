"""A tool's arguments are checked against its schema, all of it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.errors import InputError
from counterfoil.mcp.arguments import DEPTH_MAX, check

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "minLength": 1, "maxLength": 5},
        "state": {"type": "array", "items": {"type": "string", "enum": ["ready", "done"]}, "maxItems": 2},
        "limit": {"type": "integer", "minimum": 1, "maximum": 9},
        "payload": {"type": "object"},
        "flag": {"type": "boolean"},
    },
    "required": ["id"],
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    "arguments",
    [
        {"id": "a"},
        {"id": "abcde", "state": [], "limit": 1, "payload": {}, "flag": True},
        {"id": "a", "state": ["done", "ready"], "limit": 9, "payload": {"any": [1.5, None, {"b": "ü"}]}},
    ],
)
def test_what_fits_is_handed_on(arguments: dict[str, Any]) -> None:
    assert check("tool", SCHEMA, arguments) == arguments


@pytest.mark.parametrize(
    ("arguments", "place"),
    [
        (None, "id"),
        ([], "the arguments"),
        ("a", "the arguments"),
        ({}, "id"),
        ({"id": ""}, "id"),
        ({"id": "abcdef"}, "id"),
        ({"id": None}, "id"),
        ({"id": "\ud800"}, "id"),
        ({"id": "a", "more": 1}, "more"),
        ({"id": "a", "state": "ready"}, "state"),
        ({"id": "a", "state": ["nothing"]}, "state/0"),
        ({"id": "a", "state": ["done"] * 3}, "state"),
        ({"id": "a", "limit": 0}, "limit"),
        ({"id": "a", "limit": 10}, "limit"),
        ({"id": "a", "limit": True}, "limit"),
        ({"id": "a", "limit": 1.0}, "limit"),
        ({"id": "a", "limit": 10**400}, "limit"),
        ({"id": "a", "flag": 1}, "flag"),
        ({"id": "a", "payload": []}, "payload"),
        ({"id": "a", "payload": {"\udfff": 1}}, "payload"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place(arguments: Any, place: str) -> None:
    with pytest.raises(InputError) as caught:
        check("tool", SCHEMA, arguments)
    assert (caught.value.code, caught.value.fields["argument"]) == ("invalid_argument", place)


def test_a_payload_that_nests_without_end_is_refused() -> None:
    payload: dict[str, Any] = {}
    for _ in range(DEPTH_MAX + 1):
        payload = {"a": payload}
    with pytest.raises(InputError):
        check("tool", SCHEMA, {"id": "a", "payload": payload})


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from([*SCHEMA["properties"], "x"]), inner),
    )
)
def test_nothing_but_a_refusal_comes_of_anything(arguments: Any) -> None:
    try:
        assert check("tool", SCHEMA, arguments) == (arguments or {})
    except InputError:
        pass
