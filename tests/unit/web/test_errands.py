"""Errands are done once, looked at meanwhile, and kept until they are begun anew."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from counterfoil.errors import HostError, InputError
from counterfoil.web.errands import AT_ONCE, KEPT_MAX, Errands

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
    first = errands.begin(("a",), "one", lambda _: 1)
    assert first.wait(PATIENCE_S)
    second = errands.begin(("a",), "two", lambda _: 2)
    assert second is not first
    assert second.wait(PATIENCE_S)
    assert second.result == 2


def test_what_breaks_is_its_result_and_tells_nothing_of_the_inside() -> None:
    errands = Errands()

    def refuse(_: Progress) -> None:
        raise InputError("usage", "no")

    def fail(_: Progress) -> None:
        raise ZeroDivisionError("/secret/path")

    refused, failed = errands.begin(("a",), "", refuse), errands.begin(("b",), "", fail)
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
        assert errands.begin((str(number),), "", lambda _: None).wait(PATIENCE_S)
    assert errands.look("0") is None
    assert errands.look(str(KEPT_MAX + 4)) is not None


def test_no_more_are_begun_at_once_than_the_server_can_take() -> None:
    errands, gate = Errands(), threading.Event()
    begun = [errands.begin((str(each),), "", lambda _: gate.wait(20)) for each in range(AT_ONCE)]
    with pytest.raises(HostError, match="as much to do as it can take"):
        errands.begin(("more",), "", lambda _: 1)
    assert errands.begin(("0",), "", lambda _: 1) is begun[0]
    gate.set()
    assert all(each.wait(20) for each in begun)
    assert errands.begin(("more",), "", lambda _: 1).wait(20)
