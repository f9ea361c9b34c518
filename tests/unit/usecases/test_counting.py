"""How often somebody did what policy limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from unit.usecases.stream_scene import ADA, BOT, LEDGER, NOON_MS, Bench

from counterfoil.errors import HostError
from counterfoil.gate import events
from counterfoil.gate.compiling import compile_policy
from counterfoil.gate.facts import Facts
from counterfoil.gate.policy_reading import parse
from counterfoil.gate.rules import DEFAULT, rule
from counterfoil.ledger.receipt import Draft
from counterfoil.testing.ledger import MemoryStore
from counterfoil.usecases import counting, kinds
from counterfoil.usecases.counting import action_of, count

if TYPE_CHECKING:
    from collections.abc import Iterator

    from counterfoil.gate.rules import Compiled
    from counterfoil.ledger.receipt import Receipt

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


def recent(store: MemoryStore, compiled: Compiled, *found: Facts) -> list[dict[int, int]]:
    count(Bench(store).context, store, compiled, found)
    return [facts.recent for facts in found]


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


def test_many_changes_of_one_command_are_counted_one_after_the_other() -> None:
    store = MemoryStore(LEDGER)
    seal(store, 1)
    seal(store, 1)
    found = [Facts("ticket.move", BOT, priority="p2", state_to="ready") for _ in range(3)]
    assert recent(store, limited(), *found) == [{HOUR_MS: 2}, {HOUR_MS: 3}, {HOUR_MS: 4}]
    assert [rule(limited(), facts).answer for facts in found] == ["allow", "ask", "ask"]


@pytest.mark.parametrize("compiled", [DEFAULT, limited(action="http.send"), limited(actor="human:eve")])
def test_nothing_is_read_where_no_rule_wants_it(compiled: Compiled, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "_backwards", lambda _: pytest.fail("the ledger was read"))
    assert recent(MemoryStore(LEDGER), compiled, Facts("ticket.move", BOT)) == [{}]


def test_only_the_window_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    store = MemoryStore(LEDGER)
    for _ in range(50):
        seal(store, 120)
    seal(store, 5)
    monkeypatch.setattr(counting, "BLOCK", 4)
    read = []
    log = store.log

    def watched(*, first: int, last: int) -> Iterator[Receipt]:
        read.append((first, last))
        return log(first=first, last=last)

    monkeypatch.setattr(store, "log", watched)
    assert recent(store, limited(), Facts("ticket.move", BOT)) == [{HOUR_MS: 1}]
    assert read == [(47, 50)]


def test_what_the_ledger_cannot_tell_is_unknown_and_so_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_: int) -> None:
        raise HostError("ledger_unavailable", "gone")

    store = MemoryStore(LEDGER)
    seal(store, 1)
    monkeypatch.setattr(store, "log", fail)
    facts = Facts("ticket.move", BOT, priority="p2", state_to="ready")
    assert recent(store, limited(), facts) == [{}]
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
