"""Who waits is answered as soon as nobody has to decide any more, or when the time is over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from unit.usecases.proposal_scene import BOT, HOUR_MS, Gatehouse

from counterfoil.errors import InputError
from counterfoil.gate import events
from counterfoil.usecases import applying, proposing, waiting

if TYPE_CHECKING:
    from collections.abc import Callable

    from counterfoil.usecases.ports import Store


class Passing:
    """A ledger in which a wait takes the time that it may, and something happens meanwhile."""

    def __init__(self, gate: Gatehouse, meanwhile: Callable[[], object] | None = None) -> None:
        self._gate = gate
        self._meanwhile = meanwhile
        self.waits: list[float] = []

    def __getattr__(self, name: str) -> object:
        """Returns what the ledger has."""
        return getattr(self._gate.store, name)

    def wait(self, _size: int, timeout_s: float) -> int:
        """Lets time pass."""
        self.waits.append(timeout_s)
        self._gate.clock.ms += int(timeout_s * 1000)
        if self._meanwhile is not None and len(self.waits) == 3:
            self._meanwhile()
        return 0

    @property
    def store(self) -> Store:
        """The ledger, as the use cases see it."""
        return self  # type: ignore[return-value]


@pytest.fixture
def gate() -> Gatehouse:
    """A gate of its own."""
    return Gatehouse()


def test_what_is_decided_is_told_at_once(gate: Gatehouse) -> None:
    state = gate.ask()
    gate.answer(state, "reject")
    passing = Passing(gate)
    assert waiting.wait(gate.context(BOT), passing.store, state.id, 60).status == "rejected"
    assert passing.waits == []


def test_a_decision_ends_the_waiting(gate: Gatehouse) -> None:
    state = gate.ask()
    passing = Passing(gate, lambda: gate.answer(state))
    assert waiting.wait(gate.context(BOT), passing.store, state.id, 60).status == "applied"
    assert passing.waits == [1.0, 1.0, 1.0]


def test_when_the_time_is_over_it_still_waits(gate: Gatehouse) -> None:
    state = gate.ask()
    passing = Passing(gate)
    assert waiting.wait(gate.context(BOT), passing.store, state.id, 2.5).status == "pending"
    assert passing.waits == [1.0, 1.0, 0.5]
    assert waiting.wait(gate.context(BOT), passing.store, state.id, 0).status == "pending"
    assert len(passing.waits) == 3


def test_waiting_ends_when_the_proposal_does(gate: Gatehouse) -> None:
    state = gate.ask(expires_ms=1500)
    passing = Passing(gate)
    assert waiting.wait(gate.context(BOT), passing.store, state.id, HOUR_MS).status == "expired"
    assert passing.waits == [1.0, 0.5]


def test_whoever_is_gone_is_waited_for_no_more(gate: Gatehouse) -> None:
    state = gate.ask()
    passing = Passing(gate)
    found = waiting.wait(gate.context(BOT), passing.store, state.id, 60, stop=lambda: len(passing.waits) == 2)
    assert (found.status, len(passing.waits)) == ("pending", 2)


@pytest.mark.parametrize("happens", ["edit", "withdraw"])
def test_what_overtakes_it_ends_the_waiting(gate: Gatehouse, happens: str) -> None:
    state = gate.ask()
    acts: dict[str, tuple[Callable[[], object], str]] = {
        "edit": (lambda: gate.world.work.replace(gate.path, gate.file() + b"\nBy hand.\n"), "stale"),
        "withdraw": (lambda: proposing.withdraw(gate.context(BOT), gate.store, state.id), "withdrawn"),
    }
    act, status = acts[happens]
    assert waiting.wait(gate.context(BOT), Passing(gate, act).store, state.id, 60).status == status


@pytest.mark.parametrize("asked", [(), ("tool.run", {"tool": "Bash", "input": "{}"})])
def test_who_waits_looks_on_and_carries_out_nothing(
    gate: Gatehouse, monkeypatch: pytest.MonkeyPatch, asked: tuple[Any, ...]
) -> None:
    state = gate.ask(*asked)
    with monkeypatch.context() as patched:
        patched.setattr(applying, "apply", lambda *_, **__: gate.now(state))
        gate.answer(state)
    told = gate.kinds(state)
    assert told == [events.OPENED, events.APPROVED]
    assert waiting.wait(gate.context(BOT), gate.store, state.id, 0).status == "approved"
    assert gate.kinds(state) == told


def test_a_file_that_is_put_back_lets_who_waits_wait_on(gate: Gatehouse) -> None:
    state, was = gate.ask(), gate.file()
    gate.world.work.replace(gate.path, was + b"\nBy hand.\n")
    assert waiting.wait(gate.context(BOT), gate.store, state.id, 60).status == "stale"
    gate.world.work.replace(gate.path, was)
    assert waiting.wait(gate.context(BOT), Passing(gate).store, state.id, 2).status == "pending"
    assert gate.kinds(state) == [events.OPENED]


def test_nobody_waits_for_what_is_not_there(gate: Gatehouse) -> None:
    with pytest.raises(InputError) as caught:
        waiting.wait(gate.context(BOT), gate.store, "P-0000000000000000", 60)
    assert caught.value.code == "proposal_not_found"
