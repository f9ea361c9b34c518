"""A proposal in one line says what would be done, and to whom."""

from __future__ import annotations

from typing import Any

import pytest

from counterfoil.usecases.proposal_headline import headline

TICKET = "01JQZX5T00000000000000000A"
NAME = "TK-01JQZX5T"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
MAIN = "refs/heads/main"


@pytest.mark.parametrize(
    ("action", "payload", "words"),
    [
        ("ticket.assign", {"assignee": "human:q"}, f"assign {NAME} to human:q"),
        ("ticket.assign", {"assignee": None}, f"assign {NAME} to nobody"),
        ("ticket.assign", {"reviewer": "human:q"}, f"let human:q review {NAME}"),
        ("ticket.assign", {"reviewer": None}, f"let nobody review {NAME}"),
        (
            "ticket.assign",
            {"assignee": None, "reviewer": "human:q"},
            f"assign {NAME} to nobody, and let human:q review it",
        ),
        ("change.promote", {"source": COMMIT, "target": MAIN}, f"merge 0123456789ab into main, for {NAME}"),
        ("change.promote", {"source": "feature/x", "target": MAIN}, f"merge feature/x into main, for {NAME}"),
        ("command.run", {"command": "deploy"}, f"run the command deploy, for {NAME}"),
        ("command.run", {"command": "deploy", "arguments": "x"}, f"run the command deploy, for {NAME}"),
        (
            "command.run",
            {"command": "deploy", "arguments": [{"name": "to", "value": "production"}, {"name": "a", "value": "b"}]},
            f"run the command deploy: to=production, a=b, for {NAME}",
        ),
        ("http.send", {"destination": "chat", "body": "{}"}, f"send a request to chat, for {NAME}"),
    ],
)  # fmt: skip
def test_the_headline_says_what_would_be_done(action: str, payload: dict[str, Any], words: str) -> None:
    body = {"action": action, "payload": {"ticket": TICKET, **payload}, "tickets": [TICKET]}
    assert headline(body, "TK") == words


@pytest.mark.parametrize(
    ("action", "payload", "words"),
    [
        ("change.promote", {"source": COMMIT, "target": MAIN}, "merge 0123456789ab into main"),
        ("command.run", {"command": "deploy"}, "run the command deploy"),
        ("http.send", {"destination": "chat", "body": "{}"}, "send a request to chat"),
    ],
)
def test_what_names_no_ticket_is_said_without_one(action: str, payload: dict[str, Any], words: str) -> None:
    assert headline({"action": action, "payload": payload, "tickets": []}, "TK") == words


def test_long_arguments_are_cut() -> None:
    payload = {"command": "deploy", "arguments": [{"name": "to", "value": "x" * 1000}]}
    words = headline({"action": "command.run", "payload": payload}, "TK")
    assert (len(words), words[-1]) == (len("run the command deploy: ") + 60, "…")
