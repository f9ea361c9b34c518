"""A command that policy stops becomes a proposal, the same one however often it is tried, or a refusal that is sealed."""

from __future__ import annotations

from typing import Any

import pytest
from unit.usecases.proposal_scene import BOT, HOUR_MS, WEEK_MS, Gatehouse

from counterfoil.errors import CounterfoilError, RefusedError
from counterfoil.gate import events
from counterfoil.gate.facts import DENY, Ruling
from counterfoil.usecases import proposals, proposing, ruling
from counterfoil.usecases.gateway import carry_out


class Asking(Gatehouse):
    """A gate at which an agent tries to finish an urgent ticket."""

    def __init__(self) -> None:
        super().__init__()
        self.ticket = self.new("Urgent", priority="p0", state="in_progress")

    def finish(self) -> CounterfoilError:
        """Returns the error that the command ends with."""
        with pytest.raises(CounterfoilError) as caught:
            carry_out(self.context(BOT), lambda desk: desk.move(desk.open(self.ticket), "done"))
        return caught.value

    def asked(self) -> list[str]:
        """Returns the ids of all proposals."""
        return [stream.name[9:] for stream in self.store.streams("proposal/")]


@pytest.fixture
def gate() -> Asking:
    """A gate of its own."""
    return Asking()


def edited_by_hand(gate: Asking, data: bytes) -> None:
    """Edits the ticket's file and commits it without the command."""
    gate.world.work.replace(gate.path, data)
    made = gate.context().git.commit([gate.path], "by hand\n", started=lambda _pid: None, lock_timeout_s=1.0)
    assert made is not None


def test_what_asks_becomes_a_proposal_of_exactly_that(gate: Asking) -> None:
    before = gate.file()
    error = gate.finish()
    assert (type(error), error.code, gate.file()) == (RefusedError, "needs_approval", before)
    state = proposals.load(gate.store, str(error.fields["proposal"]))
    assert (state.body["action"], state.body["payload"]["state"]) == ("ticket.move", "done")
    assert (error.fields["digest"], error.fields["status"]) == (state.digest, "pending")
    assert error.hint == f"ticket proposal wait {state.id}"
    assert gate.answer(state).proposal.status == "applied"
    assert b"state: done" in gate.file()
    gate.check()


def test_the_same_command_is_the_same_proposal_however_often_it_is_tried(gate: Asking) -> None:
    names = {gate.finish().fields["proposal"] for _ in range(3)}
    assert names == set(gate.asked())
    assert len(names) == 1


def test_the_same_command_on_other_files_is_another_proposal(gate: Asking) -> None:
    first = gate.finish().fields["proposal"]
    edited_by_hand(gate, gate.file() + b"\nBy hand.\n")
    second = gate.finish().fields["proposal"]
    assert {first, second} == set(gate.asked())
    assert first != second


def test_edits_that_are_not_committed_are_asked_of_nobody(gate: Asking) -> None:
    gate.world.work.replace(gate.path, gate.file() + b"\nBy hand.\n")
    assert gate.finish().code == "uncommitted_edits"
    assert gate.asked() == []


def test_what_people_have_rejected_stays_rejected(gate: Asking) -> None:
    state = proposals.load(gate.store, str(gate.finish().fields["proposal"]))
    gate.answer(state, "reject", note="Not before the review.")
    error = gate.finish()
    assert (error.code, error.fields["proposal"]) == ("refused", state.id)
    assert "Not before the review." in error.message
    assert gate.asked() == [state.id]


@pytest.mark.parametrize("end", ["withdraw", "expire", "apply"])
def test_after_any_other_end_it_may_be_asked_again(gate: Asking, end: str) -> None:
    before = gate.file()
    state = proposals.load(gate.store, str(gate.finish().fields["proposal"]))
    if end == "withdraw":
        proposing.withdraw(gate.context(BOT), gate.store, state.id)
    elif end == "expire":
        gate.clock.ms += WEEK_MS + HOUR_MS
    else:
        gate.answer(state)
        edited_by_hand(gate, before)
    again = gate.finish()
    assert again.code == "needs_approval"
    assert again.fields["proposal"] != state.id
    assert len(gate.asked()) == 2


def test_what_is_approved_and_not_yet_done_is_told_as_that(gate: Asking) -> None:
    state = proposals.load(gate.store, str(gate.finish().fields["proposal"]))
    gate.world.refuse_commits("not today")
    gate.answer(state)
    error = gate.finish()
    assert (error.code, error.fields["status"]) == ("needs_approval", "approved")


def test_what_is_denied_is_refused_and_sealed_every_time(
    gate: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ruling, "ruled", lambda *_: Ruling(DENY, "never", "default", ["never on Fridays"]))
    for _ in range(2):
        error = gate.finish()
        assert (error.code, error.fields["rule"]) == ("refused", "never")
    sealed: list[Any] = [receipt.data() for receipt in gate.store.log() if receipt.kind == events.REFUSED]
    assert [(body["action"], body["ticket"]) for body in sealed] == [("ticket.move", gate.ticket)] * 2
    assert gate.asked() == []


def test_without_a_ledger_what_is_not_allowed_is_refused(gate: Asking) -> None:
    gate.world.hide_ledger(True)
    error = gate.finish()
    assert (error.code, error.hint) == ("refused", "ticket ledger status")
    gate.world.hide_ledger(False)
    assert gate.asked() == []
