"""One run of the benchmark: its tools, how patient it is, and what it has found so far."""

from __future__ import annotations

import os
import statistics
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from measure import CommandFailed, Sample, paired
from repositories import Yard
from table import Row, in_bare

BARE = (os.path.realpath(sys._base_executable), "-S", "-I", "-c", "pass")  # type: ignore[attr-defined]
"""P: the real interpreter, without site packages, doing nothing; never a version manager's shim."""


class WrongAnswer(Exception):
    """A command exited well but did not say what it should have."""


def expect(condition: bool, answer: str) -> None:
    """Fails a measurement whose command answered wrongly, so that a fast wrong answer is not a fast one.

    Raises:
        WrongAnswer: with the beginning of the answer.
    """
    if not condition:
        raise WrongAnswer(f"wrong answer: {answer[:200]!r}")


def nothing() -> None:
    """Prepares nothing."""


@dataclass
class Bench:
    """The state of a run.

    Attributes:
        yard: makes repositories and runs the command in them; Git packs nothing by itself there.
        packing: the same with Git's own settings.
        reads: rounds for commands that only read.
        writes: rounds for commands that commit.
        rows: the results.
        costs: (command, tickets) → median processor seconds, for the growth table.
    """

    yard: Yard
    packing: Yard
    reads: int
    writes: int
    rows: list[Row] = field(default_factory=list)
    costs: dict[tuple[str, int], float] = field(default_factory=dict)

    def bare(self) -> Sample:
        """Runs P once."""
        return self.yard.meter.run(BARE, self.yard.folder)

    def add(self, row: Row) -> None:
        """Keeps a row and prints it at once, since a whole run takes minutes."""
        self.rows.append(row)
        print("  ".join(cell for cell in row.cells() if cell), file=sys.stderr, flush=True)

    def remember(self, command: str, size: int, samples: Sequence[Sample]) -> None:
        """Keeps a cost for the growth table."""
        self.costs[command, size] = statistics.median(sample.cpu for sample in samples)

    @contextmanager
    def attempt(self, section: str, command: str, size: int) -> Iterator[None]:
        """Turns a command that fails or answers wrongly into a row that says so; the run goes on."""
        try:
            yield
        except (CommandFailed, WrongAnswer) as error:
            print(f"{command}: {error}", file=sys.stderr)
            lines = str(error).splitlines()
            reason = next((line for line in lines if line.startswith("error: ")), lines[0])
            relative = f"failed: {reason[:60].replace('|', '¦')}"
            self.add(Row(section, command, size, None, None, relative, "works", met=False))

    def against_bare(
        self,
        section: str,
        command: str,
        size: int,
        subject: Callable[[], Sample],
        limit: float | None = None,
        *,
        check: Callable[[str], bool] = bool,
        before: Callable[[], None] = nothing,
        rounds: int | None = None,
    ) -> list[Sample]:
        """Measures a reading command against P.

        Args:
            section: the heading of its row.
            command: the name of its row.
            size: tickets in the repository.
            subject: runs it once.
            limit: the most it may cost, in P.
            check: tells whether its standard output is right; asked once, ahead of the measuring.
            before: what is done, unmeasured, ahead of each run.
            rounds: how many pairs, if not the usual number.
        """
        costs: list[Sample] = []
        with self.attempt(section, command, size):
            before()
            subject()
            answer = self.yard.meter.output.read_text()
            expect(check(answer), answer)

            def prepared() -> Sample:
                before()
                return subject()

            pairs = paired(rounds or self.reads, self.bare, prepared)
            costs += [cost for _, cost in pairs]
            self.add(in_bare(section, command, size, costs, [bare for bare, _ in pairs], limit))
            self.remember(command, size, costs)
        return costs
