"""What it costs to start the dashboard, to leave it alone, and to have seen all of it."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator

from dashboard_pages import Answer, Bare, paths
from dashboard_scene import House
from measure import spread
from table import TICKETS as COUNTED
from table import Row, at_most

SECTION = "The dashboard: starting, resting, remembering"
STARTS, STARTS_QUICK = 9, 4
BOARD_S_MAX, ALL_S_MAX = 0.8, 2.0
IDLE_S, IDLE_S_QUICK = 60.0, 15.0
SETTLE_S = 60.0
IDLE_PERCENT_MAX, MEMORY_MIB_MAX = 0.5, 150


def rows(house: House, starts: int, idle_s: float) -> Iterator[Row]:
    """Yields the rows; the server runs when they are done."""
    size = len(house.entries)
    _start(house)
    body = Answer(house.connect(), paths(house)["board"], house.cookie).body
    board, everything, cpus, bares = [], [], [], []
    for _ in range(starts):
        found, cpu = _start(house)
        board.append(found["board"] * 1e3)
        everything.append(max(found.values()) * 1e3)
        cpus.append(cpu * 1e3)
        bares.append(_bare(house, body) * 1e3)
    yield Row(
        SECTION, "exec to the first byte of a bare route", size, None, spread(bares), "1", counted=COUNTED
    )
    for name, values, spent, most in (
        ("exec to the first byte of the board", board, spread(cpus), BOARD_S_MAX),
        ("exec until everything answers: board, /api, /mcp", everything, None, ALL_S_MAX),
    ):
        wall = spread(values)
        words, met = f"{wall.median / 1e3:.3f} s", wall.median <= most * 1e3
        yield Row(SECTION, name, size, spent, wall, words, f"≤ {most:g} s", met, COUNTED)
    yield from _resting(house, idle_s)
    yield from _remembering(house)


def _bare(house: House, body: bytes) -> float:
    """Returns the seconds from the start of a server of one static page to the first byte of that."""
    begun = time.perf_counter()
    bare = Bare(house.folder, body)
    try:
        bare.kept.request("GET", "/")
        bare.kept.getresponse().read(1)
        return time.perf_counter() - begun
    finally:
        bare.close()


def _start(house: House) -> tuple[dict[str, float], float]:
    """Starts the server anew and asks for the board at once, and for the rest as soon as that has come.

    Returns:
        The seconds from the start until each has answered; the processor time that the server had until the board.
    """
    house.stop()
    took: dict[str, float] = {}
    begun = house.spawn()
    took["board"] = house.first_answer(paths(house)["board"], {"Cookie": house.cookie}, begun)
    cpu = house.cpu_s()
    bearer = {"Authorization": f"Bearer {house.token}"}

    def ask(name: str, path: str, any_status: bool) -> None:
        took[name] = house.first_answer(path, bearer, begun, any_status=any_status)

    asking = [
        threading.Thread(target=ask, args=("api", "/api/v1/health", False)),
        threading.Thread(target=ask, args=("mcp", "/mcp", True)),
    ]
    for each in asking:
        each.start()
    for each in asking:
        each.join()
    return took, cpu


def _until_at_rest(house: House) -> None:
    """Waits until what the server does once after its start is done: it reads up what is derived from the ledger."""
    deadline = time.monotonic() + SETTLE_S
    while time.monotonic() < deadline:
        before = house.cpu_s()
        time.sleep(3)
        if house.cpu_s() - before < 0.1:
            return


def _resting(house: House, idle_s: float) -> Iterator[Row]:
    """Yields what the server does while nothing happens and one page is open."""
    with _open_page(house):
        _until_at_rest(house)
        before = house.cpu_s()
        time.sleep(idle_s)
        percent = (house.cpu_s() - before) / idle_s * 100
    name = f"processor of a server at rest for {idle_s:.0f} s, one page open"
    yield at_most(SECTION, name, len(house.entries), percent, "%", IDLE_PERCENT_MAX, COUNTED)


@contextlib.contextmanager
def _open_page(house: House) -> Iterator[None]:
    """Keeps the stream of a page open, as a browser does."""
    kept = house.connect()
    body = Answer(kept, paths(house)["board"], house.cookie).body.decode()
    address = body.partition("/live?")[2].partition('"')[0].replace("&amp;", "&")
    stream = house.connect()
    stream.request("GET", f"/live?{address}", headers={"Cookie": house.cookie, "Accept": "text/event-stream"})
    answer = stream.getresponse()
    if answer.status != 200:
        raise SystemExit(f"/live?{address} answers {answer.status}")
    try:
        yield
    finally:
        stream.close()


def _remembering(house: House) -> Iterator[Row]:
    """Yields the memory of a server all of whose pages were looked at."""
    kept = house.connect()
    for path in paths(house).values():
        Answer(kept, path, house.cookie)
    resident, share = house.memory_mib()
    name = "memory of the server, all pages seen"
    yield at_most(SECTION, name, len(house.entries), resident, "MiB", MEMORY_MIB_MAX, COUNTED)
    yield at_most(SECTION, f"{name}: its share (PSS)", len(house.entries), share, "MiB", None, COUNTED)


def memory_at_last(house: House) -> Row:
    """Returns the memory of a server that was asked for all that the bench asks."""
    resident, _ = house.memory_mib()
    name = "memory of the server, after all that follows"
    return at_most(SECTION, name, len(house.entries), resident, "MiB", MEMORY_MIB_MAX, COUNTED)
