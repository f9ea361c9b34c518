"""JSON text written without the `json` package, compared with it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.kernel.jsontext import compact, pretty, string

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_one_line_is_what_json_writes(value: object) -> None:
    text = compact(value)
    assert text == json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    assert "\n" not in text


@given(VALUES)
def test_several_lines_are_what_json_writes_with_two_spaces(value: object) -> None:
    assert pretty(value) == json.dumps(value, ensure_ascii=False, indent=2)


@given(VALUES)
def test_an_indented_value_fits_into_a_larger_one(value: object) -> None:
    whole = json.dumps({"a": value}, ensure_ascii=False, indent=2)
    assert f'{{\n  "a": {pretty(value, "  ")}\n}}' == whole


def test_tuples_are_arrays_and_what_json_cannot_say_is_text() -> None:
    assert compact((1, "a")) == '[1,"a"]'
    assert compact([float("nan"), float("inf"), float("-inf")]) == '[".nan",".inf","-.inf"]'
    assert compact({1: 2, None: 3}) == '{"1":2,"None":3}'


def test_big_numbers_keep_every_digit() -> None:
    assert compact(10**40) == "1" + "0" * 40


def test_what_has_no_form_is_a_mistake_of_ours() -> None:
    with pytest.raises(TypeError, match="set has no JSON form"):
        compact({1})


@given(TEXT)
def test_a_string_alone_is_written_likewise(text: str) -> None:
    assert string(text) == json.dumps(text, ensure_ascii=False)
