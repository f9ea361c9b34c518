"""JSON from the network has one meaning, or it is refused by one kind of error."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.errors import InputError
from counterfoil.web import strict

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5),
    max_leaves=20,
)


@given(PLAIN)
def test_what_is_plain_is_read_as_it_is(value: Any) -> None:
    try:
        data = json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return
    assert strict.read(data) == value


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_else(data: bytes) -> None:
    with contextlib.suppress(InputError):
        strict.read(data)


@pytest.mark.parametrize("text", [
    '{"a":1,"a":1}', '{"a":{"b":1,"b":2}}', "NaN", "[Infinity]", "-Infinity", "1e999", '"\\ud800"', '{"\\udfff":1}', "[1,]",
    "{'a':1}", "", " ", "1 2", "[" * 65 + "]" * 65, "[" * 100_000, '{"a":' * 5000, "9" * 401, "0." + "1" * 401, '"\t"',
])  # fmt: skip
def test_what_has_two_meanings_or_none_is_refused(text: str) -> None:
    with pytest.raises(InputError) as error:
        strict.read(text.encode("utf-8", "surrogatepass"))
    assert error.value.code == "invalid_json"


def test_64_levels_are_not_too_deep_and_brackets_in_texts_are_none() -> None:
    assert strict.read(("[" * 64 + "]" * 64).encode()) is not None
    assert strict.read(json.dumps(["[{" * 200]).encode()) == ["[{" * 200]
