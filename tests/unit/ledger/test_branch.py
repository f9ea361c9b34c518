"""Histories of branches: steps without a gap, and what two of them share."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.errors import IntegrityError
from counterfoil.ledger import branch
from counterfoil.ledger.branch import Segment, common, lineage, locate, since, until

Place = tuple[str, int]


class Stream(NamedTuple):
    """A stream, as far as branching goes."""

    name: str
    length: int
    parent: str | None = None
    fork_seq: int = -1


def known(*streams: Stream) -> dict[str, Stream]:
    """Returns streams by name."""
    return {stream.name: stream for stream in streams}


def spelled_out(streams: dict[str, Stream], name: str, last: int | None = None) -> list[Place]:
    """Returns a history receipt by receipt, from the definition."""
    stream = streams[name]
    own = [(name, seq) for seq in range(stream.length if last is None else last + 1)]
    if stream.parent is None:
        return own
    return spelled_out(streams, stream.parent, stream.fork_seq) + own[1:]


def walked(segments: list[Segment]) -> list[Place]:
    """Returns the receipts that segments name."""
    return [(part.stream, seq) for part in segments for seq in range(part.first, part.last + 1)]


PLAIN = known(
    Stream("root", 10), Stream("a", 4, "root", 5), Stream("b", 3, "a", 2), Stream("c", 1, "root", 9),
    Stream("d", 2, "root", 5), Stream("e", 2, "a", 0),
)  # fmt: skip


def test_a_branch_goes_on_where_it_left_its_parent() -> None:
    assert lineage("b", PLAIN.get) == [Segment("root", 0, 5, 0), Segment("a", 1, 2, 6), Segment("b", 1, 2, 8)]


def test_a_stream_that_is_not_there_has_no_history() -> None:
    assert lineage("nobody", PLAIN.get) == []
    assert branch.length([]) == 0


@pytest.mark.parametrize(
    ("left", "right", "shared"),
    [
        ("root", "root", 10), ("root", "a", 6), ("a", "b", 8), ("b", "root", 6), ("c", "root", 10), ("a", "d", 6),
        ("c", "a", 6), ("e", "d", 6), ("e", "a", 6),
    ],
)  # fmt: skip
def test_two_histories_share_what_came_before_they_parted(left: str, right: str, shared: int) -> None:
    assert common(lineage(left, PLAIN.get), lineage(right, PLAIN.get)) == shared


@pytest.mark.parametrize(
    "streams",
    [
        known(Stream("x", 3, "gone", 1)),
        known(Stream("x", 3, "y", 7), Stream("y", 5)),
        known(Stream("x", 3, "y", 1), Stream("y", 3, "x", 1)),
        known(Stream("x", 3, "x", 1)),
    ],
    ids=["no parent", "parent too short", "each other's", "its own"],
)
def test_a_branch_that_hangs_on_nothing_is_damage(streams: dict[str, Stream]) -> None:
    with pytest.raises(IntegrityError) as caught:
        lineage("x", streams.get)
    assert caught.value.code == "ledger_damaged"


@st.composite
def forests(draw: st.DrawFn) -> dict[str, Stream]:
    """Draws streams of which some branch off others."""
    streams = {"s0": Stream("s0", draw(st.integers(1, 6)))}
    for number in range(1, draw(st.integers(1, 6))):
        parent = streams[draw(st.sampled_from(sorted(streams)))]
        at = draw(st.integers(0, parent.length - 1))
        streams[f"s{number}"] = Stream(f"s{number}", draw(st.integers(1, 4)), parent.name, at)
    return streams


@given(forests(), st.integers(-1, 20))
def test_steps_name_the_receipts_of_the_definition(streams: dict[str, Stream], step: int) -> None:
    for name in streams:
        segments = lineage(name, streams.get)
        history = spelled_out(streams, name)
        assert walked(segments) == history
        assert branch.length(segments) == len(history)
        assert locate(segments, step) == (history[step] if 0 <= step < len(history) else None)
        assert walked(until(segments, step)) == history[: step + 1]
        assert walked(since(segments, step)) == history[max(step, 0) :]
        assert all(part.step >= step for part in since(segments, step))


@given(forests())
def test_what_two_share_is_their_longest_common_beginning(streams: dict[str, Stream]) -> None:
    for left in streams:
        for right in streams:
            one, other = spelled_out(streams, left), spelled_out(streams, right)
            same = next(
                (n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b),
                min(len(one), len(other)),
            )
            assert common(lineage(left, streams.get), lineage(right, streams.get)) == same
