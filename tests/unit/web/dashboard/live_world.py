"""Somebody who looks at pages, and a world that pages show: for the tests of what keeps them up to date."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from counterfoil.errors import HostError
from counterfoil.web.dashboard.live import Live
from counterfoil.web.dashboard.route import Page
from counterfoil.web.dashboard.view import Region, View
from counterfoil.web.dashboard.visit import Visit, Visitor
from counterfoil.web.herald import Herald

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine

    from starlette.types import Message

SOON_S = 20.0


class World:
    """What pages show, and how often they were made.

    Attributes:
        words: what the one region of every page says.
        made: by role and person, how often a view was made.
        sessions: for whom a personal view was made.
        held: by role, until when making a view takes.
        fault: raised instead of a view.
        until_ms: when the view becomes stale by itself.
        now_ms: the time.
        over: the sessions that do not count any more; None where nobody can tell.
    """

    def __init__(self, streams: int = 100) -> None:
        self.words = "one"
        self.made: dict[tuple[str, str], int] = {}
        self.sessions: list[str] = []
        self.held: dict[str, threading.Event] = {}
        self.fault: Exception | None = None
        self.until_ms: int | None = None
        self.now_ms = 1_000_000
        self.over: set[str] | None = set()
        self.failures: list[BaseException] = []
        context = SimpleNamespace(clock=SimpleNamespace(now_ms=lambda: self.now_ms))
        self._server = SimpleNamespace(context=lambda _: context)
        journal = SimpleNamespace(failure=lambda _, error: self.failures.append(error))
        herald = Herald(lambda: pytest.fail("nobody listens to a ledger here"))
        hub = SimpleNamespace(server=self._server, journal=journal, herald=herald)
        space = SimpleNamespace(projects=(), project=lambda _: None, folders=())
        self.live = Live(cast("Any", hub), cast("Any", space), cast("Any", self), streams)
        self.hub, self.space = cast("Any", hub), cast("Any", space)

    def census(self) -> object:
        """Says who has left."""
        return sorted(self.over or ())

    def is_live(self, visitor: Visitor) -> bool:
        """Tells whether a session counts."""
        if self.over is None:
            raise HostError("sessions_unavailable", "not now")
        return visitor.session not in self.over

    def show(self, visit: Visit) -> View:
        """Makes a view."""
        who = "" if visit._visitor is None else visit.visitor.person
        self.made[visit.role, who] = self.made.get((visit.role, who), 0) + 1
        if visit._visitor is not None:
            self.sessions.append(visit.visitor.session)
        words = self.words
        if visit.role in self.held:
            assert self.held[visit.role].wait(SOON_S)
        if self.fault is not None:
            raise self.fault
        return View("board.html", "A page", (Region("words", words),), until_ms=self.until_ms)

    def change(self, words: str, project: str | None = None) -> None:
        """Lets the pages say something else."""
        self.words = words
        self.live.changed(project)


class Browser:
    """One that looks, at the other end of an ASGI server.

    Attributes:
        status: of the answer.
        events: name and data of what has come.
        is_reading: cleared while it takes nothing.
        has_ended: whether the server has ended the answer.
    """

    def __init__(self) -> None:
        self.status = 0
        self.events: list[tuple[str, Any]] = []
        self.tag = ""
        self.is_reading = asyncio.Event()
        self.is_reading.set()
        self.has_gone = asyncio.Event()
        self.has_ended = False
        self._news = asyncio.Event()

    async def receive(self) -> Message:
        """Gives the server nothing until this one goes."""
        await self.has_gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """Takes a piece of the answer."""
        await self.is_reading.wait()
        if message["type"] == "http.response.start":
            self.status = message["status"]
        elif message.get("more_body"):
            fields = dict(line.split(":", 1) for line in message["body"].decode().strip().split("\n"))
            self.tag = fields.get("id", self.tag)
            self.events.append((fields["event"], json.loads(fields["data"])))
        else:
            self.has_ended = True
        self._news.set()

    @property
    def names(self) -> list[str]:
        """The names of the events that have come."""
        return [name for name, _ in self.events]

    def says(self, words: str) -> bool:
        """Tells whether something has come."""
        return words in json.dumps(self.events)

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Waits until something is so, of what comes."""
        async with asyncio.timeout(SOON_S):
            while not is_so():
                self._news.clear()
                await self._news.wait()


@contextlib.asynccontextmanager
async def looking(
    world: World, *, role: str = "member", person: str = "human:ada", session: str = "s1", tag: str = "",
    personal: bool = False, project: str = "",
) -> AsyncIterator[Browser]:  # fmt: skip
    """Lets somebody look at the page."""
    browser = Browser()
    visitor = Visitor(person, role, session, True)
    page = Page("page", "/page/{project}", world.show, is_personal=personal, of_project=bool(project))
    visit = Visit(world.hub, world.space, {"project": project}, {}, role, visitor if personal else None)
    scope = {"type": "http", "state": {}, "http_version": "1.1"}
    serving = asyncio.ensure_future(
        world.live.serve(scope, browser.receive, browser.send, page, f"/page/{project}", visit, visitor, tag)
    )
    await browser.until(lambda: browser.status != 0)
    try:
        yield browser
    finally:
        browser.is_reading.set()
        browser.has_gone.set()
        await serving


def run(work: Coroutine[None, None, None]) -> None:
    """Runs a test, after which nothing may be left running."""

    async def checked() -> None:
        await work
        async with asyncio.timeout(SOON_S):
            while len(asyncio.all_tasks()) > 1:
                await asyncio.sleep(0)

    asyncio.run(checked())
