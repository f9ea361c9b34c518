"""A server stops whenever it is told to, whatever it was about to do at that moment."""

from __future__ import annotations

import asyncio
import threading
from types import SimpleNamespace
from typing import Any, cast

import pytest

from counterfoil.web import descriptors
from counterfoil.web.herald import Herald
from counterfoil.web.server import _Applications

SOON_S = 20.0


def test_a_signal_that_comes_while_a_lock_is_held_does_nothing_that_needs_the_lock() -> None:
    async def work() -> None:
        herald = Herald(lambda: pytest.fail("nobody listens here"))
        applications = _Applications(
            cast("Any", SimpleNamespace(herald=herald)), cast("Any", None), frozenset()
        )
        applications._loop = asyncio.get_running_loop()
        stopping = threading.Thread(target=applications.stop, daemon=True)
        with herald._wanted._cond:  # as `attention` holds it for a moment, in the thread that handles signals
            stopping.start()
            stopping.join(SOON_S)
            assert not stopping.is_alive()
        async with asyncio.timeout(SOON_S):
            while not herald.stopping:
                await asyncio.sleep(0)

    asyncio.run(work())


def test_the_limit_of_open_files_is_raised_as_far_as_it_may_be_and_some_are_kept_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limits = {"now": (256, 10_000)}

    def raised(_: int, given: tuple[int, int]) -> None:
        limits["now"] = given

    monkeypatch.setattr(descriptors.resource, "getrlimit", lambda _: limits["now"])
    monkeypatch.setattr(descriptors.resource, "setrlimit", raised)
    assert descriptors.raise_limit() == 10_000 - descriptors.RESERVED
    assert limits["now"] == (10_000, 10_000)

    def refused(*_: object) -> None:
        raise OSError

    limits["now"] = (1_024, 10_000)
    monkeypatch.setattr(descriptors.resource, "setrlimit", refused)
    assert descriptors.raise_limit() == 1_024 - descriptors.RESERVED
