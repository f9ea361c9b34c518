"""Wakes those who wait for a stream: one thread listens to the ledger, whoever writes to it from wherever.

A waiter costs no thread and asks nothing meanwhile. What the herald says is only that there is something new;
whoever is woken reads the ledger, which knows. While nobody waits the thread rests, so that those who write pay
nothing for it; who comes first is woken once when it listens, since something may have come just before.
"""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from counterfoil.errors import CounterfoilError
from counterfoil.usecases.following import follow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from counterfoil.usecases.ports import Store

EVERYTHING = "*"
"""In the place of a stream: all of them."""
LOOK_UP_S = 0.5
"""How long the thread needs at most to see that it is to stop."""
PAUSE_S = 1.0
"""How long it waits before it looks for a ledger that cannot be read at present."""


class Herald:
    """Listens for as long as the server runs.

    Args:
        open_store: returns the ledger; called again where it was lost.
        told: is told of faults of the program.
    """

    def __init__(
        self, open_store: Callable[[], Store], told: Callable[[Exception], None] | None = None
    ) -> None:
        self._open_store = open_store
        self._told = told or _nobody
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: dict[str, set[asyncio.Event]] = {}
        self._stop = threading.Event()
        self._wanted = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="herald", daemon=True)

    @property
    def stopping(self) -> bool:
        """Whether the server is about to stop, so that nobody should begin to wait."""
        return self._stop.is_set()

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begins to listen; `loop` is where those who wait are."""
        self._loop = loop
        self._thread.start()

    def stop(self) -> None:
        """Wakes all who wait, for good. Not for a handler of signals, since it takes a lock."""
        self._stop.set()
        self._wanted.set()
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake_all)

    def join(self) -> None:
        """Waits until the thread has let go of the ledger."""
        if self._thread.is_alive():
            self._thread.join(10 * LOOK_UP_S)

    @contextmanager
    def attention(self, stream: str) -> Iterator[asyncio.Event]:
        """Gives an event that is set whenever the stream grows, from now on; the waiter clears it.

        `EVERYTHING` stands for any stream.
        """
        event = asyncio.Event()
        if self.stopping:
            event.set()
        self._waiting.setdefault(stream, set()).add(event)
        self._wanted.set()
        try:
            yield event
        finally:
            others = self._waiting[stream]
            others.discard(event)
            if not others:
                del self._waiting[stream]

    def _listen(self) -> None:
        while not self._stop.is_set():
            self._wanted.wait()
            self._wanted.clear()
            if self._is_idle():
                continue
            try:
                store = self._open_store()
                size = store.size()
                self._call(self._wake_all)  # what came while nobody listened
                for receipt in follow(store, size, stop=self._is_idle, look_up_s=LOOK_UP_S, bodies=False):
                    if receipt.stream in self._waiting or EVERYTHING in self._waiting:
                        self._call(self._wake, receipt.stream)
            except Exception as error:  # whatever it was, those who wait are not left asleep
                if not isinstance(error, CounterfoilError):
                    self._told(error)
                self._stop.wait(PAUSE_S)
                self._call(self._wake_all)
                self._wanted.set()

    def _is_idle(self) -> bool:
        return not self._waiting or self._stop.is_set()

    def _call(self, work: Callable[..., None], *arguments: str) -> None:
        if self._loop is not None and not self._loop.is_closed():
            try:
                self._loop.call_soon_threadsafe(work, *arguments)
            except RuntimeError:
                self._stop.set()  # the loop closed just now

    def _wake(self, stream: str) -> None:
        for name in (stream, EVERYTHING):
            for event in self._waiting.get(name, ()):
                event.set()

    def _wake_all(self) -> None:
        for events in self._waiting.values():
            for event in events:
                event.set()


def _nobody(_error: Exception) -> None:
    """Hears nothing."""
