"""What a receipt of an erasure names, whatever somebody wrote there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.kernel import canonical
from counterfoil.ledger.erasure import erased_leaves

LEAF = "ab" * 32


@pytest.mark.parametrize(
    ("receipts", "found"),
    [
        ([LEAF], [bytes.fromhex(LEAF)]), ([], []), (LEAF, []), (None, []), ({"a": LEAF}, []),
        ([1, None, [LEAF], "ab", LEAF.upper(), LEAF], [bytes.fromhex(LEAF)]),
    ],
)  # fmt: skip
def test_only_leaf_hashes_in_a_list_are_named(receipts: canonical.Json, found: list[bytes]) -> None:
    assert erased_leaves(canonical.encode({"receipts": receipts})) == found


@pytest.mark.parametrize("body", [None, b"", b"[]", b"{}", b"\xff", b'{"receipts":', b"[" * 100_000])
def test_what_names_nothing_is_passed_over(body: bytes | None) -> None:
    assert erased_leaves(body) == []


@given(st.binary(max_size=60))
def test_no_bytes_are_too_strange(body: bytes) -> None:
    assert erased_leaves(body) == []
