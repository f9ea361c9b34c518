"""The HTTP protocol of the server: heads that come drop by drop, requests that are none, answers that never end.

Of an answer that goes on for as long as a page is open, each piece is made once for all who get it, framed as
HTTP/1.1 wants it (RFC 9112, 7.1), and written to each connection without a task of its own being woken. The
application finds what does so in its scope, as `scope["state"][PIPE]`; another server has none, and is sent to
as ASGI says.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from uvicorn.protocols.http.h11_impl import H11Protocol

from counterfoil.web import refusals

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from uvicorn.protocols.http.h11_impl import RequestResponseCycle

HEAD_S = 10.0
"""From the first byte of a request, or from the beginning of a connection, to the end of its head."""
PIPE = "counterfoil.pipe"
WAITING_BYTES = 256 << 10
"""What may wait to be sent on one connection; from then on nothing is added until it has been sent."""
UNHEARD_MS = 60_000
"""After so long without an acknowledgement the other end counts as gone, where the system can tell."""


class PatientProtocol(H11Protocol):
    """uvicorn's own protocol with a limit on the time that a head takes, and a way around it for long answers."""

    _alarm: asyncio.TimerHandle | None = None
    on_ready: Callable[[], None] | None = None
    """Called when a connection that had too much to send has sent it."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.app_state = {**self.app_state, PIPE: self}

    def push(self, chunk: bytes) -> bool:
        """Adds a piece to an answer that has begun and whose length nobody knows; framed by the caller.

        Returns:
            False where too much waits to be sent already; the piece is then left out.
        """
        if self.flow.write_paused:
            return False
        if not self.transport.is_closing():
            self.transport.write(chunk)
        return True

    @property
    def is_stuck(self) -> bool:
        """Whether whoever reads is behind."""
        return self.flow.write_paused

    def begin_pushing(self) -> None:
        """Makes room for events, and lets the system notice when the other end goes without a word, to sleep."""
        import socket

        self.transport.set_write_buffer_limits(WAITING_BYTES)
        connection = self.transport.get_extra_info("socket")
        if connection is not None and hasattr(socket, "TCP_USER_TIMEOUT"):
            try:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNHEARD_MS)
            except OSError:
                return

    def abort(self) -> None:
        """Hangs up, whatever is left to be sent."""
        self.transport.abort()

    def resume_writing(self) -> None:
        """Goes on: what waited has been sent."""
        super().resume_writing()
        if self.on_ready is not None:
            self.on_ready()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begins a connection."""
        super().connection_made(transport)
        self._arm()

    def connection_lost(self, exc: Exception | None) -> None:
        """Ends a connection."""
        self._disarm()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Takes bytes in; a head that begins starts the clock, one that is whole stops it."""
        before = self.cycle
        idle = before is None or before.response_complete
        super().data_received(data)
        if self.cycle is not before:
            self._disarm()
        elif idle and self._alarm is None:
            self._arm()

    def send_400_response(self, msg: str) -> None:
        """Answers what is no request, and hangs up; `msg` is the library's own, which stays inside."""
        del msg
        body = refusals.UNREADABLE.body
        head = (
            "HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\nx-content-type-options: nosniff\r\n"
            f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode("ascii") + body)
        self.transport.close()

    def _arm(self) -> None:
        self._alarm = self.loop.call_later(HEAD_S, self._give_up)

    def _disarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def _give_up(self) -> None:
        self._alarm = None
        cycle: RequestResponseCycle | None = self.cycle
        if (cycle is None or cycle.response_complete) and not self.transport.is_closing():
            self.transport.close()
