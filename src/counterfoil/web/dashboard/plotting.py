"""Plots as numbers: scales, ticks and paths of a few kinds of pictures; a template makes SVG of them.

Each picture comes with the table of what it shows, so that nobody has to see it. Colours are classes, and no
series is told from another by colour alone: by its place, its dashes or its dots as well.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil, floor, log10
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from counterfoil.usecases.insights import Spread

    Say = Callable[[float], str]

WIDTH, HEIGHT = 520, 210
LEFT, RIGHT, TOP, BOTTOM = 46, 8, 10, 26
"""What is kept free at each side, for words."""
TICKS = 4
WEEK = 7
BAR_SHARE = 0.72
MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86_400
THOUSAND = 1000


class Line(NamedTuple):
    """A line, an area or all bars of a series: an SVG path, and which series it is of (1 to 6)."""

    path: str
    series: int


class Dot(NamedTuple):
    """A point: where, and which series it is of."""

    x: float
    y: float
    series: int


class Tick(NamedTuple):
    """A word at an axis, and where it stands."""

    at: float
    text: str


class Mark(NamedTuple):
    """A part of the picture that says its values when it is pointed at.

    Attributes:
        x, width: the strip that it is.
        lines: what it says; the first line is its heading. The page's script shows it.
    """

    x: float
    width: float
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Plot:
    """One picture.

    Attributes:
        name: for ids.
        title: what it is about.
        summary: what it shows, in a sentence.
        bars, areas, lines, dots: what is drawn, in this order.
        marks: what says its values, from left to right.
        x_ticks, y_ticks: the words at the axes.
        base: where zero is.
        legend: the series with their numbers.
        head, rows: the same as a table.
    """

    name: str
    title: str
    summary: str
    bars: Sequence[Line] = ()
    areas: Sequence[Line] = ()
    lines: Sequence[Line] = ()
    dots: Sequence[Dot] = ()
    marks: Sequence[Mark] = ()
    x_ticks: Sequence[Tick] = ()
    y_ticks: Sequence[Tick] = ()
    base: float = HEIGHT - BOTTOM
    legend: Sequence[tuple[str, int]] = ()
    head: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    width: int = field(default=WIDTH)
    height: int = field(default=HEIGHT)
    top: int = field(default=TOP)
    left: int = field(default=LEFT)
    right: int = field(default=WIDTH - RIGHT)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to see."""
        return not (self.bars or self.lines or self.areas or self.dots)


# --- scales ---------------------------------------------------------------------------------------


def scale(value: float, low: float, high: float, start: float, end: float) -> float:
    """Returns where a value stands between two places; the first of them where there is no range."""
    return start if high == low else start + (value - low) * (end - start) / (high - low)


def step_of(high: float, number: int = TICKS) -> float:
    """Returns the distance of ticks: the least of 1, 2, 5, 10, … that needs no more than so many."""
    if high <= 0:
        return 1.0
    rough = high / number
    power = 10.0 ** floor(log10(rough))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * (1 - 1e-9))


def ticks(high: float, *, whole: bool = False) -> list[float]:
    """Returns the values at which an axis from 0 has ticks; the last one is no less than `high`."""
    step = step_of(high)
    if whole:
        step = max(1.0, step)
    return [step * number for number in range(ceil(max(high, step) / step - 1e-9) + 1)]


def time_ticks(high: float) -> list[float]:
    """Returns the same for seconds: at minutes, hours or days."""
    unit = next((unit for unit in (DAY_S, HOUR_S, MINUTE_S) if high >= 2 * unit), 1)
    return [unit * value for value in ticks(high / unit)]


def duration(seconds: float) -> str:
    """Writes a duration for people, in the unit that suits it."""
    for size, unit in ((DAY_S, "d"), (HOUR_S, "h"), (MINUTE_S, "min")):
        if seconds >= size:
            return f"{seconds / size:.1f}".removesuffix(".0") + f" {unit}"
    return f"{seconds:.0f} s"


def number(value: float) -> str:
    """Writes a count."""
    return f"{value:,.0f}"


def compact(value: float) -> str:
    """Writes a value at an axis in as few characters as tell it."""
    return f"{value / 1000:g}k" if value >= THOUSAND else f"{value:g}"


def amount(value: float) -> str:
    """Writes an amount of money."""
    return f"{value:,.2f}"


# --- pictures -------------------------------------------------------------------------------------


def flow(name: str, title: str, days: Sequence[str], created: Sequence[int], done: Sequence[int]) -> Plot:
    """Draws what came up and what went down from one line: bars of each day."""
    high = max([*created, *done, 1])
    levels = ticks(high, whole=True)
    top = levels[-1]
    middle = TOP + (HEIGHT - TOP - BOTTOM) / 2
    slot = _slot(days)
    bars = [
        Line("".join([_bar(slot, place, middle, scale(value, 0, top, middle, end)) for place, value in enumerate(values) if value]), at)
        for at, (values, end) in enumerate(((created, TOP), (done, HEIGHT - BOTTOM)), 1)
    ]  # fmt: skip
    labels = [*[(level, scale(level, 0, top, middle, TOP)) for level in levels],
              *[(level, scale(level, 0, top, middle, HEIGHT - BOTTOM)) for level in levels[1:]]]  # fmt: skip
    told = [
        (day, f"created {came}", f"done {went}") for day, came, went in zip(days, created, done, strict=True)
    ]
    return Plot(
        name, title, f"{number(sum(created))} created and {number(sum(done))} done in {len(days)} days",
        bars if any(created) or any(done) else (), marks=_marks(told, slot),
        x_ticks=_weeks(days, slot), y_ticks=_spread_out([Tick(y, compact(level)) for level, y in labels]), base=middle,
        legend=(("created, upwards", 1), ("done, downwards", 2)), head=("Week of", "Created", "Done"),
        rows=[(week, str(sum(created[part])), str(sum(done[part]))) for week, part in weeks_of(days)],
    )  # fmt: skip


def stacked_areas(name: str, title: str, days: Sequence[str], series: Mapping[str, Sequence[int]]) -> Plot:
    """Draws series on top of each other, so that the upper edge is their sum."""
    sums = [sum(values) for values in zip(*series.values(), strict=True)]
    levels = ticks(max([*sums, 1]), whole=True)
    slot = _slot(days)
    xs = [LEFT + slot * (place + 0.5) for place in range(len(days))]
    below = [0.0] * len(days)
    areas, lines = [], []
    for at, values in enumerate(series.values(), 1):
        above = [low + value for low, value in zip(below, values, strict=True)]
        upper = [(x, _y(value, levels)) for x, value in zip(xs, above, strict=True)]
        lower = [(x, _y(value, levels)) for x, value in zip(xs, below, strict=True)]
        areas.append(Line(path_of([*upper, *reversed(lower)]) + "Z", at))
        lines.append(Line(path_of(upper), at))
        below = above
    told = [
        (
            day,
            *[f"{_word(each)} {values[place]}" for each, values in series.items()],
            f"together {sums[place]}",
        )
        for place, day in enumerate(days)
    ]
    is_any = any(sums)
    return Plot(
        name, title, f"{number(sums[-1] if sums else 0)} open now", areas=areas if is_any else (),
        lines=lines if is_any else (), marks=_marks(told, slot), x_ticks=_weeks(days, slot),
        y_ticks=[Tick(_y(level, levels), compact(level)) for level in levels],
        legend=[(_word(each), at) for at, each in enumerate(series, 1)], head=("Day", *map(_word, series), "Together"),
        rows=[(day, *[str(values[place]) for values in series.values()], str(sums[place]))
              for place, day in enumerate(days) if place % WEEK == WEEK - 1 or place == len(days) - 1],
    )  # fmt: skip


def stacked_bars(
    name: str, title: str, summary: str, days: Sequence[str], series: Mapping[str, Sequence[float]]
) -> Plot:
    """Draws a bar a day, of pieces on top of each other."""
    sums = [sum(values) for values in zip(*series.values(), strict=True)] if series else []
    levels = ticks(max([*sums, 0.0]) or 1.0)
    slot = _slot(days)
    below = [0.0] * len(days)
    bars = []
    for at, values in enumerate(series.values(), 1):
        above = [low + value for low, value in zip(below, values, strict=True)]
        pieces = [
            _bar(slot, place, _y(low, levels), _y(high, levels))
            for place, (low, high) in enumerate(zip(below, above, strict=True))
            if high > low
        ]
        bars.append(Line("".join(pieces), at))
        below = above
    told = [
        (day, *[f"{who} {amount(values[place])}" for who, values in series.items() if values[place]])
        for place, day in enumerate(days)
    ]
    return Plot(
        name, title, summary, bars, marks=_marks(told, slot), x_ticks=_weeks(days, slot),
        y_ticks=[Tick(_y(level, levels), compact(level)) for level in levels],
        legend=[(who, at) for at, who in enumerate(series, 1)], head=("Week of", *series),
        rows=[(week, *[amount(sum(values[part])) for values in series.values()]) for week, part in weeks_of(days)],
    )  # fmt: skip


def spreads(name: str, title: str, summary: str, series: Mapping[str, Sequence[Spread]]) -> Plot:
    """Draws medians week by week: of one series with the band of its middle half, of several as lines alone."""
    weeks = [each.week for each in next(iter(series.values()), ())]
    is_alone = len(series) == 1
    tops = [(each.high if is_alone else each.median) or 0 for row in series.values() for each in row]
    levels = time_ticks(max([*tops, MINUTE_S]))
    slot = _slot(weeks)
    areas: list[Line] = []
    lines: list[Line] = []
    dots: list[Dot] = []
    for at, row in enumerate(series.values(), 1):
        known = [(LEFT + slot * (place + 0.5), each) for place, each in enumerate(row) if each.number]
        middle = [(x, _y(each.median or 0, levels)) for x, each in known]
        dots += [Dot(round(x, 1), y, at) for x, y in middle]
        if len(known) > 1:
            lines.append(Line(path_of(middle), at))
        if len(known) > 1 and is_alone:
            upper = [(x, _y(each.high or 0, levels)) for x, each in known]
            lower = [(x, _y(each.low or 0, levels)) for x, each in known]
            areas.append(Line(path_of([*upper, *reversed(lower)]) + "Z", at))
    told = [
        (f"week of {week}", *[line for who, row in series.items() for line in _spread_words(who, row[place], is_alone)])
        for place, week in enumerate(weeks)
    ]  # fmt: skip
    return Plot(
        name, title, summary, areas=areas, lines=lines, dots=dots, marks=_marks(told, slot),
        x_ticks=[Tick(LEFT + slot * (place + 0.5), week[5:]) for place, week in enumerate(weeks) if len(weeks) <= 5 or not place % 2],
        y_ticks=[Tick(_y(level, levels), duration(level) if level else "0") for level in levels],
        legend=[(who, at) for at, who in enumerate(series, 1)],
        head=("Week of", "What", "How many", "A quarter within", "Half within", "Three quarters within"),
        rows=[
            (each.week, who, str(each.number), *[duration(value or 0) for value in (each.low, each.median, each.high)])
            for who, row in series.items() for each in row if each.number
        ],
    )  # fmt: skip


def path_of(points: Sequence[tuple[float, float]]) -> str:
    """Returns an SVG path through points."""
    return "M" + "L".join([f"{x:.1f} {y:.1f}" for x, y in points]) if points else ""


def weeks_of(days: Sequence[str]) -> list[tuple[str, slice]]:
    """Returns by week its first day and its place among the days, which begin with a Monday."""
    return [(days[first], slice(first, first + WEEK)) for first in range(0, len(days), WEEK)]


# --- pieces ---------------------------------------------------------------------------------------


def _slot(places: Sequence[str]) -> float:
    return (WIDTH - LEFT - RIGHT) / max(len(places), 1)


def _y(value: float, levels: Sequence[float]) -> float:
    return round(scale(value, 0, levels[-1], HEIGHT - BOTTOM, TOP), 1)


def _bar(slot: float, place: int, foot: float, head: float) -> str:
    """Returns the path of one bar, which may hang."""
    x, width = LEFT + slot * (place + (1 - BAR_SHARE) / 2), slot * BAR_SHARE
    return f"M{x:.1f} {foot:.1f}h{width:.1f}V{head:.1f}h{-width:.1f}z"


def _weeks(days: Sequence[str], slot: float) -> list[Tick]:
    """Returns a tick at every second Monday, of a few weeks at every one; the days begin with a Monday."""
    step = WEEK if len(days) <= 5 * WEEK else 2 * WEEK
    return [Tick(LEFT + slot * (place + 0.5), day[5:]) for place, day in enumerate(days) if not place % step]


def _marks(told: Sequence[tuple[str, ...]], slot: float) -> list[Mark]:
    return [Mark(round(LEFT + slot * place, 1), round(slot, 1), lines) for place, lines in enumerate(told)]


def _spread_words(who: str, each: Spread, is_alone: bool) -> list[str]:
    if not each.number:
        return []
    if not is_alone:
        return [f"{who}: {duration(each.median or 0)} ({each.number})"]
    low, median, high = (duration(value or 0) for value in (each.low, each.median, each.high))
    return [f"median {median}", f"middle half {low} to {high}", f"{each.number} in all"]


def _spread_out(found: Sequence[Tick], least: float = 14) -> list[Tick]:
    """Leaves out ticks whose words would touch."""
    kept: list[Tick] = []
    for tick in sorted(found):
        if not kept or tick.at - kept[-1].at >= least:
            kept.append(tick)
    return kept


def _word(name: str) -> str:
    return name.replace("_", " ")
