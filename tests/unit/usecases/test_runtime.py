"""Commands are decided on fresh state, sealed by compare-and-set, once, and cost what is new."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from unit.usecases.stream_scene import (
    ADA,
    BOT,
    LEDGER,
    NOON_MS,
    OTHER_LEDGER,
    TEXT,
    Bench,
    Counter,
    amounts,
    newer,
)

from counterfoil.errors import ConflictError, RefusedError
from counterfoil.kernel.digest import sha256
from counterfoil.ledger.decider import Event
from counterfoil.testing.ledger import MemoryStore
from counterfoil.testing.views import MemoryViews
from counterfoil.usecases import kinds, runtime
from counterfoil.usecases.runtime import ATTEMPTS, SNAPSHOT_EVERY

if TYPE_CHECKING:
    from collections.abc import Callable

    from counterfoil.ledger.receipt import Receipt


@pytest.fixture
def bench() -> Bench:
    """A ledger of its own."""
    return Bench()


def counted(bench: Bench, stream: str = TEXT) -> list[int]:
    """Returns the amounts of a stream."""
    return amounts(runtime.load(bench.store, Counter(), stream).state)


@pytest.mark.parametrize(
    ("given", "when", "then"),
    [
        ((), (5,), [5]),
        ((5,), (1, 2), [5, 1, 2]),
        ((5,), (0,), [5]),
        ((5,), (), [5]),
        ((500,), (500,), [500, 500]),
    ],
)
def test_what_is_decided_is_sealed(
    bench: Bench, given: tuple[int, ...], when: tuple[int, ...], then: list[int]
) -> None:
    bench.add(*given)
    outcome = bench.add(*when)
    assert amounts(outcome.state) == counted(bench) == then
    assert len(outcome.receipts) == len(then) - len(given)
    assert not outcome.repeated


def test_a_refusal_is_told_and_leaves_no_trace(bench: Bench) -> None:
    bench.add(900)
    with pytest.raises(RefusedError) as caught:
        bench.add(101)
    assert (caught.value.code, bench.store.size()) == ("too_much", 1)


def test_a_command_is_sealed_whole_at_one_moment_in_one_place(bench: Bench) -> None:
    receipts = bench.add(1, 2, 3).receipts
    assert [receipt.position for receipt in receipts] == [0, 1, 2]
    assert len({receipt.at for receipt in receipts}) == 1


# --- keys -----------------------------------------------------------------------------------------


def test_a_command_that_is_repeated_is_answered_and_not_sealed_again(bench: Bench) -> None:
    first = bench.add(1, 2, key="once")
    bench.add(7)
    bench.clock.ms += 5000
    again = bench.add(1, 2, key="once")
    assert [receipt.id for receipt in again.receipts] == [receipt.id for receipt in first.receipts]
    assert (again.repeated, amounts(again.state)) == (True, [1, 2, 7])


@pytest.mark.parametrize("other", [(1,), (1, 3), (1, 2, 3), (), (2, 1)])
def test_a_key_of_another_command_is_refused(bench: Bench, other: tuple[int, ...]) -> None:
    bench.add(1, 2, key="once")
    with pytest.raises(ConflictError) as caught:
        bench.add(*other, key="once")
    assert (caught.value.code, counted(bench)) == ("key_reused", [1, 2])


def test_a_key_belongs_to_one_actor_and_one_stream(bench: Bench) -> None:
    bench.add(1, key="once", actor=ADA)
    assert not bench.add(1, key="once", actor=BOT).repeated
    assert not bench.add(1, key="once", actor=ADA, stream="text/other").repeated


def test_a_clock_that_goes_backwards_makes_no_other_command_of_a_repeated_one(bench: Bench) -> None:
    bench.add(1)
    bench.clock.ms -= 60_000
    bench.add(2, key="once")
    bench.clock.ms -= 60_000
    assert bench.add(2, key="once").repeated


# --- whoever is faster ----------------------------------------------------------------------------


class Hurried(MemoryStore):
    """A ledger in which somebody else is faster a number of times."""

    def __init__(self, times: int, rival: Callable[[MemoryStore], object]) -> None:
        super().__init__(LEDGER)
        self.times = times
        self._rival = rival

    def append(self, *arguments: Any, **named: Any) -> list[Receipt]:
        """Lets the rival through first."""
        if self.times > 0:
            self.times -= 1
            waiting, self.times = self.times, 0
            self._rival(self)
            self.times = waiting
        return super().append(*arguments, **named)


def rival(amount: int) -> Callable[[MemoryStore], object]:
    """Returns somebody who adds an amount with a bench of their own."""
    count = iter(range(1000))
    return lambda store: Bench(store, 1000).add(amount, actor=BOT, key=f"rival {next(count)}")


def test_who_was_overtaken_decides_again_on_what_is_so_now() -> None:
    bench = Bench(Hurried(3, rival(10)))
    outcome = bench.add(5)
    assert amounts(outcome.state) == [10, 10, 10, 5]
    with pytest.raises(RefusedError):
        Bench(Hurried(1, rival(900))).add(200)


@pytest.mark.parametrize(("amount", "code"), [(5, ""), (6, "key_reused")])
def test_the_same_command_decided_at_another_moment_is_still_the_same(amount: int, code: str) -> None:
    def later(store: MemoryStore) -> None:
        other = Bench(store, 1000)
        other.clock.ms += 3
        other.add(5, key="once")

    bench = Bench(Hurried(1, later))
    if not code:
        assert bench.add(amount, key="once").repeated
        return
    with pytest.raises(ConflictError) as caught:
        bench.add(amount, key="once")
    assert (caught.value.code, bench.store.size()) == (code, 1)


def test_what_others_sealed_besides_the_same_command_is_folded_too() -> None:
    def others(store: MemoryStore) -> None:
        other = Bench(store, 1000)
        other.add(1, actor=BOT, key="before")
        other.add(5, key="once")
        other.add(2, actor=BOT, key="after")

    snapshots = MemoryViews()
    bench = Bench(Hurried(1, others))
    outcome = bench.add(5, key="once", snapshots=snapshots)
    assert (outcome.repeated, amounts(outcome.state)) == (True, [1, 5, 2])


def test_who_is_overtaken_for_ever_gives_up_after_a_bounded_time() -> None:
    bench = Bench(Hurried(1000, rival(1)))
    with pytest.raises(ConflictError) as caught:
        bench.add(5)
    assert caught.value.code == "version_conflict"
    assert bench.store.size() == ATTEMPTS
    assert 0 < bench.clock.ms - NOON_MS <= ATTEMPTS * runtime.PAUSE_MS_MAX


def test_a_command_that_somebody_sends_at_the_same_time_is_sealed_once() -> None:
    outcome = Bench(Hurried(1, lambda store: Bench(store, 1000).add(5, key="once"))).add(5, key="once")
    assert (outcome.repeated, len(outcome.receipts), amounts(outcome.state)) == (True, 1, [5])


def test_what_cannot_be_sealed_for_another_reason_is_told_at_once(bench: Bench) -> None:
    with pytest.raises(ConflictError) as caught:
        bench.add(5, counter=_Unregistered())
    assert (caught.value.code, bench.clock.ms) == ("newer_ledger", NOON_MS)


class _Unregistered(Counter):
    def decide(self, *_: object) -> list[Event]:
        """Decides for something that no program knows."""
        raise ConflictError("newer_ledger", "this is not for us")


# --- snapshots ------------------------------------------------------------------------------------


def filled(bench: Bench, count: int, snapshots: MemoryViews, stream: str = TEXT) -> None:
    """Seals so many amounts of 1 by commands."""
    for number in range(count):
        bench.add(1, key=f"fill {number}", stream=stream, snapshots=snapshots)


def test_a_command_costs_what_is_new_and_not_what_the_stream_holds(bench: Bench) -> None:
    snapshots = MemoryViews()
    filled(bench, 3 * SNAPSHOT_EVERY + 5, snapshots)
    counter = Counter()
    assert len(bench.add(1, snapshots=snapshots, counter=counter).state) == 3 * SNAPSHOT_EVERY + 6
    assert counter.folded <= SNAPSHOT_EVERY


def test_a_long_stream_that_was_read_once_is_not_read_again(bench: Bench) -> None:
    bench.note(TEXT, *["1"] * 500)
    snapshots = MemoryViews()
    runtime.load(bench.store, Counter(), TEXT, snapshots=snapshots)
    counter = Counter()
    runtime.load(bench.store, counter, TEXT, snapshots=snapshots)
    assert counter.folded == 0


def snapshot_name(reducer: Counter | None = None) -> str:
    """Returns the name of a counter's snapshots."""
    return runtime.snapshot_name(reducer or Counter())


def forged(ledger: str, length: int, leaf: bytes, state: object) -> tuple[int, bytes, bytes]:
    """Returns a snapshot whose digest is right."""
    text = json.dumps(state).encode()
    head = f"{ledger}\0{TEXT}\0{snapshot_name()}\0{length}\0".encode()
    return length, leaf, sha256(head + leaf + text).digest() + text


WRONG = {"texts": ["999"]}


@pytest.mark.parametrize(
    "spoil",
    [
        lambda kept: (kept[0], kept[1], kept[2][:-1] + b"]"),
        lambda kept: (kept[0], kept[1], b""),
        lambda kept: (kept[0] - 1, kept[1], kept[2]),
        lambda kept: (kept[0] + 1000, kept[1], kept[2]),
        lambda kept: (0, b"", kept[2]),
        lambda kept: forged(OTHER_LEDGER, kept[0], kept[1], WRONG),
        lambda kept: forged(LEDGER, kept[0], bytes(32), WRONG),
        lambda kept: forged(LEDGER, 3, kept[1], WRONG),
        lambda kept: forged(LEDGER, 5000, kept[1], WRONG),
    ],
)
def test_a_snapshot_that_does_not_fit_is_ignored(bench: Bench, spoil: Callable[[Any], Any]) -> None:
    snapshots = MemoryViews()
    filled(bench, SNAPSHOT_EVERY + 1, snapshots)
    kept = snapshots.snapshot(LEDGER, TEXT, snapshot_name())
    assert kept is not None
    snapshots.keep_snapshot(LEDGER, TEXT, snapshot_name(), spoil(kept))
    assert amounts(bench.add(1, snapshots=snapshots).state) == [1] * (SNAPSHOT_EVERY + 2)


def test_a_snapshot_that_fits_is_used_or_the_tests_above_prove_nothing(bench: Bench) -> None:
    snapshots = MemoryViews()
    filled(bench, SNAPSHOT_EVERY + 1, snapshots)
    kept = snapshots.snapshot(LEDGER, TEXT, snapshot_name())
    assert kept is not None
    snapshots.keep_snapshot(LEDGER, TEXT, snapshot_name(), forged(LEDGER, kept[0], kept[1], WRONG))
    assert amounts(runtime.load(bench.store, Counter(), TEXT, snapshots=snapshots).state)[0] == 999


def test_another_version_and_a_program_of_other_kinds_have_snapshots_of_their_own() -> None:
    second = Counter()
    second.version = 2
    names = {snapshot_name(), snapshot_name(second), runtime.snapshot_name(Counter(), newer("some.thing"))}
    assert len(names) == 3


# --- what a newer program wrote -------------------------------------------------------------------


def test_a_stream_with_an_unknown_kind_stops_and_the_others_go_on(bench: Bench) -> None:
    bench.add(1)
    bench.seal(TEXT, "future.event", {"text": "9"})
    for command in (lambda: bench.add(1), lambda: runtime.load(bench.store, Counter(), TEXT)):
        with pytest.raises(ConflictError) as caught:
            command()
        assert (caught.value.code, caught.value.fields["kind"]) == ("newer_ledger", "future.event")
    assert amounts(bench.add(4, stream="text/other").state) == [4]


def test_a_newer_schema_of_a_known_kind_stops_a_stream_too(bench: Bench) -> None:
    bench.seal(TEXT, kinds.NOTED, {"text": "9"}, schema=2)
    with pytest.raises(ConflictError) as caught:
        bench.add(1)
    assert (caught.value.code, caught.value.fields["schema"]) == ("newer_ledger", 2)


# --- branches -------------------------------------------------------------------------------------


def test_a_branch_goes_on_from_its_parents_state_and_apart_from_it(bench: Bench) -> None:
    bench.add(1, 2, 3)
    bench.fork("text/idea", TEXT, 1)
    assert counted(bench, "text/idea") == [1, 2]
    assert amounts(bench.add(40, stream="text/idea").state) == [1, 2, 40]
    bench.fork("text/idea/more", "text/idea", 1)
    assert amounts(bench.add(50, stream="text/idea/more").state) == [1, 2, 40, 50]
    bench.add(4)
    assert [counted(bench), counted(bench, "text/idea")] == [[1, 2, 3, 4], [1, 2, 40]]


def test_the_first_command_on_a_branch_begins_at_its_parents_snapshot(bench: Bench) -> None:
    snapshots = MemoryViews()
    filled(bench, 2 * SNAPSHOT_EVERY + 10, snapshots)
    bench.fork("text/late", TEXT, 2 * SNAPSHOT_EVERY + 5)
    bench.fork("text/early", TEXT, 3)
    for name, expected, folded_max in (("late", 2 * SNAPSHOT_EVERY + 6, SNAPSHOT_EVERY), ("early", 4, 4)):
        counter = Counter()
        stream = f"text/{name}"
        state = runtime.load(bench.store, counter, stream, snapshots=snapshots).state
        assert (len(state), counter.folded <= folded_max) == (expected, True)
        assert len(bench.add(1, stream=stream, snapshots=snapshots).state) == expected + 1


def test_a_branch_has_snapshots_of_its_own(bench: Bench) -> None:
    snapshots = MemoryViews()
    filled(bench, 5, snapshots)
    bench.fork("text/idea", TEXT, 2)
    filled(bench, SNAPSHOT_EVERY + 20, snapshots, "text/idea")
    counter = Counter()
    standing = runtime.load(bench.store, counter, "text/idea", snapshots=snapshots)
    assert (len(standing.state), standing.length) == (SNAPSHOT_EVERY + 23, SNAPSHOT_EVERY + 21)
    assert counter.folded < 30


def test_a_repeated_command_on_a_branch_is_decided_on_the_branchs_state(bench: Bench) -> None:
    bench.add(600)
    bench.fork("text/idea", TEXT, 0)
    bench.add(400, stream="text/idea", key="once")
    assert bench.add(400, stream="text/idea", key="once").repeated
