"""When the log is signed, by which keys, and how keys follow each other.

The next writing command that finds receipts unsigned for a minute signs, and so do `git push` and
`ticket ledger checkpoint` (evidence.md, "Checkpoints"). A key is made at first use and recorded in the log
before the first checkpoint that it signs; a new one signs side by side with the old one until that is
retired, so whoever trusts the old one sees where the new one comes from. On the hot path: `is_due`.
"""

from __future__ import annotations

from itertools import pairwise

from counterfoil.errors import CounterfoilError, InputError, IntegrityError
from counterfoil.kernel import merkle
from counterfoil.kernel.instant import iso_ms
from counterfoil.usecases import kinds

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterfoil.kernel.note import Sign, VerifierKey
    from counterfoil.ledger.checkpoint import Checkpoint
    from counterfoil.ledger.receipt import Draft
    from counterfoil.usecases.context import Context
    from counterfoil.usecases.ports import Keys, Store

DUE_MS = 60_000
"""How long a receipt may wait for its signature."""
OVERLAP_MS = 30 * 24 * 3600 * 1000
"""How long an old key signs beside its successor."""
KEYS = f"{kinds.LEDGER}/keys"
"""The stream of the ledger's own keys: short, however long the log."""
ROTATED = "rotated"
LOST = "lost"


class LogKey:
    """A key of the log.

    Attributes:
        name: what the clone calls it.
        key: its public half.
        since: the position at which it was recorded; it signs longer logs.
        until: the position at which it was retired, or None; it signs no longer log than that.
        at: when it was recorded.
    """

    __slots__ = ("at", "key", "name", "since", "until")

    def __init__(self, name: str, key: VerifierKey, since: int, at: str) -> None:
        self.name = name
        self.key = key
        self.since = since
        self.until: int | None = None
        self.at = at

    def signs(self, size: int) -> bool:
        """Tells whether a checkpoint of this size may be signed by the key."""
        return self.since < size and (self.until is None or size <= self.until)


def is_due(store: Store, now_ms: int) -> bool:
    """Tells whether receipts have been waiting for a signature for a minute; costs two look-ups."""
    signed, _ = store.newest_checkpoint()
    waiting = store.log(first=signed, last=signed, bodies=False)
    early, late = iso_ms(max(0, now_ms - DUE_MS)), iso_ms(now_ms + DUE_MS)
    # A time in the future is of a clock that was set back since: nothing has to wait for it to come.
    return any(receipt.at <= early or receipt.at > late for receipt in waiting)


def log_keys(store: Store) -> list[LogKey]:
    """Returns all keys that were ever recorded, in this order; what is no key of this log is passed over."""
    from counterfoil.kernel.note import parse_key
    from counterfoil.ledger.checkpoint import origin_of

    found: dict[str, LogKey] = {}
    for receipt in store.read(KEYS):
        body = receipt.data()
        text = str(body.get("key"))
        known = found.get(text)
        if receipt.kind == kinds.KEY_RETIRED and known is not None and known.until is None:
            known.until = receipt.position
        if receipt.kind != kinds.KEY_ADDED or known is not None:
            continue
        try:
            key = parse_key(text)
        except InputError:
            continue
        if key.name == origin_of(store.ledger):
            found[text] = LogKey(str(body.get("name")), key, receipt.position, receipt.at)
    return list(found.values())


def unvouched(store: Store) -> list[LogKey]:
    """Returns the keys, the first left out, that no older one could vouch for: those were retired already."""
    keys = log_keys(store)
    return [
        new
        for number, new in enumerate(keys)
        if number and not any(old.until is None or old.until > new.since for old in keys[:number])
    ]


def keys_at(store: Store, size: int) -> list[VerifierKey]:
    """Returns the keys by which a checkpoint of this size may be signed."""
    return [each.key for each in log_keys(store) if each.signs(size)]


def checkpoint(context: Context, store: Store, *, now_ms: int, keys: Keys, force: bool = False) -> str | None:
    """Signs the log as it stands, keeps the checkpoint and shows it to Git.

    A log is signed only as the continuation of all that was signed before: of the newest checkpoint in the
    store and of the one at the end of Git's chain (C2SP tlog-checkpoint, "Signatures").

    Args:
        context: the project.
        store: its ledger.
        now_ms: milliseconds since 1970.
        keys: the clone's keys.
        force: sign also what is not due yet.

    Returns:
        The newest signed note; None where nothing was due.

    Raises:
        IntegrityError: `checkpoint_differs`, when the log does not continue what was signed.
        HostError: `key_exposed`, `io_error`.
        InputError: `invalid_note`, `invalid_checkpoint`, for a damaged checkpoint.
    """
    if not force and not is_due(store, now_ms):
        return None
    _prepare(context, store, now_ms, keys)
    return _sign(context, store, now_ms, keys)


def sign_or_warn(context: Context, store: Store, *, force: bool = False) -> None:
    """Signs the log if that is due, under the clone's lock; a log that cannot be signed stops nothing.

    Args:
        context: the project.
        store: its ledger.
        force: sign also what is not due yet.
    """
    now_ms = context.clock.now_ms()
    try:
        if force or is_due(store, now_ms):
            checkpoint(context, store, now_ms=now_ms, keys=context.keys, force=force)
    except CounterfoilError as error:
        context.warn(
            "not_signed",
            f"the ledger could not be signed: {error.message}",
            hint=error.hint or "ticket ledger checkpoint",
            reason=error.code,
        )


def rotate(
    context: Context, store: Store, *, now_ms: int, keys: Keys, reason: str = ROTATED, overlap: bool = True
) -> str:
    """Makes a new key, and lets both sign a checkpoint that holds the new one's receipt.

    Args:
        context: the project.
        store: its ledger.
        now_ms: milliseconds since 1970.
        keys: the clone's keys.
        reason: why, for the receipt that retires the old key.
        overlap: whether the old key goes on signing for `OVERLAP_MS`; without, it is retired right after that
            checkpoint. A key that was on its way out already is retired at once.

    Returns:
        The newest signed note.

    Raises:
        IntegrityError, HostError, InputError: as `checkpoint`.
    """
    *older, newest = _prepare(context, store, now_ms, keys)
    added = _added(context, store, keys)
    _append(context, store, [added, *[_retired(context, each, reason) for each in older]])
    note = _sign(context, store, now_ms, keys)
    if overlap:
        return note
    _append(context, store, [_retired(context, newest, reason)])
    return _sign(context, store, now_ms, keys)


def _prepare(context: Context, store: Store, now_ms: int, keys: Keys) -> list[LogKey]:
    """Records what became of the keys since the last time; returns those that sign now, the oldest first."""
    active = _active(store)
    here = [each for each in active if keys.public(each.name) == each.key.public]
    drafts = [_retired(context, each, LOST) for each in active if each not in here]
    begun = iso_ms(max(0, now_ms - OVERLAP_MS))
    drafts += [_retired(context, old, ROTATED) for old, new in pairwise(here) if new.at <= begun]
    if not here:
        drafts.append(_added(context, store, keys))
    if not drafts:
        return here
    _append(context, store, drafts)
    return _active(store)


def _active(store: Store) -> list[LogKey]:
    return [each for each in log_keys(store) if each.until is None]


def _added(context: Context, store: Store, keys: Keys) -> Draft:
    """Makes the next key, or takes one that a killed command made, and returns the draft that records it."""
    from counterfoil.kernel.note import VerifierKey
    from counterfoil.ledger.checkpoint import origin_of
    from counterfoil.usecases.record import draft

    names = {each.name for each in log_keys(store)}
    number = 1
    while f"{store.ledger}-{number}" in names:
        number += 1
    name = f"{store.ledger}-{number}"
    key = str(VerifierKey(origin_of(store.ledger), keys.create(name)))
    body = {"name": name, "key": key}
    return draft(context, KEYS, kinds.KEY_ADDED, context.actor(), body, f"{key}/added")


def _retired(context: Context, old: LogKey, reason: str) -> Draft:
    from counterfoil.usecases.record import draft

    body = {"name": old.name, "key": str(old.key), "reason": reason}
    return draft(context, KEYS, kinds.KEY_RETIRED, context.actor(), body, f"{old.key}/retired")


def _append(context: Context, store: Store, drafts: Sequence[Draft]) -> None:
    from counterfoil.usecases.record import append

    append(context, store, drafts)


def _sign(context: Context, store: Store, now_ms: int, keys: Keys) -> str:
    """Signs the log as it stands by all keys that may, unless that has been done."""
    from counterfoil.ledger import checkpoint as checkpoints
    from counterfoil.usecases import witnessing

    tip = witnessing.tip(context, store.ledger)
    kept, note = store.newest_checkpoint()
    size, root = store.tree_head()
    ours = checkpoints.Checkpoint(checkpoints.origin_of(store.ledger), size, root)
    if kept:
        _check_continues(store, checkpoints.parse(note)[0], ours)
    if tip is not None:
        _check_continues(store, tip.checkpoint, ours)
    if kept < size:
        signers = [each for each in log_keys(store) if each.signs(size)]
        note = ours.sign([(each.key, _pen(keys, each.name)) for each in signers])
        trusted = [each.key for each in signers]
        if checkpoints.verify(note, trusted, keys.verify) != (ours, trusted):
            raise _differs(ours, "what was signed is not what is read")
        store.keep_checkpoint(size, note)
    witnessing.show(context, store.ledger, size, note, now_ms)
    return note


def _pen(keys: Keys, name: str) -> Sign:
    return lambda data: keys.sign(name, data)


def _check_continues(store: Store, old: Checkpoint, ours: Checkpoint) -> None:
    """Refuses to sign a log that is not the continuation of one that was signed."""
    if old.origin != ours.origin or old.size > ours.size:
        raise _differs(old, f"it has {ours.size} receipts now")
    path = merkle.consistency_path(old.size, ours.size, store.node)
    if not merkle.verify_consistency(old.size, old.root, ours.size, ours.root, path):
        raise _differs(old, "its receipts are others now")


def _differs(old: Checkpoint, why: str) -> IntegrityError:
    return IntegrityError(
        "checkpoint_differs",
        f"the log was signed with {old.size} receipts as {old.origin}, and {why}",
        "ticket ledger verify",
        size=old.size,
        root=old.root.hex(),
    )
