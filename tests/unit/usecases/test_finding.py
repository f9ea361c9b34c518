"""Tickets written out for other programs: no cell is a formula, no text is markup."""

from __future__ import annotations

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.usecases.finding import COLUMNS, Found, as_csv, as_json, as_markdown

PREFIXES = {"shop": "TK"}


def found(title: str, labels: tuple[str, ...] = ()) -> list[Found]:
    row = (
        "01ARZ3NDEKTSV4RRFFQ69G5FAV", title, "ready", "p1", labels, "human:ada", None, (), (), "1.md", None,
    )  # fmt: skip
    return [Found("shop", row)]


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "  ="])
def test_a_title_that_a_spreadsheet_would_run_is_text_in_a_csv(begin: str) -> None:
    rows = list(csv.reader(io.StringIO(as_csv(found(f'{begin}HYPERLINK("http://evil")'), PREFIXES))))

    assert rows[1][COLUMNS.index("title")] == f'\'{begin}HYPERLINK("http://evil")'


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=40))
def test_every_title_comes_back_from_a_csv_and_no_cell_begins_a_formula(title: str) -> None:
    rows = list(csv.reader(io.StringIO(as_csv(found(title, ("-x", "=y")), PREFIXES), newline="")))

    assert [len(row) for row in rows] == [len(COLUMNS)] * 2
    assert rows[1][COLUMNS.index("title")].removeprefix("'") == title.removeprefix("'")
    assert not [cell for cell in rows[1] if cell.lstrip(" ").startswith(("=", "+", "-", "@"))]


def test_a_title_is_only_text_in_a_markdown_table() -> None:
    text = as_markdown(found("a | b <script> [x](y) `c` \\"), PREFIXES)

    assert text.split("\n")[2] == (
        "| shop | TK-01ARZ3ND | a \\| b \\<script\\> \\[x\\]\\(y\\) \\`c\\` \\\\ | ready | p1 |  | human:ada |  |"
    )


def test_json_has_the_entries_of_the_index_and_their_repository() -> None:
    [entry] = json.loads(as_json(found("Ä", ("bug",)), PREFIXES))

    assert (entry["repo"], entry["display_id"], entry["title"], entry["labels"]) == (
        "shop",
        "TK-01ARZ3ND",
        "Ä",
        ["bug"],
    )
