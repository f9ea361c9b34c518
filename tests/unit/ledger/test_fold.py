"""State is a fold: bodies are decoded many at a time, and what is not understood is never state."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.errors import ConflictError, IntegrityError
from counterfoil.kernel import canonical
from counterfoil.kernel.event import Kind, Registry
from counterfoil.ledger.fold import decode, fold
from counterfoil.ledger.receipt import Receipt

if TYPE_CHECKING:
    from collections.abc import Sequence

GREETED, GREW = "greeted", "grew"
KINDS = Registry(
    (
        Kind(GREETED, "greeted"),
        Kind(
            GREW,
            "grew",
            3,
            {1: lambda body: {"cm": body["in"]}, 2: lambda body: {"mm": body["cm"]}},
        ),
    )
)


def receipts(*bodies: bytes | None, kind: str = GREETED, schema: int = 1) -> list[Receipt]:
    """Returns receipts of one stream with these bodies."""
    return [Receipt(n, "s", n, kind, schema, b"", b"", b"{}", body) for n, body in enumerate(bodies)]


def bodies(found: Sequence[Receipt]) -> list[Any]:
    """Returns what a fold sees of receipts."""
    return fold(found, lambda state, _, body: [*state, body], list[Any](), KINDS)


def test_receipts_are_folded_in_their_order() -> None:
    found = receipts(*[b'{"n":%d}' % n for n in range(3)])
    assert fold(found, lambda state, at, body: [*state, (at.seq, body)], list[Any](), KINDS) == [
        (0, {"n": 0}), (1, {"n": 1}), (2, {"n": 2}),
    ]  # fmt: skip


def test_without_receipts_the_state_is_what_it_was() -> None:
    assert fold([], lambda *_: 0, 7, KINDS) == 7


def test_an_erased_body_is_empty() -> None:
    assert bodies(receipts(b'{"a":1}', None, b'{"b":2}')) == [{"a": 1}, {}, {"b": 2}]


def test_a_body_of_an_older_schema_becomes_one_of_today() -> None:
    assert bodies(receipts(b'{"in":3}', kind=GREW, schema=1)) == [{"mm": 3}]
    assert bodies(receipts(b'{"cm":3}', kind=GREW, schema=2)) == [{"mm": 3}]
    assert bodies(receipts(b'{"mm":3}', kind=GREW, schema=3)) == [{"mm": 3}]


@pytest.mark.parametrize(("kind", "schema"), [("vanished", 1), (GREETED, 2), (GREW, 4), (GREW, 0)])
def test_what_a_newer_program_wrote_stops_the_fold_and_is_named(kind: str, schema: int) -> None:
    found = [*receipts(b"{}"), *receipts(b"{}", kind=kind, schema=schema)]
    with pytest.raises(ConflictError) as caught:
        bodies(found)
    named = {"kind": kind, "schema": schema, "stream": "s", "seq": 0}
    assert (caught.value.code, caught.value.fields) == ("newer_ledger", named)


@pytest.mark.parametrize(
    "body",
    [
        b"", b"1", b"null", b"[]", b"{", b'"a"', b'{"a":1},{"b":2}', b'{"a":1}]', b"\xff", b'{"a":1.5}', b'{"a":NaN}',
        b'{"a":' + b"9" * 5000 + b"}", b'{"a":' * 5000, b"{}{}",
    ],
)  # fmt: skip
def test_a_body_that_is_no_object_is_damage_and_says_where(body: bytes) -> None:
    with pytest.raises(IntegrityError) as caught:
        bodies(receipts(b'{"a":1}', body, b'{"b":2}'))
    assert caught.value.code == "ledger_damaged"
    assert (caught.value.fields["stream"], caught.value.fields["seq"]) == ("s", 1)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=3)
    ),
)


@given(st.dictionaries(st.text("abc", max_size=3), VALUES, max_size=4))
def test_a_body_is_read_as_any_reader_of_json_reads_it(value: dict[str, Any]) -> None:
    sealed = canonical.encode(value)
    assert decode(receipts(sealed)[0]) == json.loads(sealed)


@given(st.text('{}[],:"1a ', max_size=12).map(str.encode))
def test_whatever_the_bytes_are_the_fold_answers_or_calls_it_damage(raw: bytes) -> None:
    try:
        found = bodies(receipts(raw))
    except IntegrityError:
        return
    assert found == [json.loads(raw)]
