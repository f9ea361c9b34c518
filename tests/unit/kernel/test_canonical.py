"""What is hashed has one form: that of RFC 8785, and nothing that two readers could read differently."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.errors import InputError
from counterfoil.kernel import canonical

if TYPE_CHECKING:
    from collections.abc import Callable

GREATEST = 2**53 - 1
text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
keys = st.text(st.characters(max_codepoint=127), max_size=6).filter(lambda key: key != "__proto__")
scalars = st.none() | st.booleans() | st.integers(-GREATEST, GREATEST) | text
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=12,
)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.binary(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=4) | st.integers() | st.none(), inner, max_size=3)
    ),
    max_leaves=8,
)


def refusal(read: Callable[[Any], object], value: object) -> str:
    """Returns the reason for which something is refused, or nothing."""
    try:
        read(value)
    except InputError as error:
        return f"{error.code}: {error.fields['reason']}"
    return ""


def nested(levels: int, inner: Any = None) -> Any:
    """Returns lists within lists."""
    for _ in range(levels):
        inner = [inner]
    return inner


@given(values)
def test_the_bytes_are_those_of_rfc_8785(value: Any) -> None:
    assert canonical.encode(value) == rfc8785.dumps(value)


@given(values)
def test_what_was_encoded_is_decoded(value: Any) -> None:
    data = canonical.encode(value)
    assert canonical.decode(data) == canonical.load(data) == canonical.read(data) == json.loads(data) == value


@given(anything)
def test_a_value_is_either_refused_or_written_as_rfc_8785_says(value: Any) -> None:
    reason = refusal(canonical.encode, value)
    assert reason.startswith("not_canonical: ") or (
        canonical.encode(value) == rfc8785.dumps(value) and canonical.decode(canonical.encode(value)) == value
    )


@given(values, st.sampled_from([{"indent": 1}, {"ensure_ascii": True}, {"separators": (", ", ":")}]))
def test_json_in_another_form_is_read_and_not_taken_for_canonical(value: Any, form: dict[str, Any]) -> None:
    data = json.dumps(value, **form).encode()
    assert canonical.read(data) == value
    if data != canonical.encode(value):
        with pytest.raises(InputError, match="not in canonical form"):
            canonical.decode(data)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (1.0, "float"),
        (math.nan, "float"),
        (-math.inf, "float"),
        (GREATEST + 1, "integer"),
        (-GREATEST - 1, "integer"),
        (1 << 20_000, "integer"),
        ({"é": 1}, "key"),
        ({"__proto__": 1}, "key"),
        ({1: 2}, "key"),
        ({"a": 1, 2: 3}, "key"),
        ({None: 2}, "key"),
        ({"a": {"\ud800": 1}}, "key"),
        ("\ud800", "surrogate"),
        (["a\udfff"], "surrogate"),
        (nested(65), "depth"),
        ({"a": nested(64)}, "depth"),
        (b"bytes", "type"),
        ({1, 2}, "type"),
        ({"a": object()}, "type"),
    ],
    ids=lambda each: each if isinstance(each, str) and each.isalpha() else "value",
)
def test_a_value_that_leaves_a_doubt_is_refused_with_its_reason(value: Any, reason: str) -> None:
    with pytest.raises(InputError) as caught:
        canonical.encode(value)
    assert (caught.value.code, caught.value.fields) == ("not_canonical", {"reason": reason})


def test_the_deepest_value_and_the_greatest_number_are_accepted() -> None:
    for value in (nested(64), GREATEST, -GREATEST):
        assert canonical.decode(canonical.encode(value)) == value


def test_a_value_that_contains_itself_is_refused() -> None:
    value: list[Any] = []
    value.append(value)
    with pytest.raises(InputError, match="nested"):
        canonical.encode(value)


HOSTILE = [
    (b"", "syntax"),
    (b" ", "syntax"),
    (b"[1", "syntax"),
    (b'{"a"', "syntax"),
    (b"[1,]", "syntax"),
    (b'{"a":1,}', "syntax"),
    (b"[1]]", "syntax"),
    (b"1 1", "syntax"),
    (b"01", "syntax"),
    (b"+1", "syntax"),
    (b"tru", "syntax"),
    (b"'a'", "syntax"),
    (b"//\n1", "syntax"),
    (b'"\x01"', "syntax"),
    (b'"\\x41"', "syntax"),
    (b'"\\u12"', "syntax"),
    (b"\xef\xbb\xbf1", "syntax"),
    (b"\xff\xfe1\x00", "syntax"),
    (b'"\xff"', "syntax"),
    (b'"\xed\xa0\x80"', "syntax"),
    (b'"\xc0\x80"', "syntax"),
    (b"[" * 100_000, "syntax"),
    (b'{"a":' * 100_000, "syntax"),
    (b"1" * 5_000, "syntax"),
    (b"1" * 4_000, "integer"),
    (b"9007199254740993", "integer"),
    (b"[" * 65 + b"]" * 65, "depth"),
    (b"NaN", "float"),
    (b"-Infinity", "float"),
    (b"1e5", "float"),
    (b"1.0", "float"),
    (b"1E400", "float"),
    (b"[1.5,2]", "float"),
    (b'"\\ud800"', "surrogate"),
    (b'{"a":"\\udc00\\ud800"}', "surrogate"),
    (b'{"__proto__":1}', "key"),
    (b'{"\\u005f_proto__":1}', "key"),
    (b'{"a":1,"a":1}', "duplicate"),
    (b'{"a":1,"\\u0061":2}', "duplicate"),
    (b'[{"b":{"a":1,"a":2}}]', "duplicate"),
]
OTHER_FORMS = [
    b"-0",
    b" 1",
    b"1\n",
    b'{"b":1,"a":1}',
    b'{"a": 1}',
    b'"\\u0061"',
    b'"\\/"',
    b'"\\u000A"',
    b"[1 ]",
]


@pytest.mark.parametrize(("data", "reason"), HOSTILE)
def test_hostile_bytes_are_refused_with_their_reason(data: bytes, reason: str) -> None:
    for read in (canonical.decode, canonical.read):
        with pytest.raises(InputError) as caught:
            read(data)
        assert (caught.value.code, caught.value.fields) == ("not_canonical", {"reason": reason})


@pytest.mark.parametrize("data", OTHER_FORMS)
def test_bytes_that_are_json_in_another_form_are_not_canonical(data: bytes) -> None:
    canonical.read(data)
    with pytest.raises(InputError) as caught:
        canonical.decode(data)
    assert caught.value.fields == {"reason": "form"}


@pytest.mark.parametrize(
    ("data", "reason"), [each for each in HOSTILE if each[1] in ("syntax", "float", "surrogate", "depth")]
)
def test_what_was_sealed_and_then_damaged_is_refused_on_loading(data: bytes, reason: str) -> None:
    with pytest.raises(InputError) as caught:
        canonical.load(data)
    assert caught.value.fields == {"reason": reason}


@given(st.binary(max_size=40) | values.map(canonical.encode).flatmap(lambda data: st.just(data[::-1])))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    refused = [refusal(read, data) for read in (canonical.decode, canonical.read, canonical.load)]
    assert all(reason == "" or reason.startswith("not_canonical: ") for reason in refused)
    if not refused[0]:
        assert refused[1:] == ["", ""]
        assert canonical.encode(canonical.decode(data)) == data


@given(values, st.data())
def test_bytes_that_were_damaged_are_never_decoded_to_something_with_other_bytes(
    value: Any, data: st.DataObject
) -> None:
    sound = canonical.encode(value)
    place = data.draw(st.integers(0, len(sound) - 1))
    damaged = sound[:place] + bytes([data.draw(st.integers(0, 255))]) + sound[place + 1 :]
    assert refusal(canonical.decode, damaged) or rfc8785.dumps(canonical.decode(damaged)) == damaged


@pytest.mark.parametrize("data", [b"[1", b'{"a"', b'"\x01"', b"1e5", b'{"a":1}'])
def test_reading_needs_no_json_package(data: bytes) -> None:
    program = (
        "import sys\nfrom counterfoil.kernel import canonical\nfrom counterfoil.errors import InputError\n"
        f"try: canonical.decode({data!r})\nexcept InputError: pass\n"
        "sys.exit('json' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-I", "-c", program], check=False).returncode == 0


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        (b'{"a":1,"salt":"x"}', b'{"a":1,"salt":"y"}', True),
        (b'{"a":1,"salt":"x"}', b'{"a":1,"salt":"x"}', True),
        (b'{"a":1}', b'{"a":1,"salt":"y"}', True),
        (b'{"a":1,"salt":"x"}', b'{"a":2,"salt":"x"}', False),
        (b'{"a":1,"salt":"x"}', b'{"a":true,"salt":"y"}', False),
        (b'{"a":{"salt":1}}', b'{"a":{"salt":2}}', False),
        (b"[1]", b"[2]", False),
        (b'{"a":1}', b"[2]", False),
    ],
)
def test_two_objects_are_compared_one_field_apart(first: bytes, second: bytes, same: bool) -> None:
    assert canonical.equal_but("salt", first, second) is same
