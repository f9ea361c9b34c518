"""Open pages: each view is made once for all who look at it, nobody waits for anybody, and streams end in time."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from counterfoil.errors import HostError, RefusedError
from counterfoil.web.dashboard import live as lives
from counterfoil.web.dashboard import outlets
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


def test_who_has_another_version_of_the_page_gets_everything_and_who_has_this_one_nothing() -> None:
    async def work() -> None:
        world = World()
        async with looking(world) as first:
            await first.until(lambda: first.names == ["hello", "news"])
            assert ["html", "words", "one"] in first.events[1][1]
            async with looking(world, tag=first.tag) as second:
                world.change("two")
                await second.until(lambda: second.names == ["hello", "news"])
                assert second.events[1][1] == [["html", "words", "two"]]
                assert second.tag != ""

    run(work())


def test_a_view_is_made_once_for_all_of_a_role_however_many_look() -> None:
    async def work() -> None:
        world = World()
        async with (
            looking(world) as one,
            looking(world, person="human:bob") as two,
            looking(world, role="viewer") as other,
        ):
            for browser in (one, two, other):
                await browser.until(lambda each=browser: each.says("one"))
            world.made.clear()
            world.change("two")
            for browser in (one, two, other):
                await browser.until(lambda each=browser: each.says("two"))
            assert world.made == {("member", ""): 1, ("viewer", ""): 1}
            assert one.events[-1] == two.events[-1]

    run(work())


def test_a_personal_page_is_made_for_each_session_and_once_for_all_windows_of_one() -> None:
    async def work() -> None:
        world = World()
        async with (
            looking(world, personal=True) as one,
            looking(world, personal=True) as window,
            looking(world, personal=True, session="s2") as two,
            looking(world, personal=True, person="human:bob", session="s3") as other,
        ):
            browsers = (one, window, two, other)
            for browser in browsers:
                await browser.until(lambda each=browser: each.says("one"))
            world.made.clear()
            world.sessions.clear()
            world.change("two")
            for browser in browsers:
                await browser.until(lambda each=browser: each.says("two"))
            assert world.made == {("member", "human:ada"): 2, ("member", "human:bob"): 1}
            assert sorted(world.sessions) == ["s1", "s2", "s3"]

    run(work())


def test_a_page_of_a_session_that_is_over_is_made_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        lives, "CHECK_S", 1_000.0
    )  # it is noticed when the page is to be made, and not only then

    async def work() -> None:
        world = World()
        async with looking(world, personal=True) as one, looking(world, personal=True, session="s2") as two:
            await one.until(lambda: one.says("one"))
            await two.until(lambda: two.says("one"))
            world.census = lambda: None  # type: ignore[method-assign]
            world.sessions.clear()
            world.over = {"s1"}
            world.change("two")
            await two.until(lambda: two.says("two"))
            await one.until(lambda: one.has_ended)
            assert one.events[-1] == ("end", "signed-out")
            assert not one.says("two")
            assert world.sessions == ["s2"]

    run(work())


def test_why_a_page_cannot_be_made_is_told_as_a_page_tells_it_without_a_path() -> None:
    async def work() -> None:
        world = World()
        world.fault = HostError("ledger_unavailable", "/home/ada/shop/.git/ledger.db: no file", "rm it")
        async with looking(world, role="viewer") as browser:
            await browser.until(lambda: browser.says("the server cannot do this at present"))
            assert not browser.says("/home/ada")

    run(work())


def test_a_fault_in_what_keeps_pages_up_to_date_is_told_and_ends_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lives, "CHECK_S", 0.01)
    monkeypatch.setattr(lives, "LOOK_S", 0.01)
    monkeypatch.setattr(lives, "FAULT_S", 0.0)

    async def work() -> None:
        world = World()
        async with looking(world) as one:
            await one.until(lambda: one.says("one"))
            faults: list[Exception] = [ValueError("a"), ValueError("b")]

            def census() -> object:
                if faults:
                    raise faults.pop()
                return sorted(world.over or ())

            world.census = census  # type: ignore[method-assign]
            world.until_ms = cast("Any", "no number")
            world.change("two")
            await one.until(lambda: one.says("two"))
            await asyncio.wait_for(until_empty(faults), SOON_S)
            world.until_ms = None
            for channel in world.live._channels.values():
                channel.until_ms = None
            world.change("three")
            await one.until(lambda: one.says("three"))
            world.over = {"s1"}
            await one.until(lambda: one.has_ended)
        assert {type(each) for each in world.failures} >= {ValueError}

    run(work())


async def until_empty(some: list[Exception]) -> None:
    """Waits until nothing is left."""
    while some:
        await asyncio.sleep(0.001)


def test_a_view_that_takes_long_keeps_nobody_from_theirs() -> None:
    async def work() -> None:
        world = World()
        async with looking(world, role="viewer") as slow, looking(world) as quick:
            await slow.until(lambda: slow.says("one"))
            await quick.until(lambda: quick.says("one"))
            world.held["viewer"] = threading.Event()
            try:
                world.change("two")
                await quick.until(lambda: quick.says("two"))
                world.change("three")
                await quick.until(lambda: quick.says("three"))
                assert not slow.says("two")
            finally:
                world.held.pop("viewer").set()
            await slow.until(lambda: slow.says("three"))

    run(work())


def test_a_page_about_one_repository_is_not_made_anew_when_another_one_changes() -> None:
    async def work() -> None:
        world = World()
        async with looking(world, project="shop") as shop, looking(world, project="store") as store:
            await shop.until(lambda: shop.says("one"))
            await store.until(lambda: store.says("one"))
            made = sum(world.made.values())
            world.change("two", "store")
            await store.until(lambda: store.says("two"))
            assert sum(world.made.values()) == made + 1
            assert not shop.says("two")

    run(work())


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (RefusedError("frozen", "nobody may see this now"), "nobody may see"),
        (ValueError("secret"), "log says why"),
    ],
)
def test_a_view_that_cannot_be_made_stays_as_it_is_and_says_so_until_it_can(
    fault: Exception, words: str
) -> None:
    async def work() -> None:
        world = World()
        async with looking(world) as browser:
            await browser.until(lambda: browser.says("one"))
            world.fault = fault
            world.change("two")
            await browser.until(lambda: browser.says(words))
            assert not browser.says("secret")
            assert not browser.says("two")
            world.fault = None
            world.change("three")
            await browser.until(lambda: browser.says("three"))
            assert browser.names == ["hello", "news", "notice", "notice", "news"]
            assert browser.events[3] == ("notice", "")
        assert world.failures == ([fault] if isinstance(fault, ValueError) else [])

    run(work())


def test_who_comes_while_a_view_cannot_be_made_gets_it_as_soon_as_it_can() -> None:
    async def work() -> None:
        world = World()
        world.fault = RefusedError("frozen", "not now")
        async with looking(world) as browser:
            await browser.until(lambda: browser.says("not now"))
            world.fault = None
            world.change("two")
            await browser.until(lambda: browser.says("two"))

    run(work())


def test_nobody_waits_for_somebody_who_does_not_read_and_they_get_everything_when_they_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(outlets, "WAITING_BYTES", 2_000)

    async def work() -> None:
        world = World()
        async with looking(world) as slow, looking(world) as quick:
            await slow.until(lambda: slow.says("one"))
            await quick.until(lambda: quick.says("one"))
            slow.is_reading.clear()
            for number in range(20):
                world.change(f"{number}" * 300)
                await quick.until(lambda at=number: quick.says(f"{at}" * 300))
            world.change("the last")
            await quick.until(lambda: quick.says("the last"))
            slow.is_reading.set()
            await slow.until(lambda: slow.says("the last"))
            assert len(slow.events) < len(quick.events)
            assert slow.tag == quick.tag
            world.change("and one more")
            await slow.until(lambda: slow.events[-1] == ("news", [["html", "words", "and one more"]]))

    run(work())


def test_the_stream_of_a_session_that_is_over_says_so_and_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lives, "CHECK_S", 0.01)

    async def work() -> None:
        world = World()
        async with looking(world, session="s1") as one, looking(world, session="s2") as other:
            await other.until(lambda: other.says("one"))
            world.over = {"s1"}
            await one.until(lambda: one.has_ended)
            assert one.events[-1] == ("end", "signed-out")
            world.change("two")
            await other.until(lambda: other.says("two"))
            assert not one.says("two")

    run(work())


def test_a_stream_whose_session_nobody_can_look_up_ends_so_that_the_browser_comes_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lives, "CHECK_S", 0.01)

    async def work() -> None:
        world = World()
        async with looking(world) as browser:
            await browser.until(lambda: browser.says("one"))
            world.over = None
            await browser.until(lambda: browser.has_ended)
            assert "end" not in browser.names

    run(work())


def test_a_stream_in_which_nothing_happens_beats(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lives, "CHECK_S", 0.01)

    async def work() -> None:
        async with looking(World()) as browser:
            await browser.until(lambda: "beat" in browser.names)

    run(work())


def test_one_session_and_the_server_have_so_many_streams_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lives, "STREAMS_OF_SESSION", 2)

    async def work() -> None:
        world = World(streams=3)
        async with looking(world, session="s1"), looking(world, session="s1"):
            async with looking(world, session="s1") as refused:
                assert refused.status == 429
            async with looking(world, session="s2") as third:
                assert third.status == 200
                async with looking(world, session="s3") as refused:
                    assert refused.status == 503
            async with looking(world, session="s2") as again:
                assert again.status == 200

    run(work())


def test_a_view_that_changes_by_itself_is_made_anew_when_its_time_has_come(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lives, "LEAST_S", 0.01)

    async def work() -> None:
        world = World()
        world.until_ms = world.now_ms + 5
        async with looking(world) as browser:
            await browser.until(lambda: browser.says("one"))
            world.words, world.until_ms = "lapsed", None
            world.now_ms += 10
            await browser.until(lambda: browser.says("lapsed"))

    run(work())


def test_open_views_are_made_anew_now_and_then_in_case_word_was_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lives, "RENEW_S", 0.01)

    async def work() -> None:
        world = World()
        async with looking(world) as browser:
            await browser.until(lambda: browser.says("one"))
            world.words = "two"
            await browser.until(lambda: browser.says("two"))

    run(work())


def test_a_server_that_stops_ends_all_streams_and_takes_no_more() -> None:
    async def work() -> None:
        world = World()
        async with looking(world) as one, looking(world, role="viewer") as other:
            await one.until(lambda: one.says("one"))
            world.live.stop()
            await one.until(lambda: one.has_ended)
            await other.until(lambda: other.has_ended)
            async with looking(world) as late:
                assert late.status == 503

    run(work())
