"""Every page of help fits a terminal of 80 columns and says what it takes."""

from __future__ import annotations

import pytest

from counterfoil.cli.manual import WIDTH, flowed, page, visible_verbs
from counterfoil.cli.table import GROUPED


@pytest.mark.parametrize("verb", ["", *GROUPED, *visible_verbs()])
def test_a_page_fits_the_terminal(verb: str) -> None:
    """Commands to copy are on one line each, however long."""
    lines = [line for line in page(verb).split("\n") if " | ticket " not in line]
    assert [line for line in lines if len(line) > WIDTH] == []


def test_paragraphs_flow_and_indented_lines_stay() -> None:
    text = "one\ntwo\n  kept   as it is\nthree\n\nfour"
    assert flowed(text) == "one two\n  kept   as it is\nthree\n\nfour"
