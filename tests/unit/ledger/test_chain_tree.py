"""A tree that grows by many leaves at a time is the tree that grows by one."""

from __future__ import annotations

from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from counterfoil.kernel import merkle
from counterfoil.ledger.tree import Grown

LEAVES = [sha256(b"%d" % number).digest() for number in range(200)]


@given(st.integers(0, 200), st.sampled_from([1, 2, 4, 8, 64, 256]))
def test_growing_by_many_is_growing_by_one(count: int, step: int) -> None:
    tree, peaks = Grown(), merkle.Peaks()
    nodes = []
    for first in range(0, count, step):
        leaves = LEAVES[first : min(first + step, count)]
        grown = tree.grow(leaves)
        assert grown == [peaks.append(leaf) for leaf in leaves]
        nodes += grown
        for size in range(first, first + len(leaves) + 1):
            assert tree.root_at(size, first) == root(size)
    assert (tree.size, tree.root()) == (count, peaks.root())
    assert tree.root() == root(count)


def root(size: int) -> bytes:
    peaks = merkle.Peaks()
    for leaf in LEAVES[:size]:
        peaks.append(leaf)
    return peaks.root()
