"""What an agent waits for lies in the ledger, also where that is on a PostgreSQL server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import pytest
from integration.mcp_scene import decide, over_stdio, talk
from postgres_server import fresh_schema

from counterfoil.mcp import tools

if TYPE_CHECKING:
    from integration.mcp_scene import Talk
    from integration.verbs_scene import Desk


@pytest.fixture
def on_server(bare_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """Returns a project whose ledger is in a schema of its own."""
    monkeypatch.setenv("COUNTERFOIL_DATABASE", fresh_schema())
    bare_desk.say("init")
    return bare_desk


def test_a_person_answers_in_another_process_and_the_agent_is_told(on_server: Desk) -> None:
    ticket = on_server.new("Urgent", "-p", "p0", "-s", "ready")
    on_server.say("start", ticket)
    move = {
        "action": "ticket.move",
        "payload": {"ticket": ticket, "state": "done"},
        "reason": "Met.",
        "key": "k",
    }

    async def work(found: Talk) -> None:
        proposal = (await found.fine(tools.PROPOSE, **move)).data["proposal"]
        async with anyio.create_task_group() as group:
            group.start_soon(lambda: anyio.to_thread.run_sync(decide, on_server, proposal))
            answer = await found.fine(tools.WAIT, proposal=proposal, timeout_s=40)
        assert (answer.data["status"], answer.data["decision"]["by"]) == ("applied", "human:grace")

    talk(on_server, work)
    assert on_server.index()[0]["state"] == "done"


def test_many_agents_that_send_one_request_make_one_proposal(on_server: Desk) -> None:
    ticket = on_server.new("Urgent", "-p", "p0", "-s", "ready")
    on_server.say("start", ticket)
    move = {
        "action": "ticket.move",
        "payload": {"ticket": ticket, "state": "done"},
        "reason": "Met.",
        "key": "k",
    }
    found: set[str] = set()

    async def one() -> None:
        async with over_stdio(on_server, "--actor", "agent:robot") as talking:
            found.add((await talking.fine(tools.PROPOSE, **move)).data["proposal"])

    async def main() -> None:
        with anyio.fail_after(120):
            async with anyio.create_task_group() as group:
                for _ in range(5):
                    group.start_soon(one)

    anyio.run(main)
    assert len(found) == 1
