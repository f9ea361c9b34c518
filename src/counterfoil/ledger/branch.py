"""Branches: streams that share another's beginning by reference.

A history is told in steps, counted from 0 without a gap: a branch that leaves its parent after step N goes
on with N + 1, and the `stream.forked` receipt that begins it is no step. What two branches have in common
follows from where they left each other; nothing is compared receipt by receipt, because a receipt names
its stream and so belongs to one alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from counterfoil.errors import IntegrityError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

DEPTH_MAX = 1000
"""How many branches may hang one off the other; a longer line of parents is a circle."""


class Branch(Protocol):
    """A stream, as far as branching goes (`ports.Stream`)."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def length(self) -> int:
        """How many receipts are its own."""

    @property
    def parent(self) -> str | None:
        """The stream that it branches off."""

    @property
    def fork_seq(self) -> int:
        """The parent's last receipt that it shares."""


class Segment(NamedTuple):
    """Successive receipts of one stream within a history.

    Attributes:
        stream: whose they are.
        first, last: their seqs, both included; `last` is below `first` where there are none.
        step: the step of the first.
    """

    stream: str
    first: int
    last: int
    step: int

    @property
    def end(self) -> int:
        """The step behind the last."""
        return self.step + self.last - self.first + 1


def lineage(name: str, find: Callable[[str], Branch | None]) -> list[Segment]:
    """Returns where a stream's history lies, from its oldest ancestor to itself.

    Args:
        name: the stream; one that is not there has no history.
        find: gives a stream by its name.

    Raises:
        IntegrityError: `ledger_damaged`, for a parent that is missing, too short or its own descendant.
    """
    chain: list[tuple[str, int, int]] = []
    stream = find(name)
    last = stream.length - 1 if stream is not None else -1
    while stream is not None:
        first = 0 if stream.parent is None else 1
        if last >= stream.length or len(chain) == DEPTH_MAX:
            raise _broken(name, stream.name)
        chain.append((stream.name, first, last))
        if stream.parent is None:
            break
        last = stream.fork_seq
        parent = find(stream.parent)
        if parent is None:
            raise _broken(name, stream.parent)
        stream = parent
    segments = []
    step = 0
    for owner, first, last in reversed(chain):
        segments.append(Segment(owner, first, last, step))
        step = segments[-1].end
    return segments


def _broken(name: str, culprit: str) -> IntegrityError:
    return IntegrityError(
        "ledger_damaged",
        f"{name} branches off {culprit} at a receipt that is not there",
        "ticket ledger verify",
        stream=name,
        parent=culprit,
    )


def length(segments: Iterable[Segment]) -> int:
    """Returns how many steps a history has."""
    return max((segment.end for segment in segments), default=0)


def locate(segments: Iterable[Segment], step: int) -> tuple[str, int] | None:
    """Returns the stream and the seq of a step, or None where there is no such step."""
    for segment in segments:
        if segment.step <= step < segment.end:
            return segment.stream, segment.first + step - segment.step
    return None


def until(segments: Iterable[Segment], step: int) -> list[Segment]:
    """Returns the part of a history up to a step, included."""
    return [
        segment._replace(last=min(segment.last, segment.first + step - segment.step))
        for segment in segments
        if segment.step <= step
    ]


def since(segments: Iterable[Segment], step: int) -> list[Segment]:
    """Returns the part of a history from a step on, included."""
    return [
        segment
        if segment.step >= step
        else segment._replace(first=segment.first + step - segment.step, step=step)
        for segment in segments
        if segment.end > step
    ]


def common(left: list[Segment], right: list[Segment]) -> int:
    """Returns how many steps two histories share."""
    steps = 0
    for one, other in zip(left, right, strict=False):
        if one.stream != other.stream:
            break
        steps = min(one.end, other.end)
        if one.end != other.end:
            break
    return steps
