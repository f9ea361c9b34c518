"""What waits for people: who may answer what, in which order, and how little is looked at to know it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from unit.usecases.proposal_scene import ADA, BOB, BOT, WEEK_MS, Gatehouse

from counterfoil.errors import InputError
from counterfoil.gate.action import PREVIEW, Shown
from counterfoil.usecases import eligible, inbox, open_proposals
from counterfoil.usecases.context import Options
from counterfoil.usecases.open_proposals import OpenProposals
from counterfoil.usecases.reading_up import ReadingUp
from counterfoil.usecases.roles import ADMIN, APPROVER, MEMBER, VIEWER

if TYPE_CHECKING:
    from counterfoil.gate.proposal import Proposal

ASKING = "version: 1\nrules:\n  - {id: ask, then: ask, action: ticket.move, reason: because}\n"


class Served:
    """A gatehouse as a server holds it."""

    def __init__(self, house: Gatehouse) -> None:
        self.house = house
        self.open_proposals = OpenProposals(self, Options(), ReadingUp(self, Options()))  # type: ignore[arg-type]

    def context(self, _: Options) -> Any:
        return self.house.context("server:gate")

    def store(self, _: Any) -> Any:
        return self.house.store

    @property
    def projects(self) -> tuple[Served, ...]:
        """Stands for a space of one."""
        return (self,)


@pytest.fixture
def house() -> Gatehouse:
    """Returns a gatehouse."""
    return Gatehouse()


def ids(found: Any) -> list[str]:
    return [each.proposal.id for each in found]


def test_without_a_ledger_nothing_is_open_and_none_is_made() -> None:
    served = Served(Gatehouse())
    context = SimpleNamespace(ledgers=SimpleNamespace(exists=lambda: False))
    served.context = lambda _: context  # type: ignore[method-assign]
    assert served.open_proposals.now().found == ()


def test_what_has_expired_is_open_no_more_though_nothing_was_sealed(house: Gatehouse) -> None:
    served = Served(house)
    house.ask()
    assert inbox.waiting(served).number == 1  # type: ignore[arg-type]
    house.clock.sleep(2 * WEEK_MS / 1000)
    assert inbox.waiting(served).number == 0  # type: ignore[arg-type]


def test_what_a_reviewer_is_shown_is_made_once_and_the_oldest_is_let_go(
    house: Gatehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    served, made = Served(house), []

    def shown_again(_: Any, state: Proposal) -> Shown | None:
        made.append(state.digest)
        return None if state.digest == "gone" else Shown(PREVIEW, "x" * 10)

    monkeypatch.setattr(open_proposals, "shown_again", shown_again)
    monkeypatch.setattr(open_proposals, "SHOWN_KEPT", 25)
    for name in ("one", "two", "one", "three", "one", "two", "gone", "gone"):
        state: Any = SimpleNamespace(digest=name)
        served.open_proposals.shown(house.context(), state)
    assert made == ["one", "two", "three", "two", "gone", "gone"]


@pytest.mark.parametrize(
    ("role", "person", "place"),
    [
        (ADMIN, ADA, "yours"), (APPROVER, BOB, "yours"), (MEMBER, ADA, "others"), (VIEWER, ADA, "others"),
        (ADMIN, BOT, "own"),
    ],
)  # fmt: skip
def test_each_finds_what_is_theirs(house: Gatehouse, role: str, person: str, place: str) -> None:
    one = house.ask()
    found = inbox.inbox(Served(house), person, role)  # type: ignore[arg-type]
    assert {name: ids(getattr(found, name)) for name in found._fields if getattr(found, name)} == {
        place: [one.id]
    }


def test_who_has_answered_is_not_asked_again_and_nobody_in_the_session_that_asked(house: Gatehouse) -> None:
    one = house.ask()
    assert eligible.may_decide(one, ADA)
    assert not eligible.may_decide(one, BOT)
    assert not eligible.may_decide(house.answer(one, "reject", note="no").proposal, BOB)


def test_the_riskiest_come_first_of_these_the_oldest_and_an_unknown_risk_is_the_worst() -> None:
    def state(risk: str, at: str) -> Any:
        return SimpleNamespace(body={"risk": risk}, at=at, id=risk + at)

    states = [
        state("low", "1"),
        state("high", "2"),
        state("odd", "1"),
        state("medium", "9"),
        state("high", "1"),
    ]
    order = [each.id for each in sorted(states, key=eligible.urgency)]
    assert order == ["high1", "odd1", "high2", "medium9", "low1"]


@pytest.mark.parametrize("risks", [("low", "medium"), ("high",), ("odd",)])
def test_only_what_is_light_is_approved_at_once(risks: tuple[str, ...]) -> None:
    states: list[Any] = [
        SimpleNamespace(body={"action": "a.b", "risk": risk}, id="P-123456789") for risk in risks
    ]
    with pytest.raises(InputError, match="more than low risk"):
        eligible.check_alike(states)


def test_only_equal_actions_are_approved_at_once() -> None:
    states: list[Any] = [
        SimpleNamespace(body={"action": name, "risk": "low"}, id="P-1") for name in ("a.b", "a.c", "a.b")
    ]
    with pytest.raises(InputError, match=r"of several actions: a\.b, a\.c"):
        eligible.check_alike(states)
    eligible.check_alike(states[::2])
