"""The server's log: what libraries say becomes lines of ours, without values."""

from __future__ import annotations

import io
import json
import logging

from counterfoil.adapters.system import SystemClock
from counterfoil.web.journal import Journal, Libraries


def logged(
    write: str, *values: object, error: Exception | None = None, quiet: bool = False
) -> list[dict[str, object]]:
    """Lets a library log something and returns the lines that the server writes."""
    out = io.StringIO()
    handler = Libraries(Journal(SystemClock(), quiet, out))
    handler.handle(
        logging.LogRecord(
            "lib.part", logging.ERROR, "f.py", 1, write, values, error and (type(error), error, None)
        )
    )
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_words_of_a_library_are_a_line_without_what_was_put_into_them() -> None:
    (line,) = logged("cannot serve %s", "secret")
    assert (line["event"], line["logger"], line["words"]) == ("library", "lib.part", "cannot serve %s")
    assert logged("cannot serve %s", "secret", quiet=True) == []


def test_a_fault_in_a_library_is_told_by_its_kind_also_to_who_wants_quiet() -> None:
    (line,) = logged("failed: %s", "secret", error=ValueError("secret"), quiet=True)
    assert (line["event"], line["type"]) == ("failure", "ValueError")
    assert "secret" not in str(line)
