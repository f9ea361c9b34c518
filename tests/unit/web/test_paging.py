"""Cursors: what was given is understood, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.errors import InputError
from counterfoil.web import paging


@given(st.text(st.characters(codec="utf-8")), st.integers(0, 2**53 - 1))
def test_a_cursor_names_the_place_that_it_was_made_of(text: str, number: int) -> None:
    assert paging.place("things", paging.cursor("things", text, number), str, int) == [text, number]


def test_no_cursor_is_the_beginning() -> None:
    assert paging.place("things", None, str) is None


@given(st.text(max_size=60))
def test_what_nobody_gave_is_refused(text: str) -> None:
    with pytest.raises(InputError) as error:
        paging.place("things", text, str, int, str)
    assert error.value.code == "invalid_cursor"


@pytest.mark.parametrize("made", [
    paging.cursor("others", "a"), paging.cursor("things", 1), paging.cursor("things"), paging.cursor("things", "a", "b"),
])  # fmt: skip
def test_a_cursor_of_another_list_is_refused(made: str) -> None:
    with pytest.raises(InputError):
        paging.place("things", made, str)


@pytest.mark.parametrize("number", [-1, 2**53, 10**30])
def test_a_place_that_no_log_has_is_refused(number: int) -> None:
    with pytest.raises(InputError):
        paging.place("things", paging.cursor("things", number), int)
