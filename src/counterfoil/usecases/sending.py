"""What a clone says of its own ledger before receipts leave it, and what it does with a file of receipts.

Nothing leaves unsigned: whatever is pushed or exported was first covered by a checkpoint, so whoever receives it
can tell whose it is and that nothing is missing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterfoil.errors import ConflictError, CounterfoilError
from counterfoil.kernel.digest import hash_leaf, sha256_hex
from counterfoil.kernel.merkle import root_of
from counterfoil.ledger import checkpoint as checkpoints
from counterfoil.ledger import parcel
from counterfoil.ledger.parcel import LINE_BYTES, lines_of, refused
from counterfoil.usecases import erasing, signing, transfer, travelling
from counterfoil.usecases.addressing import open_ledger
from counterfoil.usecases.transfer import Incoming, Manifest, Taken, read_manifest
from counterfoil.usecases.trusting import bridging
from counterfoil.usecases.witnessing import CHECKPOINTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from counterfoil.usecases.context import Context
    from counterfoil.usecases.ports import Store
    from counterfoil.usecases.transfer import Progress
    from counterfoil.usecases.travelling import Pushed

    Blocks = Callable[[], Iterable[bytes]]
    """Gives a file's bytes from the beginning, each time it is called."""

PUSHED = "witnesses"
"""Folder of the clone's own: for each remote the checkpoint that it was given last."""


def announce(context: Context, store: Store, *, bodies: bool, own: bool = True) -> Manifest:
    """Returns what is to be said of a ledger that leaves, signed first if it is ours and its tail is not.

    Raises:
        IntegrityError: `integrity`, when the ledger is not what its newest checkpoint says.
        HostError: when the key cannot be used.
    """
    if own:
        signing.checkpoint(context, store, now_ms=context.clock.now_ms(), keys=context.keys, force=True)
    notes = bridging(store, store.size())
    if not notes:
        raise refused("signature", "nothing of this ledger is signed", ledger=store.ledger)
    newest, _ = checkpoints.parse(notes[-1])
    if newest.size > store.size() or root_of(newest.size, store.node) != newest.root:
        error = refused("root", "this ledger is not what its newest checkpoint says", ledger=store.ledger)
        error.hint = "ticket ledger verify"
        raise error
    return Manifest(store.ledger, newest.size, newest.root, notes, bodies)


def push(context: Context, remote: str, *, bodies: bool, progress: Progress | None = None) -> Pushed:
    """Pushes the receipts of the clone's own ledger and its checkpoints; see `travelling.push`."""
    store = open_ledger(context)
    try:
        manifest = announce(context, store, bodies=bodies)
        _refuse_strangers_key(context, store, remote)
        return travelling.push(
            context,
            store,
            manifest,
            remote,
            erased_at=lambda size: _erased_since(store, size),
            progress=progress,
        )
    finally:
        store.close()


def _refuse_strangers_key(context: Context, store: Store, remote: str) -> None:
    """Refuses to push what nobody who has fetched would take: signed by a key that the one before cannot vouch for.

    Pushed all the same it would stand in the way of every later fetch.
    """
    before = travelling.pushed_size(context, store.ledger)
    if before and any(key.since >= before for key in signing.unvouched(store)):
        raise ConflictError(
            "key_lost",
            f"the key that signed what was pushed is gone, and whoever fetched it from {remote} believes no other",
            "go on as a ledger of its own: ticket ledger backup FILE, then ticket ledger restore FILE",
            ledger=store.ledger,
            remote=remote,
        )


def _erased_since(store: Store, size: int) -> bool:
    """Tells whether a receipt behind the first so many erased the body of one among them."""
    leaves = erasing.named(store, first=size)
    return bool(leaves) and any(each.hash in leaves for each in store.log(last=size - 1, bodies=False))


def export(
    context: Context,
    write: Callable[[bytes], object],
    origin: str | None = None,
    *,
    bodies: bool,
    progress: Progress | None = None,
) -> Manifest:
    """Writes a ledger as lines: the clone's own, or one that was fetched.

    Raises:
        InputError: `ledger_not_found`, `origin_not_found`.
        IntegrityError: `integrity`.
    """
    store = open_ledger(context, origin)
    try:
        manifest = announce(context, store, bodies=bodies, own=origin is None)
        transfer.export(store, manifest, write, progress=progress)
        return manifest
    finally:
        store.close()


def take_file(context: Context, blocks: Blocks, progress: Progress | None = None) -> Taken:
    """Checks a file of receipts and keeps them beside our own; of our own it says how much the file holds.

    Raises:
        IntegrityError: `integrity` with its `reason`; nothing was kept.
    """
    manifest = read_manifest(_first_line(blocks))
    incoming = Incoming(manifest, 0, lambda: _after_first(blocks))
    if context.ledgers.exists():
        store = open_ledger(context)
        try:
            if store.ledger == manifest.ledger:
                return _compare(store, incoming, progress)
        finally:
            store.close()
    return transfer.take_in(context, incoming, progress)


def _compare(store: Store, incoming: Incoming, progress: Progress | None) -> Taken:
    """Compares a file of our own receipts with what we have."""
    size, ours = incoming.manifest.size, store.size()
    rows = store.rows(last=size - 1)
    position = 0
    for line in incoming.lines():
        header, _ = parcel.part(line)
        row = next(rows, None)
        if row is None or row.hash != hash_leaf(header):
            message = f"receipt {position} of this clone's own ledger is another one in the file"
            error = refused("root", message, ledger=store.ledger, position=position)
            error.hint = "ticket ledger verify"
            raise error
        position += 1
        if progress is not None:
            progress(position, size)
    if position != size:
        raise refused("cut", f"{size} receipts were announced, and {position} came")
    return Taken(store.ledger, ours, size, 0, False, size)


def _first_line(blocks: Blocks) -> bytes:
    line = b""
    for block in blocks():
        line += block
        end = line.find(b"\n")
        if end >= 0:
            return line[:end]
        if len(line) > LINE_BYTES:
            break
    raise refused("form", "the file does not begin with a manifest")


def _after_first(blocks: Blocks) -> Iterator[bytes]:
    lines = iter(lines_of(blocks()))
    next(lines, None)
    yield from lines


# --- when branches are pushed ------------------------------------------------------------------------


def bear_witness(context: Context, remote: str) -> None:
    """Signs what is not signed yet and lets a remote have the checkpoints, so that whoever fetches is a witness.

    Called when branches are pushed, which nothing of this may hold up: what fails is a warning at most.

    Args:
        context: the project.
        remote: where the branches go, a name or an address.
    """
    try:
        if not context.ledgers.exists():
            return
        store = open_ledger(context)
        try:
            ledger = store.ledger
            if store.newest_checkpoint()[0] < store.size():
                now_ms = context.clock.now_ms()
                signing.checkpoint(context, store, now_ms=now_ms, keys=context.keys, force=True)
        finally:
            store.close()
        if context.is_on("pushCheckpoints"):
            _push_checkpoints(context, ledger, remote)
    except CounterfoilError as error:
        context.warn(
            "checkpoint_not_pushed", f"the ledger's checkpoint stays here: {error.message}", hint=error.hint
        )


def _push_checkpoints(context: Context, ledger: str, remote: str) -> None:
    commit = context.git.ref(CHECKPOINTS + ledger)
    known = f"{PUSHED}/{sha256_hex(remote.encode('utf-8', 'surrogateescape'))[:16]}"
    if commit is None or context.state.read(known) == commit.encode():
        return
    travelling.push_checkpoints(context, ledger, remote)
    context.state.make_folder(PUSHED)
    context.state.replace(known, commit.encode())
