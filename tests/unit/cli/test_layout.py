"""How tickets look: widths, cuts, and what must never reach a terminal."""

from __future__ import annotations

import unicodedata
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.cli import layout
from counterfoil.tickets.model import Row

ULID = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


def row(
    title: str, *, state: str = "ready", labels: tuple[str, ...] = (), assignee: str | None = None
) -> Row:
    """Returns a ticket's row."""
    return (ULID, title, state, "p1", labels, assignee, None, (), (), f"{ULID}.md", None)


@given(TEXT)
def test_nothing_that_a_terminal_acts_upon_is_visible(text: str) -> None:
    shown = layout.visible(text)
    assert not [char for char in shown if unicodedata.category(char) == "Cc"]
    assert not any(char in shown for char in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200b\u200e\u200f\u2028\u2029\ufeff")  # fmt: skip


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"), ("日本語 🎫 é", "日本語 🎫 é"), ("👩\u200d💻", "👩\u200d💻"), ("a\xa0b", "a\xa0b"),
        ("\x1b[31m", "\\u001b[31m"), ("a\u202eb", "a\\u202eb"), ("\u200b", "\\u200b"), ("a\nb", "a\\u000ab"),
    ],
)  # fmt: skip
def test_visible_text(text: str, shown: str) -> None:
    assert layout.visible(text) == shown


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("", 0),
        ("abc", 3),
        ("日本", 4),
        ("e\u0301", 1),
        ("🎫", 2),
        ("ｆ", 2),
        ("a\u200db", 2),
        ("\u2764\ufe0f", 1),
    ],
)
def test_columns_are_counted_as_they_show(text: str, columns: int) -> None:
    assert layout.columns_of(text) == columns


@given(TEXT, st.integers(-5, 50))
def test_a_cut_text_fits_and_ends_with_an_ellipsis(text: str, columns: int) -> None:
    shown = layout.cut(text, columns)
    assert layout.columns_of(shown) <= max(columns, 1)
    assert shown == text or shown.endswith("…")


@given(st.lists(TEXT, min_size=1, max_size=4), st.integers(1, 100))
def test_no_line_of_a_table_is_wider_than_the_terminal_once_it_is_wide_enough(
    titles: list[str], width: int
) -> None:
    rows = [row(title, labels=("a", "b"), assignee="human:ana") for title in titles]
    with mock.patch.object(layout, "terminal_width", return_value=width):
        lines = layout.table(rows, "TK", {"NO_COLOR": ""}).split("\n")
    assert len(lines) == len(titles)
    assert all(layout.columns_of(line) <= max(width, 30 + layout.MINIMUM_TITLE) for line in lines)


@given(st.lists(TEXT, max_size=4), st.integers(1, 200), st.booleans())
def test_a_board_fits_into_any_terminal(titles: list[str], width: int, with_done: bool) -> None:
    rows = [row(title, state=state) for title in titles for state in ("ready", "blocked")]
    with mock.patch.object(layout, "terminal_width", return_value=width):
        board = layout.kanban(rows, "TK", {"NO_COLOR": ""}, with_done=with_done)
    assert all(layout.columns_of(line) <= max(width, 20) for line in board.split("\n"))
    assert board.count("TK-01ARZ3ND") == len(rows)


def test_colours_are_for_terminals_that_want_them() -> None:
    with mock.patch("os.isatty", return_value=True):
        assert layout.colourful({})
        assert not layout.colourful({"NO_COLOR": ""})
        assert not layout.colourful({"TERM": "dumb"})
    with mock.patch("os.isatty", return_value=False):
        assert not layout.colourful({"TERM": "xterm"})


def test_colours_change_no_letter() -> None:
    rows = [row("A", state=state) for state in layout.STATE_COLOURS]
    plain = layout.table(rows, "TK", {"NO_COLOR": ""})
    with mock.patch("os.isatty", return_value=True):
        painted = layout.table(rows, "TK", {})
    for colour in (
        layout.RESET,
        layout.BOLD,
        *layout.STATE_COLOURS.values(),
        *layout.PRIORITY_COLOURS.values(),
    ):
        painted = painted.replace(colour, "") if colour else painted
    assert painted == plain


@given(st.text(st.sampled_from("ab \u2e80\u4e2d\u0301"), max_size=60), st.integers(2, 12))
def test_a_wrapped_text_keeps_its_letters_and_no_line_takes_more_columns_than_there_are(
    text: str, columns: int
) -> None:
    lines = layout.wrapped(text, columns)
    assert all(layout.columns_of(line) <= columns for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
