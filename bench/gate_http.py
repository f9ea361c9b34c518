"""Measures the gate over HTTP: one server process, and this one as its clients; prints rows as JSON.

    python3 bench/gate_http.py [--quick] [--proposals N]

To be run by the Python of `.venv`. Latency is that of one client on one connection that is kept. The rate is that of
several connections at once, client and server sharing the machine's cores. The other proposals are sealed right
into the ledger, as `propose` would, since a hundred thousand requests are not what is measured.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from table import Row, as_data, at_most

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from integration.http_scene import Agent, Person, Served, new_project
from world import hermetic_environment

from counterfoil.gate import events, proposal
from counterfoil.usecases import proposals, record

SECTION = "The gate over HTTP, on SQLite"
GROWN, GROWN_QUICK = 100_000, 10_000
ROUNDS, ROUNDS_QUICK = 400, 100
LATENCY_MS_MAX = 5.0
RATE_MIN = 200.0
CONNECTIONS = 4
AT_ONCE = 1000
COMMENT = "ticket.comment"
COUNTED = "proposals"


class Bench:
    """A served project.

    Args:
        folder: an empty one.
    """

    def __init__(self, folder: Path) -> None:
        self.served: Served = new_project(folder)
        self.ticket = self.served.desk.new("Sell shoes", "--state", "ready")
        self.agent: Agent = self.served.agent("bench")
        self.person: Person = self.served.person("human:morgan")
        self.served.start("--quiet")
        self._count = 0

    def connect(self) -> http.client.HTTPConnection:
        """Opens a connection that is kept."""
        return http.client.HTTPConnection("127.0.0.1", self.served.port)

    def send(
        self,
        to: http.client.HTTPConnection,
        method: str,
        path: str,
        data: object = None,
        key: str = "",
        token: bool = True,
    ) -> dict[str, Any]:
        """Sends one request; an error ends the bench."""
        headers = {"Content-Type": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {self.agent.token}"
        if key:
            headers["Idempotency-Key"] = key
        to.request(method, f"/api/v1{path}", None if data is None else json.dumps(data), headers)
        answer = to.getresponse()
        found: dict[str, Any] = json.loads(answer.read())
        if answer.status >= 300:
            raise SystemExit(f"{method} {path}: {answer.status} {found}")
        return found

    def propose(self, to: http.client.HTTPConnection, key: str) -> str:
        """Proposes a comment and returns the proposal's id."""
        asked = {"action": COMMENT, "payload": {"ticket": self.ticket, "text": f"comment {key}"}}
        return str(self.send(to, "POST", "/proposals", asked, key)["id"])

    def grow(self, number: int) -> None:
        """Seals so many more proposals, pending ones of other agents."""
        with self.served.ledger() as (context, store):
            (model,) = [receipt.data() for receipt in store.read(proposal.stream_of(self._model()))]
            for begin in range(0, number, AT_ONCE):
                drafts = []
                for each in range(begin, min(begin + AT_ONCE, number)):
                    actor = f"agent:other{each % 50}"
                    name = proposal.proposal_id(store.ledger, actor, f"grown-{self._count}-{each}")
                    body = {**model, "id": name, "actor": actor}
                    body = {key: value for key, value in body.items() if key not in {"digest", "salt"}}
                    body["digest"] = proposal.digest_of(body)
                    drafts.append(
                        record.draft(
                            context, proposal.stream_of(name), events.OPENED, actor, body, f"open/{name}"
                        )
                    )
                record.append(context, store, drafts)
            self._count += 1

    def _model(self) -> str:
        return self.propose(self.connect(), "model")


def milliseconds(work: Callable[[int], object], rounds: int) -> float:
    """Returns the median of how long something takes."""
    found = []
    for number in range(rounds):
        begun = time.perf_counter()
        work(number)
        found.append((time.perf_counter() - begun) * 1e3)
    return statistics.median(found)


def server_ms(bench: Bench) -> float:
    """Returns the processor time that the server has had, in milliseconds (proc(5), `utime` and `stime`)."""
    assert bench.served.process is not None
    fields = Path(f"/proc/{bench.served.process.pid}/stat").read_text("ascii").rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1e3 / os.sysconf("SC_CLK_TCK")


def of_size(bench: Bench, size: int, rounds: int) -> Iterator[Row]:
    """Measures with so many proposals in the ledger."""
    to = bench.connect()
    for number in range(20):
        bench.propose(to, f"warm-{size}-{number}")
    made: list[str] = []
    before = server_ms(bench)
    median = milliseconds(lambda number: made.append(bench.propose(to, f"{size}-{number}")), rounds)
    yield at_most(SECTION, "propose, median", size, median, "ms", LATENCY_MS_MAX, COUNTED)
    spent = (server_ms(bench) - before) / rounds
    yield at_most(SECTION, "propose, processor time of the server", size, spent, "ms", None, COUNTED)
    with bench.served.ledger() as (_, store):
        signed = [bench.person.decision(proposals.load(store, name)) for name in made]
    before = server_ms(bench)
    median = milliseconds(
        lambda number: bench.send(
            to, "POST", f"/proposals/{made[number]}/decisions", signed[number], token=False
        ),
        rounds,
    )
    yield at_most(SECTION, "decide (signed) and apply, median", size, median, "ms", LATENCY_MS_MAX, COUNTED)
    spent = (server_ms(bench) - before) / rounds
    yield at_most(SECTION, "decide and apply, processor time of the server", size, spent, "ms", None, COUNTED)
    median = milliseconds(lambda number: bench.send(to, "GET", f"/proposals/{made[number]}/wait"), rounds)
    yield at_most(SECTION, "wait for what is decided, median", size, median, "ms", LATENCY_MS_MAX, COUNTED)
    first = milliseconds(lambda _: bench.send(to, "GET", "/proposals"), 1)
    yield at_most(
        SECTION, "list the newest, after the read model was behind", size, first, "ms", None, COUNTED
    )
    median = milliseconds(lambda _: bench.send(to, "GET", "/proposals"), max(rounds // 10, 5))
    yield at_most(SECTION, "list the newest, median", size, median, "ms", None, COUNTED)
    found = rate(bench, size, rounds)
    name = f"proposals a second, {CONNECTIONS} connections"
    yield Row(
        SECTION, name, size, None, None, f"{found:,.0f} /s", f"≥ {RATE_MIN:g} /s", found >= RATE_MIN, COUNTED
    )


def rate(bench: Bench, size: int, rounds: int) -> float:
    """Returns how many proposals a second several connections bring in."""

    def work(connection: int) -> None:
        to = bench.connect()
        for number in range(rounds):
            bench.propose(to, f"rate-{size}-{connection}-{number}")

    threads = [threading.Thread(target=work, args=(each,)) for each in range(CONNECTIONS)]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return CONNECTIONS * rounds / (time.perf_counter() - begun)


def rows(sizes: Sequence[int], rounds: int) -> Iterator[Row]:
    """Yields the rows of all sizes, in one ledger that grows."""
    with tempfile.TemporaryDirectory(prefix="counterfoil-bench-") as folder:
        home = Path(folder, "home")
        home.mkdir()
        kept = hermetic_environment(home)
        os.environ.clear()
        os.environ.update(kept)
        bench = Bench(Path(folder))
        try:
            grown = 0
            for size in sizes:
                if size > grown:
                    bench.grow(size - grown)
                    grown = size
                yield from of_size(bench, size, rounds)
        finally:
            bench.served.close()


def main() -> None:
    """Reads the command line and prints the rows."""
    parser = argparse.ArgumentParser(
        prog="bench/gate_http.py", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--quick", action="store_true", help="fewer rounds and proposals")
    parser.add_argument("--proposals", type=int, help="how many proposals there are in the end")
    options = parser.parse_args()
    grown = options.proposals or (GROWN_QUICK if options.quick else GROWN)
    for row in rows((0, grown), ROUNDS_QUICK if options.quick else ROUNDS):
        print(json.dumps(as_data(row)), flush=True)


if __name__ == "__main__":
    sys.exit(main())
