"""What the ledger adds to the installed command, and what it costs to catch up with what was pulled.

Where each of thousands of changes has a commit of its own in a folder of thousands of tickets, Git's own log of
them takes longer than a second: it reads the whole folder for each. That case has no target but its baseline.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from corpus import FIRST_MS, TICKETS, generate, git, tickets
from harness import Bench, expect
from measure import Sample, paired, spread
from repositories import NEXT_STATE, Site
from table import Row, cpus, in_seconds, times

SECTION = "What the ledger adds to a command"
DRIVER = Path(__file__).with_name("driver.py")
GROWTH_MAX = 1.5
SYNCS = 2
COUNTED = 20
PULLED = 5_000
PULLED_S_MAX = 1
LOG = (
    "log",
    "-c",
    "--raw",
    "-z",
    "--no-abbrev",
    "--no-renames",
    "--format=%H%n%P%n%B",
    "--topo-order",
    "--full-history",
)
"""What Git is asked at least to learn what a pull has brought."""


def driven(bench: Bench, site: Site, mode: str, words: list[str]) -> Sample:
    """Runs the installed command by `driver.py`."""
    argv = [str(bench.yard.command.with_name("python")), str(DRIVER), mode, *words]
    return bench.yard.meter.run(argv, site.path)


def moves(site: Site) -> Iterator[list[str]]:
    """Yields the words of moves of one ticket after another."""
    for entry in site.shuffled("backlog", "ready", "in_progress", "blocked"):
        after = site.states[entry.id] = NEXT_STATE[site.states[entry.id]]
        yield ["move", entry.short_id, after]


def _news(_site: Site) -> Iterator[list[str]]:
    number = 0
    while True:
        number += 1
        yield ["new", f"Measure what ticket {number} costs", "--body", f"Number {number}.\n"]


def growth(bench: Bench, site: Site, size: int) -> None:
    """Puts commands with their ledger against the same ones without, each in a copy of its own, and all without a ruling."""
    for verb, words in (("new", _news), ("move", moves)):
        with bench.attempt(SECTION, verb, size):
            kept, bare = bench.yard.copy(site, "with"), bench.yard.copy(site, "without")
            ours, theirs = words(kept), words(bare)
            rounds = paired(
                max(bench.writes, 15),
                bench.bare,
                lambda: driven(bench, bare, "without", next(theirs)),  # noqa: B023
                lambda: driven(bench, kept, "ungated", next(ours)),  # noqa: B023
                warm_up=2,
            )
            bares, without, costs = zip(*rounds, strict=True)
            more = spread(
                [(a - b) / p for a, b, p in zip(cpus(costs), cpus(without), cpus(bares), strict=True)]
            )
            bench.add(Row(SECTION, f"{verb}, without the ledger", size, *times(without), ""))
            bench.add(
                Row(
                    SECTION,
                    verb,
                    size,
                    *times(costs),
                    f"{more.median:+.2f} P",
                    f"≤ +{GROWTH_MAX:g} P",
                    more.median <= GROWTH_MAX,
                )
            )
            _syncs(bench, kept, verb, size, ours)
            bench.yard.remove(kept, bare)


def _syncs(bench: Bench, site: Site, verb: str, size: int, words: Iterator[list[str]]) -> None:
    """Counts how often the database is synced by one command."""
    file = bench.yard.folder / "syncs"
    file.unlink(missing_ok=True)
    for _ in range(COUNTED):
        driven(bench, site, f"count={file}", next(words))
    counts = [sum(json.loads(line).values()) for line in file.read_text().splitlines()]
    expect(len(counts) == COUNTED, f"{len(counts)} reports")
    text = " or ".join(str(count) for count in sorted(set(counts)))
    met = max(counts) <= SYNCS
    bench.add(Row(SECTION, f"{verb}, syncs of the database", size, None, None, text, f"≤ {SYNCS}", met))


def pulled(bench: Bench) -> None:
    """Lets a clone catch up with changes that came in by a pull: in one commit, and in a commit each."""
    for commits in (1, PULLED // 10, PULLED):
        name = f"{PULLED:,} changes in {commits:,} commit{'s' * (commits > 1)}"
        with bench.attempt(SECTION, f"ledger reconcile, {name}", PULLED):
            logs, costs = zip(*[_pull(bench, commits) for _ in range(3)], strict=True)
            bench.add(in_seconds(SECTION, f"git log of {name}", PULLED, logs, None))
            limit = PULLED_S_MAX if commits < PULLED else None
            bench.add(in_seconds(SECTION, f"ledger reconcile, {name}", PULLED, costs, limit))


def _pull(bench: Bench, commits: int) -> tuple[Sample, Sample]:
    """Makes a clone whose ledger knows the tickets, changes all of them behind its back, and reconciles.

    Returns:
        What `git log` of the changes costs, and what reconciling does.
    """
    path, env = bench.yard.folder / "pulled", bench.yard.env
    site = Site(path, generate(path, PULLED, env))
    bench.yard.adopt(site)
    bench.yard.ticket(site, "assign", site.entries[0].short_id, "human:bench")
    made = list(tickets(PULLED))
    each = PULLED // commits
    lines = []
    for number in range(commits):
        seconds = FIRST_MS // 1000 + 10**8 + number
        lines.append(
            b"commit refs/heads/main\ncommitter Bo <bo@example.invalid> %d +0000\ndata 3\nwip\n" % seconds
        )
        if not number:
            lines.append(b"from refs/heads/main^0\n")
        for entry, data in made[number * each : (number + 1) * each]:
            changed = data + b"\nLooked at again.\n"
            lines.append(b"M 100644 inline %s\ndata %d\n%s\n" % (entry.path.encode(), len(changed), changed))
    before = git(path, env, "rev-parse", "HEAD").strip()
    git(path, env, "fast-import", "--quiet", stdin=b"".join(lines).decode())
    git(path, env, "reset", "-q", "--hard")
    log = bench.yard.meter.run(["git", *LOG, f"{before}..HEAD", "--", TICKETS], path)
    cost = bench.yard.ticket(site, "ledger", "reconcile", "--json")
    told = json.loads(bench.yard.meter.output.read_text())["data"]
    expect(told["changes"] >= PULLED - 1, json.dumps(told))
    bench.yard.remove(site)
    return log, cost
