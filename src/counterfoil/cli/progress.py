"""One line that tells how far long work has come: on a terminal, on standard error, overwritten, then gone."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from counterfoil.cli.arguments import Arguments
    from counterfoil.usecases.context import Context

BAR = 24
EVERY_MS = 100
AFTER_MS = 300
"""Work that is shorter shows nothing."""
CLEAR = "\r\x1b[K"


class Caller(Protocol):
    """What is asked of an invocation (`call.Call`, which makes these lines itself)."""

    environ: Mapping[str, str]

    @property
    def arguments(self) -> Arguments:
        """The command line."""

    @property
    def json(self) -> bool:
        """Whether the answer is wanted as JSON."""

    @property
    def ci(self) -> bool:
        """Whether nothing may be guessed or asked."""

    def context(self) -> Context:
        """Returns the project's context."""


class Progress:
    """Told `(done, total)` by a use case as often as it likes; used in a `with` block, which ends the line.

    Args:
        call: the invocation; with `--quiet`, `--json` or `--ci`, or without a terminal, nothing is shown.
        what: the work, as in `verifying`.
    """

    def __init__(self, call: Caller, what: str) -> None:
        silent = call.json or call.ci or call.arguments.flag("quiet")
        self._shown = not silent and os.isatty(2) and call.environ.get("TERM") != "dumb"
        self._clock = call.context().clock
        self._what = what
        self._begun_ms = self._clock.now_ms()
        self._last_ms = 0
        self._drawn = False

    def __call__(self, done: int, total: int) -> None:
        """Shows how much is done, at most ten times a second."""
        if not self._shown:
            return
        now_ms = self._clock.now_ms()
        if now_ms - self._begun_ms < AFTER_MS or now_ms - self._last_ms < EVERY_MS:
            return
        self._last_ms = now_ms
        self._drawn = True
        sys.stderr.write(f"{CLEAR}{self._line(done, total, now_ms)}")
        sys.stderr.flush()

    def _line(self, done: int, total: int, now_ms: int) -> str:
        if total <= 0:
            return f"{self._what}  {done:,}"
        part = min(1.0, done / total)
        filled = int(BAR * part)
        left_s = int((now_ms - self._begun_ms) / 1000 * (total - done) / done) if done else 0
        rest = f"  {left_s // 60}:{left_s % 60:02d} left" if left_s else ""
        return f"{self._what}  {'█' * filled}{'░' * (BAR - filled)}  {int(part * 100):3d} %  {done:,} of {total:,}{rest}"

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._drawn:
            sys.stderr.write(CLEAR)
            sys.stderr.flush()
