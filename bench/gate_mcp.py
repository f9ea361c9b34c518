"""What an agent waits for over MCP: the first reply of a server that it has just started, and the calls that follow.

The client is this process, with a line of JSON for each message: no library of the client's is measured.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from harness import Bench, expect
from measure import Sample, Spread, spread
from repositories import Site
from table import Row, times

SECTION = "MCP over standard streams"
FIRST_S_MAX = 1.2
CALL_MS_MAX = 5.0
TICKETS_MAX = 1_000
"""Of so many tickets at most the target speaks: whoever lists looks at every file anew, which the command does, too."""
COLD_ROUNDS = 7
CALLS, WARM_UP = 101, 11
INITIALIZE = {
    "protocolVersion": "2025-06-18",
    "capabilities": {},
    "clientInfo": {"name": "bench", "version": "1"},
}
ACTOR = "agent:bench"


class Talk:
    """A server that was just started, and what is said to it.

    Args:
        bench: says what is run, and with which environment.
        path: the project.
    """

    def __init__(self, bench: Bench, path: Path) -> None:
        command = [str(bench.yard.command), "mcp", "--actor", ACTOR]
        self._process = subprocess.Popen(
            command, cwd=path, env=bench.yard.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._number = 0

    def say(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        """Sends a request and returns its result."""
        self._number += 1
        self._send({"jsonrpc": "2.0", "id": self._number, "method": method, "params": params})
        assert self._process.stdout
        while True:
            line = self._process.stdout.readline()
            expect(bool(line), "the server has gone")
            answer = json.loads(line)
            if answer.get("id") == self._number:
                expect("result" in answer, line.decode())
                found: dict[str, Any] = answer["result"]
                return found

    def initialize(self) -> None:
        """Does what every conversation begins with."""
        self.say("initialize", INITIALIZE)
        self._send({"jsonrpc": "2.0", "method": "notifications/initialized"})

    def call(self, tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """Calls a tool, which has to succeed, and returns its data."""
        answer = self.say("tools/call", {"name": tool, "arguments": arguments})
        expect(not answer.get("isError"), json.dumps(answer))
        found: dict[str, Any] = answer["structuredContent"]
        return found

    def _send(self, message: dict[str, Any]) -> None:
        assert self._process.stdin
        self._process.stdin.write(json.dumps(message).encode() + b"\n")
        self._process.stdin.flush()

    def close(self) -> float:
        """Ends the server and returns the processor seconds that it has had."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.stdout.close()
        usage = os.wait4(self._process.pid, 0)[2]
        self._process.returncode = 0
        return usage.ru_utime + usage.ru_stime


@contextmanager
def talking(bench: Bench, path: Path) -> Iterator[Talk]:
    """Starts a server and ends it again."""
    talk = Talk(bench, path)
    try:
        yield talk
    finally:
        talk.close()


def rows(bench: Bench, site: Site, size: int) -> None:
    """Measures the first reply of servers started anew, and calls of one that runs."""
    own = bench.yard.copy(site, "mcp")
    with bench.attempt(SECTION, "first reply", size):
        _first_reply(bench, own, size)
    with bench.attempt(SECTION, "calls", size), talking(bench, own.path) as talk:
        talk.initialize()
        _calls(bench, talk, own, size)
    bench.yard.remove(own)


def _first_reply(bench: Bench, site: Site, size: int) -> None:
    """Adds the row of `initialize`, from the start of the process on, and of a bare start before it."""
    found = []
    for _ in range(1 + COLD_ROUNDS):
        begun = time.perf_counter()
        talk = Talk(bench, site.path)
        talk.say("initialize", INITIALIZE)
        wall = time.perf_counter() - begun
        found.append(Sample(talk.close(), wall, wall, 0, 1, 0))
    cpu, wall_ms = times(found[1:])
    figure = wall_ms.median / 1e3
    met = figure <= FIRST_S_MAX
    name = "first reply (initialize) of a server just started"
    bench.add(Row(SECTION, name, size, cpu, wall_ms, f"{figure:.3f} s", f"≤ {FIRST_S_MAX:g} s", met))


def _calls(bench: Bench, talk: Talk, site: Site, size: int) -> None:
    """Adds a row for each tool."""
    entry = site.entries[size // 3]
    number = iter(range(10**6))

    def comment() -> dict[str, Any]:
        payload = {"ticket": entry.short_id, "text": f"Looked at for the {next(number)}th time."}
        return {"action": "ticket.comment", "payload": payload, "reason": "to be measured"}

    made = talk.call("ticket_propose", comment())
    proposal = str(made["proposal"])
    asked: tuple[tuple[str, str, Any], ...] = (
        ("ticket_list of 20", "ticket_list", lambda: {"limit": 20}),
        ("ticket_ready of 20", "ticket_ready", lambda: {"limit": 20}),
        ("ticket_show", "ticket_show", lambda: {"id": entry.short_id}),
        ("ticket_propose of a comment", "ticket_propose", comment),
        ("ticket_wait, 0 seconds", "ticket_wait", lambda: {"proposal": proposal, "timeout_s": 0}),
    )
    for name, tool, arguments in asked:
        with bench.attempt(SECTION, name, size):
            spent = spread([_timed_ms(talk, tool, arguments()) for _ in range(WARM_UP + CALLS)][WARM_UP:])
            bench.add(_row(name, size, spent))


def _timed_ms(talk: Talk, tool: str, arguments: dict[str, Any]) -> float:
    begun = time.perf_counter()
    talk.call(tool, arguments)
    return (time.perf_counter() - begun) * 1e3


def _row(name: str, size: int, spent: Spread) -> Row:
    text = f"{spent.median:.2f} ms"
    if size > TICKETS_MAX:
        return Row(SECTION, name, size, None, spent, text)
    target = f"≤ {CALL_MS_MAX:g} ms"
    return Row(SECTION, name, size, None, spent, text, target, spent.median <= CALL_MS_MAX)
