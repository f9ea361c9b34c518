"""What a stream tells: everything about it at a glance, its story command by command, and any moment of it.

The story of a ticket is more than its stream: what the reconcile found in Git about it stands in the ledger's
own stream and is told in its place, in the order of the log. What a newer program sealed is shown by its
name and folded into nothing.
"""

from __future__ import annotations

from heapq import merge
from typing import TYPE_CHECKING, Any

from counterfoil.errors import CounterfoilError
from counterfoil.ledger import branch
from counterfoil.ledger.fold import decode, decoded
from counterfoil.ledger.instant import read_ms
from counterfoil.ledger.receipt import FORKED, SALT
from counterfoil.usecases import branching, kinds, ticket_story, views
from counterfoil.usecases.kinds import KINDS, LEDGER
from counterfoil.usecases.runtime import read_history, state_at
from counterfoil.usecases.story import Entry, Inspection, Moment, Replay, Trace
from counterfoil.usecases.ticket_story import OUTCOMES, reducer_of, text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from counterfoil.ledger.branch import Segment
    from counterfoil.ledger.fold import Body
    from counterfoil.ledger.receipt import Receipt
    from counterfoil.usecases.context import Context
    from counterfoil.usecases.ports import Store, Views

__all__ = [
    "OBSERVED",
    "OPEN",
    "UNREADABLE",
    "Entry",
    "Inspection",
    "Moment",
    "Replay",
    "Trace",
    "inspect",
    "of_others",
    "replay",
    "replay_all",
    "story",
    "trace",
]

OPEN, OBSERVED, UNREADABLE = "open", "observed", "unreadable"
_CLAIMS = {kinds.CLAIMED: "taken", kinds.RENEWED: "renewed", kinds.RELEASED: "released"}


def inspect(store: Store, stream: str, *, derived: Views | None = None) -> Inspection:
    """Looks at a stream.

    Args:
        store: the ledger.
        stream: the stream.
        derived: as for `trace`.

    Raises:
        InputError: `stream_not_found`.
    """
    segments = branching.history(store, stream)
    counts: dict[str, int] = {}
    actors: dict[str, int] = {}
    erased = header_bytes = body_bytes = 0
    ends: list[Moment] = []
    unknown = set()
    state = _State(stream)
    for receipt, moment in _story(store, segments, derived):
        state.add(moment)
        if moment.step is None and moment.kind != FORKED:
            continue
        ends = [ends[0] if ends else moment, moment]
        counts[moment.kind] = counts.get(moment.kind, 0) + 1
        actors[moment.actor] = actors.get(moment.actor, 0) + 1
        erased += moment.body is None
        header_bytes += len(receipt.header)
        body_bytes += len(receipt.body or b"")
        if not moment.readable:
            unknown.add((moment.kind, moment.schema))
    parent, at = _origin(store, segments)
    return Inspection(
        store.ledger, stream, segments[-1].last + 1, branch.length(segments), parent, at,
        _forks(store, segments), ends[0], ends[1], counts, actors, erased, header_bytes, body_bytes,
        sorted(unknown), state.value,
    )  # fmt: skip


def trace(store: Store, stream: str, *, derived: Views | None = None) -> Trace:
    """Tells the story of a stream, command by command.

    Args:
        store: the ledger.
        stream: the stream.
        derived: the views of this ledger, brought up to date here; without them the ledger's own stream
            is read for what the reconcile found.

    Raises:
        InputError: `stream_not_found`.
    """
    segments = branching.history(store, stream)
    moments = [moment for _, moment in _story(store, segments, derived)]
    state = _State(stream)
    for moment in moments:
        state.add(moment)
    entries = _entries(moments)
    for name, step in _forks(store, segments):
        _mark_fork(entries, name, step)
    parent, at = _origin(store, segments)
    return Trace(store.ledger, stream, branch.length(segments), parent, at, state.value, entries)


def story(store: Store, stream: str, *, derived: Views | None = None) -> list[Entry]:
    """Tells the story alone: nothing is folded and no branches are looked for; without views nothing is written.

    Args:
        store: the ledger.
        stream: the stream.
        derived: as for `trace`.

    Raises:
        InputError: `stream_not_found`.
    """
    return _entries([moment for _, moment in _story(store, branching.history(store, stream), derived)])


def of_others(
    context: Context, stream: str, tell: Callable[[Store, str], list[Entry]]
) -> list[tuple[str, list[Entry]]]:
    """Returns what each ledger that was fetched says of a stream; one that cannot be read is a warning."""
    stories = []
    for ledger in sorted(context.ledgers.foreign()):
        try:
            store = context.ledgers.open_foreign(ledger)
            try:
                if store.stream(stream) is not None:
                    stories.append((ledger, tell(store, stream)))
            finally:
                store.close()
        except CounterfoilError as error:
            context.warn(
                "origin_unreadable", f"the ledger {ledger} is left out: {error.message}", ledger=ledger
            )
    return stories


class _State:
    """What a story folds to; None as soon as it holds what only a newer program can read."""

    def __init__(self, stream: str) -> None:
        self._reducer = reducer_of(stream)
        self.value: dict[str, Any] | None = self._reducer.initial()

    def add(self, moment: Moment) -> None:
        """Folds one more receipt, or what the reconcile found in Git."""
        if self.value is None or moment.kind == FORKED:
            return
        body = moment.body or {}
        if not moment.readable:
            self.value = None
        elif moment.step is None:
            for found in ticket_story.found_in_git(body).values():
                self.value = ticket_story.observed(self.value, moment, found)
        else:
            self.value = self._reducer.evolve(self.value, moment, body)


def replay(store: Store, stream: str, at: int | None = None, *, snapshots: Views | None = None) -> Replay:
    """Returns a stream as it was after a step of its history; None means the last.

    Raises:
        InputError: `stream_not_found`, `receipt_not_found`.
        ConflictError: `newer_ledger`.
    """
    segments = branching.until(store, stream, at)
    step = branch.length(segments) - 1
    place = branch.locate(segments, step)
    if place is None:
        raise branching.no_such_step(stream, step, segments)
    reducer = reducer_of(stream)
    before = state_at(store, reducer, branch.until(segments, step - 1), snapshots=snapshots)
    last = store.read(place[0], first=place[1], last=place[1])
    return next(_replayed(stream, branch.length(branching.history(store, stream)), last, step, before))


def replay_all(store: Store, stream: str, at: int | None = None) -> Iterator[Replay]:
    """Yields a stream as it was after each step of its history, up to one; each costs what one step costs.

    Raises:
        InputError: `stream_not_found`, `receipt_not_found`.
        ConflictError: `newer_ledger`.
    """
    segments = branching.until(store, stream, at)
    steps = branch.length(branching.history(store, stream))
    yield from _replayed(stream, steps, read_history(store, segments), 0, reducer_of(stream).initial())


def _replayed(
    stream: str, steps: int, receipts: Iterable[Receipt], first: int, state: dict[str, Any]
) -> Iterator[Replay]:
    reducer = reducer_of(stream)
    for step, (receipt, body) in enumerate(decoded(receipts, KINDS), first):
        before, state = state, reducer.evolve(state, receipt, body)
        changed = branching.differences(before, state)
        yield Replay(stream, step, steps, state, changed, _moment(receipt, body, step, True))


# --- receipts -------------------------------------------------------------------------------------


def _story(
    store: Store, segments: Sequence[Segment], derived: Views | None
) -> Iterator[tuple[Receipt, Moment]]:
    """Yields a history, and for a ticket's what the reconcile found in Git, in the order of the log."""
    store.size()  # what has no place in the log yet is given one
    steps = {segment.stream: segment.step - segment.first for segment in segments}
    ticket = _ticket_of(segments[0].stream)
    found = _found_in_git(store, segments, ticket, derived) if ticket else iter(())
    for receipt in merge(_receipts(store, segments), found, key=_position):
        readable = KINDS.knows(receipt.kind, receipt.schema)
        body: Body | None = decode(receipt)
        if readable and body is not None:
            body = KINDS.read(receipt.kind, receipt.schema, body)
        offset = steps.get(receipt.stream)
        if offset is None and body is not None:
            body = ticket_story.about(body, ticket)
        if body is not None:
            step = None if offset is None or receipt.kind == FORKED else receipt.seq + offset
            yield receipt, _moment(receipt, body, step, readable)


def _position(receipt: Receipt) -> int:
    return receipt.position


def _receipts(store: Store, segments: Sequence[Segment]) -> Iterator[Receipt]:
    """Yields a history with the receipts by which its branches begin."""
    for segment in segments:
        if segment.first:
            yield from store.read(segment.stream, first=0, last=0)
        yield from read_history(store, [segment])


def _ticket_of(stream: str) -> str:
    """Returns the id of the ticket whose stream this is, empty for any other stream."""
    place, _, rest = stream.partition("/")
    return rest if place == "ticket" and "/" not in rest else ""


def _found_in_git(
    store: Store, segments: Sequence[Segment], ticket: str, derived: Views | None
) -> Iterator[Receipt]:
    """Yields the reconcile's receipts that may speak of a ticket.

    A branch shares its ticket's story up to where it leaves it: what was found later is none of its own.
    """
    root = segments[0]
    shared = next(store.read(root.stream, first=root.last, last=root.last), None)
    end = shared.position if shared is not None and len(segments) > 1 else None
    if derived is None:
        found = (receipt for receipt in store.read(LEDGER) if receipt.kind == kinds.RECONCILED)
    else:
        rows = views.read_up(
            store, derived, lambda: list(views.timeline(derived, ticket)), wanted=(views.TIMELINE,)
        )
        places = [position for position, kind in rows if kind == kinds.RECONCILED]
        found = (receipt for place in places for receipt in store.log(first=place, last=place))
    for receipt in found:
        if end is not None and receipt.position > end:
            return
        yield receipt


def _moment(receipt: Receipt, body: Body, step: int | None, readable: bool) -> Moment:
    told = {name: value for name, value in body.items() if name != SALT}
    return Moment(
        step, receipt.position, receipt.stream, receipt.seq, receipt.kind, receipt.schema, receipt.id,
        receipt.at, receipt.actor, None if receipt.body is None else told, readable,
    )  # fmt: skip


def _origin(store: Store, segments: Sequence[Segment]) -> tuple[str | None, int | None]:
    own = segments[-1]
    found = store.stream(own.stream)
    return (found.parent, own.step - 1) if found is not None and found.parent is not None else (None, None)


def _forks(store: Store, segments: Sequence[Segment]) -> list[tuple[str, int]]:
    """Returns the branches that leave a history, each with the step after which it does."""
    lies = {segment.stream: segment for segment in segments}
    found = []
    for stream in store.streams():
        segment = lies.get(stream.parent or "")
        if segment is not None and stream.name not in lies and stream.fork_seq <= segment.last:
            found.append((stream.name, segment.step + stream.fork_seq - segment.first))
    return sorted(found, key=lambda fork: (fork[1], fork[0]))


# --- the story ------------------------------------------------------------------------------------


def _entries(moments: Iterable[Moment]) -> list[Entry]:
    """Puts the receipts of each command together, where the first of them stands."""
    entries: list[Entry] = []
    by_command: dict[str | None, Entry] = {}
    mute: dict[str | None, Entry] = {}
    for moment in moments:
        body = moment.body or {}
        command = text(body, "command")
        # An erased body no longer names its command, but what came of it still names the receipt.
        entry = by_command.get(command) or mute.get(text(body, "intended"))
        if entry is None:
            entry = Entry(command, moment.actor, moment.at, moment.at, moment.kind)
            entries.append(entry)
        if command is not None:
            entry.command = command
            by_command[command] = entry
        elif moment.body is None:
            mute[moment.id] = entry
        entry.until = moment.at
        entry.moments.append(moment)
        _tell(entry, moment, body)
    for before, entry in zip([None, *entries], entries, strict=False):
        entry.took_ms = _between(entry.at, entry.until)
        entry.pause_ms = _between(before.until, entry.at) if before is not None else None
    return entries


def _tell(entry: Entry, moment: Moment, body: dict[str, Any]) -> None:
    """Adds to an entry what one of its receipts says."""
    kind = moment.kind
    if not moment.readable:
        entry.outcome = UNREADABLE
    elif kind in {kinds.INTENDED, kinds.PROJECT_INTENDED}:
        entry.outcome = OPEN
        entry.action = text(body, "action") or kind
        entry.subject = text(body, "subject")
        entry.changes = ticket_story.fields(body)
        entry.blobs = [text(body, "before"), text(body, "after")]
    elif kind in _ENDINGS:
        entry.outcome = _ENDINGS[kind]
        entry.commit = text(body, "commit")
        entry.ref = text(body, "ref")
    elif kind in _CLAIMS:
        claim = {name: body.get(name) for name in ("holder", "fence", "until")}
        entry.claims.append({"what": _CLAIMS[kind], **claim})
    elif kind == kinds.RECONCILED:
        found = list(ticket_story.found_in_git(body).values())
        changes = [change for parts in found for change in parts["changes"]]
        entry.outcome = OBSERVED
        entry.ref = text(body, "ref")
        entry.commit = changes[-1][3] if changes else text(body, "to")
        entry.blobs = [changes[0][1], changes[-1][2]] if changes and len(found) == 1 else None
    elif kind == kinds.NOTED:
        entry.subject = text(body, "text")


_ENDINGS = {
    **OUTCOMES,
    kinds.PROJECT_APPLIED: OUTCOMES[kinds.APPLIED],
    kinds.PROJECT_ABANDONED: OUTCOMES[kinds.ABANDONED],
}


def _between(start: str, end: str) -> int | None:
    first, last = read_ms(start), read_ms(end)
    return None if first is None or last is None else last - first


def _mark_fork(entries: Iterable[Entry], name: str, step: int) -> None:
    """Notes a branch at the entry after whose receipt it leaves."""
    for entry in entries:
        if any(moment.step == step for moment in entry.moments):
            entry.forks.append(name)
