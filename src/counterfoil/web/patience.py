"""Heads of requests: those that come drop by drop are given up, and those that are none are told so in our shape."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from uvicorn.protocols.http.h11_impl import H11Protocol

from counterfoil.web import refusals

if TYPE_CHECKING:
    from uvicorn.protocols.http.h11_impl import RequestResponseCycle

HEAD_S = 10.0
"""From the first byte of a request, or from the beginning of a connection, to the end of its head."""


class PatientProtocol(H11Protocol):
    """uvicorn's own protocol with a limit on the time that a head takes."""

    _alarm: asyncio.TimerHandle | None = None

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
