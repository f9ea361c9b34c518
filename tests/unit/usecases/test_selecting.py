"""What an address asks for selects tickets; what no ticket can have selects none and is no error."""

from __future__ import annotations

import pytest

from counterfoil.usecases.selecting import Facets, Wanted, facets, select
from counterfoil.usecases.snapshot import Tickets

ROWS = (
    ("01ARZ3NDEKTSV4RRFFQ69G5FAV", "Fix login", "ready", "p1", ("bug", "API"), "human:ada", None, (), (), "1.md", None),
    ("01BRZ3NDEKTSV4RRFFQ69G5FAV", "Sell shoes", "done", "p2", (), None, None, (), (), "2.md", None),
    ("01CRZ3NDEKTSV4RRFFQ69G5FAV", "Log everything", "ready", "p3", ("bug",), "agent:a", None, (), (), "3.md", None),
)  # fmt: skip


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Wanted(), "123"),
        (Wanted("log"), "13"),
        (Wanted("TK-01BRZ3ND"), "2"),
        (Wanted("tk-01brz"), "2"),
        (Wanted("01CRZ3ND"), "3"),
        (Wanted(states=("ready",)), "13"),
        (Wanted(states=("READY", "nonsense")), "13"),
        (Wanted(states=("nonsense",)), ""),
        (Wanted(priorities=("p1", "p2")), "12"),
        (Wanted(priorities=("p9",)), ""),
        (Wanted(labels=("api",)), "1"),
        (Wanted(assignee="human:ada"), "1"),
        (Wanted(assignee="none"), "2"),
        (Wanted(assignee="human:<script>"), ""),
        (Wanted("log", ("ready",), ("p3",), ("bug",), "agent:a"), "3"),
    ],
)
def test_an_address_selects(wanted: Wanted, found: str) -> None:
    assert "".join(row[9][0] for row in select(ROWS, wanted, "TK")) == found


def test_a_filter_offers_the_labels_and_people_that_there_are() -> None:
    assert facets(Tickets(1, ROWS, {}, "TK")) == Facets(("API", "bug"), ("agent:a", "human:ada"))
