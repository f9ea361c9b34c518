"""Lanes keep what waits from taking every thread, and refuse what would only stand in a row."""

from __future__ import annotations

import asyncio
import threading

import pytest

from counterfoil.errors import HostError
from counterfoil.web.lanes import Lane, Lanes, Turns

SOON_S = 20.0


def test_changes_that_are_blocked_take_no_thread_from_pages_and_other_repositories() -> None:
    async def work() -> None:
        lanes, gate = Lanes(), threading.Event()
        blocked = [asyncio.ensure_future(lanes.acts("shop").run(gate.wait, SOON_S)) for _ in range(60)]
        try:
            async with asyncio.timeout(SOON_S):
                assert await lanes.pages.run(str, 1) == "1"
                assert await lanes.lookups.run(str, 2) == "2"
                assert await lanes.acts("store").run(str, 3) == "3"
        finally:
            gate.set()
        ended = await asyncio.gather(*blocked, return_exceptions=True)
        refused = [each for each in ended if isinstance(each, HostError)]
        assert {each.code for each in refused} == {"server_busy"}
        assert ended.count(True) + len(refused) == 60
        assert ended.count(True) > 4, "some wait for their turn"

    asyncio.run(work())


def test_a_lane_that_was_full_takes_more_when_there_is_room_again() -> None:
    async def work() -> None:
        lane, gate = Lane(1, 1), threading.Event()
        inside = [asyncio.ensure_future(lane.run(gate.wait, SOON_S)) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(HostError) as refused:
            await lane.run(str, 1)
        assert refused.value.code == "server_busy"
        gate.set()
        assert await asyncio.gather(*inside) == [True, True]
        assert await lane.run(str, 1) == "1"

    asyncio.run(work())


def test_one_name_has_so_many_turns_at_once_and_others_have_theirs() -> None:
    async def work() -> None:
        turns, gate = Turns(2, 1), asyncio.Event()
        inside: list[str] = []

        async def call(name: str) -> None:
            async with turns.turn(name):
                inside.append(name)
                await gate.wait()

        calls = [asyncio.ensure_future(call("agent:a")) for _ in range(4)] + [
            asyncio.ensure_future(call("agent:b"))
        ]
        done, _ = await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
        assert [getattr(each.exception(), "code", "") for each in done] == ["server_busy"]
        assert sorted(inside) == ["agent:a", "agent:a", "agent:b"]
        gate.set()
        await asyncio.gather(*calls, return_exceptions=True)
        assert sorted(inside) == ["agent:a", "agent:a", "agent:a", "agent:b"]
        async with turns.turn("agent:a"):
            pass

    asyncio.run(work())
