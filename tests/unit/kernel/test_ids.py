"""ULIDs: their form, and minting around short ids that are taken."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.kernel.ids import (
    ALPHABET,
    BUCKET_MS,
    LOOK_AHEAD_MS,
    RANDOM_BITS,
    Minter,
    canonical_ulid,
    encode,
    is_id_prefix,
    is_ulid,
    mint,
    short_id,
    timestamp_ms,
)

NOW_MS = 1_700_000_000_123
LAST_MS = (1 << 48) - 1


def bucket_of(ulid: str) -> int:
    return timestamp_ms(ulid) // BUCKET_MS


@given(st.integers(0, LAST_MS), st.integers(0, (1 << RANDOM_BITS) - 1))
def test_what_is_encoded_is_a_ulid_that_tells_its_time(now_ms: int, randomness: int) -> None:
    ulid = encode(now_ms, randomness)
    assert is_ulid(ulid)
    assert timestamp_ms(ulid) == now_ms


@given(st.integers(0, LAST_MS - 1), st.integers(0, (1 << RANDOM_BITS) - 1))
def test_a_later_id_sorts_behind_an_earlier_one(now_ms: int, randomness: int) -> None:
    assert encode(now_ms, randomness) < encode(now_ms + 1, 0)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("01hgw2bbg0000000000000000a", "01HGW2BBG0000000000000000A"),
        ("01HGW2BBG0000000000000000A", "01HGW2BBG0000000000000000A"),
        ("01HGW2BBG0000000000000000", None),
        ("01HGW2BBG0000000000000000AA", None),
        ("01HGW2BBG0000000000000000I", None),
        ("81HGW2BBG0000000000000000A", None),
        ("０1HGW2BBG0000000000000000A", None),
        ("01HGW2BBG0000000000000000ſ", None),
        ("", None),
    ],
)
def test_an_id_is_plain_ascii_in_any_case(text: str, canonical: str | None) -> None:
    assert canonical_ulid(text) == canonical


@pytest.mark.parametrize(
    ("text", "fits"), [("0", True), ("7ZZ", True), ("8", False), ("", False), ("0U", False)]
)
def test_a_beginning_of_an_id_is_recognised(text: str, fits: bool) -> None:
    assert is_id_prefix(text) is fits


def test_an_id_is_minted_at_the_present_moment_where_that_is_free() -> None:
    assert mint(NOW_MS, 5, set()) == encode(NOW_MS, 5)


def test_only_eighty_bits_of_chance_are_used() -> None:
    assert mint(NOW_MS, (1 << 90) + 5, set()) == encode(NOW_MS, 5)


def test_minting_goes_a_minute_ahead_and_then_backwards() -> None:
    minter = Minter(set())
    here = NOW_MS // BUCKET_MS
    ahead = LOOK_AHEAD_MS // BUCKET_MS
    minted = [bucket_of(minter.mint(NOW_MS, 0)) - here for _ in range(ahead + 4)]
    assert minted == [*range(ahead + 1), -1, -2, -3]


def test_an_id_from_ahead_never_lies_more_than_a_minute_ahead() -> None:
    minter = Minter(set())
    assert all(timestamp_ms(minter.mint(NOW_MS, 0)) <= NOW_MS + LOOK_AHEAD_MS for _ in range(100))


def test_minting_goes_on_behind_what_is_taken() -> None:
    taken = {short_id(encode(NOW_MS + step * BUCKET_MS, 0)) for step in (0, 1, 3)}
    minter = Minter(taken)
    here = NOW_MS // BUCKET_MS
    assert [bucket_of(minter.mint(NOW_MS, 0)) - here for _ in range(3)] == [2, 4, 5]


def test_what_is_taken_meanwhile_is_seen() -> None:
    taken: set[str] = set()
    minter = Minter(taken)
    minter.mint(NOW_MS, 0)
    taken.add(short_id(encode(NOW_MS + BUCKET_MS, 0)))
    assert bucket_of(minter.mint(NOW_MS, 0)) == NOW_MS // BUCKET_MS + 2


@given(
    st.lists(st.tuples(st.integers(-70, 70), st.integers(0, BUCKET_MS - 1)), max_size=40),
    st.sets(st.integers(-70, 140), max_size=60),
)
def test_every_id_takes_the_nearest_free_bucket_of_its_moment(
    moments: list[tuple[int, int]], offsets: set[int]
) -> None:
    here = NOW_MS // BUCKET_MS
    taken = {short_id(encode((here + offset) * BUCKET_MS, 0)) for offset in offsets}
    minter = Minter(taken)
    free = taken.copy()
    for offset, rest_ms in moments:
        now_ms = (here + offset) * BUCKET_MS + rest_ms
        ulid = minter.mint(now_ms, 9)
        assert ulid == mint(now_ms, 9, free)
        assert short_id(ulid) not in free
        free.add(short_id(ulid))


def test_ten_thousand_ids_of_one_second_have_ten_thousand_short_ids_in_linear_time() -> None:
    looks = 0

    class Counted(set[str]):
        def __contains__(self, item: object) -> bool:
            nonlocal looks
            looks += 1
            return super().__contains__(item)

    minter = Minter(Counted())
    assert len({short_id(minter.mint(NOW_MS, 0)) for _ in range(10_000)}) == 10_000
    assert looks == 10_000


def test_the_alphabet_has_no_letter_that_is_mistaken_for_another() -> None:
    assert not set("ILOU") & set(ALPHABET)
