"""The word that was probably meant."""

from __future__ import annotations

import difflib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.cli.nearest import nearest
from counterfoil.cli.table import VERBS


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("lst", "list"), ("lsit", "list"), ("shwo", "show"), ("validte", "validate"), ("serach", "search"),
        ("instal-hooks", "install-hooks"), ("x", None), ("frobnicate", None), ("", None), ("lists", "list"),
    ],
)  # fmt: skip
def test_a_slip_is_recognised_and_a_guess_is_not_made(word: str, meant: str | None) -> None:
    assert nearest(word, VERBS) == meant


@given(st.sampled_from(sorted(VERBS)), st.data())
def test_one_lost_letter_of_a_long_verb_still_finds_one_that_is_as_near(
    verb: str, data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(verb) - 1))
    word = verb[:at] + verb[at + 1 :]
    found = nearest(word, VERBS)
    assert found is not None or len(word) < 1
    assert found is None or difflib.SequenceMatcher(None, word, found).ratio() > 0.5
