"""What is measured: the figures that the program promises, each against its target.

The functions stand in the order of the tables. Each takes a `Bench` and adds rows to it.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from corpus import Entry, generate_history, git, settle
from harness import Bench, expect
from measure import Sample, paired
from repositories import NEXT_STATE, Mirror, Site
from table import Row, factor, in_git, in_seconds, more, peak, times

LIMITED = 10_000
"""The size of which most promises speak."""
ALLOWANCE = 5.2
"""P that a command which commits may cost beyond Git: 3, 1.5 for the two appends to its ledger, 0.7 for the gate."""
LINEAR = 11.0
"""Ten times the tickets may cost ten times as much; a tenth more is left to noise."""
MEBIBYTES_MAX = 40
MOVES = 1000
PACKED_MAX = 100_000_000
CREATIONS = 1000

READING = "Reading, with a warm derived cache"
FIRST_USE = "Reading for the first time, without a derived cache"
WRITING = "Writing with a commit, against Git's own cost of the same commit"
HOOKS = "Writing with our hooks installed, against the same without"
WHOLE = "Over everything"
MEMORY = "Peak memory"
DATES = "Dates from the history"
LONG_RUN = "A thousand moves in a row"
GROWTH = "Growth from 10,000 to 100,000 tickets"
OWN = "This project's own repository"


def startup(bench: Bench, site: Site) -> None:
    """Measures what does not depend on the tickets."""
    bench.against_bare(READING, "--version", 0, partial(bench.yard.ticket, site, "--version"), 2)


def reading(bench: Bench, site: Site, size: int) -> None:
    """Measures the verbs that only read."""
    entry = site.entries[size * 2 // 3]
    wanted = site.entries[size // 2]
    phrase = f"report {size // 2:06d}"
    raw = (site.path / entry.path).read_text()
    at_limit = size == LIMITED

    def verb(name: str, limit: float | None, check: Callable[[str], bool], *arguments: str) -> list[Sample]:
        subject = partial(bench.yard.ticket, site, *arguments)
        return bench.against_bare(READING, name, size, subject, limit, check=check)

    def listed(answer: str) -> bool:
        return len(json.loads(answer)["data"]["tickets"]) == size

    def some(answer: str) -> bool:
        return answer.count("\n") >= min(size // 20, 20)

    verb("show ID", 3 if at_limit else None, lambda answer: answer == raw, "show", entry.short_id)
    verb(
        "show ID --json",
        3 if at_limit else None,
        lambda answer: entry.id in answer,
        "show",
        entry.short_id,
        "--json",
    )
    peaks = verb("list", 7 if at_limit else None, some, "list")
    verb("list --state ready", 7 if at_limit else None, some, "list", "--state", "ready")
    peaks += verb("list --json --all", 10 if at_limit else None, listed, "list", "--json", "--all")
    verb("ready", 7 if at_limit else None, some, "ready")
    verb("next", 7 if at_limit else None, bool, "next")
    verb("search (one body)", 7 if at_limit else None, lambda text: wanted.short_id in text, "search", phrase)
    verb("search (many titles)", 7 if at_limit else None, some, "search", "webhook")
    if at_limit and peaks:
        bench.add(peak(MEMORY, "list", size, peaks, MEBIBYTES_MAX))

    for name, arguments in (
        ("show ID", ("show", entry.short_id)),
        ("list", ("list",)),
        ("ready", ("ready",)),
    ):
        bench.against_bare(
            FIRST_USE,
            f"{name}, first use",
            size,
            partial(bench.yard.ticket, site, *arguments),
            before=site.forget_cache,
            rounds=max(3, bench.reads // 4),
        )
    bench.yard.ticket(site, "list")


# --- writing ----------------------------------------------------------------------------------


def _moves(site: Site, *states: str) -> Iterator[tuple[Entry, str]]:
    """Yields tickets with a state that each may go to, and notes that it went there."""
    for entry in site.shuffled(*states):
        after = NEXT_STATE[site.states[entry.id]]
        site.states[entry.id] = after
        yield entry, after


def _arguments(site: Site, size: int) -> dict[str, Iterator[list[str]]]:
    """Returns, by verb, the arguments of run after run; every site of a size gets the same."""
    bodies = (
        f"## Problem\n\nNumber {number} was seen twice.\n\n## Acceptance\n\n- [ ] once\n"
        for number in range(size)
    )
    return {
        "new": (
            ["new", f"Measure the creation of ticket {number}", "--label", "bench", "--body", body]
            for number, body in enumerate(bodies)
        ),
        "move": (["move", entry.short_id, state] for entry, state in _moves(site, "backlog", "in_progress")),
        "assign": (["assign", entry.short_id, "human:bench"] for entry in site.shuffled("done")),
        "claim": (["claim", entry.short_id] for entry in site.shuffled("ready", seed=8)),
    }


def writing(bench: Bench, site: Site, size: int, *, hooks: bool) -> None:
    """Measures the verbs that commit: bare interpreter, verb, verb with hooks, Git, in turn."""
    plain = bench.yard.copy(site, "plain")
    mirror = Mirror(bench.yard, plain, bench.yard.copy(site, "git"))
    guarded = None
    if hooks:
        with bench.attempt(HOOKS, "install-hooks", size):
            copied = bench.yard.copy(site, "hooks")
            bench.yard.ticket(copied, "install-hooks")
            guarded = copied
    limited = size <= LIMITED
    guarded_arguments = _arguments(guarded, size) if guarded else {}
    for verb, runs in _arguments(plain, size).items():
        with bench.attempt(WRITING, verb, size):
            actions: list[Callable[[], Sample]] = [
                bench.bare,
                bench.yard.one_after_another(plain, runs),
                mirror.follow,
            ]
            if guarded:
                actions.append(bench.yard.one_after_another(guarded, guarded_arguments[verb]))
            samples = list(zip(*paired(bench.writes, *actions), strict=True))
            bares, costs, gits = samples[:3]
            bench.add(Row(WRITING, f"git add && git commit ({verb})", size, *times(gits), "1 G"))
            bench.add(in_git(WRITING, verb, size, costs, gits, bares, 1.3 if limited else None, ALLOWANCE))
            bench.remember(verb, size, costs)
            if guarded:
                bench.add(more(HOOKS, verb, size, samples[3], costs, bares, 4))
    bench.yard.remove(plain, mirror.target, *([guarded] if guarded else []))


def long_run(bench: Bench, site: Site, size: int) -> None:
    """Moves tickets a thousand times under Git's own settings and watches .git grow."""
    yard = bench.packing
    long = yard.copy(site, "long")
    with bench.attempt(LONG_RUN, f"{MOVES:,} moves", size):
        costs: list[Sample] = []
        largest = _folder_bytes(long.path / ".git")
        at_first = largest
        for entry, state in _moves(long, "backlog", "ready", "in_progress", "blocked"):
            costs.append(yard.ticket(long, "move", entry.short_id, state))
            if len(costs) % 25 == 0:
                largest = max(largest, _folder_bytes(long.path / ".git"))
            if len(costs) == MOVES:
                break
        final = _folder_bytes(long.path / ".git")
        bench.add(Row(LONG_RUN, "move, median", size, *times(costs), ""))
        mean = sum(sample.cpu for sample in costs) / len(costs) * 1e3
        worst = max(sample.wall for sample in costs) * 1e3
        bench.add(Row(LONG_RUN, "move, mean with any packing", size, None, None, f"{mean:.1f} ms CPU"))
        bench.add(Row(LONG_RUN, "the longest wait", size, None, None, f"{worst:.0f} ms"))
        bench.add(Row(LONG_RUN, ".git before", size, None, None, f"{at_first / 1e6:.1f} MB"))
        bound = f"≤ {PACKED_MAX / 1e6:.0f} MB"
        for name, figure in ((".git at its largest", largest), (".git after", final)):
            bench.add(
                Row(LONG_RUN, name, size, None, None, f"{figure / 1e6:.1f} MB", bound, figure <= PACKED_MAX)
            )
    yard.remove(long)


def _folder_bytes(folder: Path) -> int:
    """Returns the bytes of all files below a folder, as `du --apparent-size` does."""
    total = 0
    for file in folder.rglob("*"):
        try:
            total += file.lstat().st_size
        except FileNotFoundError:
            continue
    return total


# --- over everything --------------------------------------------------------------------------


def whole(bench: Bench, site: Site, size: int) -> None:
    """Measures validation, rebuilding, and many creations in one commit."""
    few = max(3, bench.writes // 3)
    at_limit = size == LIMITED
    index = site.path / ".tickets/index.json"
    kept = index.read_bytes()

    def no_index() -> None:
        site.forget_cache()
        index.unlink(missing_ok=True)

    plans: tuple[tuple[str, tuple[str, ...], Callable[[], None]], ...] = (
        ("validate --all", ("validate", "--all"), site.forget_cache),
        ("validate --all, warm", ("validate", "--all"), lambda: None),
        ("rebuild-index, cold", ("rebuild-index", "--no-commit"), no_index),
        ("rebuild-index, up to date", ("rebuild-index", "--no-commit"), lambda: None),
    )
    for name, arguments, before in plans:
        with bench.attempt(WHOLE, name, size):
            costs = []
            for _ in range(1 + few):
                before()
                costs.append(bench.yard.ticket(site, *arguments))
            bench.add(in_seconds(WHOLE, name, size, costs[1:], 0.4 if at_limit else None))
            bench.remember(name, size, costs[1:])
            if at_limit:
                bench.add(peak(MEMORY, name, size, costs[1:], MEBIBYTES_MAX))
    index.write_bytes(kept)
    settle(site.path, bench.yard.env)
    bench.yard.ticket(site, "list")


def batch(bench: Bench, site: Site, size: int) -> None:
    """Measures a thousand creations in one commit, each run in a repository as it was."""
    lines = bench.yard.folder / "creations.jsonl"
    with lines.open("w") as file:
        for number in range(CREATIONS):
            creation = {
                "op": "new",
                "title": f"Imported ticket {number}",
                "labels": ["import"],
                "body": "Text.\n",
            }
            file.write(json.dumps(creation) + "\n")
    name = f"batch, {CREATIONS:,} creations"
    with bench.attempt(WHOLE, name, size):
        costs = []
        for _ in range(3):
            fresh = bench.yard.copy(site, "batch")
            before = git(fresh.path, bench.yard.env, "rev-list", "--count", "HEAD")
            costs.append(bench.yard.ticket(fresh, "batch", stdin=lines))
            made = len(list((fresh.path / ".tickets/tickets").iterdir())) - len(fresh.entries)
            commits = int(git(fresh.path, bench.yard.env, "rev-list", "--count", "HEAD")) - int(before)
            expect((made, commits) == (CREATIONS, 1), f"{made} tickets in {commits} commits")
            bench.yard.remove(fresh)
        bench.add(in_seconds(WHOLE, name, size, costs, 0.5 if size == LIMITED else None))
        bench.add(peak(MEMORY, name, size, costs, None))
    shutil.rmtree(bench.yard.folder / f"{site.path.name}-batch", ignore_errors=True)


# --- the rest ---------------------------------------------------------------------------------


def completion(bench: Bench, site: Site, size: int) -> None:
    """Measures what a shell waits for between Tab and the answer."""
    with bench.attempt(READING, "completion of an id", size):
        costs = [sample for (sample,) in paired(bench.reads, partial(bench.yard.ticket, site, *COMPLETION))]
        bench.add(Row(READING, "completion of an id", size, *times(costs), ""))


COMPLETION = ("__complete", "show", "")
"""What the shell functions of `ticket completion` run."""
DATED = ("list", "--json", "--all", "--dates")


def dates(bench: Bench, count: int, commits: int) -> None:
    """Measures created and updated dates: from nothing, unchanged, and after one more commit."""
    path = bench.yard.folder / "history"
    site = Site(path, generate_history(path, count, commits, bench.yard.env))
    bench.yard.adopt(site)
    label = f"list --dates, {commits:,} commits"

    def dated() -> Sample:
        return bench.yard.ticket(site, *DATED)

    def known(answer: str) -> bool:
        rows = json.loads(answer)["data"]["tickets"]
        return len(rows) >= count and all(row["created_at"] <= row["updated_at"] for row in rows)

    moves = _moves(site, "backlog", "in_progress")

    def commit() -> None:
        entry, state = next(moves)
        bench.yard.ticket(site, "move", entry.short_id, state)

    few = max(3, bench.writes // 3)
    measure = bench.against_bare
    measure(DATES, f"{label}, first use", count, dated, check=known, before=site.forget_cache, rounds=few)
    measure(DATES, f"{label}, one commit more", count, dated, check=known, before=commit, rounds=few)
    measure(DATES, f"{label}, nothing new", count, dated, check=known)


def own_history(bench: Bench, root: Path) -> None:
    """Measures a fresh clone of this project, whose `.tickets` hold its own work."""
    path = bench.yard.folder / "own"
    git(bench.yard.folder, bench.yard.env, "clone", "-q", "--no-local", str(root), str(path))
    tickets = sorted((path / ".tickets/tickets").glob("*.md"))
    if not tickets:
        return
    settle(path, bench.yard.env)
    first = tickets[0].stem
    plans: tuple[tuple[str, float | None, tuple[str, ...]], ...] = (
        ("show ID", 3, ("show", first)),
        ("list", 7, ("list",)),
        ("list --json --all", 10, ("list", "--json", "--all")),
        ("list --dates", None, DATED),
        ("log ID", None, ("log", first)),
        ("validate --all", None, ("validate", "--all")),
    )
    for name, limit, arguments in plans:
        bench.against_bare(
            OWN,
            name,
            len(tickets),
            partial(bench.yard.ticket, path, *arguments),
            limit,
        )


def growth(bench: Bench, small: int, large: int) -> None:
    """Puts the costs at a ten times larger size against linear growth."""
    for command, size in list(bench.costs):
        if size == large and (command, small) in bench.costs:
            costs = bench.costs
            bench.add(factor(GROWTH, command, large, costs[command, large], costs[command, small], LINEAR))
