"""What a stream tells: everything about it at a glance, its story command by command, and any moment of it.

The story of a ticket is more than its stream: what the reconcile found in Git about it stands in the ledger's
own stream and is told in its place, in the order of the log. What a newer program sealed is shown by its
name and folded into nothing.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from counterfoil.errors import ConflictError
from counterfoil.ledger import branch
from counterfoil.ledger.fold import decode, decoded
from counterfoil.ledger.instant import read_ms
from counterfoil.ledger.receipt import FORKED, SALT
from counterfoil.usecases import branching, kinds, ticket_story, views
from counterfoil.usecases.kinds import KINDS, LEDGER
from counterfoil.usecases.runtime import read_history, state_at
from counterfoil.usecases.ticket_story import OUTCOMES, reducer_of, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from counterfoil.ledger.branch import Segment
    from counterfoil.ledger.fold import Body
    from counterfoil.ledger.receipt import Receipt
    from counterfoil.usecases.ports import Store, Views

OPEN, OBSERVED, UNREADABLE = "open", "observed", "unreadable"
_CLAIMS = {kinds.CLAIMED: "taken", kinds.RENEWED: "renewed", kinds.RELEASED: "released"}


@dataclass(frozen=True)
class Moment:
    """One receipt of a story.

    Attributes:
        step: its place in the stream's history, or None where it stands in another stream.
        position: its place in the log.
        stream, seq, kind, schema, id: as it was sealed.
        at, actor: as its header claims.
        body: what it says in today's form, of the reconcile only what concerns the ticket; None if erased.
        readable: whether this program knows its kind.
    """

    step: int | None
    position: int
    stream: str
    seq: int
    kind: str
    schema: int
    id: str
    at: str
    actor: str
    body: dict[str, Any] | None
    readable: bool = True


@dataclass
class Entry:
    """What one command did, or what was seen: its receipts in one.

    Attributes:
        command: the command's id, or None.
        actor, at: who began it and when; `until` is the time of its last receipt.
        took_ms: from the first receipt to the last; None where a time cannot be read.
        pause_ms: from the entry before to this one, likewise.
        action: `create`, `move`, `edit`, …, or the kind of a receipt that stands alone.
        subject: the commit's subject, or what was noted.
        outcome: `applied`, `reverted`, `abandoned`, `open`; `observed` in Git; `unreadable`; empty for the rest.
        changes: by field, what it was and what it became.
        commit, ref: where Git has it.
        blobs: the file's ids before and after.
        claims: what became of the claim: `what` (taken, renewed, released), holder, fence, until.
        forks: the branches that leave after this entry.
        moments: the receipts.
    """

    command: str | None
    actor: str
    at: str
    until: str
    action: str
    took_ms: int | None = None
    pause_ms: int | None = None
    subject: str | None = None
    outcome: str = ""
    changes: dict[str, list[Any]] = field(default_factory=dict)
    commit: str | None = None
    ref: str | None = None
    blobs: list[str | None] | None = None
    claims: list[dict[str, Any]] = field(default_factory=list)
    forks: list[str] = field(default_factory=list)
    moments: list[Moment] = field(default_factory=list)


@dataclass(frozen=True)
class Trace:
    """The story of a stream.

    Attributes:
        ledger, stream: which.
        steps: how many steps its history has.
        parent, at: what it branches off and after which step, or None.
        state: what it folds to, or None where a newer program is needed.
        entries: the story.
    """

    ledger: str
    stream: str
    steps: int
    parent: str | None
    at: int | None
    state: dict[str, Any] | None
    entries: list[Entry]

    def as_data(self) -> dict[str, Any]:
        """Returns the story as JSON data."""
        return asdict(self)


@dataclass(frozen=True)
class Replay:
    """A stream as it was after a step.

    Attributes:
        stream: which.
        step: the step.
        steps: how many its whole history has.
        state: what the history folds to up to there.
        changed: what the step changed in the state: path → (before, after).
        moment: the step's receipt.
    """

    stream: str
    step: int
    steps: int
    state: dict[str, Any]
    changed: dict[str, tuple[Any, Any]]
    moment: Moment


@dataclass(frozen=True)
class Inspection:
    """A stream at a glance.

    Attributes:
        ledger, stream: which.
        own: how many receipts are its own.
        steps: how many steps its history has, its parents' included.
        parent, at: what it branches off and after which step, or None.
        forks: its branches, each with the step after which it leaves.
        first, last: the ends of its history.
        kinds, actors: how many receipts of each there are in its history.
        erased: how many bodies are gone.
        header_bytes, body_bytes: how much was sealed.
        needs: the kinds, with schemas, that only a newer program can read.
        state: what it folds to, or None where a newer program is needed.
    """

    ledger: str
    stream: str
    own: int
    steps: int
    parent: str | None
    at: int | None
    forks: list[tuple[str, int]]
    first: Moment
    last: Moment
    kinds: dict[str, int]
    actors: dict[str, int]
    erased: int
    header_bytes: int
    body_bytes: int
    needs: list[tuple[str, int]]
    state: dict[str, Any] | None

    def as_data(self) -> dict[str, Any]:
        """Returns everything as JSON data."""
        return asdict(self)


def inspect(store: Store, stream: str, *, snapshots: Views | None = None) -> Inspection:
    """Looks at a stream.

    Raises:
        InputError: `stream_not_found`.
    """
    segments = branching.history(store, stream)
    counts: dict[str, int] = {}
    actors: dict[str, int] = {}
    erased = header_bytes = body_bytes = 0
    ends: list[Receipt] = []
    unknown = set()
    for receipt in _receipts(store, segments):
        ends = [ends[0] if ends else receipt, receipt]
        counts[receipt.kind] = counts.get(receipt.kind, 0) + 1
        actors[receipt.actor] = actors.get(receipt.actor, 0) + 1
        erased += receipt.body is None
        header_bytes += len(receipt.header)
        body_bytes += len(receipt.body or b"")
        if not KINDS.knows(receipt.kind, receipt.schema):
            unknown.add((receipt.kind, receipt.schema))
    parent, at = _origin(store, segments)
    steps = branch.length(segments)
    first, last = _moments(ends, segments)
    return Inspection(
        store.ledger, stream, segments[-1].last + 1, steps, parent, at, _forks(store, segments),
        first, last, counts, actors, erased, header_bytes, body_bytes, sorted(unknown),
        None if unknown else state_at(store, reducer_of(stream), segments, snapshots=snapshots),
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
    receipts = list(_receipts(store, segments))
    ticket = _ticket_of(segments[0].stream)
    if ticket:
        shared = [receipt.position for receipt in receipts if receipt.stream == segments[0].stream]
        receipts += _found_in_git(store, ticket, max(shared) if len(segments) > 1 else None, derived)
        receipts.sort(key=lambda receipt: receipt.position)
    moments = _moments(receipts, segments, ticket)
    entries = _entries(moments)
    for name, step in _forks(store, segments):
        _mark_fork(entries, name, step)
    parent, at = _origin(store, segments)
    try:
        state = state_at(store, reducer_of(stream), segments, snapshots=derived)
    except ConflictError:
        state = None
    return Trace(store.ledger, stream, branch.length(segments), parent, at, state, entries)


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


def _found_in_git(store: Store, ticket_id: str, end: int | None, derived: Views | None) -> list[Receipt]:
    """Returns the reconcile's receipts that may speak of a ticket, up to a position.

    A branch shares its ticket's story up to where it leaves it: what was found later is none of its own.
    """
    if derived is None:
        found = [receipt for receipt in store.read(LEDGER) if receipt.kind == kinds.RECONCILED]
        return [receipt for receipt in found if end is None or receipt.position <= end]

    def positions() -> list[int]:
        rows = views.timeline(derived, ticket_id)
        return [position for position, row in rows if row["kind"] == kinds.RECONCILED]

    found = []
    for position in views.read_up(store, derived, positions, wanted=(views.TIMELINE,)):
        if end is None or position <= end:
            found += store.log(first=position, last=position)
    return found


def _moments(receipts: Sequence[Receipt], segments: Iterable[Segment], ticket: str = "") -> list[Moment]:
    """Reads receipts; of what the reconcile found, only what is about `ticket` is kept, if one is named."""
    steps = {segment.stream: segment.step - segment.first for segment in segments}
    moments = []
    for receipt in receipts:
        readable = KINDS.knows(receipt.kind, receipt.schema)
        body = decode(receipt)
        body = KINDS.read(receipt.kind, receipt.schema, body) if readable else body
        offset = steps.get(receipt.stream)
        if receipt.kind == kinds.RECONCILED and ticket:
            found = [entry for entry in ticket_story.changes(body) if entry[0] == ticket]
            if not found and offset is None:
                continue
            body = {**body, "changes": found}
        step = None if offset is None or receipt.kind == FORKED else receipt.seq + offset
        moments.append(_moment(receipt, body, step, readable))
    return moments


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
    by_command: dict[str, Entry] = {}
    for moment in moments:
        body = moment.body or {}
        command = text(body, "command")
        entry = by_command.get(command) if command is not None else None
        if entry is None:
            entry = Entry(command, moment.actor, moment.at, moment.at, moment.kind)
            entries.append(entry)
            if command is not None:
                by_command[command] = entry
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
        found = ticket_story.changes(body)
        entry.outcome = OBSERVED
        entry.ref = text(body, "ref")
        entry.commit = found[-1][3] if found else text(body, "to")
        entry.blobs = [found[0][1], found[-1][2]] if found else None
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
