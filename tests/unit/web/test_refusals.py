"""From errors to answers: one shape, one status each, and nothing of the server's inside."""

from __future__ import annotations

import json

import pytest

from counterfoil.errors import (
    ConflictError,
    CounterfoilError,
    HostError,
    InputError,
    IntegrityError,
    RefusedError,
)
from counterfoil.web import refusals


@pytest.mark.parametrize(("error", "status"), [
    (InputError("usage", "x"), 400), (InputError("invalid_json", "x"), 400), (InputError("invalid_state", "x"), 422),
    (InputError("ticket_not_found", "x"), 404), (InputError("ambiguous_id", "x"), 404), (InputError("too_large", "x"), 413),
    (InputError("template_not_found", "x"), 422), (ConflictError("stale", "x"), 409), (ConflictError("rights_lost", "x"), 409),
    (RefusedError("frozen", "x"), 409), (RefusedError("refused", "x"), 403), (RefusedError("unauthenticated", "x"), 401),
    (IntegrityError("ledger_damaged", "x"), 500), (HostError("lock_timeout", "x"), 503), (HostError("io_error", "x"), 503),
])  # fmt: skip
def test_an_error_has_one_status(error: CounterfoilError, status: int) -> None:
    found = refusals.of(error)
    assert found.status == status
    assert set(json.loads(found.body)["error"]) == {"code", "message", "details", "hint"}


def test_what_is_not_there_is_told_in_the_same_bytes_whatever_it_was() -> None:
    errors = [
        InputError("ticket_not_found", "no ticket is called x", "look", query="x"),
        InputError("proposal_not_found", "there is no proposal y", "list", query="y"),
        InputError("ambiguous_id", "z may mean 2", "type more", matches=["one", "two"]),
    ]
    assert {refusals.of(error) for error in errors} == {refusals.NOT_FOUND}


@pytest.mark.parametrize("kind", [HostError, IntegrityError])
def test_what_the_server_lacks_is_told_by_its_code_alone(kind: type[CounterfoilError]) -> None:
    body = refusals.of(
        kind("io_error", "/home/ada/.git: no space", "rm /home/ada/x", path="/home/ada")
    ).body.decode()
    assert json.loads(body)["error"]["code"] == "io_error"
    assert "ada" not in body


def test_a_detail_that_is_no_json_is_told_all_the_same() -> None:
    found = refusals.of(InputError("invalid_state", "\ud800", "x", value=object(), names={1}))
    assert json.loads(found.body)["error"]["code"] == "invalid_state"


def test_nothing_in_an_error_looks_like_a_secret_and_what_the_server_says_itself_is_whole() -> None:
    secret = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4"
    error = InputError("invalid_state", f"no {secret}", f"not {secret}", given=[secret], by={secret: 1})
    told = json.loads(refusals.of(error).body)["error"]
    mark = "[github-token-redacted]"
    assert told["details"] == {"given": [mark], "by": {mark: 1}}
    assert (told["message"], told["hint"]) == (f"no {mark}", f"not {mark}")
    assert b"redacted" not in refusals.UNAUTHENTICATED.body
