"""What every request passes: hosts, sizes, pace, and the headers of every answer."""

from __future__ import annotations

import asyncio
import io
import json
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest

from counterfoil.adapters.system import SystemClock
from counterfoil.web import threshold
from counterfoil.web.journal import Journal
from counterfoil.web.meters import Meters
from counterfoil.web.rates import Rates
from counterfoil.web.threshold import Threshold

if TYPE_CHECKING:
    from starlette.types import Message, Receive, Scope, Send


class Scene:
    """A threshold before an application that repeats the body, and what was said on both sides."""

    def __init__(self, fault: Exception | None = None, **per_minute: int) -> None:
        self.fault = fault
        self.out = io.StringIO()
        clock = SystemClock()
        self.app = Threshold(
            self.echo, frozenset(), Rates(clock, per_minute), Journal(clock, out=self.out), Meters()
        )

    async def echo(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers with the body."""
        del scope
        if self.fault is not None:
            raise self.fault
        message = await receive()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": message.get("body", b"")})

    def ask(
        self,
        *parts: bytes,
        method: str = "POST",
        stalls: bool = False,
        peer: str = "127.0.0.1",
        more: tuple[tuple[bytes, bytes], ...] = (),
        **headers: str,
    ) -> tuple[int, dict[str, str], bytes]:
        """Sends a request in pieces; returns status, headers and body."""
        told = {"host": "localhost", **headers} | ({"transfer-encoding": "chunked"} if parts else {})
        scope = {
            "type": "http", "method": method, "path": "/", "server": ("127.0.0.1", 1), "client": (peer, 1),
            "headers": [(name.encode(), value.encode()) for name, value in told.items()] + list(more),
        }  # fmt: skip
        pieces = list(parts)
        sent: list[Message] = []

        async def receive() -> Message:
            if stalls and len(pieces) == 1:
                await asyncio.Event().wait()
            return {"type": "http.request", "body": pieces.pop(0), "more_body": bool(pieces)}

        async def send(message: Message) -> None:
            sent.append(dict(message))

        asyncio.run(self.app(scope, receive, send))  # type: ignore[arg-type]
        head = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        return sent[0]["status"], head, b"".join(each.get("body", b"") for each in sent[1:])

    def lines(self) -> list[dict[str, Any]]:
        """Returns the log."""
        return [json.loads(line) for line in self.out.getvalue().splitlines()]


def test_a_body_arrives_in_one_piece() -> None:
    status, headers, body = Scene().ask(b"one ", b"two ", b"three")
    assert (status, body) == (200, b"one two three")
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert headers["cache-control"] == "no-store"


def test_a_body_that_grows_too_large_is_not_read_to_its_end() -> None:
    pieces = [b"x" * 65536] * 40
    status, _, body = Scene().ask(*pieces)
    assert (status, json.loads(body)["error"]["code"]) == (413, "too_large")


@pytest.mark.parametrize("length", ["1048577", "-1", "1e3", "9" * 30, "0x10", ""])
def test_a_length_that_is_too_great_or_none_is_refused_unread(length: str) -> None:
    assert Scene().ask(**{"content-length": length})[0] == 413


def test_a_body_whose_length_is_said_twice_is_refused_and_the_connection_ends() -> None:
    status, headers, body = Scene().ask(b"GET / HTTP/1.1", **{"content-length": "5"})
    assert (status, json.loads(body)["error"]["code"]) == (400, "invalid_request")
    assert headers["connection"] == "close"


@pytest.mark.parametrize("name", [b"idempotency-key", b"if-match"])
def test_a_header_on_which_much_rests_stands_once(name: bytes) -> None:
    assert Scene().ask(**{name.decode(): "a"})[0] == 200
    status, _, body = Scene().ask(more=((name, b"b"),), **{name.decode(): "a"})
    assert (status, json.loads(body)["error"]["code"]) == (400, "invalid_request")


def test_a_body_that_does_not_come_is_given_up() -> None:
    with mock.patch.object(threshold, "BODY_S", 0.01):
        status, _, body = Scene().ask(b"one", b"never", stalls=True)
    assert (status, json.loads(body)["error"]["code"]) == (408, "too_slow")


def test_a_fault_is_answered_without_a_word_of_it_and_logged_without_its_values() -> None:
    scene = Scene(fault=ValueError("secret"))
    status, headers, body = scene.ask(method="GET")
    assert (status, json.loads(body)["error"]["code"]) == (500, "internal")
    assert b"secret" not in body
    assert "secret" not in scene.out.getvalue()
    failure = next(line for line in scene.lines() if line["event"] == "failure")
    assert (failure["id"], failure["type"]) == (headers["x-request-id"], "ValueError")
    assert failure["at"][-1].endswith(" echo")


def test_a_peer_that_asks_too_often_waits_whatever_it_says_of_itself() -> None:
    scene = Scene(address=3)
    found = [scene.ask(method="GET", **{"x-forwarded-for": f"10.0.0.{number}"})[0] for number in range(5)]
    assert found == [200, 200, 200, 429, 429]
    assert scene.ask(method="GET", peer="192.0.2.1")[0] == 200


def test_a_method_that_nobody_knows_is_refused() -> None:
    assert Scene().ask(method="TRACE")[0] == 405


def test_the_log_stops_where_nobody_reads_it() -> None:
    scene = Scene()
    scene.out.close()
    assert scene.ask(method="GET")[0] == 200
