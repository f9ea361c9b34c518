"""How often somebody did what policy limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.usecases.stream_scene import ADA, BOT, LEDGER, NOON_MS, Bench

from counterfoil.errors import HostError
from counterfoil.gate import events
from counterfoil.gate.compiling import compile_policy
from counterfoil.gate.facts import Facts
from counterfoil.gate.policy_reading import parse
from counterfoil.gate.rules import DEFAULT, rule
from counterfoil.kernel.instant import iso_ms
from counterfoil.ledger.receipt import Draft
from counterfoil.testing.ledger import MemoryStore
from counterfoil.testing.views import MemoryViews
from counterfoil.usecases import kinds, rates, views
from counterfoil.usecases.counting import count
from counterfoil.usecases.rates import action_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from counterfoil.gate.rules import Compiled
    from counterfoil.ledger.receipt import Receipt

    Scan = Callable[..., Iterator[tuple[str, bytes]]]

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS


def limited(**more: object) -> Compiled:
    limit = {
        "then": "ask",
        "actor": "agent:*",
        "action": "ticket.*",
        "rate": {"per": "1h", "more_than": 3},
        **more,
    }
    limit = {name: value for name, value in limit.items() if value is not None}
    policy, problems = parse({"version": 1, "rules": [limit]})
    assert policy is not None, problems
    return compile_policy(policy, "d")


def seal(
    store: MemoryStore, minutes_ago: int, actor: str = BOT, kind: str = kinds.INTENDED, **body: object
) -> None:
    told = {"action": "move", "fields": {"state": ["a", "b"]}, **body}
    key = f"{store.size()}"
    draft = Draft("ticket/x", kind, actor, told, key=key, salt="0" * 32)
    store.append([draft], now_ms=NOON_MS - minutes_ago * MINUTE_MS, expect={})


class Purse(Bench):
    """A bench whose views lie in memory, in a project at the root."""

    def __init__(self, store: MemoryStore) -> None:
        super().__init__(store)
        self.ledgers = self
        self.project = ""
        self.kept = MemoryViews()

    def views(self) -> MemoryViews:
        """Opens the views."""
        return self.kept

    def spends(self, amount: object, currency: str = "EUR", by: str = BOT, project: str = "") -> None:
        """Seals what somebody has spent."""
        body = {"by": by, "project": project, "amount": amount, "currency": currency, "ticket": "x"}
        self.seal("ticket/x", events.SPENT, body, actor=by)

    def told(self, compiled: Compiled | None = None) -> str | None:
        """Returns what policy is told that the agent has spent."""
        facts = Facts("ticket.move", BOT, priority="p2", state_to="ready")
        count(self.context, self.store, compiled or thrifty(), [facts])
        return facts.spent

    def recent(self, compiled: Compiled, *found: Facts) -> list[dict[int, int]]:
        """Returns what policy is told of how often something was done."""
        count(self.context, self.store, compiled, found)
        return [facts.recent for facts in found]


def recent(store: MemoryStore, compiled: Compiled, *found: Facts) -> list[dict[int, int]]:
    return Purse(store).recent(compiled, *found)


def test_actions_of_the_same_name_and_actor_within_the_window_are_counted() -> None:
    store = MemoryStore(LEDGER)
    seal(store, 61)
    seal(store, 60)
    seal(store, 30)
    seal(store, 20, ADA)
    seal(store, 20, action="create")
    seal(store, 20, kind=kinds.APPLIED)
    seal(store, 10, kind=events.OPENED, action="ticket.move", form="ledger", ruling={"ruling": "allow"})
    seal(store, 10, kind=events.OPENED, action="ticket.move", form="ledger", ruling={"ruling": "ask"})
    seal(store, 10, kind=events.OPENED, action="ticket.move", form="files", ruling={"ruling": "allow"})
    seal(store, 1)
    assert recent(store, limited(), Facts("ticket.move", BOT)) == [{HOUR_MS: 4}]


def test_all_that_one_change_was_ruled_on_as_is_counted() -> None:
    store = MemoryStore(LEDGER)
    seal(store, 3, actions=["ticket.claim", "ticket.lower", "ticket.edit", "ticket.edit"])
    seal(store, 2, actions=[])
    seal(store, 1, kind=kinds.PROJECT_INTENDED, actions=["project.change"])
    names = {"ticket.claim": 1, "ticket.lower": 1, "ticket.edit": 2, "ticket.move": 0, "project.change": 1}
    policy = limited(action="*")
    assert {name: recent(store, policy, Facts(name, BOT))[0][HOUR_MS] for name in names} == names


def test_many_changes_of_one_command_are_counted_one_after_the_other() -> None:
    store = MemoryStore(LEDGER)
    seal(store, 1)
    seal(store, 1)
    found = [Facts("ticket.move", BOT, priority="p2", state_to="ready") for _ in range(3)]
    assert recent(store, limited(), *found) == [{HOUR_MS: 2}, {HOUR_MS: 3}, {HOUR_MS: 4}]
    assert [rule(limited(), facts).answer for facts in found] == ["allow", "ask", "ask"]


@pytest.mark.parametrize("compiled", [DEFAULT, limited(action="http.send"), limited(actor="human:eve")])
def test_nothing_is_read_where_no_rule_wants_it(compiled: Compiled, monkeypatch: pytest.MonkeyPatch) -> None:
    purse = Purse(MemoryStore(LEDGER))
    monkeypatch.setattr(purse, "views", lambda: pytest.fail("the views were opened"))
    assert purse.recent(compiled, Facts("ticket.move", BOT)) == [{}]


def test_what_was_counted_once_is_not_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    purse = Purse(MemoryStore(LEDGER))
    for _ in range(50):
        seal(purse.store, 5)
    assert purse.recent(limited(), Facts("ticket.move", BOT)) == [{HOUR_MS: 50}]
    seal(purse.store, 1)
    read = []
    log = purse.store.log

    def watched(*, first: int = 0, last: int | None = None, bodies: bool = True) -> Iterator[Receipt]:
        read.append((first, last, bodies))
        return log(first=first, last=last, bodies=bodies)

    monkeypatch.setattr(purse.store, "log", watched)
    assert purse.recent(limited(), Facts("ticket.move", BOT)) == [{HOUR_MS: 51}]
    assert {(first, last) for first, last, bodies in read if bodies} == {(50, 50)}


def test_however_many_there_are_few_rows_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    most = []
    for number in (20, 400):
        purse = Purse(MemoryStore(LEDGER))
        drafts = [
            Draft(f"ticket/{each}", kinds.INTENDED, BOT, {"action": "move"}, key=f"{each}", salt="0" * 32)
            for each in range(number)
        ]
        for each, draft in enumerate(drafts):
            purse.store.append([draft], now_ms=NOON_MS - 40 * MINUTE_MS + each % 20 * MINUTE_MS, expect={})
        assert purse.recent(limited(), Facts("ticket.move", BOT)) == [{HOUR_MS: number}]
        rows = []
        scan = purse.kept.scan

        def watched(*given: str, scan: Scan = scan, rows: list[str] = rows) -> Iterator[tuple[str, bytes]]:
            for row in scan(*given):
                rows.append(row[0])
                yield row

        monkeypatch.setattr(purse.kept, "scan", watched)
        assert purse.recent(limited(), Facts("ticket.move", BOT)) == [{HOUR_MS: number}]
        most.append(len(rows))
    assert most[0] == most[1]


MOMENTS = st.integers(NOON_MS - 40 * 24 * HOUR_MS, NOON_MS + 2 * HOUR_MS)
NEAR = st.one_of(
    MOMENTS, st.integers(NOON_MS - HOUR_MS - 2, NOON_MS - HOUR_MS + 2), st.integers(NOON_MS - 5000, NOON_MS)
)


@given(
    sealed=st.lists(st.tuples(NEAR, st.sampled_from([BOT, ADA]), st.sampled_from(["move", "create"])), max_size=30),
    windows=st.lists(st.sampled_from([1, 999, 1000, 61_001, HOUR_MS, 25 * HOUR_MS, 31 * 24 * HOUR_MS]), min_size=1),
    parts=st.integers(1, 4),
)  # fmt: skip
def test_any_window_has_as_many_as_the_receipts_that_lie_in_it(
    sealed: list[tuple[int, str, str]], windows: list[int], parts: int
) -> None:
    store, derived = MemoryStore(LEDGER), MemoryViews()
    for number, (at_ms, actor, action) in enumerate(sealed):
        draft = Draft(f"ticket/{number}", kinds.INTENDED, actor, {"action": action}, key="k", salt="0" * 32)
        store.append([draft], now_ms=at_ms, expect={})
        if number % parts == 0:
            views.catch_up(store, derived, wanted=(views.RATES,))
    views.catch_up(store, derived, wanted=(views.RATES,))
    for window in windows:
        since = NOON_MS - window
        wanted = sum((actor, action) == (BOT, "move") and at_ms >= since for at_ms, actor, action in sealed)
        assert rates.number(derived, views.RATES.name, BOT, "ticket.move", iso_ms(since)) == wanted


def test_a_clock_that_was_wrong_for_a_while_counts_no_other_receipt() -> None:
    store = MemoryStore(LEDGER)
    for number, at_ms in enumerate(
        (NOON_MS - 2 * HOUR_MS, NOON_MS + 900 * HOUR_MS, NOON_MS - 3 * HOUR_MS, NOON_MS - 1)
    ):
        draft = Draft(f"ticket/{number}", kinds.INTENDED, BOT, {"action": "move"}, key="k", salt="0" * 32)
        store.append([draft], now_ms=at_ms, expect={})
    assert recent(store, limited(), Facts("ticket.move", BOT)) == [{HOUR_MS: 2}]


def test_where_a_stream_cannot_be_followed_nobody_knows_how_often() -> None:
    purse = Purse(MemoryStore(LEDGER))
    seal(purse.store, 1)
    purse.seal("ticket/y", "ticket.unheard", {})
    assert purse.recent(limited(), Facts("ticket.move", BOT)) == [{}]


def test_what_the_ledger_cannot_tell_is_unknown_and_so_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise HostError("ledger_unavailable", "gone")

    purse = Purse(MemoryStore(LEDGER))
    seal(purse.store, 1)
    monkeypatch.setattr(purse, "views", fail)
    facts = Facts("ticket.move", BOT, priority="p2", state_to="ready")
    assert purse.recent(limited(), facts) == [{}]
    assert rule(limited(), facts).answer == "ask"


@pytest.mark.parametrize(
    ("body", "action"),
    [
        ({"action": "create"}, "ticket.create"),
        ({"action": "edit", "fields": {"title": ["a", "b"]}}, "ticket.edit"),
        ({"action": "edit", "fields": {"assignee": [None, "human:x"]}}, "ticket.assign"),
        ({"action": "edit", "fields": {"assignee": [None, "human:x"], "title": ["a", "b"]}}, "ticket.edit"),
        ({"action": "edit", "fields": {}}, "ticket.edit"),
    ],
)
def test_the_receipt_of_a_change_tells_which_action_it_was(body: dict[str, object], action: str) -> None:
    assert action_of(body) == action


# --- spend ----------------------------------------------------------------------------------------


def thrifty() -> Compiled:
    """A policy that asks once somebody has spent more than 12.50."""
    return limited(rate=None, budget={"more_than": "12.50"})


@pytest.mark.parametrize(
    ("amounts", "spent", "answer"),
    [
        ([], "0", "allow"),
        (["12.50"], "12.5", "allow"),
        (["12.5", "0.000000001"], "12.500000001", "ask"),
        (["0.1"] * 125, "12.5", "allow"),
        (["12", "0.50000000001"], "12.500000001", "ask"),
        (["100"], "100", "ask"),
        (["1", "9" * 20], None, "ask"),
    ],
)
def test_what_somebody_says_to_have_spent_is_added_up_exactly(
    amounts: list[str], spent: str | None, answer: str
) -> None:
    purse = Purse(MemoryStore(LEDGER))
    for amount in amounts:
        purse.spends(amount)
    purse.spends("99", by=ADA)
    purse.spends("99", project="other/")
    assert purse.told() == spent
    facts = Facts("ticket.move", BOT, priority="p2", state_to="ready", spent=spent)
    assert rule(thrifty(), facts).answer == answer


def test_of_several_currencies_and_of_what_was_erased_nobody_knows_the_sum() -> None:
    mixed, erased = Purse(MemoryStore(LEDGER)), Purse(MemoryStore(LEDGER))
    for purse in (mixed, erased):
        purse.spends("1")
    mixed.spends("1", currency="USD")
    assert mixed.told() is None
    erased.store.erase([0])
    assert erased.told() is None


def test_spend_is_not_read_where_no_rule_wants_it_and_unknown_where_it_cannot_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    purse = Purse(MemoryStore(LEDGER))
    purse.spends("1")

    def fail() -> None:
        raise HostError("io_error", "gone")

    monkeypatch.setattr(purse, "views", lambda: pytest.fail("the views were opened"))
    assert purse.told(limited(rate=None, budget={"more_than": "1"}, action="http.send")) is None
    monkeypatch.setattr(purse, "views", fail)
    assert purse.told() is None
