"""What single steps of the gate cost inside a process: who calls, what a person has signed, what waits for them."""

from __future__ import annotations

import json
import os
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from gate_http import GROWN, OPEN, Site
from harness import BARE
from measure import Meter, paired
from table import PROPOSALS, Row, at_most, in_bare

from counterfoil.bootstrap import open_server
from counterfoil.usecases import proposals, statements
from counterfoil.usecases.authenticating import authenticate, keys_of
from counterfoil.usecases.context import Options

SECTION = "The gate: its steps"
AUTHENTICATE_MS_MAX = 0.2
INBOX_MS_MAX = 50
ROUNDS, PER_ROUND = 15, 20
COLD_ROUNDS = 7


def _median_ms(work: Callable[[], object], per_round: int = PER_ROUND) -> float:
    """Returns the median of the mean times of rounds."""
    work()
    found = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        for _ in range(per_round):
            work()
        found.append((time.perf_counter() - begun) * 1e3 / per_round)
    return statistics.median(found)


def rows(site: Site) -> Iterator[Row]:
    """Yields what steps cost in a ledger of many proposals, of which few are open."""
    name = site.propose()
    place = str(site.served.desk.path)
    server = open_server(place, {**os.environ, **site.served.desk.env}, Options("human:ada"))
    try:
        context = server.context(Options(ci=True, remote=True, via="http"))
        store = server.store(context)
        figure = _median_ms(lambda: authenticate(context, store, site.agent.token))
        yield _row("authenticate, the agent known", figure, AUTHENTICATE_MS_MAX)

        state = proposals.load(store, name)
        keys = keys_of(store, site.person.actor)
        figure = _median_ms(lambda: site.person.decision(state))
        yield _row("sign a decision, by a key in memory", figure, None)
        envelope = json.dumps(site.person.decision(state)["envelope"])
        figure = _median_ms(lambda: statements.verify_decision(
            context, envelope, state, by=site.person.actor, verdict="approve", keys=keys
        ))  # fmt: skip
        yield _row("verify a signed decision", figure, None)

        views = context.ledgers.views()
        try:
            begun = time.perf_counter()
            found = list(proposals.listing(store, views, open_only=True))
            yield _row("inbox, the read model folded from nothing", (time.perf_counter() - begun) * 1e3, None)
            assert len(found) >= OPEN, len(found)
            figure = _median_ms(lambda: list(proposals.listing(store, views, open_only=True)), 1)
            yield _row(f"inbox of {len(found)} open ones, warm", figure, INBOX_MS_MAX)
        finally:
            views.close()
    finally:
        server.close()


def _row(name: str, figure: float, most: float | None) -> Row:
    return at_most(SECTION, name, GROWN, figure, "ms", most, PROPOSALS)


def cold(site: Site, command: Path) -> Iterator[Row]:
    """Yields what the installed command costs for an inbox of few open ones among many proposals."""
    with Meter({**os.environ, **site.served.desk.env}) as meter:
        folder = site.served.desk.path
        words = [str(command), "inbox", "--json", "--limit", "20", "--actor", "human:ada"]
        meter.run(words, folder)
        pairs = paired(COLD_ROUNDS, lambda: meter.run(BARE, folder), lambda: meter.run(words, folder))
        bares, costs = zip(*pairs, strict=True)
        row = in_bare(SECTION, "ticket inbox, started anew", GROWN, costs, bares, None)
        yield Row(row.section, row.command, row.size, row.cpu, row.wall, row.relative, counted=PROPOSALS)
