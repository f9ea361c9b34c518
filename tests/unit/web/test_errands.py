"""Errands are done once, looked at meanwhile, and kept until they are begun anew."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from counterfoil.errors import HostError, InputError
from counterfoil.web.errands import AT_ONCE, KEPT_MAX, WAITING, Errands

if TYPE_CHECKING:
    from counterfoil.web.errands import Progress

PATIENCE_S = 10.0


def test_of_one_name_there_is_one_at_a_time_and_its_progress_can_be_seen() -> None:
    errands, gate, begun = Errands(), threading.Event(), threading.Event()

    def work(progress: Progress) -> str:
        progress(25, 100)
        begun.set()
        gate.wait(PATIENCE_S)
        return "found"

    first = errands.begin(("a", "verify"), "one", work)
    assert begun.wait(PATIENCE_S)
    assert errands.begin(("a", "verify"), "two", work) is first
    assert errands.look("a", "verify") is first
    assert (first.percent, first.is_over, first.result) == (25, False, None)
    gate.set()
    assert first.wait(PATIENCE_S)
    assert (first.is_over, first.result, first.tag) == (True, "found", "one")
    assert errands.look("b", "verify") is None


def test_one_that_is_over_is_begun_anew() -> None:
    errands = Errands()
    first = errands.begin(("a", "look"), "one", lambda _: 1)
    assert first.wait(PATIENCE_S)
    second = errands.begin(("a", "look"), "two", lambda _: 2)
    assert second is not first
    assert second.wait(PATIENCE_S)
    assert second.result == 2


def test_what_breaks_is_its_result_and_tells_nothing_of_the_inside() -> None:
    errands = Errands()

    def refuse(_: Progress) -> None:
        raise InputError("usage", "no")

    def fail(_: Progress) -> None:
        raise ZeroDivisionError("/secret/path")

    refused, failed = errands.begin(("a", "look"), "", refuse), errands.begin(("b", "look"), "", fail)
    assert refused.wait(PATIENCE_S)
    assert failed.wait(PATIENCE_S)
    assert refused.error is not None
    assert refused.error.code == "usage"
    assert failed.error is not None
    assert failed.error.code == "internal"
    assert "secret" not in failed.error.message


def test_only_so_many_are_remembered() -> None:
    errands = Errands()
    for number in range(KEPT_MAX + 5):
        assert errands.begin((str(number), "look"), "", lambda _: None).wait(PATIENCE_S)
    assert errands.look("0", "look") is None
    assert errands.look(str(KEPT_MAX + 4), "look") is not None


def test_of_a_kind_few_are_under_way_and_few_more_wait_and_the_next_is_refused() -> None:
    errands, gate, begun = Errands(), threading.Event(), threading.Semaphore(0)

    def work(_: Progress) -> str:
        begun.release()
        gate.wait(PATIENCE_S)
        return "found"

    sent = [errands.begin(("a", "dry-run", str(each)), "", work) for each in range(AT_ONCE + WAITING)]
    for _ in range(AT_ONCE):
        assert begun.acquire(timeout=PATIENCE_S)
    assert not begun.acquire(blocking=False), "the others wait"
    with pytest.raises(HostError, match="as much to do as it can take"):
        errands.begin(("a", "dry-run", "more"), "", work)
    assert errands.begin(("a", "dry-run", "0"), "", work) is sent[0]
    assert errands.begin(("a", "doctor"), "", lambda _: 1).wait(PATIENCE_S), "another kind has its own"
    gate.set()
    assert all(each.wait(PATIENCE_S) for each in sent)
    assert {each.result for each in sent} == {"found"}
    assert errands.begin(("a", "dry-run", "more"), "", work).wait(PATIENCE_S)
