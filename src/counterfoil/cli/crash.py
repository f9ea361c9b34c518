"""For the day on which something is wrong with us: the report of a bug, and `--debug`'s log."""

from __future__ import annotations

import os
import platform
import sys
import tempfile
import traceback

from counterfoil import __version__
from counterfoil.errors import HostError
from counterfoil.gate import redact

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


def report(error: BaseException, words: Sequence[str], environ: Mapping[str, str]) -> HostError:
    """Writes what is needed to find a bug into a file of its own and returns the error that names it."""
    lines = [
        f"counterfoil {__version__}, Python {platform.python_version()}, {platform.platform()}",
        f"ticket {' '.join(words)}",
        "",
        *traceback.format_exception(error),
    ]
    text, _ = redact.mask("\n".join(lines))
    try:
        descriptor, path = tempfile.mkstemp(prefix="ticket-bug-", suffix=".txt", dir=environ.get("TMPDIR"))
        with open(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
    except OSError:
        path = "(it could not be written)"
    return HostError(
        "internal",
        f"this is a bug of ours: {type(error).__name__}",
        f"please report it with the file {path}",
        report=path,
    )


def tracer(target: str) -> Callable[[Sequence[str], int, float], None]:
    """Returns a function that logs each program that ran: milliseconds, status, arguments, secrets masked.

    A log that cannot be written is said so once; the command goes on.

    Args:
        target: a file to append to; standard error if empty or `1`.
    """
    broken = False

    def log(argv: Sequence[str], status: int, seconds: float) -> None:
        nonlocal broken
        if broken:
            return
        line, _ = redact.mask(f"{seconds * 1000:8.1f} ms  {status:3d}  {' '.join(argv)}")
        if target in {"", "1"}:
            print(line, file=sys.stderr)
            return
        try:
            with open(os.path.expanduser(target), "a", encoding="utf-8", errors="backslashreplace") as file:
                file.write(line + "\n")
        except OSError as error:
            broken = True
            print(f"warning: nothing is logged to TICKET_DEBUG: {error}", file=sys.stderr)

    return log
