"""A thousand browsers that look at pages, in a process of their own: for `test_many_watchers`.

It reads one line of JSON with what to open, says `ready` when all streams are open, and after one line more, which
has the moment of each change, prints when the changes arrived. Moments are of the system's monotonic clock, which all
processes share.
"""

from __future__ import annotations

import asyncio
import gc
import json
import re
import sys
import time
from typing import Any

MARK = re.compile(rb"Change (\d{6})")
TAG = re.compile(rb"id:(\w+)")
AT_ONCE = 50


class Looker(asyncio.Protocol):
    """One stream.

    Attributes:
        arrivals: the number of each change, and when it was here.
        tags: of the versions, in the order in which they came.
    """

    def __init__(self, request: bytes) -> None:
        self._request = request
        self._rest = b""
        self.begun = asyncio.get_running_loop().create_future()
        self.arrivals: list[tuple[int, float]] = []
        self.tags: list[str] = []
        self.is_lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Asks for the stream."""
        assert isinstance(transport, asyncio.Transport)
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """Takes what comes, whole events at a time."""
        now = time.monotonic()
        *events, self._rest = (self._rest + data).split(b"\n\n")
        for event in events:
            tag = TAG.search(event)
            if tag is not None:
                self.tags.append(tag[1].decode())
                self.arrivals += [(int(number), now) for number in MARK.findall(event)]
            elif b"event:hello" in event and not self.begun.done():
                self.begun.set_result(None)

    def connection_lost(self, _: Exception | None) -> None:
        """Notes that it is over."""
        self.is_lost = True
        if not self.begun.done():
            self.begun.set_exception(ConnectionError(f"no stream: {self._rest[:300]!r}"))


def say(line: str) -> None:
    """Tells whoever started this process."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


async def crowd(asked: dict[str, Any]) -> dict[str, Any]:
    """Opens all streams and waits for the word that it is over."""
    loop = asyncio.get_running_loop()
    lookers: list[Looker] = []
    for first in range(0, len(asked["requests"]), AT_ONCE):
        for request in asked["requests"][first : first + AT_ONCE]:
            looker = Looker(request.encode())
            await loop.create_connection(lambda made=looker: made, "127.0.0.1", asked["port"])  # type: ignore[misc]
            lookers.append(looker)
        await asyncio.gather(*[looker.begun for looker in lookers[first:]])
    gc.freeze()
    say("ready")
    told = json.loads(await loop.run_in_executor(None, sys.stdin.readline))
    begun = {int(number): moment for number, moment in told["begun"].items()}
    delays = sorted([moment - begun[number] for looker in lookers for number, moment in looker.arrivals])
    return {
        "delays": {
            name: round(1000 * delays[int(share * (len(delays) - 1))], 1)
            for name, share in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("max", 1.0))
        },
        "lost": sum(looker.is_lost for looker in lookers),
        "missing": sum(
            len(begun) - len({number for number, _ in looker.arrivals}) for looker in lookers
        ),
        "twice": sum(
            len(looker.arrivals) - len({number for number, _ in looker.arrivals}) for looker in lookers
        ),
        "orders": sorted({(group, tuple(looker.tags)) for looker, group in zip(lookers, asked["groups"], strict=True)}),
        "events": sum(len(looker.tags) for looker in lookers),
    }  # fmt: skip


if __name__ == "__main__":
    say(json.dumps(asyncio.run(crowd(json.loads(sys.stdin.readline())))))
