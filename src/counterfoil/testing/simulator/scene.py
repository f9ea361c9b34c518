"""What a run knows of itself: the world, the seed's chance, and what was done outside of the program."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from counterfoil.gate import events
from counterfoil.gate.proposal import STREAM
from counterfoil.testing.memory_files import DRAFT_END
from counterfoil.tickets import index

if TYPE_CHECKING:
    from counterfoil.testing.simulator.world import World

ACTORS = ("human:ada", "agent:bot", "agent:eve", "human:bob")
HOUR_MS = 3_600_000


class Scene:
    """One run as it goes.

    Attributes:
        loose: paths that may differ from HEAD: left so by `--no-commit`, or by a person.
        touched: paths of tickets that somebody changed outside of the program, or carried from branch to branch.
        handmade: commits that a person made.
        amended: whether a person has rewritten the latest commit.
        disturbed: whether a person has committed what a dead process had left half done; the index in that
            commit is as it was then, until the next change of the index.
        branched: whether somebody went to another branch.
        lost: whether the ledger was deleted.
        outage: whether the ledger could not be reached for a while.
        crashes, commands: how many there were.
    """

    def __init__(self, world: World, seed: str) -> None:
        self.world = world
        self.chance = random.Random(f"{seed}/deeds")
        self.loose: set[str] = set()
        self.touched: set[str] = set()
        self.handmade: set[str] = set()
        self.amended = False
        self.disturbed = False
        self.branched = False
        self.lost = False
        self.outage = False
        self.hidden = False
        self.refusing = False
        self.holding = False
        self.crashes = 0
        self.commands = 0
        self.lines: list[str] = []

    def tell(self, words: str) -> None:
        """Adds a line to the trace."""
        self.lines.append(f"{self.world.clock.utc(self.world.clock.ms)} {words}")

    def pass_time(self) -> None:
        """Lets some time go by: what a process takes to start, seconds, or hours in which leases lapse."""
        self.world.clock.ms += 1
        kind = self.chance.random()
        if kind < 0.1:
            return
        self.world.clock.ms += (
            self.chance.randint(1, 60_000) if kind < 0.9 else self.chance.randint(1, 3 * HOUR_MS)
        )

    def tickets(self) -> list[str]:
        """Returns the ids of the tickets in the working tree, oldest first."""
        return sorted(
            name[:-3] for name in self.world.work.names(index.TICKETS) if index.is_called_ticket(name)
        )

    def proposals(self) -> list[str]:
        """Returns the ids of the proposals in the ledger, oldest first."""
        store = self.world.store()
        if store is None:
            return []
        return [
            receipt.stream.removeprefix(STREAM) for receipt in store.log() if receipt.kind == events.OPENED
        ]

    def latest(self) -> str:
        """Returns the ticket whose file was written last."""
        return max(self.tickets(), key=lambda ticket: self._written(f"{index.TICKETS}/{ticket}.md"))

    def _written(self, path: str) -> tuple[int, int]:
        signature = self.world.work.signature(path)
        return (0, 0) if signature is None else (signature[0], signature[2])

    def changed(self) -> set[str]:
        """Returns the paths that Git finds changed, staged or untracked."""
        told = self.world.git.read(
            "status", "--porcelain", "-z", "--untracked-files=all", "--no-renames", "--", index.FOLDER
        )
        return {line[3:].decode() for line in told.split(b"\0") if line}

    def drafts(self) -> set[str]:
        """Returns the drafts that dead processes have left among the project's files."""
        work = self.world.work
        there = [
            f"{folder}/{name}" for folder in (index.FOLDER, index.TICKETS) for name in work.names(folder)
        ]
        return {path for path in there if path.endswith(DRAFT_END)}

    def files(self) -> dict[str, bytes | None]:
        """Returns what the project's files hold."""
        work = self.world.work
        names = [f"{index.TICKETS}/{name}" for name in work.names(index.TICKETS)]
        return {name: work.read(name) for name in [*names, index.FILE, f"{index.FOLDER}/config.yml"]}
