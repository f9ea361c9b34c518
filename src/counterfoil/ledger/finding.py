"""What an examination of a ledger says: findings, which alarm, and notes, which do not.

An examination never stops at the first thing that is wrong and never raises over what it examines. Damage
that repeats itself a million times is told a few times and then counted, so a report stays readable
and memory flat.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ERROR = "error"
NOTE = "note"
TOLD_MAX = 10
"""How many findings of one code are told one by one."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found.

    Attributes:
        code: stable machine name, such as `receipt_edited`; docs/protocol/ledger.md lists them all.
        severity: `error` or `note`.
        where: the receipt, stream, checkpoint or commit that it is about.
        message: what is the matter, in one line.
        hint: what to do next, in one line that names the command to type.
    """

    code: str
    severity: str
    where: str
    message: str
    hint: str

    def as_data(self) -> dict[str, str]:
        """Returns the finding as a JSON object."""
        return asdict(self)


class Findings:
    """Findings as they are made; of each code the first `TOLD_MAX` are kept and the rest counted."""

    def __init__(self) -> None:
        self._told: list[Finding] = []
        self._counts: dict[tuple[str, str], int] = {}

    def error(self, code: str, where: str, message: str, hint: str) -> None:
        """Adds what alarms."""
        self._add(Finding(code, ERROR, where, message, hint))

    def note(self, code: str, where: str, message: str, hint: str = "") -> None:
        """Adds what should be known and does not alarm."""
        self._add(Finding(code, NOTE, where, message, hint))

    def _add(self, finding: Finding) -> None:
        kind = finding.severity, finding.code
        self._counts[kind] = self._counts.get(kind, 0) + 1
        if self._counts[kind] <= TOLD_MAX:
            self._told.append(finding)

    def has(self, code: str) -> bool:
        """Tells whether there is a finding of this code."""
        return any(known == code for _, known in self._counts)

    @property
    def errors(self) -> list[Finding]:
        """Everything that alarms, in the order in which it was found."""
        return list(self._of(ERROR))

    @property
    def notes(self) -> list[Finding]:
        """Everything that does not."""
        return list(self._of(NOTE))

    def _of(self, severity: str) -> Iterator[Finding]:
        yield from (finding for finding in self._told if finding.severity == severity)
        for (kind, code), count in self._counts.items():
            if kind == severity and count > TOLD_MAX:
                more = count - TOLD_MAX
                yield Finding(code, severity, "", f"the same {more} more time{'s'[: more > 1]}", "")
