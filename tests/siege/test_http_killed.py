"""The server dies at any moment: who waited waits again and is told, and what was approved happens once."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING

import pytest
from integration.http_scene import BACKENDS, new_project

from counterfoil.gate import events
from counterfoil.usecases.deciding import Answer, decide

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from integration.http_scene import Served

    from counterfoil.client import Proposal


@pytest.fixture(params=BACKENDS)
def served(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Served]:
    """A served project."""
    made = new_project(tmp_path, request.param)
    try:
        yield made.start()
    finally:
        made.close()


def test_who_waits_when_the_server_is_killed_gets_the_decision_of_the_next_one(served: Served) -> None:
    ticket = served.desk.new("Sell shoes", "--state", "ready")
    agent, morgan = served.agent("claude"), served.person("human:morgan")
    client = served.client(agent)
    proposal = client.propose("ticket.comment", {"ticket": ticket, "text": "hello"}, key="one")
    found: list[Proposal] = []
    waiting = threading.Thread(target=lambda: found.append(client.wait(proposal.id, timeout_s=60)))
    waiting.start()
    served.stop(signal.SIGKILL)
    served.start()
    assert served.decide(morgan, proposal.id).json()["status"] == "applied"
    waiting.join(60)
    assert [each.status for each in found] == ["applied"]


def test_a_server_that_is_asked_to_stop_lets_go_of_those_who_wait_and_ends_well(served: Served) -> None:
    ticket = served.desk.new("Sell shoes", "--state", "ready")
    agent = served.agent("claude")
    proposal = served.client(agent).propose("ticket.comment", {"ticket": ticket, "text": "hello"}, key="one")
    found: list[dict[str, object]] = []
    path = f"/proposals/{proposal.id}/wait?timeout=50"
    waiting = threading.Thread(target=lambda: found.append(served.ask("GET", path, agent).json()))
    waiting.start()
    while served.ask("GET", "/metrics", agent).text.find("counterfoil_waiting 1.0") < 0:
        pass
    assert served.stop(signal.SIGTERM) == 0
    waiting.join(20)
    assert [(each["done"], each["status"]) for each in found] == [(False, "pending")]


def test_what_somebody_else_approved_and_did_not_live_to_apply_is_taken_up_for_who_waits(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = served.desk.new("Sell shoes", "--state", "ready")
    client = served.client(served.agent("claude"))
    proposal = client.propose("ticket.edit", {"ticket": ticket, "title": "Sold"}, key="one")
    with served.ledger() as (context, store), monkeypatch.context() as patched:
        patched.setattr("counterfoil.usecases.applying.apply", lambda _context, _store, state: state)
        answer = Answer("approve", "human:ada", proposal.digest, at_terminal=True)
        assert decide(context, store, proposal.id, answer).proposal.status == "approved"
    assert client.wait(proposal.id, timeout_s=40).status == "applied"
    assert client.ticket(ticket).title == "Sold"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_both_signals_stop_it(served: Served, number: signal.Signals) -> None:
    assert served.stop(number) == 0


def test_what_was_approved_when_the_server_was_killed_happens_once_after_its_start(served: Served) -> None:
    """The server is killed at an uncertain moment of deciding and applying, again and again."""
    morgan, agent = served.person("human:morgan"), served.agent("claude")
    made = []
    for number in range(6):
        ticket = served.desk.new(f"Sell {number}", "--state", "ready")
        asked = {"action": "ticket.edit", "payload": {"ticket": ticket, "title": f"Sold {number}"}}
        answer = served.ask("POST", "/proposals", agent, data=asked, key=f"edit-{number}")
        proposal = answer.json()["id"]
        made.append((ticket, proposal))
        signed = morgan.decision(served.proposal(proposal))

        def post(path: str = f"/proposals/{proposal}/decisions", signed: object = signed) -> None:
            try:
                served.ask("POST", path, data=signed)
            except Exception:
                pass

        deciding = threading.Thread(target=post)
        deciding.start()
        deciding.join(0.004 * number**2)
        served.stop(signal.SIGKILL)
        deciding.join()
        served.start()
    for ticket, proposal in made:
        state = served.proposal(proposal)
        if state.votes:
            state = served.client(agent).wait(proposal, timeout_s=30)  # type: ignore[assignment]
        kinds = served.receipts(f"proposal/{proposal}")
        title = served.client(agent).ticket(ticket).title
        assert (state.status == "applied") == title.startswith("Sold"), (state.status, title)
        assert state.status in {"pending", "applied"}
        assert (
            kinds.count(events.APPROVED) == kinds.count(events.EFFECT_APPLIED) == (state.status == "applied")
        )
