"""Strict JSON: what is read is what any reader reads, and every fault has its line."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.errors import InputError
from counterfoil.usecases.intake import strictjson
from counterfoil.usecases.intake.strictjson import DEPTH, LINE_BYTES, LINES, arrays, lines

TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=10,
)
OBJECTS = st.lists(st.dictionaries(TEXT, VALUES, max_size=4), max_size=4)


def fault(data: bytes, read: Any = lines) -> tuple[str, object, str]:
    """Returns code, line and message of the error that reading raises."""
    with pytest.raises(InputError) as caught:
        list(read(data))
    assert caught.value.hint
    return caught.value.code, caught.value.fields["line"], caught.value.message


@given(OBJECTS, st.booleans(), st.sampled_from(["\n", "\r\n", "\n\n", " \n\t\n"]))
def test_lines_are_read_as_they_were_written(
    objects: list[dict[str, Any]], ascii_only: bool, end: str
) -> None:
    text = "".join([json.dumps(item, ensure_ascii=ascii_only) + end for item in objects])
    assert [value for _, value in lines(text.encode())] == objects


@given(st.lists(OBJECTS, max_size=3), st.sampled_from([None, 1]))
def test_arrays_behind_each_other_are_read_as_one(
    pages: list[list[dict[str, Any]]], indent: int | None
) -> None:
    text = "\n".join([json.dumps(page, indent=indent) for page in pages])
    flat = [item for page in pages for item in page]
    assert list(arrays(text.encode())) == list(enumerate(flat, 1))


@given(st.binary(max_size=60))
def test_no_bytes_raise_anything_but_an_input_error(data: bytes) -> None:
    for read in (lines, arrays):
        try:
            found = [(number, "") for number, _ in read(data)]
        except InputError as error:
            found = [(int(str(error.fields["line"])), error.code)]
        assert {code for _, code in found} <= {"", "invalid_json", "too_large"}
        assert all(number >= 1 for number, _ in found)


@given(st.text(st.sampled_from('{}[]",:01e+-.\\u dDaAfntrul/ \n'), max_size=40))
def test_what_is_accepted_is_json_to_every_reader(text: str) -> None:
    try:
        found = [value for _, value in lines(text.encode())]
    except InputError:
        return
    expected = [json.loads(line) for line in text.split("\n") if line.strip()]
    if "inf" not in repr(expected):
        assert found == expected


def test_lines_are_counted_with_the_blank_ones() -> None:
    assert list(lines(b'\n{"a": 1}\n\n \r\n{"b": 2}')) == [(2, {"a": 1}), (5, {"b": 2})]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b'{"a": 1, "b": 2, "a": 3}', "the key 'a' stands twice"),
        (b'{"x": {"a": 1, "a": 1}}', "the key 'a' stands twice"),
        (b'{"a": NaN}', "NaN is not JSON"),
        (b'{"a": -Infinity}', "-Infinity is not JSON"),
        (b'{"a": "\xff"}', "byte 0xFF is not valid UTF-8 (column 8)"),
        (b'{"a": "\xed\xa0\x80"}', "byte 0xED is not valid UTF-8"),
        (b'\xef\xbb\xbf{"a": 1}', "byte order mark"),
        (b'{"a": "\\ud800"}', "half a surrogate pair"),
        (b'{"\\udc00": 1}', "half a surrogate pair"),
        (b'{"a": 1} {"b": 2}', "something follows the value (column 9)"),
        (b'{"a": 1}garbage', "something follows the value"),
        (b'{"a": ', "expecting value"),
        (b"{'a': 1}", "expecting property name"),
        (b'{"a": "x\ty"}', "invalid control character"),
        (b'{"a": 01}', "column 8"),
        (b"[1]", "must be an object, not an array"),
        (b"null", "must be an object, not null"),
        (b"true", "must be an object, not true or false"),
        (b"12", "must be an object, not a number"),
        (b'"x"', "must be an object, not a text"),
    ],
)
def test_a_wrong_line_is_told_with_its_number(data: bytes, said: str) -> None:
    code, line, message = fault(b'{"first": 1}\n' + data + b"\n")
    assert (code, line) == ("invalid_json", 2)
    assert message.startswith("line 2: ")
    assert said in message


@pytest.mark.parametrize("depth", [DEPTH + 1, 200, 100_000])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_deep_nesting_is_refused_whatever_the_depth(depth: int, opening: str, closing: str) -> None:
    data = '{"x":' + opening * depth + "1" + closing * depth + "}"
    code, line, message = fault(data.encode())
    assert (code, line) == ("invalid_json", 1)
    assert f"more than {DEPTH} levels" in message


def test_unclosed_nesting_is_refused_too() -> None:
    assert fault(b'{"x":' + b"[" * 500_000)[0] == "invalid_json"


def test_shallow_nesting_is_fine() -> None:
    data = '{"x":' + "[" * (DEPTH - 1) + "]" * (DEPTH - 1) + "}"
    assert len(list(lines(data.encode()))) == 1
    wide = {"x": [[n] for n in range(500)]}
    assert list(lines(json.dumps(wide).encode())) == [(1, wide)]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1" * 3000, int("1" * 3000)),
        ("1" * 10_000, "1" * 10_000),
        ("1e400", "1e400"),
        ("-1e999", "-1e999"),
        ("1.5", 1.5),
        ("0", 0),
    ],
)
def test_numbers_of_any_size_are_read(text: str, value: object) -> None:
    assert list(lines(f'{{"n": {text}}}'.encode())) == [(1, {"n": value})]


def test_a_line_may_have_a_megabyte_and_no_more() -> None:
    frame = len(b'{"a": ""}')
    fits = b'{"a": "' + b"x" * (LINE_BYTES - frame) + b'"}'
    assert len(list(lines(fits + b"\n"))) == 1
    code, line, _ = fault(b"{}\n" + fits + b" ")
    assert (code, line) == ("too_large", 2)


def test_there_may_be_a_hundred_thousand_lines_and_no_more() -> None:
    assert sum(1 for _ in lines(b"{}\n" * LINES)) == LINES
    assert fault(b"\n" * LINES + b"{}")[:2] == ("too_large", LINES + 1)
    assert fault(b"[" + b"{}," * LINES + b"{}]", arrays)[0] == "invalid_json"


def test_the_whole_input_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strictjson, "INPUT_BYTES", 10)
    assert fault(b'{"a": "bcdefg"}')[:2] == ("too_large", 1)
    assert fault(b'[{"a": "bcdefg"}]', arrays)[:2] == ("too_large", 1)


@pytest.mark.parametrize(
    ("data", "line", "said"),
    [
        (b'[{"a": 1},\n\n nonsense]', 3, "expecting value"),
        (b"[]\n[1]", 2, "item 1 must be an object, not a number"),
        (b"[{}]\n\n{}", 3, "an array of objects is wanted, not an object"),
        (b'[{"a":\n"\xff"}]', 2, "not valid UTF-8"),
        (b"[" * 100_000, 1, "levels"),
    ],
)
def test_a_wrong_array_is_told_with_its_line(data: bytes, line: int, said: str) -> None:
    code, found, message = fault(data, arrays)
    assert (code, found) == ("invalid_json", line)
    assert said in message
