"""What each page of the dashboard costs its server, from another process, on a connection that is kept.

Each page is asked for in turn with the bare route that sends the board's bytes, so that their figures are of the same
moment. What a page is made of is kept until something changes, so it is also asked for right after a ticket was edited by hand.
"""

from __future__ import annotations

import gzip
import http.client
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from dashboard_scene import House
from inprocess import percentile
from measure import Spread, spread
from table import TICKETS as COUNTED
from table import Row, at_most

SECTION = "The dashboard: server time and size of each page"
SIZES = "The dashboard: bytes of HTML"
ROUNDS, ROUNDS_QUICK, WARM_UP = 60, 20, 3
EDITS, EDITS_QUICK = 9, 4
NOTICED_S = 0.3
"""Until a server has surely noticed that a file has changed."""
SERVER_MS_MAX, RAW_KB_MAX, PACKED_KB_MAX = 20.0, 120, 20


def paths(house: House) -> dict[str, str]:
    """Returns the pages by name; their addresses are the tickets' and proposals' own."""
    slug = house.path.name
    ticket, waits = house.entries[len(house.entries) // 2].id, house.proposals[0]
    return {
        "board": f"/board/{slug}",
        "inbox": "/inbox",
        "attention": "/attention",
        "list": f"/list?repo={slug}",
        "list, filtered and searched": f"/list?repo={slug}&state=ready&q=webhook",
        "ticket": f"/tickets/{slug}/{ticket}",
        "proposal": f"/proposals/{slug}/{waits}",
        "receipts": f"/receipts/{slug}",
        "insights": f"/insights/{slug}",
        "agents": f"/agents/{slug}",
        "policy": f"/policy/{slug}",
        "settings": "/settings",
    }


class Bare:
    """The route without a dashboard.

    Args:
        folder: for the bytes that it sends.
        body: these.
    """

    def __init__(self, folder: Path, body: bytes) -> None:
        file = folder / "static.html"
        file.write_bytes(body)
        command = [sys.executable, str(Path(__file__).with_name("static_page.py")), str(file)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout
        self.port = int(self.process.stdout.readline())
        self.kept = http.client.HTTPConnection("127.0.0.1", self.port)

    def close(self) -> None:
        """Ends the server."""
        self.process.kill()
        self.process.wait()


class Answer:
    """What came for one request.

    Attributes:
        ms: until the last byte.
        status: of the answer.
        body: unpacked.
        packed: how many bytes were sent.
    """

    def __init__(self, kept: http.client.HTTPConnection, path: str, cookie: str = "") -> None:
        headers = {"Accept-Encoding": "gzip", **({"Cookie": cookie} if cookie else {})}
        begun = time.perf_counter()
        kept.request("GET", path, headers=headers)
        answer = kept.getresponse()
        data = answer.read()
        self.ms = (time.perf_counter() - begun) * 1e3
        self.status = answer.status
        self.packed = len(data)
        self.body = gzip.decompress(data) if answer.getheader("Content-Encoding") == "gzip" else data


def rows(house: House, rounds: int, edits: int) -> Iterator[Row]:
    """Yields what each page costs, and how large it is."""
    kept = house.connect()
    found = paths(house)
    bare = Bare(house.folder, Answer(kept, found["board"], house.cookie).body)
    sizes: dict[str, Answer] = {}
    try:
        for name, path in found.items():
            first = Answer(kept, path, house.cookie)
            if first.status != 200:
                yield Row(
                    SECTION, name, len(house.entries), None, None, f"answers {first.status}", "works", False
                )
                continue
            sizes[name] = first
            yield from _of_page(house, kept, bare, name, path, rounds)
            yield _after_an_edit(house, kept, name, path, edits, first.ms)
    finally:
        bare.close()
    for name, answer in sizes.items():
        size = len(answer.body) / 1e3
        yield at_most(SIZES, name, len(house.entries), size, "kB", RAW_KB_MAX, COUNTED)
        yield at_most(
            SIZES, f"{name}, packed", len(house.entries), answer.packed / 1e3, "kB", PACKED_KB_MAX, COUNTED
        )


def _of_page(
    house: House,
    kept: http.client.HTTPConnection,
    bare: Bare,
    name: str,
    path: str,
    rounds: int,
) -> Iterator[Row]:
    for _ in range(WARM_UP):
        Answer(kept, path, house.cookie)
        Answer(bare.kept, "/")
    before = house.cpu_s()
    pairs = [(Answer(kept, path, house.cookie).ms, Answer(bare.kept, "/").ms) for _ in range(rounds)]
    cpu = (house.cpu_s() - before) / rounds * 1e3
    wall = spread([mine for mine, _ in pairs])
    words = f"{wall.median:.1f} ms, p95 {percentile([mine for mine, _ in pairs], 95):.1f} ms"
    yield Row(
        SECTION, name, len(house.entries), Spread(cpu, cpu, cpu), wall, words, f"≤ {SERVER_MS_MAX:g} ms",
        wall.median <= SERVER_MS_MAX, COUNTED,
    )  # fmt: skip
    if name == "board":
        base = spread([theirs for _, theirs in pairs])
        yield Row(
            SECTION,
            "a bare route that sends the board's bytes",
            len(house.entries),
            None,
            base,
            "1",
            counted=COUNTED,
        )


def _after_an_edit(
    house: House, kept: http.client.HTTPConnection, name: str, path: str, edits: int, first_ms: float
) -> Row:
    """Returns what a page costs when a ticket has changed since it was made; beside it the first look of all."""
    file = house.path / house.entries[len(house.entries) // 2].path
    before = file.read_text()
    took = []
    for number in range(edits):
        file.write_text(before.replace("\ntitle: ", f"\ntitle: edit {number} ", 1))
        time.sleep(NOTICED_S)
        took.append(Answer(kept, path, house.cookie).ms)
    file.write_text(before)
    wall = spread(took)
    words = f"{wall.median:.1f} ms, first look {first_ms:.0f} ms"
    return Row(SECTION, f"{name}, after an edit", len(house.entries), None, wall, words, counted=COUNTED)
