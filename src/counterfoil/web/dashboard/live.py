"""Keeps open pages as they are now: whatever changes is rendered once a view and role, and sent to all who look.

What changes is told by those who watch the files, by the ledger and by whoever changes something here. It makes
the open views stale that it may concern; one task has them made anew in threads, those first that are made quickly.
However many changes come meanwhile, they are one reason to make a view once more. While no page is open there is no task.

A browser says which version of its page it has. If that is not the one that is here it gets everything, so whatever it
missed while it slept, or while another process served it, is made up for without anybody remembering it.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from anyio import CapacityLimiter
from anyio.to_thread import run_sync

from counterfoil.errors import CounterfoilError
from counterfoil.web.dashboard import assets, outlets
from counterfoil.web.dashboard.channel import Channel, Made, Subscriber, event, notice
from counterfoil.web.herald import EVERYTHING, Herald
from counterfoil.web.hub import OWN
from counterfoil.web.refusals import Refusal, shape
from counterfoil.web.threshold import answer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from starlette.types import Receive, Scope, Send

    from counterfoil.usecases.spaces import Project, Space
    from counterfoil.web.dashboard.channel import Key
    from counterfoil.web.dashboard.doorkeeper import Doorkeeper
    from counterfoil.web.dashboard.outlets import Frame
    from counterfoil.web.dashboard.route import Page
    from counterfoil.web.dashboard.visit import Visit, Visitor
    from counterfoil.web.hub import Hub

BREATH_S = 0.02
"""Between two rounds, so that a row of changes does not keep the server from everything else."""
CHECK_S = 5.0
"""How often it is asked whether the sessions still count."""
LOOK_S = 0.5
"""How often between two of these it is asked whether any has ended, which costs next to nothing."""
BEATS = 3
"""Every so many checks each stream gets an event that says nothing, so that both ends know that the other is there."""
RENEW_S = 30.0
"""How often open views are made anew without a reason, in case word of one was lost."""
BEHIND_S = 60.0
"""How long somebody may be behind before the stream ends."""
STREAMS_OF_SESSION = 20
STREAMS = 5_000
LEAST_S = 1.0
"""A view that says that it is over already is made again after that."""
MAKERS = 3
"""So many views are made at the same time."""
FAULT_S = 1.0
"""How long a task rests that has come upon a fault of the program, before it goes on."""
BEAT = event("beat", 0)
SIGNED_OUT = event("end", "signed-out")
AGAIN = ("Retry-After", "5")
TOO_MANY_PAGES = Refusal(
    429,
    shape(
        "too_many_pages",
        f"{STREAMS_OF_SESSION} pages of this session are kept up to date already",
        "close some of its tabs",
    ),
    (AGAIN,),
)
SERVER_BUSY = Refusal(
    503,
    shape(
        "server_busy",
        "the server keeps as many pages up to date as it can, or is about to stop",
        "read without it, or try again",
    ),
    (AGAIN,),
)


class Live:
    """The open pages of a server.

    Args:
        hub: what the server holds.
        space: the repositories.
        doorkeeper: asked now and then whether a session still counts.
        streams: how many may be open at once.
    """

    def __init__(self, hub: Hub, space: Space, doorkeeper: Doorkeeper, streams: int = STREAMS) -> None:
        self._hub = hub
        self._space = space
        self._doorkeeper = doorkeeper
        self._streams = streams
        self._channels: dict[Key, Channel] = {}
        self._of_session: Counter[str] = Counter()
        self._open: set[Subscriber] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._heralds: dict[str, Herald] = {}
        self._makers = CapacityLimiter(MAKERS)
        self._lookups = CapacityLimiter(1)
        self._making: dict[Channel, asyncio.Task[None]] = {}
        self._stopping = False
        for project in space.projects:
            project.ages.when_known(partial(self.changed, project.slug))
            project.reading.when_moved(partial(self.changed, None))

    # --- what changes ---------------------------------------------------------------------------------

    def touch(self, project: str) -> None:
        """Notes that a repository was changed here, so that the next page shows it. Callable from any thread."""
        found = self._space.project(project)
        if found is not None:
            found.snapshot.doubt()
        self.changed(project)

    def changed(self, project: str | None) -> None:
        """Notes that something in a repository may be different, or in any for None. Callable from any thread."""
        loop = self._loop
        if self._channels and loop is not None and not loop.is_closed():
            try:
                loop.call_soon_threadsafe(self._mark, project)
            except RuntimeError:
                return  # the loop closed just now

    def _mark(self, project: str | None) -> None:
        for channel in self._channels.values():
            if project is None or channel.project is None or channel.project == project:
                channel.is_stale = True
        self._wake.set()

    # --- streams --------------------------------------------------------------------------------------

    async def serve(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        page: Page,
        address: str,
        visit: Visit,
        visitor: Visitor,
        tag: str,
    ) -> None:
        """Sends what changes in a page for as long as it is open.

        Args:
            scope, receive, send: of the request.
            page: the route.
            address: path and query, which name the view together with the role, and the session if it is personal.
            visit: renders the view.
            visitor: who looks.
            tag: of the view that the browser has; another one is sent whole first.
        """
        refusal = self._objection(visitor)
        if refusal is not None:
            await answer(send, refusal)
            return
        self._loop = asyncio.get_running_loop()
        subscriber = Subscriber(outlets.of_request(scope, send), visitor, tag)
        whose = f"{visitor.session} {visitor.is_fresh}" if page.is_personal else ""
        key = (address, visitor.role, whose)
        made = Channel(key, page, visit, visitor if page.is_personal else None)
        channel = self._channels.setdefault(key, made)
        self._enter(channel, subscriber)
        try:
            await subscriber.outlet.run(receive, _hello(), lambda: self._join(channel, subscriber))
        finally:
            self._leave(channel, subscriber)

    def _objection(self, visitor: Visitor) -> Refusal | None:
        if self._stopping or len(self._open) >= self._streams:
            return SERVER_BUSY
        if self._of_session[visitor.session] >= STREAMS_OF_SESSION:
            return TOO_MANY_PAGES
        return None

    def _enter(self, channel: Channel, subscriber: Subscriber) -> None:
        self._open.add(subscriber)
        self._of_session[subscriber.visitor.session] += 1
        channel.readers += 1
        if not self._tasks:
            self._wake = asyncio.Event()
            work: list[Callable[[], Awaitable[None]]] = [
                self._keep,
                self._check,
                *[partial(self._hear, each) for each in self._space.projects],
            ]
            self._tasks = [asyncio.ensure_future(self._again_and_again(each)) for each in work]

    def _leave(self, channel: Channel, subscriber: Subscriber) -> None:
        session = subscriber.visitor.session
        self._open.discard(subscriber)
        self._of_session[session] -= 1
        if not self._of_session[session]:
            del self._of_session[session]
        channel.subscribers.discard(subscriber)
        channel.joining.discard(subscriber)
        channel.readers -= 1
        if not channel.readers:
            del self._channels[channel.key]
        if not self._channels:
            for task in (*self._tasks, *self._making.values()):
                task.cancel()
            self._tasks, self._making = [], {}

    def _join(self, channel: Channel, subscriber: Subscriber) -> None:
        subscriber.outlet.on_ready = lambda: self._catch_up(channel, subscriber)
        channel.joining.add(subscriber)
        if channel.is_stale or channel.is_making:
            self._wake.set()
        else:
            self._admit(channel)

    def _admit(self, channel: Channel) -> None:
        """Lets those who have waited for the view see it, if there is one; who has it already is sent nothing."""
        for subscriber in channel.joining:
            channel.subscribers.add(subscriber)
            if channel.view is not None and subscriber.tag != channel.tag:
                self._give(subscriber, channel.whole())
            if channel.trouble:
                self._give(subscriber, notice(channel.trouble))
        channel.joining = set()

    def _give(self, subscriber: Subscriber, frame: Frame) -> None:
        """Sends an event to somebody who is not behind; nobody is waited for."""
        if subscriber.behind_since is None and not subscriber.outlet.offer(frame):
            subscriber.behind_since = time.monotonic()

    def _catch_up(self, channel: Channel, subscriber: Subscriber) -> None:
        """Gives everything to somebody who was behind and has room again."""
        if subscriber.behind_since is not None:
            subscriber.behind_since = None
            if channel.view is not None:
                self._give(subscriber, channel.whole())

    # --- the tasks ------------------------------------------------------------------------------------

    async def _again_and_again(self, work: Callable[[], Awaitable[None]]) -> None:
        """Does what is to be done as long as any page is open; a fault is told, and ends nothing."""
        while not self._stopping:
            try:
                await work()
            except Exception as error:
                self._hub.journal.failure("live", error)
                await asyncio.sleep(FAULT_S)
            else:
                return

    async def _keep(self) -> None:
        """Has stale views made anew, for as long as any page is open; nobody waits for one that takes long."""
        while True:
            await self._until_stale()
            self._wake.clear()
            stale = [
                each
                for each in self._channels.values()
                if each.is_stale and not each.is_making and each.readers
            ]
            for channel in sorted(stale, key=_dearness):
                channel.is_stale, channel.is_making = False, True
                self._making[channel] = asyncio.ensure_future(self._renew(channel))
            await asyncio.sleep(BREATH_S)

    async def _until_stale(self) -> None:
        """Waits until some view may differ: something was said, or its time has come."""
        now_ms = self._now_ms()
        ends = [channel.until_ms for channel in self._channels.values() if channel.until_ms is not None]
        wait_s = min(RENEW_S, max(LEAST_S, (min(ends) - now_ms) / 1000) if ends else RENEW_S)
        try:
            await asyncio.wait_for(self._wake.wait(), wait_s)
        except TimeoutError:
            now_ms = self._now_ms()
            for channel in self._channels.values():
                channel.is_stale |= wait_s >= RENEW_S or (channel.until_ms or now_ms + 1) <= now_ms

    async def _renew(self, channel: Channel) -> None:
        try:
            made = await run_sync(self._made, channel, limiter=self._makers)
            channel.is_making = False
            self._spread(channel, made)
        except Exception as error:  # the other views go on, and this one with the next change
            self._hub.journal.failure("live", error)
        finally:
            channel.is_making = False
            self._making.pop(channel, None)
            if channel.is_stale:
                self._wake.set()

    def _made(self, channel: Channel) -> Made:
        """Makes a view; none for a session that has ended meanwhile."""
        if channel.visitor is not None:
            with suppress(CounterfoilError):  # who cannot be looked up has to come again, as `_check` sees
                if not self._doorkeeper.is_live(channel.visitor):
                    return Made(None, is_over=True)
        return channel.make()

    def _spread(self, channel: Channel, made: Made) -> None:
        """Sends what is new to all who look."""
        if made.is_over:
            for subscriber in channel.subscribers | channel.joining:
                self._give(subscriber, SIGNED_OUT)
                subscriber.outlet.end()
            return
        if made.error is not None:
            self._hub.journal.failure("live", made.error)
        for frame in channel.take(made):
            for subscriber in channel.subscribers:
                self._give(subscriber, frame)
        self._admit(channel)

    async def _hear(self, project: Project) -> None:
        """Marks every view whenever a ledger grows: what waits for people is said on all pages."""
        herald = self._herald(project)
        with herald.attention(EVERYTHING) as rung:
            while not herald.stopping:
                await rung.wait()
                rung.clear()
                self._mark(None)

    async def _check(self) -> None:
        """Ends the streams of sessions that are over and of those who do not read; keeps the others alive."""
        checks, census = 0, await run_sync(self._census, limiter=self._lookups)
        while True:
            census = await self._pause(census)
            visitors = {each.visitor for each in self._open}
            over, unknown = await run_sync(self._sessions, visitors, limiter=self._lookups)
            checks += 1
            for subscriber in list(self._open):
                if subscriber.visitor in over:
                    self._give(subscriber, SIGNED_OUT)
                    subscriber.outlet.end()
                elif subscriber.visitor in unknown or _is_lost(subscriber):
                    subscriber.outlet.end()
                elif checks % BEATS == 0:
                    self._give(subscriber, BEAT)

    async def _pause(self, before: object) -> object:
        """Waits for the next check of the sessions: for a while, or until one of them has ended; returns the census."""
        for _ in range(round(CHECK_S / LOOK_S)):
            await asyncio.sleep(LOOK_S)
            census = await run_sync(self._census, limiter=self._lookups)
            if census != before:
                return census
        return before

    def _census(self) -> object:
        try:
            return self._doorkeeper.census()
        except CounterfoilError:
            return None

    def _sessions(self, visitors: Iterable[Visitor]) -> tuple[set[Visitor], set[Visitor]]:
        """Returns whose session is over, and of whom that cannot be told; these have to come again."""
        over, unknown = set(), set()
        for visitor in visitors:
            try:
                if not self._doorkeeper.is_live(visitor):
                    over.add(visitor)
            except CounterfoilError:
                unknown.add(visitor)
        return over, unknown

    # --- the end --------------------------------------------------------------------------------------

    def stop(self) -> None:
        """Ends all streams, for good."""
        self._stopping = True
        for herald in self._heralds.values():
            herald.stop()
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._end)

    def _end(self) -> None:
        for subscriber in self._open:
            subscriber.outlet.end()

    def join(self) -> None:
        """Waits until the ledgers were let go of that only this listens to."""
        for herald in self._heralds.values():
            herald.join()

    def _herald(self, project: Project) -> Herald:
        if project.server is self._hub.server:
            return self._hub.herald
        herald = self._heralds.get(project.slug)
        if herald is None:
            herald = Herald(
                lambda: project.server.store(project.server.context(OWN)),
                partial(self._hub.journal.failure, "herald"),
            )
            self._heralds[project.slug] = herald
            herald.start(asyncio.get_running_loop())
        return herald

    def _now_ms(self) -> int:
        return self._hub.server.context(OWN).clock.now_ms()


def _dearness(channel: Channel) -> tuple[bool, float]:
    """Puts what is made quickly first; of what was never made nobody knows."""
    return channel.view is None, channel.took_s


def _is_lost(subscriber: Subscriber) -> bool:
    return subscriber.behind_since is not None and time.monotonic() - subscriber.behind_since > BEHIND_S


def _hello() -> Frame:
    """Returns the first event: which scripts and styles belong to the pages of this server."""
    return event("hello", [assets.address("app.js"), assets.address("app.css")])
