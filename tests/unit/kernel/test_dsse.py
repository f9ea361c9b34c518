"""An envelope has one form; what its signatures cover is what the standard says."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.errors import InputError
from counterfoil.kernel import dsse
from counterfoil.kernel.dsse import Envelope, Signature

ENVELOPE = Envelope(dsse.IN_TOTO, b'{"a":1}', (Signature("SHA256:abc", b"sig"),))
TEXT = dsse.encode(ENVELOPE)


def data() -> dict[str, Any]:
    """Returns the envelope as JSON data, to be spoilt."""
    value: dict[str, Any] = json.loads(TEXT)
    return value


def test_the_example_of_the_standard_is_encoded_as_the_standard_says() -> None:
    found = dsse.pae("http://example.com/HelloWorld", b"hello world")
    assert found == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"


def test_lengths_are_of_bytes_and_no_part_can_be_read_as_another() -> None:
    assert dsse.pae("ä", b"") == b"DSSEv1 2 \xc3\xa4 0 "
    assert dsse.pae("a 1", b"b") != dsse.pae("a", b"1 b")


def test_what_is_written_is_read() -> None:
    assert dsse.decode(TEXT.encode()) == ENVELOPE
    assert ENVELOPE.signatures[0].digest == sha256(b"sig").hexdigest()
    assert json.loads(TEXT)["signatures"] == [{"keyid": "SHA256:abc", "sig": "c2ln"}]


def test_layout_does_not_matter() -> None:
    assert dsse.decode(json.dumps(data(), indent=2).encode()) == ENVELOPE


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"more": 1}, "nothing else"),
        ({"payloadType": 1}, "payloadType"),
        ({"payload": ""}, "payload"),
        ({"payload": "e30"}, "no base64"),
        ({"payload": "_-8="}, "no base64"),
        ({"payload": "e30=\n"}, "no base64"),
        ({"payload": 7}, "no base64"),
        ({"signatures": []}, "at least one"),
        ({"signatures": {}}, "at least one"),
        ({"signatures": data()["signatures"] * 9}, "at most 8"),
        ({"signatures": [{"sig": "c2ln"}]}, "keyid"),
        ({"signatures": [{"sig": "c2ln", "keyid": None}]}, "keyid"),
        ({"signatures": [{"sig": "c2ln", "keyid": "", "cert": ""}]}, "nothing else"),
        ({"signatures": [{"sig": "\u00e4", "keyid": ""}]}, "no base64"),
        ({"signatures": ["c2ln"]}, "nothing else"),
    ],
)
def test_another_form_is_refused(change: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        dsse.decode(json.dumps(data() | change).encode())
    assert caught.value.code == "invalid_envelope"


@pytest.mark.parametrize("field", ["payload", "payloadType", "signatures"])
def test_a_field_that_is_missing_or_named_twice_is_refused(field: str) -> None:
    less = {name: value for name, value in data().items() if name != field}
    twice = TEXT[:-1] + f',"{field}":{json.dumps(data()[field])}}}'
    for text in (json.dumps(less), twice):
        with pytest.raises(InputError, match="no signed envelope"):
            dsse.decode(text.encode())


def test_an_envelope_beyond_the_limit_is_refused_unread() -> None:
    with pytest.raises(InputError, match="more than 64000 bytes"):
        dsse.decode(TEXT.encode() + b" " * dsse.BYTES)


@pytest.mark.parametrize("bad", [b"", b"[]", b"null", b"\xff", b"{" * 70, b'{"a":1.5}', TEXT.encode() + b"x"])
def test_what_is_no_envelope_is_an_input_error(bad: bytes) -> None:
    with pytest.raises(InputError) as caught:
        dsse.decode(bad)
    assert caught.value.code == "invalid_envelope"


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_as_what_they_are(bad: bytes) -> None:
    with pytest.raises(InputError, match="no signed envelope"):
        dsse.decode(bad)


@given(st.text(min_size=1, max_size=20).filter(str.isprintable), st.binary(min_size=1, max_size=50),
       st.lists(st.tuples(st.text(max_size=9).filter(str.isprintable), st.binary(min_size=1)), min_size=1, max_size=8))  # fmt: skip
def test_every_envelope_survives(kind: str, payload: bytes, signatures: list[tuple[str, bytes]]) -> None:
    envelope = Envelope(kind, payload, tuple(Signature(*each) for each in signatures))
    assert dsse.decode(dsse.encode(envelope).encode()) == envelope
