"""What a browser was sent of a change: stretches of lines that grow together, by session and digest, and bounded."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from counterfoil.web import parts_sent
from counterfoil.web.parts_sent import PartsSent

STRETCHES = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=12)


@given(STRETCHES, st.integers(0, 60), st.tuples(st.integers(0, 60), st.integers(0, 60)))
def test_what_is_missing_is_every_line_that_was_not_sent_and_no_other(
    sent: list[tuple[int, int]], lines: int, now: tuple[int, int]
) -> None:
    parts = PartsSent()
    known: set[int] = set()
    for each in sent:
        assert parts.note("s", "d", each) == bool(set(range(*each)) - known)
        known |= set(range(*each))
    missing = parts.missing("s", "d", lines, now)
    assert [line for first, last in missing for line in range(first, last)] == sorted(
        set(range(lines)) - known - set(range(*now))
    )


def test_each_session_and_each_digest_stands_by_itself() -> None:
    parts = PartsSent()
    parts.note("s", "d", (0, 10))
    assert parts.missing("s", "d", 10) == ()
    assert parts.missing("other", "d", 10) == ((0, 10),)
    assert parts.missing("s", "other", 10) == ((0, 10),)


def test_what_nobody_has_opened_the_longest_is_forgotten_and_stretches_are_bounded() -> None:
    parts = PartsSent(most=2)
    for digest in ("a", "b", "a", "c"):
        parts.note("s", digest, (0, 10))
    assert [parts.missing("s", digest, 10) == () for digest in "abc"] == [True, False, True]
    for line in range(parts_sent.STRETCHES + 1):
        parts.note("s", "a", (100 + 2 * line, 101 + 2 * line))
    assert parts.missing("s", "a", 10) == ()
    assert len(parts.missing("s", "a", 10_000)) == parts_sent.STRETCHES
