"""What goes over the wire: words and data, and of an error nothing that is the server's own business."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from counterfoil.errors import (
    ConflictError,
    CounterfoilError,
    HostError,
    InputError,
    IntegrityError,
    RefusedError,
)
from counterfoil.mcp.answers import DETAILS_BYTES, failure, named, plain, printable, told

SECRET = "hunter2 in /home/ada/.ssh"


@pytest.mark.parametrize(
    ("error", "remote", "expected"),
    [
        (
            InputError("a", "M.", "H.", x=1),
            True,
            {"code": "a", "message": "M.", "hint": "H.", "details": {"x": 1}},
        ),
        (InputError("a", "M."), False, {"code": "a", "message": "M."}),
        (InputError("a", "M.", long="x" * DETAILS_BYTES), False, {"code": "a", "message": "M."}),
        (
            RefusedError("needs_approval", "M.", "ticket proposal wait P-1", proposal="P-1"),
            False,
            {
                "code": "needs_approval",
                "message": "M.",
                "hint": "ticket_wait P-1",
                "details": {"proposal": "P-1"},
            },
        ),
        (HostError("io_error", SECRET, SECRET, path=SECRET), False, None),
    ],
)
def test_an_error_is_told(error: CounterfoilError, remote: bool, expected: dict[str, Any] | None) -> None:
    shown = told(error, remote=remote)
    if expected is None:
        assert shown["message"] == SECRET
    else:
        assert shown == expected


@pytest.mark.parametrize(
    ("error", "remote"),
    [
        (ValueError(SECRET), False),
        (ValueError(SECRET), True),
        (HostError("io_error", SECRET, SECRET, path=SECRET), True),
        (IntegrityError("ledger_damaged", SECRET, path=SECRET), True),
    ],
)
def test_of_the_inside_nothing_gets_out(
    error: Exception, remote: bool, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        answer = failure(error, remote=remote)
    assert answer.is_error
    assert "hunter2" not in answer.model_dump_json()
    if not isinstance(error, CounterfoilError):
        assert "hunter2" not in caplog.text
    assert type(error).__name__ in caplog.text or getattr(error, "code", "-") in caplog.text


def test_a_hint_is_in_the_words_of_the_tools() -> None:
    shown = told(ConflictError("claimed", "M.", "ticket claim TK-1 --renew"), remote=False)
    assert "ticket_claim" in str(shown["hint"])


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"a": (1, None, True, 1.5), b"\xff": {"x"}}, {"a": [1, None, True, 1.5], "\\xff": ["x"]}),
        ("\udcff", "\\xff"),
    ],
)
def test_any_value_becomes_json(value: object, expected: object) -> None:
    assert plain(value) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain\n", "plain\n"),
        ("a\x1b[31mb", "a\\x1b[31mb"),
        ("a\u202eb", "a\\u202eb"),
        ("ü\ud800", "ü\\ud800"),
    ],
)
def test_nothing_hidden_is_in_the_words(text: str, expected: str) -> None:
    assert printable(text) == expected


def test_nothing_in_an_error_looks_like_a_secret() -> None:
    secret = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4"
    error = InputError("a", f"no {secret}", f"ticket show {secret}", given=[secret], by={secret: 1})
    shown = told(error, remote=True)
    assert secret not in repr(shown)
    mark = "[github-token-redacted]"
    assert shown["details"] == {"given": [mark], "by": {mark: 1}}
    assert named(secret) == mark
