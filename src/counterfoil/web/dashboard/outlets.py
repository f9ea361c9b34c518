"""The far end of a stream: what writes events to one browser, and says when it cannot take any more."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Protocol

from counterfoil.web.patience import PIPE, WAITING_BYTES, PatientProtocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import Receive, Scope, Send

HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]
"""The last one tells nginx to pass on each event at once."""


class Frame:
    """One event as it goes over the wire, made once for everybody.

    Attributes:
        plain: the text of the event.
        chunk: the same as a piece of a body that is sent in chunks (RFC 9112, 7.1).
    """

    __slots__ = ("chunk", "plain")

    def __init__(self, plain: bytes) -> None:
        self.plain = plain
        self.chunk = b"%x\r\n%b\r\n" % (len(plain), plain)


class Outlet(Protocol):
    """Where the events of one browser go."""

    on_ready: Callable[[], None] | None
    """Called when there is room again after there was none."""

    async def run(self, receive: Receive, first: Frame, begun: Callable[[], None]) -> None:
        """Begins the answer with an event, says so, and returns when the reader has gone or when it was ended."""

    def offer(self, frame: Frame) -> bool:
        """Sends an event, in order; False where there is no room, and the event is left out."""

    def end(self) -> None:
        """Ends the answer soon: at once where whoever reads is behind."""


def of_request(scope: Scope, send: Send) -> Outlet:
    """Returns what writes the answer to a request."""
    pipe = scope.get("state", {}).get(PIPE)
    if isinstance(pipe, PatientProtocol) and scope.get("http_version") == "1.1":
        return DirectOutlet(pipe, send)
    return QueuedOutlet(send)


class DirectOutlet:
    """Writes to the connection itself."""

    def __init__(self, pipe: PatientProtocol, send: Send) -> None:
        self._pipe = pipe
        self._send = send
        self._over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def on_ready(self) -> Callable[[], None] | None:
        """Called when there is room again."""
        return self._pipe.on_ready

    @on_ready.setter
    def on_ready(self, called: Callable[[], None] | None) -> None:
        """Takes what is to be called."""
        self._pipe.on_ready = called

    async def run(self, receive: Receive, first: Frame, begun: Callable[[], None]) -> None:
        """Begins the answer, and waits."""
        self._pipe.begin_pushing()
        await self._send({"type": "http.response.start", "status": 200, "headers": list(HEADERS)})
        self._pipe.push(first.chunk)
        begun()
        try:
            is_there = await _first_of(receive, self._over)
        finally:
            self._pipe.on_ready = None
        if is_there and self._pipe.is_stuck:
            self._pipe.abort()
        elif is_there:
            await self._send({"type": "http.response.body", "body": b""})

    def offer(self, frame: Frame) -> bool:
        """Writes an event."""
        return self._pipe.push(frame.chunk)

    def end(self) -> None:
        """Ends the answer."""
        if not self._over.done():
            self._over.set_result(None)


class QueuedOutlet:
    """Sends as ASGI says, from a queue of its own."""

    def __init__(self, send: Send) -> None:
        self.on_ready: Callable[[], None] | None = None
        self._send = send
        self._queue: deque[bytes] = deque()
        self._waiting = 0
        self._is_over = False
        self._some = asyncio.Event()

    async def run(self, receive: Receive, first: Frame, begun: Callable[[], None]) -> None:
        """Begins the answer, and sends what comes."""
        await self._send({"type": "http.response.start", "status": 200, "headers": list(HEADERS)})
        self.offer(first)
        begun()
        pump = asyncio.ensure_future(self._pump())
        try:
            if await _first_of(receive, pump):
                await self._send({"type": "http.response.body", "body": b""})
        finally:
            pump.cancel()

    def offer(self, frame: Frame) -> bool:
        """Queues an event."""
        if self._waiting and self._waiting + len(frame.plain) > WAITING_BYTES:
            return False
        self._queue.append(frame.plain)
        self._waiting += len(frame.plain)
        self._some.set()
        return True

    def end(self) -> None:
        """Ends the answer behind what is queued."""
        self._is_over = True
        self._some.set()

    async def _pump(self) -> None:
        while not (self._is_over and not self._queue):
            await self._some.wait()
            self._some.clear()
            while self._queue:
                body = self._queue.popleft()
                await self._send({"type": "http.response.body", "body": body, "more_body": True})
                self._waiting -= len(body)
            if self.on_ready is not None:
                self.on_ready()


async def _first_of(receive: Receive, over: asyncio.Future[None]) -> bool:
    """Waits for the end from either side; tells whether the reader is still there."""
    gone = asyncio.ensure_future(_gone(receive))
    try:
        await asyncio.wait((gone, over), return_when=asyncio.FIRST_COMPLETED)
        return not gone.done()
    finally:
        gone.cancel()


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
