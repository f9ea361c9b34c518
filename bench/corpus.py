"""Makes the repositories that are measured: the same seed gives the same bytes.

Tickets look like those of a team that has used the program for three years: bodies of
about 1 kB with headings, check boxes and prose, a handful of labels (some written as block
lists), half of them done, most of them assigned, one in five related to another. Ids carry
times spread over the three years, and no two share a short id.

History goes through `git fast-import` (a pack, as after a clone) instead of one process per
commit, which is what keeps 100,000 tickets below twenty seconds.
"""

from __future__ import annotations

import hashlib
import random
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
FIRST_MS = 1_672_531_200_000
"""2023-01-01, the time of the oldest id."""
SPAN_MS = 3 * 365 * 24 * 3600 * 1000
TICKETS = ".tickets/tickets"

LABELS = (
    "api", "backend", "billing", "bug", "build", "chore", "data", "design", "docs", "flaky", "frontend",
    "infra", "mobile", "onboarding", "performance", "regression", "release", "search", "security", "tests",
)  # fmt: skip
ACTORS = (
    "human:amara", "human:bo", "human:chen", "human:dilan", "human:eszter", "human:farid", "human:grace",
    "agent:builder", "agent:reviewer", "agent:triage",
)  # fmt: skip
STATES = ("backlog", "ready", "in_progress", "blocked", "done")
STATE_WEIGHTS = (22, 14, 9, 5, 50)
PRIORITIES = ("p0", "p1", "p2", "p3")
PRIORITY_WEIGHTS = (3, 22, 55, 20)

VERBS = (
    "Add", "Cache", "Check", "Document", "Drop", "Explain", "Fix", "Move", "Rename", "Retry", "Show", "Split",
)  # fmt: skip
THINGS = (
    "the login form", "currency rounding", "expired sessions", "the export of invoices", "search suggestions",
    "the nightly import", "webhook signatures", "the settings page", "slow dashboards", "password resets",
    "the audit trail", "time zones in reports", "uploads over 2 GB", "the empty state", "keyboard shortcuts",
)  # fmt: skip
PLACES = (
    "on mobile", "for trial accounts", "in the worker", "after an upgrade", "behind a proxy", "under load",
)  # fmt: skip
WORDS = (
    "account", "before", "cache", "change", "customer", "default", "delay", "entry", "error", "event",
    "every", "field", "file", "first", "form", "handler", "header", "import", "invoice", "later",
    "limit", "list", "message", "number", "often", "order", "page", "parser", "payment", "people",
    "queue", "reader", "record", "release", "request", "response", "result", "retry", "row", "rule",
    "screen", "second", "server", "session", "setting", "shows", "slow", "state", "still", "table",
    "team", "test", "time", "token", "twice", "update", "user", "value", "wait", "when", "without",
    "worker", "write",
)  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """What the generator knows of a ticket, to choose legal changes and to check answers."""

    id: str
    title: str
    state: str

    @property
    def short_id(self) -> str:
        """The first eight characters, unique in a corpus."""
        return self.id[:8]

    @property
    def path(self) -> str:
        """The file, relative to the repository's root."""
        return f"{TICKETS}/{self.id}.md"


def _ids(count: int, rng: random.Random) -> list[str]:
    """Draws ids in order of time, one per short id."""
    drawn: dict[str, str] = {}
    while len(drawn) < count:
        value = ((FIRST_MS + rng.randrange(SPAN_MS)) << 80) | rng.getrandbits(80)
        ulid = "".join([ALPHABET[(value >> shift) & 31] for shift in range(125, -1, -5)])
        drawn.setdefault(ulid[:8], ulid)
    return sorted(drawn.values())


def _sentences(rng: random.Random) -> list[str]:
    """Makes the stock of sentences that bodies are put together from."""
    return [" ".join(rng.choices(WORDS, k=rng.randint(8, 15))).capitalize() + "." for _ in range(2000)]


def _body(rng: random.Random, stock: list[str], number: int) -> str:
    """Writes a body of about 1 kB; each names its own number, so that a search can find one."""
    draw = rng.choices(stock, k=11)
    return (
        f"\n## Problem\n\n{draw[0]} {draw[1]} {draw[2]}\nSeen in report {number:06d}. {draw[3]}\n"
        f"\n## Acceptance criteria\n\n- [ ] {draw[4]}\n- [ ] {draw[5]}\n- [x] {draw[6]}\n"
        f"\n## Notes\n\n{draw[7]} {draw[8]}\n\n```\nworker[{number}]: retry in {number % 97} s\n```\n"
        f"\n{draw[9]} {draw[10]}\n"
    )


def tickets(count: int, seed: int = 1) -> Iterator[tuple[Entry, bytes]]:
    """Yields `count` tickets, each with the bytes of its file."""
    rng = random.Random(f"counterfoil {seed} {count}")
    stock = _sentences(rng)
    ids = _ids(count, rng)
    for number, ulid in enumerate(ids):
        title = f"{rng.choice(VERBS)} {rng.choice(THINGS)} {rng.choice(PLACES)}"
        state = rng.choices(STATES, STATE_WEIGHTS)[0]
        labels = rng.sample(LABELS, rng.choices((0, 1, 2, 3), (20, 35, 30, 15))[0])
        lines = [
            "---",
            f"id: {ulid}",
            f"title: {title}" if number % 10 else f'title: "{title}: part {number}"',
            f"state: {state}",
            f"priority: {rng.choices(PRIORITIES, PRIORITY_WEIGHTS)[0]}",
        ]
        if labels and number % 8 == 0:
            lines += ["labels:", *(f"  - {label}" for label in labels)]
        else:
            lines.append(f"labels: [{', '.join(labels)}]")
        if rng.random() < (0.85 if state in ("in_progress", "done") else 0.3):
            lines.append(f"assignee: {rng.choice(ACTORS)}")
        if rng.random() < 0.25:
            lines.append(f"reviewer: {rng.choice(ACTORS)}")
        if number and rng.random() < 0.2:
            earlier = [ids[rng.randrange(number)] for _ in range(rng.randint(1, 2))]
            lines += ["x_ticket:", "  relations:", f"    blocked_by: [{', '.join(earlier)}]"]
        lines += ["---", ""]
        full_title = title if number % 10 else f"{title}: part {number}"
        yield Entry(ulid, full_title, state), ("\n".join(lines) + _body(rng, stock, number)).encode()


def git(repository: Path, environment: Mapping[str, str], *arguments: str, stdin: str = "") -> str:
    """Runs Git in a repository and returns what it printed."""
    done = subprocess.run(
        ["git", *arguments],
        cwd=repository,
        env=environment,
        input=stdin,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return done.stdout


def _load(repository: Path, environment: Mapping[str, str], stream: Iterator[bytes]) -> None:
    """Makes an empty repository and feeds it a `git fast-import` stream."""
    repository.mkdir(parents=True)
    git(repository, environment, "init", "-q", "-b", "main")
    loader = subprocess.Popen(
        ["git", "fast-import", "--quiet", "--done"], cwd=repository, env=environment, stdin=subprocess.PIPE
    )
    assert loader.stdin
    loader.stdin.writelines(stream)
    loader.stdin.close()
    if loader.wait():
        raise RuntimeError("git fast-import failed")


def _data(data: bytes) -> bytes:
    return b"data %d\n%s\n" % (len(data), data)


def generate(repository: Path, count: int, environment: Mapping[str, str], seed: int = 1) -> list[Entry]:
    """Makes a repository with `count` tickets in one commit; index.json is the program's to make.

    Blobs go in as a pack and the tree is written apart, because `git fast-import` looks for
    a path by walking through its folder, which is quadratic in one folder of 100,000 files.
    """
    entries: list[Entry] = []
    rows: list[str] = []

    def stream() -> Iterator[bytes]:
        for entry, data in tickets(count, seed):
            entries.append(entry)
            name = hashlib.sha1(b"blob %d\0%s" % (len(data), data), usedforsecurity=False).hexdigest()
            rows.append(f"100644 blob {name}\t{entry.id}.md\n")
            yield b"blob\n" + _data(data)
        yield b"done\n"

    _load(repository, environment, stream())
    tree = git(repository, environment, "mktree", stdin="".join(rows)).strip()
    for folder in reversed(TICKETS.split("/")):
        tree = git(repository, environment, "mktree", stdin=f"040000 tree {tree}\t{folder}\n").strip()
    commit = git(repository, environment, "commit-tree", "-m", "Import the tickets", tree).strip()
    git(repository, environment, "update-ref", "refs/heads/main", commit)
    git(repository, environment, "-c", "checkout.workers=2", "checkout", "-q", "-f", "main")
    return entries


def generate_history(
    repository: Path, count: int, commits: int, environment: Mapping[str, str], seed: int = 1
) -> list[Entry]:
    """Makes a repository in which `count` tickets came and changed in `commits` commits.

    Each ticket is added by a commit of its own, in order of id, and the other commits add a
    line to a random earlier one. index.json is left out of these commits: its versions would
    make tens of gigabytes, and dates do not look at it.
    """
    rng = random.Random(f"history {seed} {count} {commits}")
    made = list(tickets(count, seed))
    contents = [data for _, data in made]
    later = ["new"] * (count - 1) + ["change"] * (commits - count)
    rng.shuffle(later)

    def stream() -> Iterator[bytes]:
        added = 0
        for number, change in enumerate(["new", *later]):
            seconds = (FIRST_MS + number * (SPAN_MS // commits)) // 1000
            if change == "new":
                position, message = added, b"ticket: create"
                added += 1
            else:
                position, message = rng.randrange(added), b"ticket: update"
                contents[position] += b"\nLooked at again in commit %d.\n" % number
            path = made[position][0].path.encode()
            yield b"commit refs/heads/main\ncommitter Bench <bench@example.invalid> %d +0000\n" % seconds
            yield _data(message) + b"M 100644 inline %s\n" % path + _data(contents[position])
        yield b"done\n"

    _load(repository, environment, stream())
    git(repository, environment, "checkout", "-q", "-f", "main")
    return [entry for entry, _ in made]


def settle(repository: Path, environment: Mapping[str, str]) -> None:
    """Lets Git's index and the files' times drift apart, as they are in a repository at rest.

    Files written within the second of the index are *racy*: Git reads their content again
    and again until the index is rewritten in a later second.
    """
    time.sleep(1.1)
    git(repository, environment, "status", "--porcelain")


def copy(source: Path, target: Path, environment: Mapping[str, str]) -> Path:
    """Copies a repository, times included, and settles the copy."""
    subprocess.run(["cp", "-a", str(source), str(target)], check=True)
    settle(target, environment)
    return target
