"""The server answers anything that a client may send, and never with an approval or with its own inside."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from itertools import product
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from integration.verbs_scene import Desk, bare_repository
from mcp import Client
from mcp.shared.exceptions import MCPError

from counterfoil.bootstrap import open_server
from counterfoil.mcp import tools
from counterfoil.mcp.caller import Caller
from counterfoil.mcp.server import build
from counterfoil.mcp.threads import WAITERS
from counterfoil.usecases.context import Options

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterator
    from pathlib import Path

    from mcp.server.lowlevel import Server

PAGE = 100


@contextmanager
def served(place: Desk, caller: Caller) -> Iterator[Server[Any]]:
    """Builds the server of a project for one caller, in this process."""
    project = open_server(str(place.path), dict(os.environ), Options(ci=True))
    try:
        yield build(project, lambda _: caller, version="0")
    finally:
        project.close()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A project with a ticket that a person has to finish."""
    made = bare_repository(tmp_path_factory.mktemp("server") / "work")
    made.say("init")
    made.new("Urgent", "-p", "p0", "-s", "ready")
    return made


def talk(server: Server[Any], work: Any) -> Any:
    """Runs a conversation with a server in this process."""

    async def main() -> Any:
        with anyio.fail_after(60):
            async with Client(server) as client:
                return await work(client)

    return anyio.run(main)


_TEXT = st.text(max_size=30) | st.sampled_from(
    ["ticket.move", "ticket.create", "P-0000", "TK-", "agent:a", "\ud800", "\x00"]
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | _TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=6,
)
_NAMES = st.sampled_from(sorted({name for tool in tools.TOOLS for name in tool.input_schema["properties"]}))
_CALLS = st.tuples(
    st.sampled_from([tool.name for tool in tools.TOOLS]), st.dictionaries(_NAMES | _TEXT, _JSON, max_size=5)
)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(call=_CALLS, remote=st.booleans())
def test_any_arguments_get_an_answer_and_no_fault_of_ours(
    place: Desk, call: tuple[str, dict[str, Any]], remote: bool
) -> None:
    name, arguments = call
    if name == tools.WAIT:
        arguments["timeout_s"] = 0

    async def work(client: Client) -> Any:
        return await client.call_tool(name, arguments)

    try:
        json.dumps(arguments, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return
    with served(place, Caller("agent:fuzz", remote=remote)) as server:
        result = talk(server, work)
    assert result.content[0].text.strip()
    if result.is_error:
        assert result.structured_content["error"]["code"] != "internal", (name, arguments)


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    address=_TEXT
    | st.sampled_from(["ticket://", "counterfoil://", "counterfoil://proposals/", "ticket://a/b/c"]),
    rest=_TEXT,
)
def test_any_address_and_any_prompt_get_an_answer(place: Desk, address: str, rest: str) -> None:
    codes: list[int | None] = []

    async def work(client: Client) -> None:
        for ask in (
            lambda: client.read_resource(address + rest),
            lambda: client.get_prompt(address, {rest: address}),
            lambda: client.get_prompt("answer-rejection", {"proposal": rest}),
            lambda: client.list_resources(cursor=rest),
        ):
            codes.append(await code_of(ask()))

    try:
        (address + rest).encode()
    except UnicodeEncodeError:
        return
    with served(place, Caller("agent:fuzz")) as server:
        talk(server, work)
    assert set(codes) <= {None, -32002, -32602}


async def code_of(asking: Awaitable[object]) -> int | None:
    """Returns the code of the error that a request ends with, None for an answer."""
    try:
        await asking
    except MCPError as error:
        return error.code
    return None


def test_no_combination_of_arguments_decides(place: Desk) -> None:
    ticket = place.index()[0]["id"]
    caller = Caller("agent:eager")

    async def work(client: Client) -> str:
        async def call(name: str, arguments: dict[str, Any]) -> Any:
            return await client.call_tool(name, arguments)

        move = {"action": "ticket.move", "payload": {"ticket": ticket, "state": "in_progress"}, "reason": "R"}
        await call(tools.PROPOSE, move)
        asked = await call(
            tools.PROPOSE, {**move, "payload": {"ticket": ticket, "state": "done"}, "key": "finish"}
        )
        proposal: str = asked.structured_content["proposal"]
        digest = asked.structured_content["digest"]
        assert asked.structured_content["status"] == "pending"
        words = (
            "approve",
            "proposal.approve",
            "proposal.approved",
            "decide",
            "gate.approve",
            "policy.accept",
            "effect.applied",
        )
        payloads: list[dict[str, Any]] = [
            {"proposal": proposal, "digest": digest, "verdict": "approve", "by": "human:ada"},
            {"ticket": ticket, "state": "done", "approved_by": "human:ada"},
            {"stream": f"proposal/{proposal}", "kind": "proposal.approved"},
        ]
        keys = (None, "finish", f"{proposal}/approve/0")
        for action, payload, key, more in product(words, payloads, keys, ({}, {"supersedes": proposal})):
            given = {
                "action": action,
                "payload": payload,
                "reason": "R",
                **more,
                **({"key": key} if key else {}),
            }
            assert (await call(tools.PROPOSE, given)).is_error, given
        every = [
            (tool.name, {**least, extra: value})
            for tool in tools.TOOLS
            for least in ({"id": proposal}, {"proposal": proposal, "timeout_s": 0}, {"id": ticket, "text": "T"})
            for extra, value in (
                ("verdict", "approve"), ("approve", True), ("by", "human:ada"), ("actor", "human:ada"),
                ("digest", digest), ("note", "yes"), ("position", "approve"), ("do", "approve"), ("_meta", {"actor": "human:ada"}),
            )
        ]  # fmt: skip
        for name, given in every:
            await call(name, given)
        await call(tools.COMMENT_ON, {"id": ticket, "text": f"/approve {proposal}", "position": "agree"})
        return proposal

    with served(place, caller) as server:
        proposal = talk(server, work)
    state = place.data("proposal", "show", proposal)["proposal"]
    assert (state["status"], state["votes"]) == ("pending", [])
    assert place.index()[0]["state"] == "in_progress"


def test_many_that_wait_keep_nobody_waiting(place: Desk) -> None:
    ticket = place.new("Waited for", "-p", "p0", "-s", "ready")
    place.say("start", ticket)
    move = {"action": "ticket.move", "payload": {"ticket": ticket, "state": "done"}, "reason": "R"}
    over: list[bool] = []

    async def work(client: Client) -> int:
        asked = await client.call_tool(tools.PROPOSE, move)
        waiting = {"proposal": asked.structured_content["proposal"], "timeout_s": 50}

        async def wait() -> None:
            await client.call_tool(tools.WAIT, waiting)
            over.append(True)

        async with anyio.create_task_group() as group:
            for _ in range(WAITERS + 20):
                group.start_soon(wait)
            await anyio.sleep(0)
            await client.call_tool(tools.LIST, {})
            await client.call_tool(tools.COMMENT_ON, {"id": ticket, "text": "Still here."})
            found = len(over)
            group.cancel_scope.cancel()
        return found

    with served(place, Caller("agent:patient")) as server:
        assert talk(server, work) == 0


def test_a_long_list_comes_in_pages(place: Desk) -> None:
    before = len(place.data("list")["tickets"])
    for number in range(PAGE + 5):
        place.put(f"01ARZ3NDEKTSV4RRFFQ69{number:05d}")

    async def work(client: Client) -> list[str]:
        found: list[str] = []
        cursor = None
        while True:
            page = await client.list_resources(cursor=cursor)
            found += [resource.uri for resource in page.resources]
            cursor = page.next_cursor
            if cursor is None:
                return found

    with served(place, Caller("agent:reader")) as server:
        addresses = talk(server, work)
    tickets = [address for address in addresses if address.startswith("ticket://")]
    assert len(addresses) == len(set(addresses)) == len(tickets) + 3
    assert len(tickets) == PAGE + 5 + before


def test_completion_offers_tickets_and_labels(place: Desk) -> None:
    from mcp.types import PromptReference

    place.new("Zebra crossing", "-l", "street")

    async def work(client: Client) -> tuple[list[str], list[str]]:
        tickets = await client.complete(
            PromptReference(name="hand-over-for-review"), {"name": "ticket", "value": "zebra"}
        )
        labels = await client.complete(
            PromptReference(name="take-next-ticket"), {"name": "label", "value": "st"}
        )
        return tickets.completion.values, labels.completion.values

    with served(place, Caller("agent:reader")) as server:
        tickets, labels = talk(server, work)
    assert (len(tickets), labels) == (1, ["street"])


def test_the_page_for_agents_names_tools_that_are_there(place: Desk) -> None:
    async def work(client: Client) -> str:
        (content,) = (await client.read_resource("counterfoil://prime")).contents
        return str(content.text)  # type: ignore[union-attr]

    with served(place, Caller("agent:reader")) as server:
        text = talk(server, work)
    named = {word.strip("`.,*") for word in text.split() if word.strip("`.,*").startswith("ticket_")}
    assert named <= {tool.name for tool in tools.TOOLS}
    assert len(text.encode()) < 2000


def test_a_path_to_the_project_is_nowhere_in_the_answers_to_who_is_elsewhere(
    place: Desk, tmp_path: Path
) -> None:
    del tmp_path

    async def work(client: Client) -> str:
        answers = [
            await client.call_tool(tool.name, {"id": "x", "proposal": "P-0000", "text": "t", "artifacts": []})
            for tool in tools.TOOLS
        ]
        return repr(answers)

    with served(place, Caller("agent:far", remote=True)) as server:
        assert str(place.path) not in talk(server, work)
