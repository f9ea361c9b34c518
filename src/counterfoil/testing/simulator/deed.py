"""One command of one actor."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from counterfoil.usecases.context import Context

    Act = Callable[[Context], object]


class Deed:
    """One command.

    Attributes:
        words: what it is, for the trace.
        act: carries it out in a process's context.
    """

    def __init__(self, words: str, act: Act) -> None:
        self.words = words
        self.act = act
