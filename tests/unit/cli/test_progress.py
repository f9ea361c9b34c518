"""The line that tells how far long work has come: on terminals alone, and gone at the end."""

from __future__ import annotations

import io
from collections.abc import Callable
from unittest import mock

import pytest

from counterfoil.cli.layout import columns_of
from counterfoil.cli.progress import AFTER_MS, CLEAR, EVERY_MS, Progress


class Caller:
    """An invocation, as far as the line asks for it."""

    def __init__(self, *flags: str, term: str = "xterm") -> None:
        self.environ = {"TERM": term}
        self.json, self.ci = "json" in flags, "ci" in flags
        self.arguments = mock.Mock()
        self.arguments.flag = lambda name: name in flags
        self.screen = io.StringIO()
        self.now_ms = 1_000_000
        self.clock = mock.Mock()
        self.clock.now_ms = lambda: self.now_ms

    def context(self) -> Caller:
        return self


def screen(
    caller: Caller,
    steps: int,
    *,
    every_ms: int,
    terminal: bool = True,
    total: int = 100,
    fail: Callable[[], int] | None = None,
) -> str:
    """Returns what was written while so many steps were told, each so long after the one before."""
    written = caller.screen
    with (
        mock.patch("os.isatty", return_value=terminal),
        mock.patch("sys.stderr", written),
        Progress(caller, "verifying") as progress,  # type: ignore[arg-type]
    ):
        for done in range(1, steps + 1):
            caller.now_ms += every_ms
            progress(done, total)
        if fail is not None:
            fail()
    return written.getvalue()


def test_long_work_is_one_line_that_is_overwritten_and_gone() -> None:
    lines = screen(Caller(), 50, every_ms=200).split(CLEAR)
    assert (lines[0], lines[-1]) == ("", "")
    assert lines[-2] == "verifying  ████████████░░░░░░░░░░░░   50 %  50 of 100  0:10 left"
    assert all("\n" not in line and columns_of(line) <= 80 for line in lines)


def test_short_work_shows_nothing() -> None:
    assert screen(Caller(), 100, every_ms=AFTER_MS // 100 - 1) == ""


def test_it_is_not_drawn_more_often_than_anybody_can_see() -> None:
    assert screen(Caller(), 1000, every_ms=1).count(CLEAR) <= (1000 - AFTER_MS) // EVERY_MS + 2


@pytest.mark.parametrize("flag", ["json", "quiet", "ci"])
def test_whoever_wants_no_words_gets_none(flag: str) -> None:
    assert screen(Caller(flag), 50, every_ms=200) == ""


def test_without_a_terminal_that_can_overwrite_nothing_is_shown() -> None:
    assert screen(Caller(), 50, every_ms=200, terminal=False) == ""
    assert screen(Caller(term="dumb"), 50, every_ms=200) == ""


def test_work_of_unknown_length_is_counted() -> None:
    assert screen(Caller(), 2000, every_ms=1, total=0).split(CLEAR)[-2] == "verifying  2,000"


def test_the_line_goes_away_when_the_work_fails() -> None:
    def broken() -> int:
        raise ValueError("broken")

    caller = Caller()
    with pytest.raises(ValueError, match="broken"):
        screen(caller, 50, every_ms=200, fail=broken)
    assert caller.screen.getvalue().endswith(CLEAR)
