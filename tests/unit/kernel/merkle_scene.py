"""A log of 300 leaves as a store keeps it."""

from __future__ import annotations

from counterfoil.kernel import merkle
from counterfoil.kernel.digest import hash_leaf


class Log:
    """Leaves and the nodes that were finished with each, as a store keeps them."""

    def __init__(self, size: int) -> None:
        self.leaves = [hash_leaf(b"%d" % index) for index in range(size)]
        self.peaks = merkle.Peaks()
        self.nodes: list[bytes] = []
        self.roots = [self.peaks.root()]
        for leaf in self.leaves:
            self.nodes.append(self.peaks.append(leaf))
            self.roots.append(self.peaks.root())

    def node(self, height: int, index: int) -> bytes:
        """Returns a complete subtree's hash out of the row of the leaf that finished it."""
        last = ((index + 1) << height) - 1
        found = self.leaves[last] if height == 0 else self.nodes[last][(height - 1) * 32 : height * 32]
        assert len(found) == 32
        return found


LOG = Log(300)
