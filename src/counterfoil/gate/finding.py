"""What the searches for secrets and for personal data have in common. On the hot path.

A finding and its place, runs of an alphabet, and the one opinion on what is no secret but
visibly stands in for one: `<your token>`, `${TOKEN}`, `********`, `ghp_xxxx…`.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    Span = tuple[int, int, str]
    """Where a finding begins and ends in the text, and its rule."""

DIGITS = "0123456789"
LETTERS_AND_DIGITS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" + DIGITS

_DIGIT_SET = frozenset(DIGITS)
_STANDINS = ("xxxx", "****", "....", "…", "•", "your-", "your_")
_STANDIN_OPENERS = "<${[(*"
_FILLERS = frozenset("x0*.-_")


class Finding:
    """One place that a rule objects to. Never carries what it found.

    Attributes:
        rule: a key of `redact.RULES` or of `personal.RULES`.
        line, column: 1-based, in characters of the text that was looked at.
    """

    __slots__ = ("column", "line", "rule")

    def __init__(self, rule: str, line: int, column: int) -> None:
        self.rule = rule
        self.line = line
        self.column = column

    def as_data(self) -> dict[str, object]:
        """Returns the finding as a JSON object."""
        return {"rule": self.rule, "line": self.line, "column": self.column}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Finding) and self.as_data() == other.as_data()

    def __hash__(self) -> int:
        return hash((self.rule, self.line, self.column))

    def __repr__(self) -> str:
        return f"Finding({self.rule!r}, {self.line}, {self.column})"


def located(text: str, spans: Iterable[Span]) -> list[Finding]:
    """Turns spans, sorted by their beginning, into findings; walks the text once."""
    findings = []
    line, line_start, seen = 1, 0, 0
    for start, _end, rule in spans:
        line += text.count("\n", seen, start)
        line_start = text.rfind("\n", seen, start) + 1 or line_start
        seen = start
        findings.append(Finding(rule, line, start - line_start + 1))
    return findings


def run_end(text: str, start: int, alphabet: str) -> int:
    """Returns where the run of `alphabet` that begins at `start` ends, in growing windows."""
    width = 64
    while True:
        window = text[start : start + width]
        length = len(window) - len(window.lstrip(alphabet))
        if length < width:
            return start + length
        width *= 4


def is_standin(value: str) -> bool:
    """Tells whether a value is visibly there in place of one."""
    low = value.lower()
    return (
        not value
        or value[0] in _STANDIN_OPENERS
        or low.startswith("your")
        or (value[0] == value[-1] == "%")
        or _FILLERS.issuperset(low)
        or any(word in low for word in _STANDINS)
    )


def has_digit(text: str) -> bool:
    """Tells whether an ASCII digit stands in `text`."""
    return not _DIGIT_SET.isdisjoint(text)
