"""What a server keeps because it was dear to make, never more of it than fits in so many bytes, whatever it is made of.

How long titles are, how many words somebody looks for and how much is said of a ticket is up to others. So what is kept
is weighed, and what nobody has asked for the longest makes room.
"""

from __future__ import annotations

import sys
import threading
from collections import OrderedDict
from functools import wraps
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping

Value = TypeVar("Value")
Text = TypeVar("Text", bound=str)

ENTRY_BYTES = 300
"""What an entry costs whatever it holds: its key, its place in the order."""


class Keeping(Generic[Value]):
    """Keeps what was used last; any thread may ask.

    Args:
        most: how many at most.
        most_bytes: how much they may weigh together.
    """

    def __init__(self, most: int, most_bytes: int) -> None:
        self._most = most
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, tuple[Value, int]] = OrderedDict()
        self.weight = 0

    def __len__(self) -> int:
        return len(self._kept)

    def __contains__(self, key: Hashable) -> bool:
        return key in self._kept

    def get(self, key: Hashable) -> Value | None:
        """Returns what is kept under a key, or None."""
        with self._lock:
            found = self._kept.get(key)
            if found is None:
                return None
            self._kept.move_to_end(key)
            return found[0]

    def keep(self, key: Hashable, value: Value, weight: int) -> Value:
        """Keeps a value that weighs so many bytes, unless it is too heavy for any room; returns it."""
        weight += ENTRY_BYTES
        with self._lock:
            before = self._kept.pop(key, None)
            if before is not None:
                self.weight -= before[1]
            if weight <= self._most_bytes:
                self._kept[key] = value, weight
                self.weight += weight
            while len(self._kept) > self._most or self.weight > self._most_bytes:
                self.weight -= self._kept.popitem(last=False)[1][1]
        return value


def remembered(most: int, most_bytes: int) -> Callable[[Callable[..., Text]], Callable[..., Text]]:
    """Has a function remember the texts that it made of the same arguments, as `lru_cache` does, by their weight.

    The arguments of a piece of a page say no more than the piece itself, so they are taken to weigh as much.
    """

    def decorate(make: Callable[..., Text]) -> Callable[..., Text]:
        kept: Keeping[Text] = Keeping(most, most_bytes)

        @wraps(make)
        def remember(*arguments: Hashable) -> Text:
            found = kept.get(arguments)
            if found is None:
                found = make(*arguments)
                kept.keep(arguments, found, 2 * sys.getsizeof(found))
            return found

        remember.kept = kept  # type: ignore[attr-defined]
        return remember

    return decorate


def weigh(value: Any) -> int:
    """Returns about how many bytes plain data takes: texts, numbers, lists, and mappings of these."""
    waiting, total = [value], 0
    while waiting:
        each = waiting.pop()
        total += sys.getsizeof(each)
        if isinstance(each, dict):
            waiting += _pieces(each)
        elif isinstance(each, list | tuple | set | frozenset):
            waiting += each
    return total


def _pieces(found: Mapping[Any, Any]) -> list[Any]:
    return [*found.keys(), *found.values()]
