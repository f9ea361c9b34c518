"""The Merkle tree is that of RFC 6962: against the definition written down as it stands, and known roots."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.kernel.merkle_scene import LOG

from counterfoil.kernel import merkle
from counterfoil.kernel.digest import hash_leaf

ENTRIES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
"""The leaves of Certificate Transparency's own tests, and below the roots over the first 0, 1, … of them."""
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def tree_hash(leaves: list[bytes]) -> bytes:
    """Returns MTH of RFC 6962 §2.1, over leaf hashes."""
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return leaves[0]
    half = greatest_power_below(len(leaves))
    return hashlib.sha256(b"\1" + tree_hash(leaves[:half]) + tree_hash(leaves[half:])).digest()


def greatest_power_below(count: int) -> int:
    """Returns the k of RFC 6962 §2.1: k < count <= 2k."""
    power = 1
    while power * 2 < count:
        power *= 2
    return power


def audit_path(index: int, leaves: list[bytes]) -> list[bytes]:
    """Returns PATH of RFC 6962 §2.1.1."""
    if len(leaves) == 1:
        return []
    half = greatest_power_below(len(leaves))
    if index < half:
        return [*audit_path(index, leaves[:half]), tree_hash(leaves[half:])]
    return [*audit_path(index - half, leaves[half:]), tree_hash(leaves[:half])]


def consistency_proof(old: int, leaves: list[bytes], whole: bool = True) -> list[bytes]:
    """Returns SUBPROOF of RFC 6962 §2.1.2."""
    if old == len(leaves):
        return [] if whole else [tree_hash(leaves)]
    half = greatest_power_below(len(leaves))
    if old <= half:
        return [*consistency_proof(old, leaves[:half], whole), tree_hash(leaves[half:])]
    return [*consistency_proof(old - half, leaves[half:], False), tree_hash(leaves[:half])]


SIZES = range(72)


@pytest.mark.parametrize(("count", "root"), list(enumerate(ROOTS)))
def test_the_roots_are_those_that_certificate_transparency_knows(count: int, root: str) -> None:
    peaks = merkle.Peaks()
    for entry in ENTRIES[:count]:
        peaks.append(hash_leaf(bytes.fromhex(entry)))
    assert peaks.root().hex() == root


@pytest.mark.parametrize("size", SIZES)
def test_the_root_is_that_of_the_definition(size: int) -> None:
    wanted = tree_hash(LOG.leaves[:size])
    assert LOG.roots[size] == wanted
    assert merkle.root_of(size, LOG.node) == wanted
    assert merkle.Peaks.load(size, LOG.node).root() == wanted


@pytest.mark.parametrize("size", SIZES)
def test_every_leaf_has_the_path_of_the_definition_and_it_verifies(size: int) -> None:
    for index in range(size):
        path = merkle.inclusion_path(index, size, LOG.node)
        assert path == audit_path(index, LOG.leaves[:size])
        assert merkle.verify_inclusion(LOG.leaves[index], index, size, path, LOG.roots[size])


@pytest.mark.parametrize("size", SIZES)
def test_every_beginning_has_the_path_of_the_definition_and_it_verifies(size: int) -> None:
    for old in range(1, size + 1):
        path = merkle.consistency_path(old, size, LOG.node)
        assert path == consistency_proof(old, LOG.leaves[:size])
        assert merkle.verify_consistency(old, LOG.roots[old], size, LOG.roots[size], path)


def test_a_leaf_comes_with_the_subtrees_that_it_finishes() -> None:
    for position, finished in enumerate(LOG.nodes):
        zeros = ((position + 1) & -(position + 1)).bit_length() - 1
        wanted = [tree_hash(LOG.leaves[position + 1 - (1 << h) : position + 1]) for h in range(1, zeros + 1)]
        assert finished == b"".join(wanted)


def test_a_proof_looks_up_two_hashes_for_each_bit_of_the_size_at_most() -> None:
    asked: list[tuple[int, int]] = []

    def node(height: int, index: int) -> bytes:
        asked.append((height, index))
        return LOG.node(height, index)

    for index in range(300):
        asked.clear()
        merkle.inclusion_path(index, 300, node)
        assert len(asked) <= 2 * (300).bit_length()
        asked.clear()
        merkle.consistency_path(index, 300, node)
        assert len(asked) <= 2 * (300).bit_length()


def test_peaks_that_were_copied_grow_on_their_own() -> None:
    first = merkle.Peaks.load(5, LOG.node)
    second = first.copy()
    second.append(LOG.leaves[5])
    assert (first.size, first.root()) == (5, LOG.roots[5])
    assert (second.size, second.root()) == (6, LOG.roots[6])


def test_peaks_that_do_not_fit_the_size_are_refused() -> None:
    with pytest.raises(AssertionError):
        merkle.Peaks(3, [LOG.leaves[0]])


sizes = st.integers(1, 300)


@given(st.data())
def test_an_inclusion_proof_proves_nothing_else(data: st.DataObject) -> None:
    size = data.draw(sizes)
    index = data.draw(st.integers(0, size - 1))
    path = merkle.inclusion_path(index, size, LOG.node)
    leaf, root = LOG.leaves[index], LOG.roots[size]
    other = data.draw(st.integers(-1, 301))
    if other != index:
        assert not merkle.verify_inclusion(leaf, other, size, path, root)
    elsewhere = data.draw(sizes)
    if elsewhere != size:
        assert not merkle.verify_inclusion(leaf, index, elsewhere, path, LOG.roots[elsewhere])
    assert not merkle.verify_inclusion(hash_leaf(b"stranger"), index, size, path, root)
    for damaged in damages(data, path):
        assert not merkle.verify_inclusion(leaf, index, size, damaged, root)


@given(st.data())
def test_a_consistency_proof_proves_nothing_else(data: st.DataObject) -> None:
    size = data.draw(sizes)
    old = data.draw(st.integers(0, size))
    path = merkle.consistency_path(old, size, LOG.node)
    assert merkle.verify_consistency(old, LOG.roots[old], size, LOG.roots[size], path)
    forged = hash_leaf(b"rewritten")
    assert not merkle.verify_consistency(old, forged, size, LOG.roots[size], path)
    if old:
        assert not merkle.verify_consistency(old, LOG.roots[old], size, forged, path)
    assert not merkle.verify_consistency(size + 1, LOG.roots[old], size, LOG.roots[size], path)
    for damaged in damages(data, path):
        assert not merkle.verify_consistency(old, LOG.roots[old], size, LOG.roots[size], damaged)


def damages(data: st.DataObject, path: list[bytes]) -> list[list[bytes]]:
    """Returns paths that are none: one hash too many, one too few, one that differs, one that is none."""
    found = [[*path, bytes(32)], [*path, b""]]
    if path:
        place = data.draw(st.integers(0, len(path) - 1))
        edited = bytes([path[place][0] ^ 1]) + path[place][1:]
        found += [path[:-1], path[1:], [*path[:place], edited, *path[place + 1 :]]]
        found.append([*path[:place], path[place][:-1], *path[place + 1 :]])
    return found


def test_nothing_is_proved_of_an_empty_tree_but_that_it_is_the_beginning_of_all() -> None:
    assert not merkle.verify_inclusion(LOG.leaves[0], 0, 0, [], merkle.EMPTY_ROOT)
    assert merkle.verify_consistency(0, merkle.EMPTY_ROOT, 9, LOG.roots[9], [])
    assert not merkle.verify_consistency(-1, merkle.EMPTY_ROOT, 9, LOG.roots[9], [])


def test_what_no_tree_can_prove_is_not_asked() -> None:
    for index, size in ((5, 5), (-1, 5), (0, 0)):
        with pytest.raises(AssertionError):
            merkle.inclusion_path(index, size, LOG.node)
    for old, size in ((6, 5), (-1, 5)):
        with pytest.raises(AssertionError):
            merkle.consistency_path(old, size, LOG.node)
