"""Prepares what is measured: a clean environment, and repositories in a stated condition."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from corpus import Entry, copy, generate, git, settle
from measure import Meter, Sample

IDENTITY = "[user]\n\tname = Bench\n\temail = bench@example.invalid\n[init]\n\tdefaultBranch = main\n"
NO_PACKING = "[gc]\n\tauto = 0\n"

NEXT_STATE = {"backlog": "ready", "ready": "in_progress", "in_progress": "ready", "blocked": "ready"}


def environment(home: Path, command: Path, *, packing: bool) -> dict[str, str]:
    """Returns the variables of every measured process: nothing of the caller's but PATH.

    Args:
        home: a folder for HOME, made here, with a Git identity in it.
        command: the installed `ticket`, whose folder comes first on PATH (hooks look there).
        packing: whether Git may pack by itself, as it does by default.
    """
    home.mkdir(parents=True, exist_ok=True)
    (home / ".gitconfig").write_text(IDENTITY + ("" if packing else NO_PACKING))
    return {
        "HOME": str(home),
        "PATH": os.pathsep.join([str(command.parent), os.environ.get("PATH", os.defpath)]),
        "LC_ALL": "C.UTF-8",
        "GIT_CONFIG_NOSYSTEM": "1",
    }


@dataclass
class Site:
    """A repository under measurement, and what is known of its tickets.

    Attributes:
        path: the top of the working tree.
        entries: the tickets that the generator made, in order of id.
        states: id → state; whoever moves a ticket notes it here.
    """

    path: Path
    entries: list[Entry]
    states: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.states = self.states or {entry.id: entry.state for entry in self.entries}

    def shuffled(self, *states: str, seed: int = 7) -> Iterator[Entry]:
        """Yields the tickets that are in one of the states when their turn comes, in a fixed wild order."""
        order = list(self.entries)
        random.Random(seed).shuffle(order)
        return (entry for entry in order if self.states[entry.id] in states)

    def forget_cache(self) -> None:
        """Deletes what the program derived and may derive again."""
        for name in CACHES:
            for file in (self.path / ".git").glob(name):
                file.unlink()


CACHES = ("counterfoil/cache/*",)
"""Where the derived cache lies, below the common Git folder."""


class Yard:
    """Makes the repositories of one run below one folder."""

    def __init__(self, folder: Path, command: Path, meter: Meter, env: dict[str, str]) -> None:
        self.folder = folder
        self.command = command
        self.meter = meter
        self.env = env

    def ticket(self, site: Site | Path, *arguments: str, stdin: Path | None = None) -> Sample:
        """Runs the installed command in a repository."""
        path = site.path if isinstance(site, Site) else site
        return self.meter.run([str(self.command), *arguments], path, stdin=stdin)

    def one_after_another(self, site: Site, runs: Iterator[list[str]]) -> Callable[[], Sample]:
        """Returns an action that runs the command with the next arguments each time."""
        return lambda: self.ticket(site, *next(runs))

    def make(self, count: int) -> Site:
        """Makes a repository of `count` tickets, set up by `ticket init`, at rest, with a warm cache."""
        path = self.folder / f"tickets-{count}"
        site = Site(path, generate(path, count, self.env))
        self.adopt(site)
        return site

    def adopt(self, site: Site) -> None:
        """Lets `ticket init` set a repository up and commits what it left."""
        self.ticket(site, "init")
        self.ticket(site, "rebuild-index")
        if git(site.path, self.env, "status", "--porcelain"):
            git(site.path, self.env, "add", "-A")
            git(site.path, self.env, "commit", "-q", "-m", "Set the tickets up")
        settle(site.path, self.env)
        self.ticket(site, "list")

    def copy(self, site: Site, name: str) -> Site:
        """Copies a repository, at rest and with a warm cache, for somebody to write in."""
        target = copy(site.path, self.folder / f"{site.path.name}-{name}", self.env)
        copied = Site(target, site.entries, dict(site.states))
        self.ticket(copied, "list")
        return copied

    def remove(self, *sites: Site) -> None:
        """Deletes repositories that are not needed any more."""
        for site in sites:
            shutil.rmtree(site.path)


class Mirror:
    """Git's own way to the commits of another repository: the baseline G.

    After each command in the measured repository, its commit's files are put into this one and
    committed with `git add && git commit -q -m`, under the same subject. The files are written
    as the program writes them, beside their place and renamed, so that Git finds them alike.
    """

    def __init__(self, yard: Yard, source: Site, target: Site) -> None:
        self._yard = yard
        self._source = source
        self.target = target

    def follow(self) -> Sample:
        """Commits what the source's latest commit did and returns what that cost."""
        env = self._yard.env
        subject, _, rest = git(self._source.path, env, "show", "--format=%s", "--name-only").partition("\n")
        paths = rest.split()
        if len(paths) != 2 or ".tickets/index.json" not in paths:
            raise RuntimeError(f"not a ticket and index.json, but {paths} in {subject!r}")
        for path in paths:
            target = self.target.path / path
            beside = target.with_name("beside")
            shutil.copyfile(self._source.path / path, beside)
            os.replace(beside, target)
        add = self._yard.meter.run(["git", "add", "--", *paths], self.target.path)
        return add + self._yard.meter.run(["git", "commit", "-q", "-m", subject], self.target.path)
