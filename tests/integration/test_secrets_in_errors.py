"""A secret that somebody types where it does not belong comes back in no error: at no door, in no part of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from integration.http_scene import new_project
from integration.mcp_scene import talk

if TYPE_CHECKING:
    from pathlib import Path

    from integration.mcp_scene import Talk
    from integration.verbs_scene import Desk

CORE = "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
SECRET = f"ghp_{CORE}"
MARK = "[github-token-redacted]"


@pytest.mark.parametrize(
    "words",
    [
        ("show", SECRET),
        ("why", SECRET),
        ("list", "--state", SECRET),
        (SECRET,),
        ("propose", SECRET, "--set", "x=1"),
        ("propose", "ticket.create", "--set", f"{SECRET}=1"),
        ("new", "Title", "--priority", SECRET),
        ("config", SECRET),
        ("proposal", "show", SECRET),
        ("agent", "revoke", SECRET, "--reason", "x"),
    ],
)
def test_at_the_command_line(desk: Desk, words: tuple[str, ...]) -> None:
    for form in ((), ("--json",)):
        said = desk.say(*words, *form, status=None)
        assert said.status != 0
        assert CORE not in said.out + said.err
        told = "not repeated" if words[0] == "propose" and words[1] != SECRET else MARK
        assert told in said.out + said.err, "the rest of the error is told"


def test_over_mcp(desk: Desk) -> None:
    async def work(client: Talk) -> None:
        for tool, arguments in (
            ("ticket_propose", {"action": "ticket.create", "payload": SECRET}),
            ("ticket_list", {"state": [SECRET]}),
            ("ticket_show", {"id": SECRET}),
            ("ticket_show", {"id": "x", SECRET: "y"}),
        ):
            answer = await client.say(tool, **arguments)
            assert answer.failed
            assert CORE not in answer.text + json.dumps(answer.data)
            assert "redacted" in answer.text

    talk(desk, work)


def test_over_http(tmp_path: Path) -> None:
    served = new_project(tmp_path)
    try:
        claude = served.start().agent("claude")
        for method, path, data, told in (
            ("GET", f"/tickets?state={SECRET}", None, True),
            ("GET", f"/tickets/{SECRET}", None, False),
            ("POST", "/tickets", {"title": "x", SECRET: 1}, False),
            ("POST", "/proposals", {"action": "ticket.create", "payload": {}, SECRET: 1}, True),
            ("POST", "/tickets", {"title": "x", "priority": SECRET}, False),
            ("POST", "/proposals", {"action": SECRET, "payload": {}}, True),
            ("POST", "/proposals", {"action": "ticket.create", "payload": {SECRET: 1}}, False),
        ):
            answer = served.ask(method, path, claude, data=data, key="k" if data else None)
            assert answer.status_code in {400, 404, 422}, answer.text
            assert CORE not in answer.text
            assert (MARK in answer.text) is told, answer.text
        assert CORE not in served.log.read_text("utf-8")
    finally:
        served.close()
