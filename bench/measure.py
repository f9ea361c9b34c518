"""Samples, paired statistics, and the client of `meter.py`.

Everything here is arithmetic or plumbing and knows nothing of tickets. A figure is only
ever compared with a baseline that ran right before it, on the same machine in the same
state: `paired` alternates the two, and ratios are taken pair by pair before the median,
so that a machine that slows down half-way slows both sides of each pair.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles

METER = Path(__file__).with_name("meter.py")
SECONDS_MAX = 300


@dataclass(frozen=True)
class Sample:
    """What one run of a command cost.

    Attributes:
        cpu: user + system seconds of the command and all that it started.
        wall: seconds until the command itself exited.
        settled: seconds until its last descendant exited.
        rss_kib: largest peak resident memory of any one of its processes.
        processes: how many of them were reaped by the meter; more than 1 means detached ones.
        status: exit status, negative for a signal.
    """

    cpu: float
    wall: float
    settled: float
    rss_kib: int
    processes: int
    status: int

    def __add__(self, other: Sample) -> Sample:
        """Returns the bill for both, one after the other (`git add && git commit`)."""
        return Sample(
            self.cpu + other.cpu,
            self.wall + other.wall,
            self.settled + other.settled,
            max(self.rss_kib, other.rss_kib),
            self.processes + other.processes,
            self.status or other.status,
        )


class CommandFailed(Exception):
    """A measured command did not exit with the status that its row expects."""


class Meter:
    """A running `meter.py`; use as a context manager.

    Attributes:
        output: standard output of the latest command.
        errors: standard error of the latest command.
        detached: whether processes that detach themselves are counted (Linux).
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = dict(environment)
        self._folder = tempfile.mkdtemp(prefix="counterfoil-meter-")
        self._server = subprocess.Popen(
            [os.path.realpath(sys._base_executable), "-S", "-I", str(METER)],  # type: ignore[attr-defined]
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=self._environment,
        )
        self.output = Path(self._folder, "output")
        self.errors = Path(self._folder, "errors")
        self.detached = False

    def __enter__(self) -> Meter:
        return self

    def __exit__(self, *_exception: object) -> None:
        assert self._server.stdin
        self._server.stdin.close()
        self._server.wait()
        shutil.rmtree(self._folder)

    def run(self, argv: Sequence[str], cwd: Path, *, stdin: Path | None = None, status: int = 0) -> Sample:
        """Runs a command and returns what it cost.

        Raises:
            CommandFailed: it exited otherwise than with `status`.
        """
        program = shutil.which(argv[0], path=self._environment["PATH"])
        if program is None:
            raise CommandFailed(f"{argv[0]} is not installed")
        request = {
            "argv": [program, *argv[1:]],
            "cwd": str(cwd),
            "env": self._environment,
            "stdin": str(stdin or os.devnull),
            "stdout": str(self.output),
            "stderr": str(self.errors),
            "seconds_max": SECONDS_MAX,
        }
        assert self._server.stdin
        assert self._server.stdout
        self._server.stdin.write(json.dumps(request) + "\n")
        self._server.stdin.flush()
        answer = json.loads(self._server.stdout.readline())
        self.detached = answer.pop("detached")
        sample = Sample(**answer)
        if sample.status != status:
            words = self.errors.read_text(errors="replace")[-2000:]
            raise CommandFailed(
                f"{' '.join(argv)} in {cwd} exited with {sample.status}, not {status}\n{words}"
            )
        return sample


Action = Callable[[], Sample]


def paired(rounds: int, *actions: Action, warm_up: int = 1) -> list[tuple[Sample, ...]]:
    """Runs the actions one after the other, `rounds` times over (A B A B …).

    Args:
        rounds: how many tuples of samples to return.
        actions: what to run in each round, in this order.
        warm_up: rounds that are run first and thrown away.
    """
    samples = [tuple([action() for action in actions]) for _ in range(warm_up + rounds)]
    return samples[warm_up:]


@dataclass(frozen=True)
class Spread:
    """A median with the quartiles around it."""

    median: float
    low: float
    high: float


def spread(values: Sequence[float]) -> Spread:
    """Returns the median and the quartiles (inclusive method: they are never outside of the data)."""
    if len(values) == 1:
        return Spread(values[0], values[0], values[0])
    low, middle, high = quantiles(values, n=4, method="inclusive")
    return Spread(middle, low, high)


def ratio(costs: Sequence[float], units: Sequence[float]) -> Spread:
    """Returns the spread of cost per unit, taken pair by pair."""
    return spread([cost / unit for cost, unit in zip(costs, units, strict=True)])


def over_git(
    costs: Sequence[float], gits: Sequence[float], bares: Sequence[float], allowance: float
) -> Spread:
    """Returns what remains of a write's cost after `allowance` P, in units of its own G.

    The target `cost ≤ k·G + a·P` holds exactly if this is at most k.
    """
    return spread(
        [(cost - allowance * bare) / git for cost, git, bare in zip(costs, gits, bares, strict=True)]
    )
