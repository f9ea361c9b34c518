"""Threads for what a server does, in lanes: who waits for a lock or asks for very much takes no thread from the others.

A lane has so many threads; the next wait for one without a thread of their own, and of those there are only so many.
"""

from __future__ import annotations

from asyncio import Semaphore
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from anyio import CapacityLimiter
from anyio.to_thread import run_sync

from counterfoil.errors import HostError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

T = TypeVar("T")

LOOKUPS, LOOKUPS_WAITING = 4, 1_000
PAGES, PAGES_WAITING = 12, 200
OF_VISITOR, OF_VISITOR_WAITING = 6, 60
"""Pages of one person."""
ACTS, ACTS_WAITING = 4, 12
"""Of one repository: who changes something waits for the clone's lock in any case."""
READS, READS_WAITING = 12, 200
WRITES, WRITES_WAITING = 2, 200
"""The API's own."""
OF_ONE, OF_ONE_WAITING = 8, 120
"""Of one principal at the API, or of one address where nobody says who it is."""


class Lane:
    """So many threads, and so many who wait for one.

    Args:
        threads: how many there are.
        waiting: how many may wait.
    """

    def __init__(self, threads: int, waiting: int) -> None:
        self._threads = CapacityLimiter(threads)
        self._most = threads + waiting
        self._inside = 0

    async def run(self, work: Callable[..., T], *args: object) -> T:
        """Does something in a thread of the lane.

        Raises:
            HostError: `server_busy`, where too many wait already.
        """
        if self._inside >= self._most:
            raise busy()
        self._inside += 1
        try:
            return await run_sync(partial(work, *args), limiter=self._threads)
        finally:
            self._inside -= 1


class Turns:
    """So many at once, by name; the next of that name wait for their turn.

    Args:
        at_once: how many of one name.
        waiting: how many of one name may wait.
    """

    def __init__(self, at_once: int, waiting: int) -> None:
        self._at_once = at_once
        self._most = at_once + waiting
        self._places: dict[str, Semaphore] = {}
        self._inside: dict[str, int] = {}

    @asynccontextmanager
    async def turn(self, name: str) -> AsyncIterator[None]:
        """Waits for a turn, and keeps it.

        Raises:
            HostError: `server_busy`, where too many of that name wait already.
        """
        inside = self._inside.get(name, 0)
        if inside >= self._most:
            raise busy()
        self._inside[name] = inside + 1
        place = self._places.setdefault(name, Semaphore(self._at_once))
        try:
            async with place:
                yield
        finally:
            self._inside[name] -= 1
            if not self._inside[name]:
                del self._inside[name], self._places[name]


class Lanes:
    """The lanes of one server.

    Attributes:
        lookups: who somebody is.
        pages: pages and files.
        visitors: one person's pages, side by side.
        callers: one principal's calls of the API, side by side.
        reads, writes: calls of the API.
    """

    def __init__(self) -> None:
        self.lookups = Lane(LOOKUPS, LOOKUPS_WAITING)
        self.pages = Lane(PAGES, PAGES_WAITING)
        self.visitors = Turns(OF_VISITOR, OF_VISITOR_WAITING)
        self.callers = Turns(OF_ONE, OF_ONE_WAITING)
        self.reads = Turns(READS, READS_WAITING)
        self.writes = Turns(WRITES, WRITES_WAITING)
        self._acts: dict[str, Lane] = {}

    def acts(self, project: str) -> Lane:
        """Returns the lane of the changes to a repository; those to none have one of their own."""
        return self._acts.setdefault(project, Lane(ACTS, ACTS_WAITING))


def busy() -> HostError:
    """Returns the error of whoever comes when too many wait."""
    return HostError("server_busy", "the server has as much to do as it can take", "try again in a moment")
