"""What differs inside of changed lines, word by word, within a budget that no text can exceed.

Comparing costs up to the square of the words and more, and whoever proposes chooses them. So what both lines
begin and end with alike is taken off first, which costs next to nothing, and the rest is compared only if it is
short and as long as the budget lasts; else the whole of the rest counts as changed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from counterfoil.gate.shown import alike

if TYPE_CHECKING:
    from collections.abc import Sequence

    Span = tuple[int, int]

WORDS = 150
"""Of one line without its alike ends; two such lines are compared in about 3 ms at worst."""
PRODUCTS = 150_000
"""Words of the old line times words of the new one, over all pairs: 20 ms at worst."""
CHARACTERS = 4_000
"""A longer line is not taken apart into words."""
ALIKE = 0.3
"""Lines of which less is the same are two lines, and nothing in them is marked."""
_WORD = re.compile(r"\w+|\s+|.", re.DOTALL)


class Words:
    """Compares pairs of lines until its budget is used up."""

    def __init__(self, budget: int = PRODUCTS) -> None:
        self._left = budget

    def changed(self, old: str, new: str) -> tuple[list[Span], list[Span]]:
        """Returns the spans of the old line and of the new one that are not in the other."""
        if old == new or max(len(old), len(new)) > CHARACTERS:
            return [], []
        first, second = _WORD.findall(old), _WORD.findall(new)
        start, end = alike(first, second)
        inner = first[start : len(first) - end], second[start : len(second) - end]
        groups = self._compared(*inner)
        spans = [_spans(first, [(a + start, b + start) for a, b in groups[0]])]
        spans.append(_spans(second, [(a + start, b + start) for a, b in groups[1]]))
        rest = [
            len(text) - sum([b - a for a, b in found]) for text, found in zip((old, new), spans, strict=True)
        ]
        if min(rest) < ALIKE * min(len(old), len(new)):
            return [], []
        return spans[0], spans[1]

    def _compared(self, first: Sequence[str], second: Sequence[str]) -> tuple[list[Span], list[Span]]:
        cost = len(first) * len(second)
        if not cost or max(len(first), len(second)) > WORDS or cost > self._left:
            return [(0, len(first))], [(0, len(second))]
        from difflib import SequenceMatcher

        self._left -= cost
        steps = SequenceMatcher(None, first, second, autojunk=False).get_opcodes()
        differing = [step for step in steps if step[0] != "equal"]
        return [step[1:3] for step in differing], [step[3:5] for step in differing]


def _spans(words: Sequence[str], groups: Sequence[Span]) -> list[Span]:
    """Returns ranges of characters for ranges of words; empty ones are left out."""
    places = [0]
    for word in words:
        places.append(places[-1] + len(word))
    return [(places[first], places[last]) for first, last in groups if first < last]
