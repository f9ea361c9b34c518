"""Samples of work that is done in this process, and what the ledger's benches write."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

from measure import Sample

from counterfoil.ledger.receipt import Draft
from counterfoil.usecases import kinds

LEDGER = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
NOW_MS = 1_900_000_000_000
_keys = count()


def timed(work: Callable[[], object], per: int = 1) -> Sample:
    """Does something and returns what it cost, divided by the number of things that it did."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return Sample(cpu / per, wall / per, wall / per, 0, 1, 0)


def peak_kib() -> int:
    """Returns the largest memory that this process has had, in KiB.

    The kernel's account of a process begins with what its parent had; that of its address space does not.
    """
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines()
        return int(next(line.split()[1] for line in lines if line.startswith("VmHWM:")))
    except (OSError, StopIteration):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def notes(stream: str, number: int) -> list[Draft]:
    """Returns drafts of different notes with a body of 140 bytes, the salt not counted."""
    return [
        Draft(stream, kinds.NOTED, "human:ada", {"n": next(_keys), "text": "x" * 119},
              key=os.urandom(12).hex(), salt=os.urandom(16).hex())
        for _ in range(number)
    ]  # fmt: skip


def moves(streams: int) -> Iterator[Draft]:
    """Yields drafts as tickets that are moved by turns make them, with bodies of about 140 bytes."""
    for number in count():
        ticket = f"01ARZ3NDEKTSV4RRFFQ69{number // 2 * 7 % streams:05d}"
        body = {"command": f"01ARZ3NDEKTSV4RRFFQ{number:07d}", "project": "", "ticket": ticket}
        yield Draft(
            f"ticket/{ticket}", kinds.APPLIED if number % 2 else kinds.INTENDED,
            ("human:ada", "agent:builder")[number % 3 == 0], body, key=f"{number}", salt=f"{number:032x}",
        )  # fmt: skip


def percentile(values: list[float], percent: int) -> float:
    """Returns the value that so many of a hundred do not exceed."""
    return sorted(values)[min(len(values) - 1, len(values) * percent // 100)]
