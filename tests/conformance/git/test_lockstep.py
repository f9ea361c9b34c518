"""The real Git and the one in memory go through the same random days and must tell the same of each."""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING

import pytest
from conformance.git.worlds import GitWorld, MemoryWorld, RealWorld

from counterfoil.errors import HostError

if TYPE_CHECKING:
    from pathlib import Path

STEPS = 30
NAMES = [".tickets/index.json", ".tickets/tickets/A.md", ".tickets/tickets/B.md", "src/a.py", "src.py"]
QUESTIONS: list[tuple[str, ...]] = [
    ("rev-parse", "-q", "--verify", "HEAD^{tree}"),
    ("status", "--porcelain", "-z", "--untracked-files=all", "--no-renames"),
    ("ls-files", "-s", "-z"),
    ("log", "--format=%H %T %P %ct %s", "--name-only", "-z", "--no-renames", "HEAD"),
    ("log", "--format=%x01%H", "--raw", "-z", "--no-abbrev", "--no-renames", "HEAD", "--", ".tickets"),
    ("for-each-ref", "--format=%(refname) %(objectname)"),
    ("rev-list", "--count", "HEAD"),
]


def step(world: GitWorld, choice: random.Random, number: int) -> object:
    """Takes one step and returns what it answered."""
    deed = choice.choice(
        ["write", "write", "remove", "commit", "commit", "add", "by hand", "amend", "branch", "switch"]
    )
    names = choice.sample(NAMES, choice.randint(1, 3))
    if deed == "write":
        return world.write(names[0], f"text {number}\n")
    if deed == "remove":
        return world.files.remove(names[0])
    if deed == "commit":
        there = [
            name for name in names if world.files.exists(name) or world.git.run("ls-files", "--", name).stdout
        ]
        try:
            return (
                world.commit(*there, message=f"ticket: {number}\n\nTicket-Actor: human:ada\n")
                if there
                else None
            )
        except HostError as error:
            return error.code
    if deed == "add":
        return world.git.run("add", "-A", env={}).status
    if deed == "by hand":
        return world.git.run("commit", "-q", "-a", "-m", f"by hand {number}", env={}).status
    if deed == "amend":
        return (
            world.git.run("commit", "-q", "--amend", "-a", "--no-edit", env={}).status if number % 2 else None
        )
    if deed == "branch":
        return world.git.run("checkout", "-q", "-b", f"branch-{number % 3}", env={}).status
    return world.git.run("checkout", "-q", choice.choice(["main", "branch-0", "branch-1"]), env={}).status


@pytest.mark.parametrize("seed", range(8))
def test_the_same_days_leave_the_same_history(seed: int, tmp_path: Path) -> None:
    worlds: list[GitWorld] = [MemoryWorld(), RealWorld(tmp_path / "repository", dict(os.environ))]
    for world in worlds:
        world.write("begin", "begin\n")
        world.commit("begin")
    for number in range(STEPS):
        told = []
        for world in worlds:
            world.pass_seconds(1 + number % 3)
            answer = step(world, random.Random(f"{seed}/{number}"), number)
            seen = [bytes(world.git.run(*question).stdout) for question in QUESTIONS]
            told.append((answer, world.git.head(), world.git.branch(), seen))
        assert told[0] == told[1], f"seed {seed}, step {number}"
