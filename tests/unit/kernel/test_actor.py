"""Actors and the slugs that are made from names."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.errors import InputError
from counterfoil.kernel.actor import canonical, is_slug, parse, slug_from_name

SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")


@pytest.mark.parametrize(
    ("text", "actor"),
    [
        ("human:ana", "human:ana"), ("agent:claude-4_x", "agent:claude-4_x"), ("HUMAN:ana", "human:ana"),
        ("Agent:0", "agent:0"), ("human:" + "a" * 32, "human:" + "a" * 32),
        ("human:" + "a" * 33, None), ("human:Ana", None), ("human:-a", None), ("human:_a", None), ("human:", None),
        ("human", None), ("", None), (":x", None), ("policy:x", None), ("source:x", None), ("server:x", None),
        ("human:a:b", None), (" human:a", None), ("human:a ", None), ("human:é", None), ("human:a\n", None),
        ("ﬁ:x", None), ("none", None),
    ],
)  # fmt: skip
def test_an_actor_is_a_kind_and_a_slug(text: str, actor: str | None) -> None:
    assert canonical(text) == actor
    if actor is None:
        with pytest.raises(InputError) as caught:
            parse(text)
        assert (caught.value.code, caught.value.fields) == (
            "invalid_actor", {"value": text, "allowed": ["human", "agent"]},
        )  # fmt: skip
    else:
        assert parse(text) == actor


@given(st.text(max_size=40))
def test_a_slug_is_what_the_protocols_expression_says(text: str) -> None:
    assert is_slug(text) is bool(SLUG.fullmatch(text))


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Ana María", "ana-maria"), ("  J. R. R. Tolkien ", "j-r-r-tolkien"), ("日本", ""), ("", ""), ("---", ""),
        ("O'Neil", "o-neil"), ("ﬁne", "fine"), ("a_b", "a-b"), ("x" * 31 + " y", "x" * 31), ("Zoë 2", "zoe-2"),
    ],
)  # fmt: skip
def test_a_name_becomes_a_slug(name: str, slug: str) -> None:
    assert slug_from_name(name) == slug


@given(st.text(max_size=80))
def test_whatever_becomes_of_a_name_is_a_slug_or_nothing(name: str) -> None:
    slug = slug_from_name(name)
    assert slug == "" or is_slug(slug)
