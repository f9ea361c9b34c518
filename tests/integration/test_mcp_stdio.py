"""`ticket mcp` as an agent meets it: the installed command, and the official client before it."""

from __future__ import annotations

import json
import os
import subprocess
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from integration.mcp_scene import Heard, decide, line, over_stdio, pending, talk
from mcp.shared.exceptions import MCPError

from counterfoil.mcp import tools

if TYPE_CHECKING:
    from integration.mcp_scene import Talk
    from integration.verbs_scene import Desk

INITIALIZE = line(
    id=1,
    method="initialize",
    params={
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "Raw", "version": "1"},
    },
)
INITIALIZED = line(method="notifications/initialized")


def urgent(desk: Desk) -> str:
    """Makes a ticket in progress of which a person has to say that it is done."""
    ticket = desk.new("Urgent", "-p", "p0", "-s", "ready")
    desk.say("start", ticket)
    return ticket


async def asked(found: Talk, ticket: str) -> str:
    """Proposes what an agent may not do alone, and returns the proposal's id."""
    answer = await found.fine(
        tools.PROPOSE, action="ticket.move", payload={"ticket": ticket, "state": "done"}, reason="All met."
    )
    assert answer.data["status"] == "pending"
    return str(answer.data["proposal"])


@pytest.mark.parametrize("mode", ["legacy", "auto"])
def test_the_official_client_sees_what_is_there(desk: Desk, mode: str) -> None:
    ticket = desk.new("Fix login", "-s", "ready", "-l", "auth")

    async def work(found: Talk) -> None:
        names = {tool.name for tool in (await found.client.list_tools()).tools}
        assert names == {tool.name for tool in tools.TOOLS}
        listed = await found.fine(tools.LIST, label=["auth"])
        assert listed.data == {"tickets": desk.index(), "total": 1}
        assert (await found.fine(tools.READY)).data["tickets"] == desk.index()
        shown = await found.fine(tools.SHOW, id=ticket)
        assert shown.text.startswith(desk.file(ticket).read_text().rstrip("\n"))
        addresses = [str(each.uri) for each in (await found.client.list_resources()).resources]
        assert f"ticket://{ticket}" in addresses
        for address in addresses:
            (content,) = (await found.client.read_resource(address)).contents
            assert content.uri == address
        prompts = (await found.client.list_prompts()).prompts
        assert [prompt.name for prompt in prompts] == [
            "take-next-ticket",
            "hand-over-for-review",
            "answer-rejection",
        ]

    talk(desk, work, mode=mode)


def test_an_agent_works_through_a_ticket(desk: Desk) -> None:
    ticket = desk.new("Fix login", "-s", "ready")

    async def work(found: Talk) -> None:
        claimed = await found.fine(tools.CLAIM, id=ticket)
        assert claimed.data["claim"]["holder"] == "agent:robot"
        again = await found.say(tools.CLAIM, id=ticket)
        assert again.code == "claimed"
        said = await found.fine(tools.COMMENT_ON, id=ticket, text="The cookie is lost.", key="one")
        repeated = await found.fine(tools.COMMENT_ON, id=ticket, text="The cookie is lost.", key="one")
        assert (said.data["proposal"], said.data["repeated"]) == (repeated.data["proposal"], False)
        assert repeated.data["repeated"]
        await found.fine(
            tools.ATTACH, id=ticket, artifacts=[{"kind": "link", "url": "https://example.org/1"}]
        )
        done = await found.fine(
            tools.PROPOSE,
            action="ticket.move",
            payload={"ticket": ticket, "state": "done"},
            reason="All met.",
        )
        assert (done.data["status"], done.data["rule"]) == ("applied", "default/free")
        assert done.data["effect"]["commit"] == desk.git("rev-parse", "HEAD")

    talk(desk, work, "--actor", "agent:robot")
    assert desk.index()[0]["state"] == "done"


def test_who_acts_is_an_agent_whatever_a_person_has_configured(desk: Desk) -> None:
    table = [
        ({}, "Claude Code", "agent:claude-code"),
        ({}, "Ωμέγα", "agent:mcp"),
        ({"TICKET_ACTOR": "human:ada"}, "Cursor", "agent:cursor"),
        ({"TICKET_ACTOR": "agent:fixed"}, "Cursor", "agent:fixed"),
    ]
    for environ, name, expected in table:
        ticket = desk.new("A ticket", "-s", "ready")

        async def work(found: Talk, ticket: str = ticket) -> Any:
            return (await found.fine(tools.CLAIM, id=ticket)).data["claim"]["holder"]

        desk.env = environ
        assert talk(desk, work, name=name) == expected
        desk.env = {}


def test_a_file_of_the_project_is_attached_by_its_path(desk: Desk) -> None:
    ticket = desk.new("A ticket", "-s", "ready")
    desk.write("out/report.txt", "All green.\n")
    desk.write(
        "out/key.txt",
        "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYzzzzzzzzzz\n" + "AKIA" + "IOSFODNN7EXAMPLQ",
    )
    desk.write("../outside.txt", "Not yours.\n")

    async def work(found: Talk) -> None:
        done = await found.fine(
            tools.ATTACH, id=ticket, artifacts=[{"kind": "file", "path": "out/report.txt"}]
        )
        (artifact,) = done.data["payload"]["artifacts"]
        digest = sha256(b"All green.\n").hexdigest()
        assert artifact == {"kind": "file", "name": "report.txt", "size": 11, "sha256": digest}
        table = {
            "out/nothing.txt": "artifact_not_found",
            "out/key.txt": "secret_found",
            "../outside.txt": "invalid_argument",
            "out/../../outside.txt": "invalid_argument",
            "/etc/passwd": "invalid_argument",
            ".git/config": "invalid_argument",
            "out\0": "invalid_argument",
        }
        for path, code in table.items():
            answer = await found.say(tools.ATTACH, id=ticket, artifacts=[{"kind": "file", "path": path}])
            assert answer.code == code, path

    talk(desk, work)


def test_a_ticket_is_shown_with_what_was_said_and_what_is_pending(desk: Desk) -> None:
    ticket = urgent(desk)
    desk.say("comment", ticket, "The cookie is lost.", TICKET_ACTOR="human:ada")

    async def work(found: Talk) -> None:
        proposal = await asked(found, ticket)
        shown = await found.fine(tools.SHOW, id=ticket)
        (said,) = shown.data["discussion"]
        assert (said["actor"], said["said"]["text"]) == ("human:ada", "The cookie is lost.")
        assert [each["proposal"] for each in shown.data["pending"]] == [proposal]
        assert "The cookie is lost." in shown.text
        assert f"pending: {proposal} ticket.move" in shown.text

    talk(desk, work)


def test_a_person_is_refused_by_name(desk: Desk) -> None:
    said = desk.spawn("mcp", "--actor", "human:ada", status=2)
    assert (said.out, "over MCP only agents act" in said.err) == ("", True)


def test_a_person_decides_and_the_agent_that_waits_is_told(desk: Desk) -> None:
    ticket = urgent(desk)

    async def work(found: Talk) -> Heard:
        proposal = await asked(found, ticket)
        heard: list[Heard] = []

        async def wait() -> None:
            heard.append(await found.fine(tools.WAIT, proposal=proposal, timeout_s=40))

        async with anyio.create_task_group() as group:
            group.start_soon(wait)
            await anyio.to_thread.run_sync(lambda: decide(desk, proposal, note="Well done."))
        return heard[0]

    answer = talk(desk, work, "--actor", "agent:robot")
    decision = answer.data["decision"]
    assert (answer.data["status"], answer.data["timed_out"]) == ("applied", False)
    assert (decision["verdict"], decision["by"], decision["reason"]) == (
        "approve",
        "human:grace",
        "Well done.",
    )
    assert answer.data["payload"] == {"ticket": ticket, "state": "done"}
    trailers = desk.git("log", "-1", "--format=%(trailers:key=Ticket-Approved-By,valueonly)")
    assert trailers.strip() == f"human:grace {decision['receipt']}"


def test_a_rejection_brings_its_reason(desk: Desk) -> None:
    ticket = urgent(desk)

    async def work(found: Talk) -> None:
        proposal = await asked(found, ticket)
        decide(desk, proposal, "reject", "The tests are missing.")
        answer = await found.fine(tools.WAIT, proposal=proposal)
        assert (answer.data["status"], answer.data["decision"]["reason"]) == (
            "rejected",
            "The tests are missing.",
        )
        assert "The tests are missing." in answer.text

    talk(desk, work)
    assert desk.index()[0]["state"] == "in_progress"


def test_waiting_goes_on_where_a_killed_server_was(desk: Desk) -> None:
    ticket = urgent(desk)
    server = subprocess.Popen(
        ["ticket", "mcp", "--actor", "agent:robot"],
        cwd=desk.path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert server.stdin is not None
    assert server.stdout is not None
    move = {
        "action": "ticket.move",
        "payload": {"ticket": ticket, "state": "done"},
        "reason": "Met.",
        "key": "move",
    }
    server.stdin.write(INITIALIZE + INITIALIZED)
    server.stdin.write(line(id=2, method="tools/call", params={"name": tools.PROPOSE, "arguments": move}))
    server.stdin.flush()
    answers = [json.loads(server.stdout.readline()) for _ in range(2)]
    proposal = answers[1]["result"]["structuredContent"]["proposal"]
    waiting = {"name": tools.WAIT, "arguments": {"proposal": proposal, "timeout_s": 50}}
    server.stdin.write(line(id=3, method="tools/call", params=waiting) + line(id=4, method="ping"))
    server.stdin.flush()
    assert json.loads(server.stdout.readline())["id"] == 4, "who waits keeps nobody else waiting"
    server.kill()
    server.communicate()
    decide(desk, proposal)

    async def work(found: Talk) -> None:
        again = await found.fine(tools.PROPOSE, **move)
        assert (again.data["proposal"], again.data["repeated"]) == (proposal, True)
        answer = await found.fine(tools.WAIT, proposal=proposal, timeout_s=0)
        assert (answer.data["status"], answer.data["decision"]["by"]) == ("applied", "human:grace")

    talk(desk, work, "--actor", "agent:robot")


def test_who_waits_hears_of_it_and_can_give_up(desk: Desk) -> None:
    ticket = urgent(desk)
    told: list[float] = []

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        told.append(progress)
        assert (total, (message or "").endswith("is pending")) == (50, True)

    async def main() -> None:
        async with over_stdio(desk) as found:
            proposal = await asked(found, ticket)
            with anyio.fail_after(30):
                async with anyio.create_task_group() as group:

                    async def wait() -> None:
                        arguments = {"proposal": proposal, "timeout_s": 50}
                        await found.client.call_tool(tools.WAIT, arguments, progress_callback=hear)

                    group.start_soon(wait)
                    while not told:
                        await anyio.sleep(0.01)
                    group.cancel_scope.cancel()
            after = await found.fine(tools.SHOW, id=proposal)
            assert after.data["status"] == "pending"

    anyio.run(main)


def test_a_pending_proposal_is_taken_back(desk: Desk) -> None:
    ticket = urgent(desk)

    async def work(found: Talk) -> None:
        proposal = await asked(found, ticket)
        gone = await found.fine(tools.PROPOSE, withdraw=proposal, reason="A better way.")
        assert gone.data["status"] == "withdrawn"
        assert (await found.say(tools.PROPOSE, withdraw=proposal)).code == "proposal_closed"

    talk(desk, work)
    assert pending(desk) == []


def test_nothing_but_the_protocol_is_on_standard_output(desk: Desk) -> None:
    desk.write(".git/hooks/pre-commit", "#!/bin/sh\necho noise from a hook\nexit 0\n").chmod(0o755)
    calls = [
        {
            "name": tools.PROPOSE,
            "arguments": {"action": "ticket.create", "payload": {"title": "T"}, "reason": "R"},
        },
        {"name": tools.LIST, "arguments": {}},
        {"name": "nothing", "arguments": {}},
    ]
    lines = [line(id=number, method="tools/call", params=call) for number, call in enumerate(calls, 2)]
    said = subprocess.run(
        ["ticket", "mcp"], cwd=desk.path, input=b"".join([INITIALIZE, INITIALIZED, b"no json\n", *lines]),
        stdout=subprocess.PIPE, env=dict(os.environ), check=True,
    )  # fmt: skip
    for found in said.stdout.splitlines():
        assert json.loads(found)["jsonrpc"] == "2.0"


def test_a_tool_that_is_not_there_is_an_error_of_the_protocol(desk: Desk) -> None:
    async def work(found: Talk) -> None:
        with pytest.raises(MCPError, match="Unknown tool: ticket_approve"):
            await found.say("ticket_approve", proposal="P-0000")

    talk(desk, work)


def test_without_the_package_the_command_says_what_to_install(desk: Desk) -> None:
    desk.write(
        "../hidden/mcp/__init__.py", "raise ModuleNotFoundError(\"No module named 'mcp'\", name='mcp')\n"
    )
    desk.env = {"PYTHONPATH": str(desk.path.parent / "hidden")}
    said = desk.spawn("mcp", status=12)
    assert said.err == "error: ticket mcp needs the package mcp\nhint: pip install 'counterfoil[mcp]'\n"


def _garbage() -> list[bytes]:
    call = {"name": tools.PROPOSE, "arguments": {"action": "ticket.create", "payload": {}, "reason": "R"}}
    deep = b'{"jsonrpc":"2.0","id":9,"method":"tools/call","params":{"name":"ticket_propose","arguments":{"payload":'
    return [
        b"\n",
        b"\xff\xfe\n",
        b"{}\n",
        b"[]\n",
        b"[" * 100_000 + b"\n",
        deep + b'{"a":' * 5_000 + b"1" + b"}" * 5_000 + b"}}}\n",
        b'{"jsonrpc":"2.0","id":9,"method":"tools/call","params":{"name":"ticket_show","arguments":{"id":"\\ud800"}}}\n',
        line(id=9, method="nothing"),
        line(id=9, method="tools/call"),
        line(id=9, method="tools/call", params={"name": tools.LIST, "arguments": []}),
        line(id=9, method="tools/call", params={**call, "_meta": {"progressToken": {}}}),
        line(id=9, method="resources/read", params={"uri": "x" * 100_000}),
        line(id=9, method="initialize", params={}),
        line(id=9, method="notifications/cancelled", params={"requestId": 9}),
    ]


@pytest.mark.parametrize("data", _garbage(), ids=range(len(_garbage())))
def test_nothing_that_a_client_writes_ends_the_server(desk: Desk, data: bytes) -> None:
    said = subprocess.Popen(
        ["ticket", "mcp"],
        cwd=desk.path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert said.stdin is not None
    assert said.stdout is not None
    said.stdin.write(INITIALIZE + INITIALIZED + data + line(id=99, method="ping"))
    said.stdin.flush()
    answers = []
    while not answers or answers[-1].get("id") != 99:
        answers.append(json.loads(said.stdout.readline()))
    said.stdin.close()
    assert answers[-1]["result"] == {}
    assert "Traceback" not in repr(answers)
    assert said.wait(30) == 0


def test_who_sends_half_a_character_is_told_so_and_waits_for_nothing(desk: Desk) -> None:
    ticket = desk.new("T").encode()
    half = b'{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":"ticket_comment","arguments":{"id":"%s",'
    said = subprocess.run(
        ["ticket", "mcp"], cwd=desk.path, input=INITIALIZE + INITIALIZED + half % ticket + b'"text":"\\ud83d"}}}\n',
        stdout=subprocess.PIPE, env=dict(os.environ), check=True,
    )  # fmt: skip
    (answer,) = [found for found in map(json.loads, said.stdout.splitlines()) if found["id"] == 5]
    assert (answer["error"]["code"], "surrogate" in answer["error"]["message"]) == (-32600, True)
