"""Tokens: one way to write each, what is kept of one, and that this is no token."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.gate import redact, token
from counterfoil.gate.token import Token
from counterfoil.kernel.actor import is_slug

SALT = "0f" * 16
SLUGS = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,31}", fullmatch=True)
BITS = st.tuples(st.integers(0, 2**token.KEY_ID_BITS - 1), st.integers(0, 2**token.SECRET_BITS - 1))
ONE = token.mint("claude", 0x123456789A, 7 << 200)


@given(SLUGS, BITS)
def test_what_is_minted_is_read_again_whatever_the_name_looks_like(slug: str, bits: tuple[int, int]) -> None:
    minted = token.mint(slug, *bits)
    text = token.write(minted)
    assert token.parse(text) == minted
    assert len(text) <= token.LENGTH_MAX


@given(st.text(max_size=120) | st.text(alphabet="cf_.-aZ09", max_size=120))
def test_any_text_is_a_token_written_in_its_one_way_or_none(text: str) -> None:
    found = token.parse(text)
    assert found is None or (token.write(found) == text and is_slug(found.slug))


@given(SLUGS, BITS, st.integers(0, token.SECRET_LENGTH - 1), st.sampled_from(token.SECRET_DIGITS))
def test_a_secret_that_differs_in_one_digit_is_another_one_or_none(
    slug: str, bits: tuple[int, int], place: int, digit: str
) -> None:
    minted = token.mint(slug, *bits)
    other = minted.secret[:place] + digit + minted.secret[place + 1 :]
    found = token.parse(token.write(minted._replace(secret=other)))
    kept = token.digest(minted, SALT)
    assert found is None or token.matches(found, SALT, kept) == (other == minted.secret)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "cf_",
        "cf_claude",
        token.write(ONE)[:-1],
        token.write(ONE) + "A",
        token.write(ONE)[:-1] + "B",  # the two spare bits
        token.write(ONE).upper(),
        " " + token.write(ONE),
        token.write(ONE) + "\n",
        token.write(ONE).replace(".", ""),
        token.write(ONE).replace("cf_", "ghp_"),
        token.write(ONE._replace(slug="Claude")),
        token.write(ONE._replace(slug="")),
        token.write(ONE._replace(slug="a" * 33)),
        token.write(ONE._replace(key_id="iiiiiiii")),
        token.write(ONE._replace(secret="é" * 43)),
        "cf_" + "a" * 1_000_000,
    ],
)
def test_what_is_no_token_to_the_last_bit_is_none(text: str) -> None:
    assert token.parse(text) is None


def test_what_is_kept_belongs_to_one_key_of_one_agent_and_one_salt() -> None:
    others = [ONE._replace(slug="other"), ONE._replace(key_id="00000000"), ONE._replace(secret="A" * 43)]
    kept = token.digest(ONE, SALT)
    assert token.matches(ONE, SALT, kept)
    assert [token.matches(other, SALT, kept) for other in others] == [False] * 3
    assert not token.matches(ONE, "f0" * 16, kept)


def test_what_is_kept_is_no_credential() -> None:
    kept = token.digest(ONE, SALT)
    as_secret = token.mint(ONE.slug, 0x123456789A, int(kept, 16))
    assert token.parse(f"cf_{ONE.slug}_{ONE.key_id}.{kept}") is None
    assert not token.matches(ONE._replace(secret=as_secret.secret), SALT, kept)
    assert not token.matches(Token(ONE.slug, ONE.key_id, kept), SALT, kept)


@given(SLUGS, st.integers(0, 2**32))
def test_a_token_is_known_for_a_secret_wherever_it_stands(slug: str, seed: int) -> None:
    chance = Random(seed)
    minted = token.mint(slug, chance.getrandbits(token.KEY_ID_BITS), chance.getrandbits(token.SECRET_BITS))
    text = token.write(minted)
    for around in (
        "{}",
        "Authorization: Bearer {}\n",
        '{{"token":"{}"}}',
        "export X={}; y",
        "https://h/?t={}&u",
    ):
        masked, _ = redact.mask(around.format(text))
        assert minted.secret not in masked
        assert redact.scan(around.format(text))


def test_a_token_does_not_show_its_secret_when_it_is_printed() -> None:
    assert ONE.secret not in f"{ONE} {ONE!r} {[ONE]}"
