"""Rows of results: how a figure is put against its target, and how the table is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from measure import Sample, Spread, over_git, ratio, spread

TICKETS, RECEIPTS, PROPOSALS = "tickets", "receipts", "proposals"
"""What the sizes of a section's rows count."""


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        section: the heading that it stands under.
        command: what was measured.
        size: how many of `counted` there were; 0 where it does not matter.
        cpu: milliseconds of user + system time.
        wall: milliseconds until the command exited.
        relative: the figure that the target speaks of, with its unit.
        target: the bound, or an empty string where there is none.
        met: whether the median keeps the bound; None without one.
        counted: what the size counts.
    """

    section: str
    command: str
    size: int
    cpu: Spread | None
    wall: Spread | None
    relative: str
    target: str = ""
    met: bool | None = None
    counted: str = TICKETS

    def cells(self) -> tuple[str, ...]:
        """Returns the texts of the seven columns."""
        verdict = {True: "yes", False: "**no**", None: ""}[self.met]
        cells = (_milliseconds(self.cpu), _milliseconds(self.wall), self.relative, self.target, verdict)
        return (self.command, f"{self.size:,}" if self.size else "", *cells)


def _milliseconds(value: Spread | None) -> str:
    if value is None:
        return ""
    digits = 3 if value.median < 1 else 1 if value.median < 100 else 0
    if value.low == value.high:
        return f"{value.median:.{digits}f}"
    return f"{value.median:.{digits}f} ({value.low:.{digits}f}–{value.high:.{digits}f})"


def times(samples: Sequence[Sample]) -> tuple[Spread, Spread]:
    """Returns processor and wall time in milliseconds."""
    return spread([sample.cpu * 1e3 for sample in samples]), spread([sample.wall * 1e3 for sample in samples])


def cpus(samples: Sequence[Sample]) -> list[float]:
    """Returns the processor times in seconds."""
    return [sample.cpu for sample in samples]


def in_bare(
    section: str,
    command: str,
    size: int,
    costs: Sequence[Sample],
    bares: Sequence[Sample],
    limit: float | None,
) -> Row:
    """Puts a command against P, a bare start of the interpreter."""
    figure = ratio(cpus(costs), cpus(bares))
    target = "" if limit is None else f"≤ {limit:g} P"
    met = None if limit is None else figure.median <= limit
    return Row(section, command, size, *times(costs), f"{figure.median:.2f} P", target, met)


def in_git(
    section: str,
    command: str,
    size: int,
    costs: Sequence[Sample],
    gits: Sequence[Sample],
    bares: Sequence[Sample],
    limit: float | None,
    allowance: float,
) -> Row:
    """Puts a writing command against `limit` G + `allowance` P, G being Git's cost of the same commit."""
    figure = over_git(cpus(costs), cpus(gits), cpus(bares), allowance)
    target = "" if limit is None else f"≤ {limit:g} G + {allowance:g} P"
    relative = f"{figure.median:.2f} G + {allowance:g} P"
    met = None if limit is None else figure.median <= limit
    return Row(section, command, size, *times(costs), relative, target, met)


def more(
    section: str,
    command: str,
    size: int,
    costs: Sequence[Sample],
    without: Sequence[Sample],
    bares: Sequence[Sample],
    limit: float,
) -> Row:
    """Puts what one command costs more than another against P; the times are the dearer one's."""
    figure = spread(
        [
            (cost - plain) / bare
            for cost, plain, bare in zip(cpus(costs), cpus(without), cpus(bares), strict=True)
        ]
    )
    relative = f"{figure.median:+.2f} P"
    return Row(section, command, size, *times(costs), relative, f"≤ +{limit:g} P", figure.median <= limit)


def in_seconds(section: str, command: str, size: int, costs: Sequence[Sample], limit: float | None) -> Row:
    """Puts a command against a fixed number of processor seconds."""
    cpu, wall = times(costs)
    figure = cpu.median / 1e3
    target = "" if limit is None else f"≤ {limit:g} s"
    return Row(
        section,
        command,
        size,
        cpu,
        wall,
        f"{figure:.3f} s",
        target,
        None if limit is None else figure <= limit,
    )


def peak(section: str, command: str, size: int, costs: Sequence[Sample], limit_mib: float | None) -> Row:
    """Puts the largest peak memory of all runs against a bound."""
    figure = max(sample.rss_kib for sample in costs) / 1024
    target = "" if limit_mib is None else f"≤ {limit_mib:g} MiB"
    met = None if limit_mib is None else figure <= limit_mib
    return Row(section, command, size, None, None, f"{figure:.1f} MiB", target, met)


def factor(section: str, command: str, size: int, large: float, small: float, limit: float) -> Row:
    """Puts the growth of a cost from one size to a ten times larger one against linear."""
    figure = large / small
    return Row(section, command, size, None, None, f"× {figure:.2f}", f"≤ × {limit:g}", figure <= limit)


# --- rows of the ledger ------------------------------------------------------------------------


def basis(section: str, name: str, size: int, samples: Sequence[Sample]) -> Row:
    """Shows what others are put against."""
    return Row(section, name, size, *times(samples), "1", counted=RECEIPTS)


def share(
    section: str,
    name: str,
    size: int,
    mine: Sequence[Sample],
    bases: Sequence[Sample],
    least: float | None,
    *,
    by_wall: bool = False,
) -> Row:
    """Puts how fast something is against how fast its baseline was right before.

    By processor time, or `by_wall` where both wait for a disk or for each other.
    """
    of = walls if by_wall else cpus
    figure = ratio(of(bases), of(mine)).median
    target = "" if least is None else f"≥ {least:g}"
    met = None if least is None else figure >= least
    return Row(section, name, size, *times(mine), f"{figure:.2f}", target, met, RECEIPTS)


def at_most(
    section: str, name: str, size: int, figure: float, unit: str, most: float | None, counted: str = RECEIPTS
) -> Row:
    """Puts one number against a bound that does not depend on the machine."""
    target = "" if most is None else f"≤ {_plain(most)} {unit}"
    text = _plain(figure) if figure >= 100 else f"{figure:.2f}"
    met = None if most is None else figure <= most
    return Row(section, name, size, None, None, f"{text} {unit}", target, met, counted)


def _plain(figure: float) -> str:
    return f"{figure:,.0f}" if figure >= 100 else f"{figure:.3g}"


def walls(samples: Sequence[Sample]) -> list[float]:
    """Returns the wall times in seconds."""
    return [sample.wall for sample in samples]


def as_data(row: Row) -> dict[str, Any]:
    """Returns a row as JSON data, for another process."""
    return asdict(row)


def of_data(data: dict[str, Any]) -> Row:
    """Returns the row that `as_data` took apart."""
    times = {name: data[name] and Spread(**data[name]) for name in ("cpu", "wall")}
    return Row(**{**data, **times})


# --- the table ---------------------------------------------------------------------------------


def unmet(rows: Sequence[Row]) -> list[Row]:
    """Returns the rows whose target is missed."""
    return [row for row in rows if row.met is False]


def sections(rows: Sequence[Row]) -> list[str]:
    """Returns the headings in the order in which they first appear."""
    return list(dict.fromkeys(row.section for row in rows))


def headings(counted: str) -> tuple[str, ...]:
    """Returns the names of the seven columns."""
    return ("command", counted, "CPU, ms", "wall, ms", "relative", "target", "met")


def markdown(rows: Sequence[Row]) -> str:
    """Writes the tables, one under each heading; readable as plain text too."""
    parts: list[str] = []
    cells_of_all = [
        *[headings(counted) for counted in (TICKETS, RECEIPTS, PROPOSALS)],
        *[row.cells() for row in rows],
    ]
    widths = [max(len(cells[column]) for cells in cells_of_all) for column in range(7)]
    for section in sections(rows):
        mine = [row for row in rows if row.section == section]
        lines = [headings(mine[0].counted), tuple("-" * width for width in widths)]
        lines += [row.cells() for row in mine]
        parts.append(f"### {section}\n")
        for cells in lines:
            padded = [
                cell.ljust(width) if column in (0, 5, 6) else cell.rjust(width)
                for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
            ]
            parts.append(f"| {' | '.join(padded)} |")
        parts.append("")
    return "\n".join(parts)
