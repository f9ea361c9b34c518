"""What a server says of its work: one line of JSON a request, on standard error.

A line names the route and not the path, nor query, headers or body, so that no secret can get into it that
somebody put in the wrong place.
"""

from __future__ import annotations

import json
import logging
import sys
from typing import TYPE_CHECKING, TextIO

from counterfoil.kernel.instant import iso_ms

if TYPE_CHECKING:
    from types import TracebackType

    from counterfoil.usecases.ports import Clock

FRAMES = 12
"""How many places of a failure are told, the innermost last."""


class Journal:
    """Writes lines.

    Args:
        clock: tells the time.
        quiet: whether requests are left out; failures never are.
        out: where to; standard error by default.
    """

    def __init__(self, clock: Clock, quiet: bool = False, out: TextIO | None = None) -> None:
        self._clock = clock
        self._quiet = quiet
        self._out = out or sys.stderr

    def request(self, **told: object) -> None:
        """Tells of a request that was answered."""
        if not self._quiet:
            self._write({"event": "request", **told})

    def event(self, name: str, **told: object) -> None:
        """Tells of something that happened to the server."""
        if not self._quiet:
            self._write({"event": name, **told})

    def failure(self, request: str, error: BaseException) -> None:
        """Tells of a fault in this program: what kind it is and where, without any value."""
        self._write(
            {
                "event": "failure",
                "id": request,
                "type": type(error).__name__,
                "at": places(error.__traceback__),
            }
        )

    def _write(self, told: dict[str, object]) -> None:
        line = {"time": iso_ms(self._clock.now_ms()), **told}
        try:
            self._out.write(json.dumps(line, default=str, separators=(",", ":")) + "\n")
            self._out.flush()
        except (OSError, ValueError):
            self._quiet = True  # nobody reads any more


class Libraries(logging.Handler):
    """Takes what the libraries below log, so that it becomes lines of ours, without the values that they put in.

    Args:
        journal: where it goes.
    """

    def __init__(self, journal: Journal) -> None:
        super().__init__(logging.WARNING)
        self._journal = journal

    def emit(self, record: logging.LogRecord) -> None:
        """Tells of what was logged: a fault by its kind and places, anything else by its words."""
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            self._journal.failure("-", error)
        else:
            self._journal.event("library", logger=record.name, words=str(record.msg))


def places(traceback: TracebackType | None) -> list[str]:
    """Returns where an error came from, as `file:line function`."""
    found = []
    while traceback is not None:
        code = traceback.tb_frame.f_code
        name = code.co_filename.rpartition("/site-packages/")[2].rpartition("/src/")[2]
        found.append(f"{name}:{traceback.tb_lineno} {code.co_name}")
        traceback = traceback.tb_next
    return found[-FRAMES:]
