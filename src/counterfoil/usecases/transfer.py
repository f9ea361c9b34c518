"""Receipts that leave as lines and receipts that come in: one file, or what Git brought.

What goes out is checked against the tree before the last line is written. What comes in is read twice: the
first time nothing is kept, and only when every hash, link and branch holds, the tree has the root that was
claimed and a key that we trust has signed it, is it read again and taken in, some thousands at a time. So a
receiver has nothing of what does not hold (product.md §17), and whoever was killed on the way has a beginning of the
same log: the next time goes on from there, up to the checkpoint, which is kept last.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from counterfoil.errors import InputError
from counterfoil.kernel import canonical, ids
from counterfoil.kernel.digest import hash_leaf
from counterfoil.kernel.merkle import Peaks, root_of
from counterfoil.ledger import parcel
from counterfoil.ledger.chain import Repeats
from counterfoil.ledger.parcel import Parted, Tip, Unpacking, pack, refused
from counterfoil.ledger.receipt import FORKED, is_hash
from counterfoil.usecases import erasing, kinds
from counterfoil.usecases.ports import StoredRow, Stream
from counterfoil.usecases.signing import KEYS
from counterfoil.usecases.trusting import Trust

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from counterfoil.usecases.context import Context
    from counterfoil.usecases.ports import Store

    Progress = Callable[[int, int], None]
    """Told how much of how much is done."""

ALWAYS_WHOLE = frozenset({kinds.OPENED, kinds.KEY_ADDED, kinds.KEY_RETIRED, FORKED})
"""Kinds whose bodies go along even without bodies: nobody could check the rest without them."""
CHECKPOINTS_MAX = 1000
"""How many checkpoints one manifest may hold: one for each change of keys, and the last."""


class Manifest(NamedTuple):
    """What is said of receipts that travel.

    Attributes:
        ledger: whose they are.
        size, root: of the whole log that they make up.
        checkpoints: signed notes that cover it: the last one, and those that bridge a change of keys.
        bodies: whether bodies go along.
    """

    ledger: str
    size: int
    root: bytes
    checkpoints: tuple[str, ...]
    bodies: bool = True

    def encode(self) -> bytes:
        """Writes it as canonical JSON."""
        return canonical.encode(
            {
                "bodies": self.bodies,
                "checkpoints": list(self.checkpoints),
                "format": parcel.FORMAT,
                "ledger": self.ledger,
                "root": self.root.hex(),
                "size": self.size,
                "v": parcel.VERSION,
            }
        )


def read_manifest(data: bytes) -> Manifest:
    """Reads a manifest with distrust.

    Raises:
        IntegrityError: `integrity`, reason `form`.
        InputError: `newer_receipts`, for a version that only a newer program reads.
    """
    try:
        value = canonical.decode(data)
    except InputError as error:
        raise refused("form", f"what was sent begins with no manifest: {error.message}") from None
    if not isinstance(value, dict) or value.get("format") != parcel.FORMAT:
        raise refused("form", "what was sent are no receipts of a ledger")
    version = value.get("v")
    if isinstance(version, int) and version > parcel.VERSION:
        message = f"these receipts travel in version {version} of the form, which this program does not know"
        raise InputError("newer_receipts", message, "pip install --upgrade counterfoil", version=version)
    ledger, size, root, notes = (value.get(name) for name in ("ledger", "size", "root", "checkpoints"))
    if not isinstance(ledger, str) or not ids.is_ulid(ledger):
        raise refused("form", "the manifest names no ledger")
    sound = isinstance(size, int) and not isinstance(size, bool) and size > 0
    if not sound or not isinstance(root, str) or not is_hash(root):
        raise refused("form", "the manifest names no size and root", ledger=ledger)
    texts = notes if isinstance(notes, list) and len(notes) <= CHECKPOINTS_MAX else []
    assert isinstance(size, int)
    checkpoints = tuple(note for note in texts if isinstance(note, str))
    return Manifest(ledger, size, bytes.fromhex(root), checkpoints, value.get("bodies") is True)


# --- out -------------------------------------------------------------------------------------------


def outgoing(
    store: Store, first: int, size: int, *, bodies: bool, progress: Progress | None = None
) -> Iterator[bytes]:
    """Yields the lines of receipts `first` to `size` - 1, each compared with its own hash.

    Raises:
        IntegrityError: `integrity`, for a receipt that is not what was sealed.
    """
    for row in store.rows(first=first, last=size - 1) if size > first else ():
        if hash_leaf(row.header) != row.hash:
            raise _unsound(row.position)
        yield pack(row.header, row.body if bodies or row.kind in ALWAYS_WHOLE else None)
        if progress is not None:
            progress(row.position + 1 - first, size - first)


def _unsound(position: int) -> Exception:
    error = refused("link", f"receipt {position} of this ledger is not what was sealed", position=position)
    error.hint = "ticket ledger verify"
    return error


def export(
    store: Store,
    manifest: Manifest,
    write: Callable[[bytes], object],
    *,
    progress: Progress | None = None,
) -> None:
    """Writes a whole ledger as lines: the manifest, then every receipt.

    Raises:
        IntegrityError: `integrity`, when what was written is not what was sealed; the lines are then no
            ledger, since they do not make up the root that the manifest names.
    """
    write(manifest.encode() + b"\n")
    peaks = Peaks()
    for line in outgoing(store, 0, manifest.size, bodies=manifest.bodies, progress=progress):
        header, _ = parcel.part(line[:-1])
        peaks.append(hash_leaf(header))
        write(line)
    if peaks.size != manifest.size or peaks.root() != manifest.root:
        raise _unsound(peaks.size)


# --- in --------------------------------------------------------------------------------------------


class Incoming(NamedTuple):
    """Receipts that came, to be read as often as need be.

    Attributes:
        manifest: what is said of them.
        first: the position of the first line.
        lines: gives the receipts' lines anew each time, without line ends.
    """

    manifest: Manifest
    first: int
    lines: Callable[[], Iterable[bytes]]


class Taken(NamedTuple):
    """What became of receipts that came in.

    Attributes:
        ledger: whose they are.
        before, size: how many were here before, and how many now.
        erased: how many bodies were deleted here because their own ledger erased them.
        is_new: whether this ledger was met for the first time.
        offered: how many receipts came, which may be fewer than were here.
    """

    ledger: str
    before: int
    size: int
    erased: int
    is_new: bool
    offered: int


def take_in(context: Context, incoming: Incoming, progress: Progress | None = None) -> Taken:
    """Checks receipts of another ledger and keeps them beside our own, all or none.

    Args:
        context: the project.
        incoming: what came.
        progress: told of both readings as one work.

    Raises:
        IntegrityError: `integrity` with its `reason`; nothing was kept.
    """
    manifest = incoming.manifest
    present = manifest.ledger in context.ledgers.foreign()
    store = context.ledgers.open_foreign(manifest.ledger) if present else None
    try:
        here = _Here(store)
        if store is not None and (manifest.size < here.size or manifest.size == here.signed):
            _check_older(store, manifest)
            erased = erasing.follow(store)
            return Taken(manifest.ledger, here.size, here.size, erased, False, manifest.size)
        tell = _Steps(progress, 2 * (manifest.size - incoming.first))
        trust = Trust(manifest.ledger, store, manifest.checkpoints, context.keys.verify)
        unpacking = Unpacking(manifest.ledger, here.peaks.copy(), here.tip, here.leaf)
        once = _Once(manifest.size)
        for parted in _checked(incoming, here.rows(incoming.first), unpacking, tell):
            once.see(parted, here)
            size = parted.position + 1
            if trust.wants(size):
                trust.note_root(size, unpacking.peaks.root())
            if parted.stream == KEYS:
                trust.see(parted, _said(parted))
        _check_root(manifest, unpacking)
        once.check(incoming)
        confirmed = trust.confirm(manifest.size, manifest.root)
        streams = [_stream(name, tip) for name, tip in unpacking.tips.items()]
        if store is None:
            store = context.ledgers.open_foreign(manifest.ledger, create=True)
        again = Unpacking(manifest.ledger, here.peaks, here.tip, here.leaf)
        store.take((StoredRow(*parted) for parted in _checked(incoming, None, again, tell)), streams)
        for size, note in confirmed:
            store.keep_checkpoint(size, note)
        erased = erasing.follow(store)
        return Taken(manifest.ledger, here.size, manifest.size, erased, not present, manifest.size)
    finally:
        if store is not None:
            store.close()


class _Once:
    """Makes sure that no key stands in its stream twice.

    Args:
        size: how many receipts there will be.
    """

    def __init__(self, size: int) -> None:
        self._repeats = Repeats(size)
        self._suspects: dict[tuple[str, bytes], int] = {}

    def see(self, parted: Parted, here: _Here) -> None:
        """Notes a key that may have been there before, and refuses one that was.

        Raises:
            IntegrityError: `integrity`, reason `key`.
        """
        if here.has_key(parted.stream, parted.key):
            raise _repeated(parted.stream, parted.position)
        if self._repeats.among([parted.stream.encode() + parted.key]):
            self._suspects[parted.stream, parted.key] = 0

    def check(self, incoming: Incoming) -> None:
        """Looks at the suspects again, of which there are few or none."""
        if not self._suspects:
            return
        for position, line in enumerate(incoming.lines(), incoming.first):
            key = parcel.key_of(line)
            if key in self._suspects:
                self._suspects[key] += 1
                if self._suspects[key] > 1:
                    raise _repeated(key[0], position)


def _repeated(stream: str, position: int) -> Exception:
    message = f"receipt {position} has a key that stands in {stream} before it"
    return refused("key", message, stream=stream, position=position)


class _Here:
    """What is here already. It is looked up once: while receipts are taken in, the store is busy.

    Args:
        store: the fetched ledger, or None when it is met for the first time.
    """

    def __init__(self, store: Store | None) -> None:
        self._store = store
        self.size = store.size() if store is not None else 0
        self.signed = store.newest_checkpoint()[0] if store is not None else 0
        self.peaks = Peaks.load(self.size, store.node) if store is not None else Peaks()
        self._tips: dict[str, Tip | None] = {}
        self._leaves: dict[tuple[str, int], bytes | None] = {}

    def tip(self, name: str) -> Tip | None:
        """Returns the end of a stream."""
        if self._store is not None and name not in self._tips:
            stream = self._store.stream(name)
            self._tips[name] = stream and Tip(
                stream.length, stream.hash, self._store.head(name).at, stream.parent, stream.fork_seq,
                stream.fork_hash,
            )  # fmt: skip
        return self._tips.get(name)

    def leaf(self, name: str, seq: int) -> bytes | None:
        """Returns the leaf hash at a place of a stream."""
        if self._store is not None and (name, seq) not in self._leaves:
            known = self.tip(name)
            found = self._store.read(name, first=seq, last=seq) if known and seq < known.length else ()
            self._leaves[name, seq] = next((receipt.hash for receipt in found), None)
        return self._leaves.get((name, seq))

    def has_key(self, stream: str, key: bytes) -> bool:
        """Tells whether a stream holds a receipt of this key."""
        return self._store is not None and self._store.by_key(stream, key.hex()) is not None

    def rows(self, first: int) -> Iterator[StoredRow]:
        """Yields what is here from a position on."""
        return iter(()) if self._store is None or first >= self.size else self._store.rows(first=first)


class _Steps:
    """Counts lines over both readings."""

    def __init__(self, progress: Progress | None, work: int) -> None:
        self._progress = progress
        self._work = work
        self._done = 0

    def __call__(self) -> None:
        self._done += 1
        if self._progress is not None:
            self._progress(self._done, self._work)


def _checked(
    incoming: Incoming, ours: Iterator[StoredRow] | None, unpacking: Unpacking, tell: Callable[[], None]
) -> Iterator[Parted]:
    """Yields what is new.

    Args:
        incoming: what came.
        ours: what is here already, to be compared; None when that was done before.
        unpacking: takes the new lines apart.
        tell: called for each line.

    Raises:
        IntegrityError: `integrity`.
    """
    size, begin = incoming.manifest.size, unpacking.peaks.size
    position = incoming.first
    for line in incoming.lines():
        if position >= size:
            raise refused("size", f"there are more receipts than the {size} that were announced")
        if position >= begin:
            yield unpacking.take(line)
        elif ours is not None:
            row = next(ours, None)
            if row is None or row.hash != hash_leaf(parcel.part(line)[0]):
                raise _two_histories(incoming.manifest.ledger, position)
        position += 1
        tell()
    if position != size:
        raise refused("cut", f"{size} receipts were announced, and {position} came")


def _two_histories(ledger: str, position: int) -> Exception:
    return refused(
        "root",
        f"receipt {position} of the ledger {ledger} is another one than the receipt that was fetched before: "
        "its history was rewritten",
        ledger=ledger,
        position=position,
    )


def _check_older(store: Store, manifest: Manifest) -> None:
    """Lets pass what is no newer than what is here, if it is the beginning of it."""
    if root_of(manifest.size, store.node) != manifest.root:
        raise _two_histories(manifest.ledger, manifest.size - 1)


def _check_root(manifest: Manifest, unpacking: Unpacking) -> None:
    if unpacking.peaks.root() != manifest.root:
        raise refused(
            "root", "the receipts do not make up the tree that the manifest names", ledger=manifest.ledger
        )


def _said(parted: Parted) -> dict[str, canonical.Json]:
    value = canonical.read(parted.body) if parted.body is not None else {}
    return value if isinstance(value, dict) else {}


def _stream(name: str, tip: Tip) -> Stream:
    return Stream(name, tip.length, tip.hash, tip.parent, tip.fork_seq, tip.fork_hash)
