"""The fast way to tell the canonical form agrees with the slow one, whatever it has met before."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from counterfoil.kernel import canonical
from counterfoil.ledger import form
from counterfoil.ledger.form import Forms, fault

TEXT = st.text(alphabet=st.sampled_from('ab"\\\n\x7fé😀{}[]:,'), max_size=6)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**53) + 1, 2**53 - 1), TEXT),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from("abcé"), inner, max_size=3)
    ),
    max_leaves=8,
)
BODIES = st.dictionaries(st.sampled_from(["a", "b", "fence", "__proto__"]), VALUES, max_size=3)


def spoilt(data: bytes) -> list[bytes]:
    """Returns bytes that are nearly these."""
    text = data.decode()
    return [
        data + b" ", data[:-1], b" " + data, data.replace(b":", b": "), data.replace(b"1", b"1.0"),
        data.replace(b"1", b"9007199254740992"), data.replace(b"1", b"-0"), data.replace(b"1", b"01"),
        data.replace(b'"a"', b'"__proto__"'), data.replace(b'"a"', b'"b"'), data.replace(b"a", b"\\u0061"),
        data.replace(b"a", b"\xff"), data.replace(b"a", b"\x01"), data + b'"', data + data, data.replace(b"null", b"nul"),
        json.dumps(text).encode(),
    ]  # fmt: skip


@given(st.lists(BODIES, max_size=6))
@settings(max_examples=300)
def test_the_fast_way_agrees_with_the_slow_one(bodies: list[dict[str, object]]) -> None:
    forms = Forms()
    for body in bodies:
        data = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        for each in (data, *spoilt(data), data):
            assert (forms.fault("kind", each) is None) == (fault(each) is None), each


def test_a_shape_that_was_met_lets_no_other_pass() -> None:
    forms = Forms()
    assert forms.fault("a", canonical.encode({"a": 1, "b": "x"})) is None
    for body in (
        b'{"a":1,"b":"x","b":"y"}', b'{"a":9007199254740993,"b":"x"}', b'{"a":1,"b":"\x1f"}', b'{"b":"x","a":1}',
        b'{"a":1,"b":"x"}\n', b'{"a":1,"b":"\\u0078"}', b'{"a":1,"b":x}', b'{"a":1e1,"b":"x"}', b'{"a":-0,"b":"x"}',
    ):  # fmt: skip
        assert forms.fault("a", body) is not None, body


def test_what_is_no_object_is_none() -> None:
    for data in (b"[]", b"1", b'"a"', b"null", b"", b"\xff", b"[" * 100_000):
        assert Forms().fault("a", data) is not None
        assert fault(data) is not None


def test_shapes_without_number_take_no_memory() -> None:
    forms = Forms()
    for number in range(100):
        assert forms.fault("a", canonical.encode({f"field-{number}": number})) is None
    assert sum(map(len, forms._patterns.values())) <= 16


def test_of_a_body_with_millions_of_values_no_shape_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(form, "_pattern")
    long = b'{"a":[' + b"[]," * form.SHAPED_BYTES + b"[]]}"
    assert Forms().fault("a", long) is None
    assert Forms().fault("a", long.replace(b",[]]", b", []]")) is not None
