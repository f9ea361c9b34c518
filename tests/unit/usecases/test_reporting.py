"""What a check found, in words and as data."""

from __future__ import annotations

import pytest

from counterfoil.errors import InputError
from counterfoil.tickets.model import Diagnostic
from counterfoil.usecases.reporting import Report, counted

ERROR = Diagnostic("a", "error", "x.md", "bad", "mend it", 3, 4)
WARNING = Diagnostic("b", "warning", "y.md", "odd")


def report(*diagnostics: Diagnostic, checked: int = 1) -> Report:
    """Returns a report."""
    made = Report()
    made.checked, made.diagnostics = checked, list(diagnostics)
    return made


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (report(), "no errors in 1 ticket"),
        (report(checked=0), "no errors in 0 tickets"),
        (report(WARNING, checked=2), "1 warning in 2 tickets"),
        (report(ERROR, WARNING, ERROR, checked=40), "2 errors and 1 warning in 40 tickets"),
    ],
)
def test_a_report_is_summed_up(found: Report, words: str) -> None:
    assert found.summary() == words


def test_errors_end_the_call_and_warnings_do_not() -> None:
    report(WARNING).raise_if_wrong("no", "hint")
    with pytest.raises(InputError) as caught:
        report(WARNING, ERROR).raise_if_wrong("wrong", "mend it")
    error = caught.value
    assert (error.code, error.message, error.hint) == ("validation_failed", "wrong", "mend it")
    assert error.fields == {
        "checked": 1, "errors": 1, "warnings": 1, "diagnostics": [WARNING.as_data(), ERROR.as_data()],
    }  # fmt: skip


def test_a_diagnostic_is_an_object() -> None:
    assert ERROR.as_data() == {
        "code": "a", "severity": "error", "path": "x.md", "line": 3, "column": 4, "message": "bad",
        "hint": "mend it",
    }  # fmt: skip


def test_things_are_counted() -> None:
    assert [counted(number, "ticket") for number in (0, 1, 2)] == ["0 tickets", "1 ticket", "2 tickets"]
