"""Ends connections that send a request's head drop by drop, which hold a place and ask for nothing."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    from uvicorn.protocols.http.h11_impl import RequestResponseCycle

HEAD_S = 10.0
"""From the first byte of a request, or from the beginning of a connection, to the end of its head."""
HEAD_BYTES = 32 << 10


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
