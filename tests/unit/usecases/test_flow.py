"""How work flows, folded from receipts: what came and went, how long it took, what waited, what it cost."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.usecases.stream_scene import HATS, NOON_MS, SHOES, Bench

from counterfoil.gate import events
from counterfoil.testing.views import MemoryViews
from counterfoil.usecases import flow, insights, kinds
from counterfoil.usecases.insights import Insights

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
NONE: dict[str, int] = {}


def move(bench: Bench, ticket: str, old: str | None, new: str, *, later_ms: int = 1000, project: str = "", ends: str = kinds.APPLIED) -> None:  # fmt: skip
    """Seals a command that moves a ticket, or makes it."""
    stream, command = kinds.ticket_stream(ticket), f"C{bench.store.size()}"
    body: dict[str, Any] = {"ticket": ticket, "project": project, "command": command}
    action = "create" if old is None else "move"
    bench.seal(
        stream, kinds.INTENDED, {**body, "action": action, "fields": {"state": [old, new]}}, later_ms=later_ms
    )
    bench.seal(stream, ends, body)


def look(bench: Bench, now: dict[str, int] | None = None, project: str = "") -> Insights:
    """Returns the insights of now, from views that are folded anew."""
    return insights.look(bench.store, MemoryViews(), project, now or NONE, bench.clock.ms)


def test_tickets_are_counted_on_the_day_on_which_they_came_and_went() -> None:
    bench = Bench()
    move(bench, SHOES, None, "ready")
    move(bench, HATS, None, "backlog")
    move(bench, SHOES, "ready", "in_progress", later_ms=2 * DAY_MS)
    move(bench, SHOES, "in_progress", "done", later_ms=DAY_MS)
    found = look(bench, {"backlog": 1, "done": 1})
    assert (sum(found.created), sum(found.done)) == (2, 1)
    assert found.done[-1] == 1
    assert found.created[-4] == 2
    assert [found.states[state][-1] for state in ("backlog", "ready", "in_progress")] == [1, 0, 0]
    assert [found.states[state][-4] for state in ("backlog", "ready", "in_progress")] == [1, 1, 0]
    assert found.states["backlog"][0] == 0


def test_cycle_time_begins_with_the_first_start_and_begins_anew_in_the_backlog() -> None:
    bench = Bench()
    move(bench, SHOES, None, "backlog")
    move(bench, SHOES, "backlog", "ready", later_ms=DAY_MS)
    move(bench, SHOES, "ready", "backlog", later_ms=DAY_MS)
    move(bench, SHOES, "backlog", "ready", later_ms=DAY_MS)
    move(bench, SHOES, "ready", "in_progress", later_ms=2 * HOUR_MS)
    move(bench, SHOES, "in_progress", "done", later_ms=2 * HOUR_MS)
    (week,) = [each for each in look(bench).cycle if each.number]
    assert week.number == 1
    assert week.median == pytest.approx(4 * 3600, rel=0.06)


def test_what_did_not_come_about_is_not_counted() -> None:
    bench = Bench()
    move(bench, SHOES, None, "ready", ends=kinds.ABANDONED)
    move(bench, HATS, "ready", "ready")
    assert sum(look(bench).created) == 0


def test_an_answer_is_measured_from_its_question_by_action_and_only_the_first() -> None:
    bench = Bench()
    for name, action, hours in (
        ("P-1", "ticket.move", 1),
        ("P-2", "ticket.move", 3),
        ("P-3", "ticket.edit", 5),
    ):
        bench.seal(
            f"proposal/{name}", events.OPENED, {"action": action, "project": "", "ruling": {"ruling": "ask"}}
        )
        bench.seal(f"proposal/{name}", events.REJECTED, {"by": "human:ada"}, later_ms=hours * HOUR_MS)
        bench.seal(f"proposal/{name}", events.APPROVED, {"by": "human:ada"}, later_ms=90 * HOUR_MS)
    bench.seal("proposal/P-4", events.OPENED, {"action": "ticket.edit", "ruling": {"ruling": "allow"}})
    bench.seal("proposal/P-4", events.APPROVED, {}, later_ms=1000)
    found = look(bench)
    assert list(found.latency) == ["ticket.move", "ticket.edit"]
    assert [sum(week.number for week in weeks) for weeks in found.latency.values()] == [2, 1]


def test_spend_is_added_up_by_who_says_so_in_the_currency_that_is_named_most() -> None:
    bench = Bench()
    for who, amount, currency in (
        ("agent:a", "1.25", "USD"),
        ("agent:b", "3", "USD"),
        ("agent:a", "9", "EUR"),
    ):
        bench.seal(
            kinds.ticket_stream(SHOES), events.SPENT, {"by": who, "amount": amount, "currency": currency}
        )
    bench.seal(
        kinds.ticket_stream(SHOES), events.SPENT, {"by": "agent:a", "amount": "much", "currency": "USD"}
    )
    found = look(bench)
    assert (found.currency, found.currencies) == ("USD", ("EUR", "USD"))
    assert {who: sum(row) for who, row in found.spent.items()} == {"agent:b": 3.0, "agent:a": 1.25}
    assert list(found.spent) == ["agent:b", "agent:a"]


def test_more_spenders_than_there_are_colours_are_told_together() -> None:
    bench = Bench()
    for number in range(8):
        bench.seal(
            kinds.ticket_stream(SHOES), events.SPENT,
            {"by": f"agent:a{number}", "amount": str(10 - number), "currency": "USD"},
        )  # fmt: skip
    found = look(bench)
    assert list(found.spent)[-1] == insights.OTHERS
    assert sum(map(sum, found.spent.values())) == sum(range(3, 11))


def test_another_project_of_the_same_ledger_is_left_out() -> None:
    bench = Bench()
    move(bench, SHOES, None, "ready", project="shop")
    move(bench, HATS, None, "ready", project="shop b")
    assert sum(look(bench, project="shop").created) == 1
    assert sum(look(bench, project="shop b").created) == 1
    assert sum(look(bench).created) == 0


def test_what_is_older_than_the_weeks_is_left_out_and_they_begin_with_a_monday() -> None:
    bench = Bench()
    move(bench, SHOES, None, "ready")
    bench.clock.ms += 100 * DAY_MS
    found = look(bench)
    assert sum(found.created) == 0
    assert len(found.cycle) == insights.WEEKS
    assert found.days[0] == found.cycle[0].week == flow.monday(bench.clock.ms - 77 * DAY_MS)


def test_an_erased_body_or_a_time_that_is_none_breaks_nothing() -> None:
    bench = Bench()
    move(bench, SHOES, None, "ready")
    bench.store.erase([0])
    assert sum(look(bench).created) == 0


@given(st.lists(st.integers(0, 10_000_000), min_size=1, max_size=60), st.sampled_from([25, 50, 75, 100]))
def test_a_percentile_is_right_to_two_digits(seconds: list[int], percent: int) -> None:
    counts: dict[str, int] = {}
    for each in seconds:
        name = str(flow.rounded(each * 1000))
        counts[name] = counts.get(name, 0) + 1
    exact = sorted(seconds)[-(-len(seconds) * percent // 100) - 1]
    found = flow.percentile(counts, percent)
    assert found is not None
    assert found == pytest.approx(exact, rel=0.051, abs=0)


def test_of_nothing_there_is_no_percentile_and_a_week_begins_on_monday() -> None:
    assert flow.percentile({}, 50) is None
    assert flow.monday(NOON_MS) == "2030-03-11"
