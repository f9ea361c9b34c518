"""How work flows in a project, for people who would rather look: a few series, day by day or week by week.

All of it is folded from receipts (`flow`). How many tickets there were of each state on a day is reckoned backwards from how
many there are now, so that the end of that picture is what the board shows, whatever happened by hand on the way.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from counterfoil.gate.rules import DECIMALS
from counterfoil.usecases import flow, views

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from counterfoil.usecases.ports import Store, Views

WEEKS = 12
WEEKS_LEAST = 2
"""What is drawn of a project that is younger."""
OPEN_STATES = ("backlog", "ready", "in_progress", "blocked")
BUSY_MAX = 5
"""So many actions or spenders have a series of their own; the others are told together."""
OTHERS = "others"


class Spread(NamedTuple):
    """How long something took in one week; seconds, None where nothing ended.

    Attributes:
        week: its Monday.
        number: how many ended.
        low, median, high: what a quarter, half and three quarters of them did not exceed.
    """

    week: str
    number: int
    low: int | None
    median: int | None
    high: int | None


@dataclass(frozen=True)
class Insights:
    """The series.

    Attributes:
        days: each day of the weeks that are looked at, as ISO dates, in UTC.
        created, done: tickets, by day.
        states: by open state, how many tickets there were at the end of each day.
        cycle: from a ticket's first start to its end, by week.
        latency: by action, from a proposal to its first answer, by week; the busiest first.
        currency: of what was spent: the one that is named most; empty where nothing was.
        spent: by who says so, how much on each day, in that currency; who spent most first.
        currencies: all that are named.
    """

    days: tuple[str, ...]
    created: tuple[int, ...]
    done: tuple[int, ...]
    states: Mapping[str, tuple[int, ...]]
    cycle: tuple[Spread, ...]
    latency: Mapping[str, tuple[Spread, ...]]
    currency: str
    spent: Mapping[str, tuple[float, ...]]
    currencies: tuple[str, ...]


def look(
    store: Store, derived: Views, project: str, now: Mapping[str, int], now_ms: int, *, weeks: int = WEEKS
) -> Insights:
    """Returns the series of the last weeks, this one included.

    Args:
        store: the ledger.
        derived: its views, which are brought up to date.
        project: whose tickets, as receipts name it.
        now: how many tickets there are of each state.
        now_ms: the present.
        weeks: how many.
    """
    today = datetime.fromtimestamp(now_ms / 1000, UTC).date()
    first = today - timedelta(days=today.weekday() + 7 * (weeks - 1))
    days = tuple(_dates(first, today, 1))
    mondays = tuple(_dates(first, today, 7))

    def read() -> Insights:
        by_day = dict(_rows(derived, flow.DAY, project, days[0]))
        found = [by_day.get(day) or {"created": 0, "done": 0, "moves": {}} for day in days]
        currencies, spent = _spent(derived, project, days)
        return Insights(
            days,
            tuple(each["created"] for each in found),
            tuple(each["done"] for each in found),
            {state: _backwards(now.get(state, 0), [day["moves"].get(state, 0) for day in found]) for state in OPEN_STATES},
            _spreads(dict(_rows(derived, flow.CYCLE, project, days[0])), mondays),
            _latency(derived, project, mondays),
            currencies[0] if currencies else "",
            spent,
            tuple(sorted(currencies)),
        )  # fmt: skip

    return views.read_up(store, derived, read, wanted=(views.FLOW,))


def since_first(found: Insights) -> Insights:
    """Returns the series from the week in which something is to be seen for the first time, so that a young project fills its pictures."""
    counts = [found.created, found.done, *found.states.values(), *found.spent.values()]
    starts = [place // 7 for row in counts for place, value in enumerate(row) if value]
    starts += [
        place
        for row in (found.cycle, *found.latency.values())
        for place, each in enumerate(row)
        if each.number
    ]
    weeks = -(-len(found.days) // 7)
    first = min([*starts, weeks - WEEKS_LEAST])
    if first <= 0:
        return found
    day = 7 * first
    return replace(
        found,
        days=found.days[day:],
        created=found.created[day:],
        done=found.done[day:],
        states={state: row[day:] for state, row in found.states.items()},
        cycle=found.cycle[first:],
        latency={action: row[first:] for action, row in found.latency.items()},
        spent={who: row[day:] for who, row in found.spent.items()},
    )


def _dates(first: date, last: date, step: int) -> Iterator[str]:
    while first <= last:
        yield first.isoformat()
        first += timedelta(days=step)


def _rows(derived: Views, table: str, project: str, since: str) -> Iterator[tuple[str, Any]]:
    """Yields the rows of a project from a day on, by what stands behind the project in their key."""
    prefix = f"{project} "
    for key, data in derived.scan(views.FLOW.name, table, prefix, f"{prefix}{since[:-1]}"):
        rest = key.removeprefix(prefix)
        if rest >= since and rest[:4].isdigit():
            yield rest, json.loads(data)


def _backwards(now: int, moves: Sequence[int]) -> tuple[int, ...]:
    """Returns how many there were at the end of each day, from how many there are and what came and went."""
    counts = []
    for step in reversed(moves):
        counts.append(max(0, now))
        now -= step
    return tuple(reversed(counts))


def _spreads(by_week: Mapping[str, Mapping[str, int]], mondays: Sequence[str]) -> tuple[Spread, ...]:
    found = []
    for week in mondays:
        counts = by_week.get(week, {})
        low, median, high = (flow.percentile(counts, percent) for percent in (25, 50, 75))
        found.append(Spread(week, sum(counts.values()), low, median, high))
    return tuple(found)


def _latency(derived: Views, project: str, mondays: Sequence[str]) -> dict[str, tuple[Spread, ...]]:
    by_action: dict[str, dict[str, dict[str, int]]] = {}
    for key, counts in _rows(derived, flow.LATENCY, project, mondays[0]):
        week, _, action = key.partition(" ")
        by_action.setdefault(action, {})[week] = counts
    busiest = sorted(by_action, key=lambda name: (-_number(by_action[name]), name))
    shown = {name: by_action[name] for name in busiest[:BUSY_MAX]}
    for name in busiest[BUSY_MAX:]:
        together = shown.setdefault(OTHERS, {})
        for week, counts in by_action[name].items():
            together[week] = _added(together.get(week, {}), counts)
    return {name: _spreads(weeks, mondays) for name, weeks in shown.items()}


def _number(weeks: Mapping[str, Mapping[str, int]]) -> int:
    return sum(sum(counts.values()) for counts in weeks.values())


def _added(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return {name: one.get(name, 0) + other.get(name, 0) for name in {*one, *other}}


def _spent(
    derived: Views, project: str, days: Sequence[str]
) -> tuple[list[str], dict[str, tuple[float, ...]]]:
    """Returns the currencies, the one named most first, and what each spender says of that one."""
    rows = list(_rows(derived, flow.SPEND, project, days[0]))
    named: dict[str, int] = {}
    for _, sums in rows:
        for currency in sums:
            named[currency] = named.get(currency, 0) + 1
    currencies = sorted(named, key=lambda name: (-named[name], name))
    places = {day: number for number, day in enumerate(days)}
    spenders: dict[str, list[int]] = {}
    for key, sums in rows:
        day, _, who = key.partition(" ")
        if day in places and currencies[0] in sums:
            spenders.setdefault(who, [0] * len(days))[places[day]] += sums[currencies[0]]
    most = sorted(spenders, key=lambda who: (-sum(spenders[who]), who))
    shown = {who: spenders[who] for who in most[:BUSY_MAX]}
    for who in most[BUSY_MAX:]:
        before = shown.setdefault(OTHERS, [0] * len(days))
        shown[OTHERS] = [one + other for one, other in zip(before, spenders[who], strict=True)]
    return currencies, {who: tuple(each / 10**DECIMALS for each in row) for who, row in shown.items()}
