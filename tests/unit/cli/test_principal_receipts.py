"""What the receipts of principals and deliveries say to a person."""

from __future__ import annotations

from typing import Any

import pytest

from counterfoil.cli.principal_receipts import WORDS
from counterfoil.gate import events

AT = "2027-02-19T21:50:16.000Z"


@pytest.mark.parametrize(
    ("kind", "body", "lines"),
    [
        (events.PRINCIPAL_ADDED, {"owner": "", "expires_at": None}, ["registered"]),
        (
            events.PRINCIPAL_ADDED,
            {"owner": "human:ada", "expires_at": AT},
            ["registered, owned by human:ada, until 2027-02-19 21:50 UTC"],
        ),
        (
            events.PRINCIPAL_CHANGED,
            {"principal": "agent:x", "scopes": [], "expires_at": None, "salt": "0"},
            ["changed: expires, scopes"],
        ),
        (events.CREDENTIAL_ADDED, {"id": "k3v9x2ab", "ends": []}, ["new key k3v9x2ab"]),
        (
            events.CREDENTIAL_ADDED,
            {"id": "b", "ends": [["a", AT]]},
            ["new key b", "the key a ends 2027-02-19 21:50 UTC"],
        ),
        (events.CREDENTIAL_REVOKED, {"id": "a", "reason": "lost"}, ["withdrew the key a: “lost”"]),
        (events.PRINCIPAL_REVOKED, {"reason": "left"}, ["revoked: “left”"]),
        (
            events.DELIVERED,
            {"event": "push", "delivery": "1", "body": "f" * 64, "caused": None},
            ["received push 1, body ffffffffffff"],
        ),
        (
            events.DELIVERED,
            {"event": "", "delivery": "msg", "body": "f" * 64, "caused": "P-0123456789ABCDEF"},
            ["received msg, body ffffffffffff", "asks for P-01234567"],
        ),
        (events.OBSERVED, {"event": "ping"}, ["was told: ping"]),
        (
            events.OBSERVED,
            {"event": "pull_request", "action": "opened", "repository": "o/r", "number": 7, "head": "a" * 40},
            ["was told: pull_request opened o/r #7 at aaaaaaaaa"],
        ),
    ],
)
def test_a_receipt_is_told_in_a_line_or_two(kind: str, body: dict[str, Any], lines: list[str]) -> None:
    assert WORDS[kind](body) == lines
