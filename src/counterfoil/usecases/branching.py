"""Branches of streams: forking by reference, travelling in time, comparing, and the tree of forks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from counterfoil.errors import ConflictError, InputError
from counterfoil.kernel.ids import canonical_ulid
from counterfoil.ledger import branch
from counterfoil.ledger.receipt import FORKED, check_stream
from counterfoil.usecases import record, runtime
from counterfoil.usecases.ticket_story import reducer_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from counterfoil.ledger.branch import Segment
    from counterfoil.ledger.receipt import Receipt
    from counterfoil.usecases.context import Context
    from counterfoil.usecases.ports import Snapshots, Store, Stream

FORKS_TRIED = 10_000


@dataclass(frozen=True)
class Node:
    """One stream in the tree of forks.

    Attributes:
        name: the stream.
        depth: 0 for the stream that a tree begins with.
        parent: what it branches off, or None.
        at: the step of the history at which it does, or None.
        own: how many steps are its own.
        steps: how many steps its history has.
    """

    name: str
    depth: int
    parent: str | None
    at: int | None
    own: int
    steps: int


@dataclass(frozen=True)
class Comparison:
    """What two streams share and where they part.

    Attributes:
        left, right: the streams.
        common: how many steps they share.
        parted: the last receipt that they share, or None.
        only_left, only_right: the receipts that each has on its own.
        state: what their states differ in: path → (left, right), None for what is not there.
    """

    left: str
    right: str
    common: int
    parted: Receipt | None
    only_left: list[Receipt]
    only_right: list[Receipt]
    state: dict[str, tuple[Any, Any]]


def fork(context: Context, store: Store, parent: str, at: int | None, name: str | None = None) -> Receipt:
    """Makes a branch that shares a stream's history up to a step.

    Args:
        context: the project.
        store: the ledger.
        parent: the stream, which may be a branch itself.
        at: the step, or None for the last.
        name: what to call the branch; by default the parent's name with `/fork-1` or the next free number.

    Returns:
        The first receipt of the branch, which names where it begins.

    Raises:
        InputError: `stream_not_found`, `receipt_not_found`, `invalid_stream`.
        ConflictError: `stream_exists`.
    """
    segments = history(store, parent)
    place = branch.locate(segments, branch.length(segments) - 1 if at is None else at)
    if place is None:
        raise no_such_step(parent, at, segments)
    owner, seq = place
    shared = next(store.read(owner, first=seq, last=seq))
    body = {"parent": owner, "at": seq, "hash": shared.id}
    for number in range(1, FORKS_TRIED):
        chosen = name or f"{parent}/fork-{number}"
        _check_name(chosen)
        if name is None and store.stream(chosen) is not None:
            continue
        key = f"fork/{record.command_id(context)}"
        draft = record.draft(context, chosen, FORKED, context.actor(), body, key)
        try:
            return store.fork(chosen, draft, parent=owner, at=seq, now_ms=context.clock.now_ms())
        except ConflictError as error:
            if name is not None or error.code != "stream_exists":
                raise
    raise _exists(parent)


def _check_name(name: str) -> None:
    """Refuses a name that is none, and one that a ticket's own stream has or may come to have."""
    check_stream(name)
    place, _, rest = name.partition("/")
    if place == "ticket" and canonical_ulid(rest) is not None:
        raise InputError(
            "invalid_stream",
            f"{name} is the stream of a ticket, and a branch is none",
            f"call the branch {name}/idea, or give it no name",
            value=name,
        )


def _exists(parent: str) -> ConflictError:
    return ConflictError(
        "stream_exists", f"{parent} has {FORKS_TRIED} branches", f"ticket fork {parent} NAME", stream=parent
    )


def history(store: Store, stream: str) -> list[Segment]:
    """Returns where a stream's history lies.

    Raises:
        InputError: `stream_not_found`.
        IntegrityError: `ledger_damaged`.
    """
    segments = branch.lineage(stream, store.stream)
    if not segments:
        raise stream_not_found(store, stream)
    return segments


def stream_not_found(store: Store, stream: str) -> InputError:
    """Returns the error of a stream that is not there, with those that begin alike."""
    known = [found.name for found in store.streams(stream.split("/", maxsplit=1)[0])[:10]]
    return InputError(
        "stream_not_found",
        f"the ledger has no stream {stream!r}",
        "`ticket ledger streams` shows them all",
        stream=stream,
        similar=known,
    )


def no_such_step(stream: str, step: int | None, segments: list[Segment]) -> InputError:
    """Returns the error of a step that a history does not have."""
    steps = branch.length(segments)
    return InputError(
        "receipt_not_found",
        f"{stream} has no step {step}: its steps go from 0 to {steps - 1}",
        f"ticket trace {stream}",
        stream=stream,
        step=step,
        steps=steps,
    )


def until(store: Store, stream: str, at: int | None) -> list[Segment]:
    """Returns a stream's history up to a step; None takes all of it.

    Raises:
        InputError: `stream_not_found`, `receipt_not_found`.
    """
    segments = history(store, stream)
    if at is None:
        return segments
    if branch.locate(segments, at) is None:
        raise no_such_step(stream, at, segments)
    return branch.until(segments, at)


def state_at(
    store: Store, stream: str, at: int | None = None, *, snapshots: Snapshots | None = None
) -> dict[str, Any]:
    """Returns what a stream folds to after a step of its history.

    Raises:
        InputError: `stream_not_found`, `receipt_not_found`.
        ConflictError: `newer_ledger`.
    """
    segments = until(store, stream, at)
    return runtime.state_at(store, reducer_of(stream), segments, snapshots=snapshots)


def compare(store: Store, left: str, right: str, *, snapshots: Snapshots | None = None) -> Comparison:
    """Compares two streams: what they share, what each has on its own, and what that makes of their states.

    Raises:
        InputError: `stream_not_found`.
        ConflictError: `newer_ledger`.
    """
    ours, theirs = history(store, left), history(store, right)
    shared = branch.common(ours, theirs)
    place = branch.locate(ours, shared - 1)
    parted = None if place is None else next(store.read(place[0], first=place[1], last=place[1]))
    states = [
        runtime.state_at(store, reducer_of(name), segments, snapshots=snapshots)
        for name, segments in ((left, ours), (right, theirs))
    ]
    return Comparison(
        left,
        right,
        shared,
        parted,
        list(runtime.read_history(store, branch.since(ours, shared))),
        list(runtime.read_history(store, branch.since(theirs, shared))),
        differences(*states),
    )


def differences(left: Any, right: Any) -> dict[str, tuple[Any, Any]]:
    """Returns where two states differ: path → what the one and the other has there, None for nothing."""
    return dict(_differences("", left, right))


def _differences(path: str, left: Any, right: Any) -> Iterator[tuple[str, tuple[Any, Any]]]:
    if isinstance(left, dict) and isinstance(right, dict):
        for name in sorted({*left, *right}):
            yield from _differences(f"{path}.{name}" if path else name, left.get(name), right.get(name))
    elif left != right:
        yield path, (left, right)


def tree(store: Store, prefix: str = "") -> list[Node]:
    """Returns the streams that branches hang on, and the branches: each stream before its branches.

    Args:
        store: the ledger.
        prefix: only the tree below this stream, or, if it is none, trees whose root's name begins so.
    """
    streams = {stream.name: stream for stream in store.streams()}
    branches: dict[str, list[Stream]] = {}
    for stream in streams.values():
        if stream.parent is not None:
            branches.setdefault(stream.parent, []).append(stream)
    roots = [
        streams[name]
        for name in sorted(branches)
        if name in streams and streams[name].parent is None and name.startswith(prefix)
    ]
    if prefix in streams:
        roots = [streams[prefix]]
    nodes: list[Node] = []
    waiting = [(root, 0) for root in reversed(roots)]
    while waiting:
        stream, depth = waiting.pop()
        segments = branch.lineage(stream.name, streams.get)
        own = segments[-1]
        at = None if stream.parent is None else own.step - 1
        steps = branch.length(segments)
        nodes.append(Node(stream.name, depth, stream.parent, at, own.last - own.first + 1, steps))
        below = sorted(branches.get(stream.name, []), key=lambda found: (found.fork_seq, found.name))
        waiting.extend((found, depth + 1) for found in reversed(below))
    return nodes
