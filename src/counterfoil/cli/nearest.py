"""The word that was probably meant. Loaded when a word is unknown; `difflib` would cost ten times as much."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Returns the known word that differs least, or None when none is near.

    Near is at most two typing errors (a letter too many, missing, wrong, or swapped with its
    neighbour), or one in words of up to four letters.
    """
    allowed = 1 if len(word.strip("-")) <= 4 else 2
    best = min([(_distance(word, other), other) for other in known], default=(allowed + 1, ""))
    return best[1] if best[0] <= allowed else None


def _distance(one: str, other: str) -> int:
    """Counts typing errors (optimal string alignment distance)."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        earlier, before, row = before, row, [i]
        for j, b in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, earlier[j - 2] + 1)
            row.append(cost)
    return row[-1]
