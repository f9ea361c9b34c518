"""Commands to a stream: load the state, decide, seal by compare-and-set, and try again when overtaken.

A command costs what is new since the last snapshot and not what the stream holds. Snapshots are derived:
each names the receipt that it was taken at and carries a digest over all of itself, and one that does not
fit is ignored. A branch is folded through its parents' beginnings.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from counterfoil.errors import ConflictError
from counterfoil.kernel import canonical
from counterfoil.kernel.digest import HASH_BYTES, sha256
from counterfoil.ledger import branch
from counterfoil.ledger.decider import Refusal
from counterfoil.ledger.fold import fold
from counterfoil.ledger.instant import read_ms
from counterfoil.ledger.receipt import SALT, SALT_BITS, Draft, check_stream, key_digest
from counterfoil.usecases import record
from counterfoil.usecases.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from counterfoil.kernel.event import Registry
    from counterfoil.ledger.branch import Segment
    from counterfoil.ledger.decider import Decider, Event, Reducer
    from counterfoil.ledger.receipt import Receipt
    from counterfoil.usecases.context import Context
    from counterfoil.usecases.ports import Snapshots, Store

State = TypeVar("State")
Command = TypeVar("Command")

SNAPSHOT_EVERY = 128
"""Receipts that are folded anew before a snapshot is worth its write."""
ATTEMPTS = 40
PAUSE_MS_MAX = 25


class Standing(NamedTuple, Generic[State]):
    """A stream's state, and the place in the stream that it belongs to.

    Attributes:
        state: what the receipts fold to.
        length: how many receipts are the stream's own.
        at_ms: when the last one was sealed; 0 without one.
        hash: the last one's leaf hash, empty where none was read.
        kept: the length at which the newest snapshot was taken, 0 without one.
    """

    state: State
    length: int
    at_ms: int
    hash: bytes
    kept: int


class Outcome(NamedTuple, Generic[State]):
    """What became of a command.

    Attributes:
        state: the stream's state now.
        receipts: what was sealed for the command; empty where nothing had to be.
        repeated: whether that had happened before, under the same key.
    """

    state: State
    receipts: list[Receipt]
    repeated: bool


def execute(
    context: Context,
    store: Store,
    decider: Decider[State, Command],
    stream: str,
    command: Command,
    *,
    actor: str,
    key: str,
    snapshots: Snapshots | None = None,
    kinds: Registry = KINDS,
    statement: tuple[str, Sequence[str]] | None = None,
) -> Outcome[State]:
    """Carries out a command on one stream, once however often it is sent under its key.

    Args:
        context: gives time and chance.
        store: the ledger.
        decider: decides.
        stream: the stream, which need not be there yet.
        command: what is wanted.
        actor: who wants it.
        key: names the command.
        snapshots: where states are kept between commands.
        kinds: the kinds that are known.
        statement: the digests of a signed statement that the first receipt carries.

    Raises:
        ConflictError: `version_conflict` (others were faster `ATTEMPTS` times), `key_reused` (the key
            belongs to another command), `newer_ledger`.
        CounterfoilError: the decider's refusal.
    """
    check_stream(stream)
    standing = load(store, decider, stream, snapshots=snapshots, kinds=kinds)
    name = key_digest(actor, _key(key, 0))
    for attempt in range(ATTEMPTS):
        first = store.by_key(stream, name)
        if first is not None:
            receipts = _repeated(store, decider, command, first, actor, key, kinds)
            return Outcome(standing.state, receipts, True)
        now_ms = max(context.clock.now_ms(), standing.at_ms)
        events = _decided(decider, standing.state, command, now_ms)
        if not events:
            return Outcome(standing.state, [], False)
        drafts = _drafts(context, stream, events, actor, key, kinds, statement)
        try:
            receipts = record.append(context, store, drafts, expect={stream: standing.length}, now_ms=now_ms)
        except ConflictError as error:
            if error.code != "version_conflict" and store.by_key(stream, name) is None:
                raise
            bound_ms = min(PAUSE_MS_MAX, 1 << attempt)
            context.clock.sleep(context.entropy.bits(20) * bound_ms / (1 << 20) / 1000)
            standing = _advanced(decider, standing, store.read(stream, first=standing.length), kinds)
            continue
        repeated = receipts[0].body != drafts[0].body  # by its salt: somebody sealed the same just now
        new = store.read(stream, first=standing.length) if repeated else receipts
        standing = _advanced(decider, standing, new, kinds)
        _keep(store, decider, stream, standing, snapshots, kinds)
        return Outcome(standing.state, receipts, repeated)
    raise ConflictError(
        "version_conflict",
        f"others wrote to {stream} faster, {ATTEMPTS} times in a row",
        "try again",
        stream=stream,
    )


def was_sent(store: Store, stream: str, actor: str, key: str) -> bool:
    """Tells whether a command of an actor has changed a stream under this key."""
    return store.by_key(stream, key_digest(actor, _key(key, 0))) is not None


def _key(key: str, number: int) -> str:
    return f"{key}/{number}"


def _decided(
    decider: Decider[State, Command], state: State, command: Command, now_ms: int
) -> Sequence[Event]:
    decision = decider.decide(state, command, now_ms)
    if isinstance(decision, Refusal):
        raise decision.error
    return decision


def _drafts(
    context: Context,
    stream: str,
    events: Sequence[Event],
    actor: str,
    key: str,
    kinds: Registry,
    statement: tuple[str, Sequence[str]] | None,
) -> list[Draft]:
    schemas = {kind.name: kind.schema for kind in kinds}
    return [
        Draft(
            stream,
            event.kind,
            actor,
            event.body,
            key=_key(key, number),
            salt=f"{context.entropy.bits(SALT_BITS):032x}",
            schema=schemas.get(event.kind, 1),
            statement=None if number else statement,
        )
        for number, event in enumerate(events)
    ]


def _repeated(
    store: Store,
    decider: Decider[State, Command],
    command: Command,
    first: Receipt,
    actor: str,
    key: str,
    kinds: Registry,
) -> list[Receipt]:
    """Returns what was sealed for a command before, having decided on it again as things stood then."""
    receipts: list[Receipt] = []
    for receipt in store.read(first.stream, first=first.seq):
        if receipt.fields.get("key") != key_digest(actor, _key(key, len(receipts))):
            break
        receipts.append(receipt)
    segments = branch.lineage(first.stream, store.stream)
    before = [*segments[:-1], segments[-1]._replace(last=first.seq - 1)]
    state = fold(read_history(store, before), decider.evolve, decider.initial(), kinds)
    decision = decider.decide(state, command, read_ms(first.at) or 0)
    events = () if isinstance(decision, Refusal) else decision
    wanted = [(event.kind, canonical.encode(event.body)) for event in events]
    if [(receipt.kind, _unsalted(receipt)) for receipt in receipts] != wanted:
        raise ConflictError(
            "key_reused",
            f"the key {key!r} belongs to another command on {first.stream}",
            "give each command a key of its own",
            stream=first.stream,
            receipt=first.id,
        )
    return receipts


def _unsalted(receipt: Receipt) -> bytes:
    return canonical.encode({name: value for name, value in receipt.data().items() if name != SALT})


# --- states ---------------------------------------------------------------------------------------


def load(
    store: Store,
    reducer: Reducer[State],
    stream: str,
    *,
    snapshots: Snapshots | None = None,
    kinds: Registry = KINDS,
) -> Standing[State]:
    """Returns a stream's state as it is now.

    Raises:
        ConflictError: `newer_ledger`.
        IntegrityError: `ledger_damaged`.
    """
    standing = _from_snapshot(store, reducer, stream, None, snapshots, kinds)
    if standing is None:
        segments = branch.lineage(stream, store.stream)
        standing = _folded(store, reducer, segments, snapshots, kinds)
    return _keep(store, reducer, stream, standing, snapshots, kinds)


def onward(
    reducer: Reducer[State], standing: Standing[State], sealed: Iterable[Receipt], *, kinds: Registry = KINDS
) -> Standing[State]:
    """Returns where receipts lead to that were sealed right behind a standing, without reading the stream again."""
    return _advanced(reducer, standing, sealed, kinds)


def state_at(
    store: Store,
    reducer: Reducer[State],
    segments: Sequence[Segment],
    *,
    snapshots: Snapshots | None = None,
    kinds: Registry = KINDS,
) -> State:
    """Returns the state at the end of a history, or of a part of one (`branch.until`).

    Raises:
        ConflictError: `newer_ledger`.
        IntegrityError: `ledger_damaged`.
    """
    return _folded(store, reducer, segments, snapshots, kinds).state


def read_history(store: Store, segments: Iterable[Segment]) -> Iterator[Receipt]:
    """Yields the receipts of a history in order, a branch's own after its parent's."""
    for segment in segments:
        if segment.last >= segment.first:
            yield from store.read(segment.stream, first=segment.first, last=segment.last)


def _folded(
    store: Store,
    reducer: Reducer[State],
    segments: Sequence[Segment],
    snapshots: Snapshots | None,
    kinds: Registry,
) -> Standing[State]:
    """Folds a history from the last snapshot that lies within it."""
    for number in range(len(segments) - 1, -1, -1):
        segment = segments[number]
        found = _from_snapshot(store, reducer, segment.stream, segment.last, snapshots, kinds)
        if found is None:
            continue
        if number == len(segments) - 1:
            return found
        rest = read_history(store, segments[number + 1 :])
        return _ending(store, _advanced(reducer, found, rest, kinds), segments[-1])
    nothing: Standing[State] = Standing(reducer.initial(), 0, 0, b"", 0)
    if not segments:
        return nothing
    return _ending(store, _advanced(reducer, nothing, read_history(store, segments), kinds), segments[-1])


def _ending(store: Store, standing: Standing[State], own: Segment) -> Standing[State]:
    """Returns a standing at its place in the last stream of a history."""
    length = own.last + 1
    if own.last >= own.first:
        return standing._replace(length=length, kept=0)
    begun = read_ms(store.head(own.stream).at) or 0
    return standing._replace(length=length, at_ms=max(standing.at_ms, begun), hash=b"", kept=0)


def _advanced(
    reducer: Reducer[State], standing: Standing[State], receipts: Iterable[Receipt], kinds: Registry
) -> Standing[State]:
    last: Receipt | None = None

    def noted() -> Iterator[Receipt]:
        nonlocal last
        for receipt in receipts:
            last = receipt
            yield receipt

    state = fold(noted(), reducer.evolve, standing.state, kinds)
    if last is None:
        return standing
    at_ms = max(standing.at_ms, read_ms(last.at) or 0)
    return Standing(state, last.seq + 1, at_ms, last.hash, standing.kept)


# --- snapshots ------------------------------------------------------------------------------------


def snapshot_name(reducer: Reducer[State], kinds: Registry = KINDS) -> str:
    """Returns the name of a reducer's snapshots: other versions, and programs of other kinds, have others."""
    known = ",".join(sorted([f"{kind.name} {kind.schema}" for kind in kinds]))
    return f"{reducer.name}:{reducer.version}:{sha256(known.encode()).hexdigest()[:16]}"


def _from_snapshot(
    store: Store,
    reducer: Reducer[State],
    stream: str,
    last: int | None,
    snapshots: Snapshots | None,
    kinds: Registry,
) -> Standing[State] | None:
    """Returns the standing that a snapshot leads to, or None where none fits.

    Args:
        store: the ledger.
        reducer: whose state is wanted.
        stream: the stream.
        last: the last receipt that is to be folded, or None for all.
        snapshots: where states are kept.
        kinds: the kinds that are known.
    """
    if snapshots is None:
        return None
    name = snapshot_name(reducer, kinds)
    kept = snapshots.snapshot(store.ledger, stream, name)
    if kept is None or kept[0] < 1 or (last is not None and kept[0] - 1 > last):
        return None
    length, leaf, data = kept
    state = data[HASH_BYTES:]
    if data[:HASH_BYTES] != _digest(store.ledger, stream, name, length, leaf, state):
        return None
    receipts = store.read(stream, first=length - 1, last=last)
    at = next(receipts, None)
    if at is None or at.hash != leaf:
        return None
    standing = Standing(reducer.load(json.loads(state)), length, read_ms(at.at) or 0, leaf, length)
    return _advanced(reducer, standing, receipts, kinds)


def _keep(
    store: Store,
    reducer: Reducer[State],
    stream: str,
    standing: Standing[State],
    snapshots: Snapshots | None,
    kinds: Registry,
) -> Standing[State]:
    """Takes a snapshot when the last one is old enough."""
    length, leaf = standing.length, standing.hash
    if snapshots is None or not leaf or length - standing.kept < SNAPSHOT_EVERY:
        return standing
    name = snapshot_name(reducer, kinds)
    state = json.dumps(reducer.dump(standing.state), separators=(",", ":")).encode()
    digest = _digest(store.ledger, stream, name, length, leaf, state)
    snapshots.keep_snapshot(store.ledger, stream, name, (length, leaf, digest + state))
    return standing._replace(kept=length)


def _digest(ledger: str, stream: str, name: str, length: int, hash: bytes, state: bytes) -> bytes:
    return sha256(f"{ledger}\0{stream}\0{name}\0{length}\0".encode() + hash + state).digest()
