"""`/mcp` over HTTP: the official client with an agent's token, and everything that is no such token."""

from __future__ import annotations

import socket
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import anyio
import httpx2
import pytest
from integration.mcp_scene import PERSON, Served, Talk, add_agent, connected, decide, over_http, pending
from mcp.shared.exceptions import MCPError

from counterfoil.mcp import tools

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from integration.verbs_scene import Desk

INITIALIZE = {
    "jsonrpc": "2.0", "id": 1, "method": "initialize",
    "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "Raw", "version": "1"}},
}  # fmt: skip
HEADERS = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}


@pytest.fixture
def full(desk: Desk) -> Desk:
    """Returns a project with a ticket, and so with a ledger."""
    desk.new("Fix login", "-s", "ready")
    return desk


def converse(served: Served, work: Callable[[Talk], Any], **more: Any) -> Any:
    """Runs a conversation over HTTP."""

    async def main() -> Any:
        with anyio.fail_after(60):
            async with connected(served, **more) as found:
                return await work(found)

    return anyio.run(main)


@contextmanager
def by_the_command(desk: Desk) -> Iterator[str]:
    """Starts `ticket serve` and returns where it serves MCP."""
    server = subprocess.Popen(
        ["ticket", "serve", "--port", "0"],
        cwd=desk.path,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert server.stdout is not None
        yield f"{server.stdout.readline().removeprefix('Serving on ').strip()}mcp"
    finally:
        server.terminate()
        server.communicate()


@pytest.mark.parametrize("mode", ["legacy", "auto"])
def test_the_official_client_works_with_a_token(full: Desk, mode: str) -> None:
    async def work(found: Talk) -> None:
        assert len((await found.client.list_tools()).tools) == len(tools.TOOLS)
        listed = await found.fine(tools.LIST)
        assert listed.data["tickets"] == full.index()
        ticket = listed.data["tickets"][0]["id"]
        assert (await found.client.read_resource(f"ticket://{ticket}")).contents
        said = await found.fine(tools.COMMENT_ON, id=ticket, text="From afar.")
        assert (said.data["status"], said.data["rule"]) == ("pending", "default/remote")
        shown = await found.fine(tools.SHOW, id=said.data["proposal"])
        assert (shown.data["actor"], shown.data["remote"], shown.data["via"]) == ("agent:remote", True, "mcp")

    with over_http(full) as served:
        converse(served, work, mode=mode)


def test_every_wrong_credential_gets_the_same_answer(full: Desk) -> None:
    with over_http(full) as served:
        name, secret = served.token.split(".")
        wrong = [
            {},
            {"Authorization": ""},
            {"Authorization": "Bearer"},
            {"Authorization": f"Basic {served.token}"},
            {"Authorization": f"Bearer {secret}"},
            {"Authorization": f"Bearer {name}.{'A' * len(secret)}"},
            {"Authorization": f"Bearer {served.token}x"},
            {"Authorization": f"Bearer cf_nobody_00000000.{secret}"},
            {"Authorization": f"Bearer {PERSON}"},
            {"Authorization": "Bearer " + "a" * 5000},
            {"Authorization": b"Bearer \xff\xfe"},
            {"X-Actor": PERSON, "Cookie": f"session={served.token}"},
        ]
        answers = set()
        for headers in wrong:
            given = {**HEADERS, **headers}
            answer = httpx2.post(served.url, json=INITIALIZE, headers=given)
            answers.add((answer.status_code, answer.text, answer.headers["www-authenticate"]))
        twice = [("Authorization", f"Bearer {served.token}"), ("Authorization", "Bearer x"), *HEADERS.items()]
        answer = httpx2.post(served.url, json=INITIALIZE, headers=twice)
        answers.add((answer.status_code, answer.text, answer.headers["www-authenticate"]))
    assert len(answers) == 1
    assert next(iter(answers))[0] == 401


def test_a_revoked_agent_is_out_with_its_next_call(full: Desk) -> None:
    with over_http(full) as served:
        headers = {**HEADERS, "Authorization": f"Bearer {served.token}"}
        before = httpx2.post(served.url, json=INITIALIZE, headers=headers).status_code
        full.say("agent", "revoke", "remote", "--reason", "Lost.", TICKET_ACTOR="human:ada")
        after = httpx2.post(served.url, json=INITIALIZE, headers=headers).status_code
    assert (before, after) == (200, 401)


def test_a_browser_that_was_lured_here_is_turned_away(full: Desk) -> None:
    table = [
        ({"Host": "evil.example"}, 421),
        ({"Host": "127.0.0.1.evil.example:80"}, 421),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://localhost:3000"}, 200),
        ({}, 200),
    ]
    with over_http(full) as served:
        bearer = {"Authorization": f"Bearer {served.token}"}
        found = [
            httpx2.post(served.url, json=INITIALIZE, headers={**HEADERS, **bearer, **headers}).status_code
            for headers, _ in table
        ]
    assert found == [status for _, status in table]


def test_what_is_waited_for_survives_a_restart_of_the_server(full: Desk) -> None:
    ticket = full.index()[0]["id"]

    async def ask(found: Talk) -> Any:
        said = await found.fine(tools.COMMENT_ON, id=ticket, text="From afar.", key="k")
        early = await found.fine(tools.WAIT, proposal=said.data["proposal"], timeout_s=0)
        assert (early.data["status"], early.data["timed_out"]) == ("pending", True)
        return said.data["proposal"]

    async def wait(found: Talk) -> None:
        again = await found.fine(tools.COMMENT_ON, id=ticket, text="From afar.", key="k")
        assert again.data["repeated"]
        answer = await found.fine(tools.WAIT, proposal=again.data["proposal"], timeout_s=5)
        assert answer.data["decision"]["by"] == PERSON

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with over_http(full, port=port) as served:
        proposal = converse(served, ask)
    decide(full, proposal)
    with over_http(full, port=port, token=served.token):
        converse(served, wait)


def test_scopes_bound_what_an_agent_may_do_and_see(full: Desk) -> None:
    ticket = full.index()[0]["id"]
    only_reads, only_writes = (
        add_agent(full, "reader", ("read",)),
        add_agent(full, "blind", ("ticket.comment",)),
    )

    async def read(found: Talk) -> None:
        await found.fine(tools.LIST)
        for tool, arguments in (
            (tools.COMMENT_ON, {"id": ticket, "text": "No."}),
            (tools.CLAIM, {"id": ticket}),
            (tools.PROPOSE, {"action": "ticket.create", "payload": {"title": "T"}, "reason": "R"}),
        ):
            answer = await found.say(tool, **arguments)
            assert answer.code in {"refused", "out_of_scope"}, answer

    async def write(found: Talk) -> None:
        for tool, arguments in (
            (tools.LIST, {}),
            (tools.READY, {}),
            (tools.SHOW, {"id": ticket}),
        ):
            assert (await found.say(tool, **arguments)).code == "resource_not_found"

    with over_http(full) as served:
        converse(served, read, token=only_reads)
        converse(served, write, token=only_writes)
    assert pending(full) == []


def test_who_is_elsewhere_attaches_no_file_by_its_path(full: Desk) -> None:
    full.write("report.txt", "All green.")
    ticket = full.index()[0]["id"]

    async def work(found: Talk) -> str:
        return (
            await found.say(tools.ATTACH, id=ticket, artifacts=[{"kind": "file", "path": "report.txt"}])
        ).code

    with over_http(full) as served:
        assert converse(served, work) == "invalid_argument"


def test_the_server_of_the_command_serves_mcp_too(full: Desk) -> None:
    ticket = full.index()[0]["id"]
    token = add_agent(full, "afar")

    async def work(found: Talk) -> None:
        said = await found.fine(tools.COMMENT_ON, id=ticket, text="From afar.")
        proposal = said.data["proposal"]
        answers = []

        async def wait() -> None:
            answers.append(await found.fine(tools.WAIT, proposal=proposal, timeout_s=40))

        async with anyio.create_task_group() as group:
            group.start_soon(wait)
            await anyio.to_thread.run_sync(decide, full, proposal)
        assert (answers[0].data["status"], answers[0].data["decision"]["by"]) == ("applied", PERSON)

    with by_the_command(full) as url:
        converse(Served(url, token), work)


def test_at_the_server_of_the_command_what_was_just_changed_or_revoked_counts_with_the_next_call(
    full: Desk,
) -> None:
    token = add_agent(full, "afar")

    async def work(found: Talk) -> None:
        for number in range(5):
            title = f"Fresh {number}"
            made = await anyio.to_thread.run_sync(lambda title=title: full.new(title, "--state", "ready"))
            for tool in (tools.LIST, tools.READY):
                listed = await found.fine(tool, limit=200)
                assert title in [each["title"] for each in listed.data["tickets"]]
            await anyio.to_thread.run_sync(lambda made=made: full.say("move", made, "blocked"))
            listed = await found.fine(tools.READY, limit=200)
            assert title not in [each["title"] for each in listed.data["tickets"]]

    with by_the_command(full) as url:
        converse(Served(url, token), work)
        full.say("agent", "revoke", "afar", "--reason", "Lost.", TICKET_ACTOR="human:ada")
        headers = {**HEADERS, "Authorization": f"Bearer {token}"}
        assert httpx2.post(url, json=INITIALIZE, headers=headers).status_code == 401


def test_a_strangers_proposal_is_as_if_it_were_not_there(full: Desk) -> None:
    ticket = full.index()[0]["id"]
    stranger = add_agent(full, "stranger")

    async def ask(found: Talk) -> str:
        said = await found.fine(tools.COMMENT_ON, id=ticket, text="Mine.")
        assert [each["proposal"] for each in (await found.fine(tools.SHOW, id=ticket)).data["pending"]] == [
            said.data["proposal"]
        ]
        return str(said.data["proposal"])

    async def look(found: Talk, proposal: str) -> list[str]:
        answers = []
        for tool, arguments in (
            (tools.SHOW, {"id": proposal}),
            (tools.WAIT, {"proposal": proposal, "timeout_s": 0}),
            (tools.PROPOSE, {"withdraw": proposal}),
            (tools.COMMENT_ON, {"id": proposal, "text": "T"}),
        ):
            answer = await found.say(tool, **arguments)
            assert answer.failed, answer
            answers.append(repr(answer).replace(proposal, "…"))
        try:
            answers.append(repr(await found.client.read_resource(f"counterfoil://proposals/{proposal}")))
        except MCPError as error:
            answers.append(repr(error).replace(proposal, "…"))
        assert (await found.fine(tools.SHOW, id=ticket)).data["pending"] == []
        return answers

    with over_http(full) as served:
        proposal = converse(served, ask)
        there = converse(served, lambda found: look(found, proposal), token=stranger)
        not_there = converse(served, lambda found: look(found, "P-0000000000000000"), token=stranger)
    assert there == not_there


def test_no_path_of_the_host_is_told_to_who_is_elsewhere(full: Desk) -> None:
    full.write(".tickets/tickets/01ARZ3NDEKTSV4RRFFQ69G5FAV.md", "no ticket")

    async def work(found: Talk) -> str:
        answers = [await found.say(tools.LIST), await found.say(tools.SHOW, id="01ARZ3NDEKTSV4RRFFQ69G5FAV")]
        return repr(answers)

    with over_http(full) as served:
        assert str(full.path) not in converse(served, work)
