"""A Merkle tree that grows by many leaves at a time, for whoever reads a whole log.

Appenders use `kernel.merkle.Peaks`. Here the levels of the leaves that came last are at hand, so the
root at any size among them costs a few hashes, and so do the nodes that each row has to carry.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from counterfoil.kernel.digest import hash_children
from counterfoil.kernel.merkle import joined

if TYPE_CHECKING:
    pass


class Grown:
    """The tree over all leaves so far (RFC 6962 §2.1).

    Attributes:
        size: the number of leaves.
    """

    def __init__(self) -> None:
        self.size = 0
        self._peaks: list[bytes] = []
        self._before: list[bytes] = []
        self._levels: list[list[bytes]] = [[]]

    def grow(self, leaves: list[bytes]) -> list[bytes]:
        """Adds leaves.

        Args:
            leaves: their hashes; a power of two of them each time but the last.

        Returns:
            For each leaf the hashes of the subtrees that it finishes, from height 1 upwards, joined.
        """
        nodes = [b""] * len(leaves)
        level = leaves
        self._levels = [leaves]
        self._before = list(self._peaks)
        step = 1
        while len(level) > 1:
            step *= 2
            pairs = zip(level[::2], level[1::2], strict=False)
            level = [sha256(b"\1" + left + right).digest() for left, right in pairs]
            nodes[step - 1 :: step] = map(bytes.__add__, nodes[step - 1 :: step], level)
            self._levels.append(level)
        self._add_peaks(len(leaves), nodes)
        return nodes

    def _add_peaks(self, count: int, nodes: list[bytes]) -> None:
        """Joins the new leaves' own peaks to those before; at most the first of them finishes larger trees."""
        size = self.size
        for height in reversed(range(count.bit_length())):
            if not count >> height & 1:
                continue
            peak = self._levels[height][(count >> height) - 1]
            ahead = size >> height
            while ahead & 1:
                peak = hash_children(self._peaks.pop(), peak)
                nodes[size - self.size + (1 << height) - 1] += peak
                ahead >>= 1
            self._peaks.append(peak)
            size += 1 << height
        self.size = size

    def root(self) -> bytes:
        """Returns the root of the tree as it stands."""
        return joined(self._peaks)

    def root_at(self, size: int, first: int) -> bytes:
        """Returns the root when the tree had `size` leaves.

        Args:
            size: from `first` to the present size.
            first: the size before leaves were added the last time.
        """
        count = size - first
        own = [
            self._levels[height][(count >> height) - 1]
            for height in reversed(range(count.bit_length()))
            if count >> height & 1
        ]
        return joined([*self._before, *own])
