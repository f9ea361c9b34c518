"""Reading the one pass over the history that dates come from."""

from __future__ import annotations

import pytest

from counterfoil.usecases.dates import _commits


@pytest.mark.parametrize(
    ("output", "commits"),
    [
        (b"", []),
        (b"\x0117\0\nA\0.tickets/tickets/X.md\0", [("17", ["X.md"])]),
        (b"\x0119\0\0MM\0.tickets/tickets/X.md\0\x0118\0\nM\0a/X.md\0D\0a/Y.md\0", [("19", ["X.md"]), ("18", ["X.md", "Y.md"])]),
        (b"\x0119\0\x0118\0\nA\0.tickets/tickets/README\0\x0117\0\nA\0\x01odd/X.md\0", [("17", ["X.md"])]),
        (b"\x0119 abc def\0\nA\0.tickets/tickets/\xff.md\0", [("19 abc def", ["\udcff.md"])]),
    ],
)  # fmt: skip
def test_a_pass_is_read_commit_by_commit(output: bytes, commits: list[tuple[str, list[str]]]) -> None:
    assert list(_commits(output)) == commits
