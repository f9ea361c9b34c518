"""The series of a project: what is drawn of one that is young."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from counterfoil.usecases.insights import Insights, Spread, since_first

DAYS = tuple((date(2026, 8, 31) + timedelta(days=number)).isoformat() for number in range(80))
WEEKS = 12


def series(*, created_on: int | None = None, answered_in: int | None = None) -> Insights:
    """Returns the series of twelve weeks, the last of them not over, with one thing in them."""
    created = tuple(int(place == created_on) for place in range(len(DAYS)))
    weeks = [Spread(DAYS[7 * place], int(place == answered_in), None, None, None) for place in range(WEEKS)]
    nothing = (0,) * len(DAYS)
    return Insights(
        DAYS, created, nothing, {"ready": nothing}, tuple(weeks), {"ticket.move": tuple(weeks)}, "", {}, ()
    )


@pytest.mark.parametrize(
    ("found", "first"),
    [
        (series(created_on=0), 0),
        (series(created_on=40), 35),
        (series(created_on=79), 70),
        (series(created_on=79, answered_in=3), 21),
        (series(), 70),
    ],
)
def test_the_pictures_begin_with_the_week_in_which_something_was_and_show_two_at_least(
    found: Insights, first: int
) -> None:
    seen = since_first(found)
    assert seen.days == DAYS[first:]
    assert [len(row) for row in (seen.created, seen.done, *seen.states.values())] == [len(seen.days)] * 3
    assert seen.cycle == found.cycle[first // 7 :]
    assert seen.latency["ticket.move"][0].week == seen.days[0]
