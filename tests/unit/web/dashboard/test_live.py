"""Open pages: each view is made once for all who look at it, nobody waits for anybody, and streams end in time."""

from __future__ import annotations

import asyncio
import threading
from typing import Any, cast

import pytest
from unit.web.dashboard.live_world import SOON_S, World, looking, run

from counterfoil.errors import HostError, RefusedError
from counterfoil.web.dashboard import live as lives
from counterfoil.web.dashboard import outlets


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
