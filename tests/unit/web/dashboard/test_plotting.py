"""Plots are numbers: scales that hold what they show, ticks that people would choose, paths that stay inside."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.usecases.insights import Spread
from counterfoil.web.dashboard import plotting
from counterfoil.web.dashboard.plotting import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH

DAYS = tuple((date(2026, 8, 31) + timedelta(days=number)).isoformat() for number in range(84))
WEEKS = DAYS[::7]
COUNTS = st.lists(st.integers(0, 10_000), min_size=len(DAYS), max_size=len(DAYS))


def inside(path: str) -> bool:
    """Tells whether all points of a path with absolute coordinates lie in the picture."""
    points = re.findall(r"(-?[\d.]+) (-?[\d.]+)", path)
    return all(0 <= float(x) <= WIDTH and 0 <= float(y) <= HEIGHT for x, y in points)


@pytest.mark.parametrize(
    ("high", "found"),
    [
        (0, [0, 1]), (1, [0, 0.5, 1]), (3, [0, 1, 2, 3]), (7, [0, 2, 4, 6, 8]), (10, [0, 5, 10]),
        (95, [0, 50, 100]), (1234, [0, 500, 1000, 1500]),
    ],
)  # fmt: skip
def test_ticks_are_ones_twos_and_fives(high: float, found: list[float]) -> None:
    assert plotting.ticks(high) == pytest.approx(found)


@given(st.floats(0.001, 1e9))
def test_the_last_tick_is_no_less_than_what_is_shown_and_there_are_few(high: float) -> None:
    found = plotting.ticks(high)
    assert found[0] == 0
    assert found[-1] >= high * (1 - 1e-6)
    assert 2 <= len(found) <= plotting.TICKS + 2


def test_counts_have_no_tick_between_two_of_them() -> None:
    assert plotting.ticks(1, whole=True) == [0, 1]
    assert plotting.ticks(2, whole=True) == [0, 1, 2]


def test_time_has_ticks_at_minutes_hours_and_days() -> None:
    assert plotting.time_ticks(60) == [0, 20, 40, 60]
    assert plotting.time_ticks(3 * 3600) == [0, 3600, 7200, 10800]
    assert plotting.time_ticks(6 * 86_400)[1] == 2 * 86_400


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (59, "59 s"), (60, "1 min"), (5400, "1.5 h"), (86_400, "1 d"), (216_000, "2.5 d")],
)
def test_a_duration_is_told_in_the_unit_that_suits_it(seconds: float, words: str) -> None:
    assert plotting.duration(seconds) == words


@pytest.mark.parametrize(
    ("value", "words"), [(0, "0"), (0.5, "0.5"), (300, "300"), (1500, "1.5k"), (20_000, "20k")]
)
def test_a_tick_says_a_value_in_few_characters(value: float, words: str) -> None:
    assert plotting.compact(value) == words


def test_a_scale_without_a_range_is_one_place() -> None:
    assert plotting.scale(5, 0, 10, 100, 200) == 150
    assert plotting.scale(5, 5, 5, 100, 200) == 100


@given(COUNTS, COUNTS)
def test_what_came_stands_above_the_line_and_what_went_hangs_below_it(
    created: list[int], done: list[int]
) -> None:
    plot = plotting.flow("flow", "Flow", DAYS, created, done)
    assert all(inside(bar.path) for bar in plot.bars)
    for series, is_right in ((1, lambda y: y <= plot.base), (2, lambda y: y >= plot.base)):
        heads = [
            float(y) for bar in plot.bars if bar.series == series for y in re.findall(r"V([\d.]+)", bar.path)
        ]
        assert len(heads) == sum(map(bool, (created, done)[series - 1])) or plot.is_empty
        assert all(map(is_right, heads))
    assert [sum(int(row[1]) for row in plot.rows), sum(int(row[2]) for row in plot.rows)] == [sum(created), sum(done)]  # fmt: skip


def test_nothing_is_an_empty_picture() -> None:
    zeros = [0] * len(DAYS)
    nothing = [Spread(week, 0, None, None, None) for week in WEEKS]
    assert plotting.flow("a", "A", DAYS, zeros, zeros).is_empty
    assert plotting.stacked_areas("a", "A", DAYS, {"ready": zeros}).is_empty
    assert plotting.stacked_bars("a", "A", "", DAYS, {}).is_empty
    assert plotting.spreads("a", "A", "", {"median": nothing}).is_empty
    assert plotting.spreads("a", "A", "", {}).is_empty


def test_areas_lie_on_top_of_each_other_and_end_where_the_board_is() -> None:
    plot = plotting.stacked_areas("open", "Open", DAYS, {"ready": [3] * 84, "in_progress": [*[0] * 83, 5]})
    assert plot.summary == "8 open now"
    assert [line.series for line in plot.areas] == [1, 2]
    assert plot.marks[-1].lines == (DAYS[-1], "ready 3", "in progress 5", "together 8")
    assert plot.rows[-1] == (DAYS[-1], "3", "5", "8")
    upper = float(plot.lines[1].path.rpartition(" ")[2])
    assert upper == pytest.approx(plotting.scale(8, 0, 8, HEIGHT - BOTTOM, TOP))


def test_pieces_of_a_bar_add_up_and_the_table_is_by_week() -> None:
    first = [1.5, *[0.0] * 83]
    plot = plotting.stacked_bars("spend", "Spend", "", DAYS, {"agent:a": first, "agent:b": first})
    assert len(plot.bars) == 2
    foot = re.search(r"M[\d.]+ ([\d.]+)", plot.bars[1].path)
    head = re.search(r"V([\d.]+)", plot.bars[0].path)
    assert foot is not None
    assert head is not None
    assert foot[1] == head[1]
    assert plot.rows[0] == (WEEKS[0], "1.50", "1.50")
    assert len(plot.rows) == 12


def test_one_series_has_a_band_and_several_are_lines() -> None:
    row = [Spread(week, 4, 60, 120, 240) for week in WEEKS]
    alone = plotting.spreads("cycle", "Cycle", "", {"median": row})
    both = plotting.spreads("latency", "Latency", "", {"ticket.move": row, "ticket.edit": row})
    assert (len(alone.areas), len(alone.lines), len(alone.dots)) == (1, 1, 12)
    assert (len(both.areas), len(both.lines), len(both.dots)) == (0, 2, 24)
    assert alone.marks[0].lines == (
        f"week of {WEEKS[0]}",
        "median 2 min",
        "middle half 1 min to 4 min",
        "4 in all",
    )
    assert both.rows[0][:3] == (WEEKS[0], "ticket.move", "4")


def test_a_single_week_is_a_dot_and_no_line() -> None:
    row = [Spread(week, int(place == 11), 60, 60, 60) for place, week in enumerate(WEEKS)]
    plot = plotting.spreads("cycle", "Cycle", "", {"median": row})
    assert (len(plot.dots), len(plot.lines), len(plot.areas)) == (1, 0, 0)
    assert plot.dots[0].x <= WIDTH - RIGHT


def test_marks_cover_the_picture_from_edge_to_edge() -> None:
    marks = plotting.flow("flow", "Flow", DAYS, [1] * 84, [1] * 84).marks
    assert marks[0].x == LEFT
    assert marks[-1].x + marks[-1].width == pytest.approx(WIDTH - RIGHT, abs=0.5)
