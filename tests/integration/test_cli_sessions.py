"""Asking and approving in different sessions of one machine, where policy keeps these apart."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from integration.gate_scene import ADA, AGENT, asked, shown, urgent
from integration.terminal_scene import sit_at

if TYPE_CHECKING:
    from integration.verbs_scene import Desk

POLICY = """\
version: 1
rules:
  - {id: apart, then: ask, action: ticket.move, actor: "agent:*", to: [done], separation: [session]}
"""
AT_A_TERMINAL = "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)"


@pytest.fixture
def apart(desk: Desk) -> Desk:
    """A project whose policy keeps the session of an answer apart from that of the question."""
    desk.write(".tickets/policy.yml", POLICY)
    desk.commit("policy")
    sit_at(desk, "policy", "accept", "--yes")
    return desk


def in_one_session(desk: Desk, script: str, *words: str, status: int = 0) -> str:
    """Runs a script at one terminal, which is one session of the system; returns what stood on the screen."""
    answer = subprocess.run(
        [sys.executable, "-c", AT_A_TERMINAL, "sh", "-c", script, "sh", *words],
        cwd=desk.path, stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert answer.returncode == status, answer.stdout + answer.stderr
    return answer.stdout


PROPOSE = 'ticket propose ticket.move --set ticket="$1" --set state=done --actor "$2" -q'
APPROVE = f"ticket approve $(ticket proposal list -q -n 1) --yes --actor {ADA} --json"


def test_who_asks_and_approves_in_one_session_is_refused_and_in_two_is_not(apart: Desk) -> None:
    ticket = urgent(apart)
    script = f"{PROPOSE} && {APPROVE}"
    assert "session" in in_one_session(apart, script, ticket, AGENT, status=9)
    (waiting,) = apart.data("inbox", "--actor", ADA)["proposals"]
    assert shown(apart, waiting["id"])["status"] == "pending"
    assert '"status":"applied"' in in_one_session(apart, APPROVE)


def test_a_session_may_be_named_and_several_terminals_be_one(apart: Desk) -> None:
    ticket = urgent(apart)
    named = "export TICKET_SESSION=pairing;"
    in_one_session(apart, f"{named} {PROPOSE}", ticket, AGENT)
    assert "session" in in_one_session(apart, f"{named} {APPROVE}", status=9)
    in_one_session(apart, f"export TICKET_SESSION=review; {APPROVE}")


@pytest.mark.parametrize("name", ["x" * 65, "two\nlines", "bell\a"])
def test_a_name_that_is_none_is_not_heeded_and_told(desk: Desk, name: str) -> None:
    said = desk.say("list", "--json", TICKET_SESSION=name).envelope
    assert [each["code"] for each in said["warnings"]] == ["invalid_session"]
    found = asked(desk)
    assert shown(desk, found.proposal)["session"].startswith("cli-")


def test_the_page_of_a_proposal_does_not_speak_of_the_number_of_a_terminal(desk: Desk) -> None:
    found = asked(desk)
    assert "session" not in desk.say("proposal", "show", found.proposal).out
