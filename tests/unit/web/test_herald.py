"""Who waits for a stream is woken when it grows, and when the server stops."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from conformance.stores.backends import LEDGER, NOW_MS, note

from counterfoil.adapters.ledgers import SharedLedgers
from counterfoil.errors import HostError
from counterfoil.web import herald as heralds
from counterfoil.web.herald import Herald

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator
    from pathlib import Path

    from counterfoil.usecases.ports import Store

SOON_S = 20.0


@pytest.fixture
def ledgers(tmp_path: Path) -> Iterator[SharedLedgers]:
    """The ledgers of a clone, whose own is made."""
    made = SharedLedgers(str(tmp_path), {})
    made.open(LEDGER)
    yield made
    made.shut()


def run(herald: Herald, work: Coroutine[None, None, None]) -> None:
    """Runs something beside a herald."""

    async def both() -> None:
        herald.start(asyncio.get_running_loop())
        try:
            await work
        finally:
            herald.stop()
            await asyncio.to_thread(herald.join)

    asyncio.run(both())


async def append_until(store: Store, stream: str, event: asyncio.Event) -> None:
    """Appends to a stream until the event is set; the herald may only just have begun to listen."""
    for number in range(2000):
        await asyncio.to_thread(store.append, [note(f"{stream} {number}", stream=stream)], now_ms=NOW_MS)
        try:
            await asyncio.wait_for(event.wait(), 0.05)
        except TimeoutError:
            continue
        return
    raise AssertionError("nobody was woken")


def test_who_waits_for_a_stream_is_woken_when_it_grows(ledgers: SharedLedgers) -> None:
    herald = Herald(ledgers.open)

    async def work() -> None:
        with herald.attention("ticket/a") as mine:
            await append_until(ledgers.open(), "ticket/a", mine)

    run(herald, work())


def test_who_waits_for_another_stream_is_left_in_peace(ledgers: SharedLedgers) -> None:
    herald = Herald(ledgers.open)

    async def work() -> None:
        with herald.attention("ticket/a") as mine, herald.attention("ticket/b") as others:
            await append_until(ledgers.open(), "ticket/a", mine)
            others.clear()
            mine.clear()
            await append_until(ledgers.open(), "ticket/a", mine)
            assert not others.is_set()

    run(herald, work())


def test_all_are_woken_when_the_server_stops_and_nobody_waits_afterwards(ledgers: SharedLedgers) -> None:
    herald = Herald(ledgers.open)

    async def work() -> None:
        with herald.attention("ticket/a") as mine:
            mine.clear()
            herald.stop()
            await asyncio.wait_for(mine.wait(), SOON_S)
        with herald.attention("ticket/a") as late:
            assert late.is_set()
        assert herald.stopping

    run(herald, work())


def test_a_ledger_that_cannot_be_read_for_a_while_is_looked_for_again(
    ledgers: SharedLedgers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heralds, "PAUSE_S", 0.01)
    failures = [HostError("ledger_unavailable", "x"), HostError("ledger_unavailable", "y")]

    def opened() -> Store:
        if failures:
            raise failures.pop()
        return ledgers.open()

    herald = Herald(opened)

    async def work() -> None:
        with herald.attention("ticket/a") as mine:
            while failures:
                await append_until(ledgers.open(), "ticket/a", mine)
                mine.clear()
            await append_until(ledgers.open(), "ticket/a", mine)

    run(herald, work())
    assert failures == []


def test_while_nobody_waits_the_ledger_is_left_in_peace(ledgers: SharedLedgers) -> None:
    opened: list[str] = []

    def open_store() -> Store:
        opened.append("once more")
        return ledgers.open()

    herald = Herald(open_store)

    async def work() -> None:
        await asyncio.to_thread(ledgers.open().append, [note("unheard", stream="ticket/a")], now_ms=NOW_MS)
        assert opened == []
        with herald.attention("ticket/a") as mine:
            await append_until(ledgers.open(), "ticket/a", mine)
        assert opened == ["once more"]

    run(herald, work())
