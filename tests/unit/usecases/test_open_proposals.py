"""What a server keeps of open proposals is always what somebody would find who reads everything anew."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.usecases.proposal_scene import ADA, BOT, HOUR_MS, WEEK_MS, Gatehouse

from counterfoil.errors import CounterfoilError
from counterfoil.ledger.instant import read_ms
from counterfoil.testing.ledger import MemoryStore
from counterfoil.testing.views import MemoryViews
from counterfoil.usecases import (
    erasing,
    open_states,
    proposals,
    proposing,
    standings,
    surroundings,
    views,
    whereabouts,
)
from counterfoil.usecases.context import Options
from counterfoil.usecases.open_proposals import Open, OpenProposals
from counterfoil.usecases.reading_up import ReadingUp
from counterfoil.usecases.snapshot import Tickets

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from counterfoil.gate.proposal import Proposal

MAIN, OTHER = "refs/heads/main", "refs/heads/other"
TICKETS = 3
PAUSES_S = (0.001, 1, 3_600, HOUR_MS / 1000 * 24, WEEK_MS / 1000)

Step = tuple[str, int, int]


class Served:
    """A gatehouse as a server holds it, on a branch that the test chooses."""

    def __init__(self) -> None:
        self.house = Gatehouse()
        self.tickets = [self.house.ticket, self.house.new("Second"), self.house.new("Third")]
        self.made: list[Proposal] = []
        self.is_elsewhere = False
        self.opens = OpenProposals(self, Options(), ReadingUp(self, Options()))  # type: ignore[arg-type]
        self.written = {name: self.house.world.work.read(self.path(name)) or b"" for name in self.tickets}

    def context(self, _: Options) -> Any:
        return self.house.context("server:gate")

    def store(self, _: Any) -> Any:
        return self.house.store

    @staticmethod
    def path(ticket: str) -> str:
        return f".tickets/tickets/{ticket}.md"

    def read_anew(self) -> list[Open]:
        """Returns what is open, folded from the first receipt on and judged one by one."""
        context = self.context(Options())
        now_ms = context.clock.now_ms()
        return [
            Open(each, proposals.status(context, each), whereabouts.is_here(context, each))
            for _, each in proposals.listing(self.house.store, MemoryViews(), open_only=True)
            if each.body
            and whereabouts.is_of_project(context, each)
            and each.status_at(now_ms) == each.status
        ]

    def check(self) -> None:
        kept, found = self.opens.now(), self.read_anew()
        assert list(kept.found) == found
        ends = [read_ms(str(each.proposal.body["expires_at"])) for each in found if each.status == "pending"]
        assert kept.until_ms == min([end for end in ends if end is not None], default=None)

    # --- what may happen --------------------------------------------------------------------------

    def step(self, name: str, which: int, how: int) -> None:
        """Lets one thing happen; what is refused has not."""
        with suppress(CounterfoilError):
            getattr(self, name)(which, how)

    def ask(self, which: int, how: int) -> None:
        state = ("blocked", "in_progress")[how % 2]
        self.made.append(self.house.ask(payload={"ticket": self.tickets[which % TICKETS], "state": state}))

    def draft(self, which: int, how: int) -> None:
        self.made.append(self.house.ask("ticket.create", {"title": f"Wish {which} {how}"}))

    def answer(self, which: int, how: int) -> None:
        if self.house.now(self._one(which)).body:  # what was erased nobody can answer
            self.house.answer(self._one(which), "reject" if how % 3 == 0 else "approve")

    def withdraw(self, which: int, how: int) -> None:
        proposing.withdraw(self.house.context(BOT), self.house.store, self._one(which).id, f"no {how}")

    def supersede(self, which: int, how: int) -> None:
        better = {"title": f"Better {how}"}
        self.made.append(self.house.ask("ticket.create", better, supersedes=self._one(which).id))

    def settle(self, which: int, _: int) -> None:
        proposals.settle(self.house.context(), self.house.store, self.house.now(self._one(which)))

    def edit(self, which: int, how: int) -> None:
        name = self.tickets[which % TICKETS]
        data = (
            self.written[name]
            if how % 3 == 0
            else (self.house.world.work.read(self.path(name)) or b"") + b"x"
        )
        if how % 2:
            self.house.world.write_in_place(self.path(name), data)
        else:
            self.house.world.work.replace(self.path(name), data)

    def remove(self, which: int, _: int) -> None:
        self.house.world.work.remove(self.path(self.tickets[which % TICKETS]))

    def work(self, which: int, how: int) -> None:
        self.house.new(f"Work {which} {how}")

    def wait(self, which: int, _: int) -> None:
        self.house.clock.sleep(PAUSES_S[which % len(PAUSES_S)])

    def hinder(self, which: int, _: int) -> None:
        """Lets no commit come about, so that what is approved stays open; or lets them again."""
        self.house.world.refuse_commits("not today" if which % 2 else "")

    def switch(self, _: int, __: int) -> None:
        self.is_elsewhere = not self.is_elsewhere

    def fold_anew(self, _: int, __: int) -> None:
        context = self.context(Options())
        views.rebuild(self.house.store, context.ledgers.views())

    def erase(self, which: int, _: int) -> None:
        store = self.house.store
        first = next(store.read(f"proposal/{self._one(which).id}"))
        erasing.erase(self.house.context(ADA), store, [first], "a secret")
        self.fold_anew(0, 0)

    def _one(self, which: int) -> Proposal:
        if not self.made:
            self.ask(which, 0)
        return self.made[which % len(self.made)]


@pytest.fixture
def served() -> Served:
    """A project and its server."""
    return Served()


STEPS = (
    "ask", "ask", "ask", "draft", "answer", "answer", "withdraw", "supersede", "settle", "edit", "edit", "edit", "remove",
    "work", "hinder", "wait", "wait", "wait", "switch", "switch", "fold_anew", "erase",
)  # fmt: skip
HISTORIES = st.lists(
    st.tuples(st.sampled_from(STEPS), st.integers(0, 5), st.integers(0, 5)), min_size=6, max_size=16
)


@settings(max_examples=60, deadline=None)
@given(HISTORIES, st.sets(st.integers(0, 15)))
def test_whatever_happens_what_is_kept_is_what_is_found_by_reading_all_of_it(
    history: Sequence[Step], unseen: set[int]
) -> None:
    """Some moments pass without anybody looking."""
    served = Served()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(whereabouts, "checked_out", lambda _: OTHER if served.is_elsewhere else MAIN)
        served.check()
        for number, step in enumerate(history):
            served.step(*step)
            if number not in unseen:
                served.check()
        served.check()


class Counts:
    """Counts what is read and judged.

    Attributes:
        whole: how often all that is open was read.
        single: the proposals that were read alone.
        judged: those that were judged.
    """

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.whole = 0
        self.single: list[str] = []
        self.judged: list[str] = []
        listing, some, judge = proposals.listing, proposals.some, proposals.status

        def all_of_them(*given: Any, **named: Any) -> Iterator[proposals.Listed]:
            self.whole += 1
            return listing(*given, **named)

        def some_of_them(store: Any, derived: Any, names: Any) -> list[proposals.Listed]:
            self.single += names
            return some(store, derived, names)

        def judged(context: Any, state: Proposal) -> str:
            self.judged.append(state.id)
            return judge(context, state)

        patch.setattr(open_states.proposals, "listing", all_of_them)
        patch.setattr(open_states.proposals, "some", some_of_them)
        patch.setattr(standings.proposals, "status", judged)

    def take(self) -> tuple[int, list[str], list[str]]:
        """Returns what was counted, and begins anew."""
        found = self.whole, sorted(self.single), sorted(self.judged)
        self.whole, self.single, self.judged = 0, [], []
        return found


def test_one_more_proposal_costs_one_reading_however_many_are_open(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        served.draft(number, 0)
    served.ask(0, 0)
    served.wait(2, 0)
    counts = Counts(monkeypatch)
    served.opens.now()
    every = sorted([each.id for each in served.made])
    assert counts.take() == (1, [], every)
    served.draft(9, 9)
    served.opens.now()
    one = served.made[-1].id
    assert counts.take() == (0, [one], [one])
    served.opens.now()
    assert counts.take() == (0, [], [])


def test_a_receipt_that_is_about_no_proposal_has_none_read(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    served.draft(0, 0)
    served.wait(2, 0)
    before = served.opens.now()
    counts = Counts(monkeypatch)
    served.house.new("Beside")
    served.wait(2, 0)
    after = served.opens.now()
    assert (after.found, counts.whole, counts.single) == (before.found, 0, [])


def test_only_what_rests_on_a_file_that_has_moved_is_judged_again(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    served.ask(0, 0)
    served.ask(1, 0)
    served.wait(2, 0)
    assert [each.status for each in served.opens.now().found] == ["pending", "pending"]
    counts = Counts(monkeypatch)
    served.edit(0, 1)
    assert [each.status for each in served.opens.now().found] == ["pending", "stale"]
    assert counts.take() == (0, [], [served.made[0].id])


def test_a_file_that_was_written_this_very_moment_is_not_taken_for_settled(served: Served) -> None:
    """A second edit within one tick of the clock leaves the same signature."""
    served.ask(0, 0)
    path = served.path(served.tickets[0])
    before = served.house.world.work.read(path) or b""
    served.house.world.write_in_place(path, before.replace(b"Why", b"How"))
    assert [each.status for each in served.opens.now().found] == ["stale"]
    served.house.world.write_in_place(path, before)
    assert [each.status for each in served.opens.now().found] == ["pending"]


def test_what_is_approved_and_cannot_take_effect_is_open_as_it_is_now(served: Served) -> None:
    served.draft(0, 0)
    assert [each.status for each in served.opens.now().found] == ["pending"]
    served.hinder(1, 0)
    served.step("answer", 0, 1)
    (found,) = served.opens.now().found
    assert (found.status, len(found.proposal.votes)) == ("approved", 1)


def test_while_bodies_are_being_erased_all_is_read_anew(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The receipt is sealed first, so what is read between the two must not be kept for good."""
    served.draft(0, 0)
    served.draft(1, 1)
    served.opens.now()
    delete = erasing._delete
    monkeypatch.setattr(erasing, "_delete", lambda *given: (served.opens.now(), delete(*given)))
    served.erase(0, 0)
    served.draft(2, 2)
    assert [each.proposal.id for each in served.opens.now().found] == [
        served.made[2].id,
        served.made[1].id,
    ]


def test_another_log_of_the_same_ledger_is_read_from_its_beginning(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a copy of the ledger was put back, and others went on with that."""
    served.draft(0, 0)
    served.opens.now()
    ours = served.house.store
    theirs = MemoryStore(ours.ledger)
    theirs.take(list(ours.rows(last=ours.size() - 2)), ours.streams())
    monkeypatch.setattr(type(served.house), "store", property(lambda _: theirs))
    served.draft(1, 1)
    served.draft(2, 2)
    assert [each.proposal.id for each in served.opens.now().found] == [
        served.made[2].id,
        served.made[1].id,
    ]


def test_a_ticket_about_which_much_waits_names_all_of_it_newest_first(served: Served) -> None:
    for how in range(3):
        served.ask(0, how)
    around = surroundings.Surroundings(served, Options()).now(  # type: ignore[arg-type]
        Tickets(1, (), {}, "TK"), {}, waiting=served.opens.now().found
    )
    assert list(around.marks[served.tickets[0]].proposals) == [each.id for each in reversed(served.made)]
