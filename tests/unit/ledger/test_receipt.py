"""A receipt's header is canonical JSON whatever goes into it, and holds nothing that could break out of it."""

from __future__ import annotations

import hashlib
import json
import string
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.errors import InputError
from counterfoil.kernel import canonical
from counterfoil.ledger.receipt import Draft, Receipt, check_stream, is_hash, key_digest, seal

LEDGER = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
SALT = "0123456789abcdef" * 2
AT = "2026-11-20T09:15:00.123Z"
PREV = bytes(range(32))
STATEMENT = ("a" * 64, ["c" * 64, "b" * 64, "c" * 64])
letters = string.ascii_letters + string.digits + "-_."
names = st.text(letters, min_size=1, max_size=20).filter(lambda name: not name.startswith("."))


def draft(**changed: Any) -> Draft:
    """Returns a draft, one thing or other changed."""
    given = {"stream": "notes", "kind": "stream.noted", "actor": "human:ada", "body": {"text": "x"}}
    return Draft(**{**given, "key": "k", "salt": SALT, **changed})


def sealed(drafted: Draft, **changed: Any) -> tuple[bytes, bytes]:
    """Seals a draft as the fifth of its stream, one thing or other changed."""
    return seal(drafted, **{"ledger": LEDGER, "seq": 4, "prev": PREV, "at": AT, **changed})


def sha256(data: bytes) -> str:
    """Returns SHA-256 in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


@given(
    st.lists(names, min_size=1, max_size=4).map("/".join),
    names,
    st.tuples(names, names).map(":".join),
    st.text(st.characters(exclude_categories=["Cs"])),
    st.integers(1, 10**6),
    st.integers(0, 10**12),
    st.sampled_from([b"", PREV]),
    st.sampled_from([None, STATEMENT]),
)
def test_the_header_is_the_canonical_form_of_its_fields(
    stream: str, kind: str, actor: str, key: str, schema: int, seq: int, prev: bytes, statement: Any
) -> None:
    drafted = draft(stream=stream, kind=kind, actor=actor, key=key, schema=schema, statement=statement)
    header, leaf = sealed(drafted, seq=seq, prev=prev)
    fields: dict[str, Any] = {
        "actor": actor,
        "at": AT,
        "body": sha256(rfc8785.dumps({"salt": SALT, "text": "x"})),
        "key": sha256(f"{actor}\0{key}".encode()),
        "kind": kind,
        "ledger": LEDGER,
        "prev": prev.hex(),
        "schema": schema,
        "seq": seq,
        "stream": stream,
        "v": 1,
    }
    if statement:
        fields |= {"pae": "a" * 64, "sigs": ["b" * 64, "c" * 64]}
    assert header == rfc8785.dumps(fields)
    assert leaf.hex() == sha256(b"\0" + header)
    assert canonical.decode(header) == fields


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"actor": 'human:ada","v":2,"x":"'}, "invalid_actor"),
        ({"actor": "human:ada lovelace"}, "invalid_actor"),
        ({"actor": "human:adä"}, "invalid_actor"),
        ({"actor": "human:ada\n"}, "invalid_actor"),
        ({"kind": 'a","v":2,"x":"'}, "unknown_kind"),
        ({"kind": "a b"}, "unknown_kind"),
        ({"stream": 'a"'}, "invalid_stream"),
        ({"body": {"text": 1.5}}, "not_canonical"),
        ({"body": {"text": "\ud800"}}, "not_canonical"),
        ({"body": {"salt": "mine"}}, "not_canonical"),
    ],
)
def test_what_would_not_stay_in_its_field_is_refused(changed: dict[str, Any], code: str) -> None:
    with pytest.raises(InputError) as caught:
        draft(**changed)
    assert caught.value.code == code


@pytest.mark.parametrize(
    "statement", [("a" * 64, []), ("a" * 63, ["b" * 64]), ("a" * 64, ["B" * 64]), ("", ["b" * 64])]
)
def test_a_statement_without_its_digests_is_not_sealed(statement: Any) -> None:
    with pytest.raises(AssertionError):
        sealed(draft(statement=statement))


@pytest.mark.parametrize("name", ["a", "ticket/01ARZ3NDEKTSV4RRFFQ69G5FAV", "a/b/c", "A-b_c.9", "a." * 100])
def test_a_name_that_can_be_typed_names_a_stream(name: str) -> None:
    check_stream(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "/",
        "/a",
        "a/",
        "a//b",
        ".",
        "..",
        ".a",
        "a/.b",
        "a/../b",
        "a b",
        "ä",
        "a\\b",
        "a\n",
        "a\0",
        "a:b",
        "a" * 201,
    ],
)
def test_a_name_that_could_not_be_shown_or_used_in_a_path_names_none(name: str) -> None:
    with pytest.raises(InputError) as caught:
        check_stream(name)
    assert (caught.value.code, caught.value.fields) == ("invalid_stream", {"value": name})


def stored(header: bytes, body: bytes | None = b'{"salt":"","text":"x"}') -> Receipt:
    """Returns a receipt as a store gives it."""
    return Receipt(0, "notes", 4, "stream.noted", 1, PREV, PREV, header, body)


def test_a_receipt_tells_its_fields() -> None:
    header, _ = sealed(draft())
    receipt = stored(header)
    assert (receipt.actor, receipt.at, receipt.ledger) == ("human:ada", AT, LEDGER)
    assert receipt.fields == json.loads(header)
    assert receipt.data() == {"salt": "", "text": "x"}
    assert receipt.id == PREV.hex()


def test_an_erased_body_is_empty() -> None:
    assert stored(b"{}", None).data() == {}


@pytest.mark.parametrize("data", [b"", b"[]", b"null", b'{"a":1.5}', b'{"a"', b"\xff", b"[" * 100_000])
def test_damaged_bytes_are_an_error_with_a_name(data: bytes) -> None:
    with pytest.raises(InputError) as header:
        _ = stored(data).fields
    with pytest.raises(InputError) as body:
        stored(b"{}", data).data()
    assert (header.value.code, body.value.code) == ("not_canonical", "not_canonical")


def test_a_header_without_its_fields_tells_nothing() -> None:
    receipt = stored(b"{}")
    assert (receipt.actor, receipt.at, receipt.ledger) == ("", "", "")


def test_the_key_of_another_actor_is_another_key() -> None:
    assert key_digest("human:ada", "k") == sha256(b"human:ada\0k")
    assert key_digest("human:ada", "k") != key_digest("human:eve", "k")
    assert is_hash(key_digest("human:ada", "a path that is no text: \udcff"))


@pytest.mark.parametrize(
    ("text", "said"), [("0" * 64, True), ("0" * 63, False), ("A" * 64, False), ("g" * 64, False), ("", False)]
)
def test_a_hash_is_64_small_hexadecimal_digits(text: str, said: bool) -> None:
    assert is_hash(text) is said
