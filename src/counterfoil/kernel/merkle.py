"""The Merkle tree of RFC 6962 over a log that only grows, and its proofs.

A tree of `size` leaves is a row of complete subtrees, its peaks, of falling heights: one for each
bit of `size`. Whoever appends keeps only these; whoever proves asks for the hashes of complete
subtrees, each named (height, index) and covering the leaves from `index << height` on, of
which there never are more than two for each bit of the size. On the hot path.
"""

from __future__ import annotations

from counterfoil.kernel.digest import HASH_BYTES, hash_children, sha256

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    Node = Callable[[int, int], bytes]
    """Returns the hash of the complete subtree (height, index); (0, index) is a leaf hash."""

EMPTY_ROOT = sha256(b"").digest()
"""The root of a tree without leaves (RFC 6962 §2.1)."""


class Peaks:
    """The peaks of a growing tree: all that it takes to append and to tell the root.

    Args:
        size: the number of leaves.
        hashes: those of the peaks, the highest first; one for each bit of `size` that is set.
    """

    __slots__ = ("_hashes", "size")

    def __init__(self, size: int = 0, hashes: Iterable[bytes] = ()) -> None:
        self.size = size
        self._hashes = list(hashes)
        assert len(self._hashes) == size.bit_count(), "a tree has one peak for each bit of its size"

    @classmethod
    def load(cls, size: int, node: Node) -> Peaks:
        """Returns the peaks of the first `size` leaves, by one look-up for each."""
        return cls(size, [node(height, index) for height, index in complete_subtrees(0, size)])

    def copy(self) -> Peaks:
        """Returns peaks that grow on their own."""
        return Peaks(self.size, self._hashes)

    def append(self, leaf: bytes) -> bytes:
        """Adds a leaf hash.

        Returns:
            The hashes of the subtrees that this leaf finishes, from height 1 upwards, one after
            the other; one for each trailing zero of the new size.
        """
        size = self.size
        self.size = size + 1
        hashes = self._hashes
        finished = b""
        while size & 1:
            leaf = sha256(b"\1" + hashes.pop() + leaf).digest()
            finished += leaf
            size >>= 1
        hashes.append(leaf)
        return finished

    def root(self) -> bytes:
        """Returns the root of the tree as it stands (RFC 6962 §2.1)."""
        return joined(self._hashes)


def joined(hashes: Sequence[bytes]) -> bytes:
    """Returns the root over subtrees of falling heights, of which the last two may be equal."""
    if not hashes:
        return EMPTY_ROOT
    root = hashes[-1]
    for left in reversed(hashes[:-1]):
        root = hash_children(left, root)
    return root


def complete_subtrees(first: int, end: int) -> list[tuple[int, int]]:
    """Returns the complete subtrees (height, index) that make up the leaves `first` to `end` - 1, in order.

    Args:
        first: a multiple of the least power of two that is no less than the number of leaves, as it
            is for every range that the definitions of RFC 6962 §2.1 speak of.
        end: the leaf after the last.
    """
    found = []
    while first < end:
        height = (end - first).bit_length() - 1
        found.append((height, first >> height))
        first += 1 << height
    return found


def root_of(size: int, node: Node) -> bytes:
    """Returns the root of the first `size` leaves (RFC 6962 §2.1)."""
    return _range_root(0, size, node)


def _range_root(first: int, end: int, node: Node) -> bytes:
    return joined([node(height, index) for height, index in complete_subtrees(first, end)])


def inclusion_path(index: int, size: int, node: Node) -> list[bytes]:
    """Returns the hashes beside the way from a leaf up to the root of the first `size` leaves (RFC 6962 §2.1.1).

    Args:
        index: the leaf, below `size`.
    """
    assert 0 <= index < size, "a leaf outside the tree has no path"
    beside = []
    first, end = 0, size
    while end - first > 1:
        middle = _split(first, end)
        if index < middle:
            beside.append((middle, end))
            end = middle
        else:
            beside.append((first, middle))
            first = middle
    return [_range_root(first, end, node) for first, end in reversed(beside)]


def consistency_path(old: int, size: int, node: Node) -> list[bytes]:
    """Returns what proves that the first `old` leaves are a beginning of the first `size` (RFC 6962 §2.1.2).

    The path of an empty or of an equal tree is empty.
    """
    assert 0 <= old <= size, "only a smaller tree can be a beginning of a tree"
    if old in (0, size):
        return []
    beside = []
    first, end = 0, size
    while old < end:
        middle = _split(first, end)
        if old <= middle:
            beside.append((middle, end))
            end = middle
        else:
            beside.append((first, middle))
            first = middle
    if first > 0:
        beside.append((first, end))
    return [_range_root(first, end, node) for first, end in reversed(beside)]


def _split(first: int, end: int) -> int:
    """Returns where RFC 6962 §2.1 divides a range: after the greatest power of two below its length."""
    return first + (1 << ((end - first - 1).bit_length() - 1))


def verify_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Tells whether a path proves that the leaf stands at `index` of the tree with this root (RFC 9162 §2.1.3.2)."""
    if not 0 <= index < size or not _are_hashes(path):
        return False
    place, last = index, size - 1
    found = leaf
    for beside in path:
        if last == 0:
            return False
        if place & 1 or place == last:
            found = hash_children(beside, found)
            while not place & 1 and place:
                place >>= 1
                last >>= 1
        else:
            found = hash_children(found, beside)
        place >>= 1
        last >>= 1
    return last == 0 and found == root


def verify_consistency(old: int, old_root: bytes, size: int, root: bytes, path: Sequence[bytes]) -> bool:
    """Tells whether a path proves that one tree is a beginning of another (RFC 9162 §2.1.4.2)."""
    if not 0 <= old <= size or not _are_hashes(path):
        return False
    if old == size:
        return not path and old_root == root
    if old == 0:
        return not path and old_root == EMPTY_ROOT
    if not path:
        return False
    beside = list(path)
    if old & (old - 1) == 0:
        beside.insert(0, old_root)
    place, last = old - 1, size - 1
    while place & 1:
        place >>= 1
        last >>= 1
    before = now = beside[0]
    for each in beside[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            before = hash_children(each, before)
            now = hash_children(each, now)
            while not place & 1 and place:
                place >>= 1
                last >>= 1
        else:
            now = hash_children(now, each)
        place >>= 1
        last >>= 1
    return last == 0 and before == old_root and now == root


def _are_hashes(path: Sequence[bytes]) -> bool:
    return all(len(each) == HASH_BYTES for each in path)
