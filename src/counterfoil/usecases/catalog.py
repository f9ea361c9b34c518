"""All tickets of a project, quickly: a derived cache that notices every edit.

The cache holds one row a ticket and a fingerprint (of change time, size, inode and mode) of the file that
it was read from. A file is read again when its fingerprint differs, and also when it had been
changed so shortly before it was read that a further edit could have left the same
one; so an edit in place, of equal size and within the same tick of the clock, is
seen too. Everything here may be deleted at any moment. On the hot path.
"""

from __future__ import annotations

import marshal
import sys
from bisect import bisect_left, insort

from counterfoil.errors import CounterfoilError
from counterfoil.tickets import index

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from typing import Any, Self

    from counterfoil.tickets.model import Row
    from counterfoil.usecases.context import Context
    from counterfoil.usecases.ports import Signature

MAGIC = f"counterfoil catalog 4 {sys.implementation.cache_tag} {marshal.version}"
SEAL_BYTES = len(MAGIC) + 10
TICK_NS = 20_000_000
"""Two edits closer than this may carry the same change time (the kernel's tick, rounded up)."""
COARSE_NS = 2_000_000_000
"""The same on file systems that store whole seconds."""
SECOND_NS = 1_000_000_000
UNSETTLED = 0
"""In the place of a fingerprint: read the file again."""
OVERLAY_LIMIT = 512
REREAD_LIMIT = 32

if TYPE_CHECKING:
    from counterfoil.usecases.rows import Problem

    RowChange = tuple[Row | None, Row | None]


class Catalog:
    """The rows of all readable tickets, and what is wrong with the rest.

    Attributes:
        problems: by file name, what makes a file no ticket.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._key = _cache_key(context)
        self._reset()

    def _reset(self) -> None:
        """Forgets everything, as if there were no cache."""
        self.problems: dict[str, Problem] = {}
        self._names: list[str] = []
        self._prints: list[int] = []
        self._known: dict[str, int] | None = None
        self._overlay: dict[str, Row | None] = {}
        self._generation = 0
        self._base: dict[str, Row] | None = {}
        self._rows: dict[str, Row] | None = None
        self._order: list[str] | None = None
        self._index_signature: Signature | None = None
        self._unsure: set[str] = set()
        self._on_disk: bytes | None = None
        self._dirty = False

    # --- reading ------------------------------------------------------------------------------

    @classmethod
    def load(cls, context: Context) -> Self:
        """Returns the tickets as the files say them at this moment.

        Writes nothing but its own cache, and that only when files have changed.
        """
        catalog = cls(context)
        catalog._read_cache()
        catalog._refresh()
        if catalog._dirty:
            catalog.save()
        return catalog

    def rows(self) -> Iterable[Row]:
        """Returns all rows, in no order."""
        return self._all().values()

    def row(self, name: str) -> Row | None:
        """Returns the row of one file."""
        if name in self._overlay:
            return self._overlay[name]
        return self._all().get(name)

    def names(self) -> Collection[str]:
        """Returns the names of everything in the tickets' folder, whether a readable ticket or not."""
        return self._fingerprints().keys()

    def taken_short_ids(self) -> set[str]:
        """Returns the short ids in use, those of unreadable tickets included."""
        short = {name[:8] for name in self.names()}
        return short if "".join(short).isupper() else {*short, *[name.upper() for name in short]}

    def _fingerprints(self) -> dict[str, int]:
        """Returns by name the fingerprint of the file that a row was read from, or UNSETTLED."""
        if self._known is None:
            self._known = dict(zip(self._names, self._prints, strict=True))
        return self._known

    def _all(self) -> dict[str, Row]:
        if self._rows is None:
            rows = dict(self._load_base())
            for name, row in self._overlay.items():
                if row is None:
                    rows.pop(name, None)
                else:
                    rows[name] = row
            self._rows = rows
        return self._rows

    def _load_base(self) -> dict[str, Row]:
        if self._base is None:
            stored: dict[str, Row] | None = self._stored(self._rows_file())
            if stored is None:
                # Another process has just replaced the rows, or somebody removed them: read it all.
                self._reset()
                self._refresh()
                return {}
            self._base = stored
        return self._base

    def _stored(self, path: str) -> Any:
        """Reads a cache file back; anything unexpected counts as no cache."""
        try:
            data = self._context.state.read(path)
        except CounterfoilError:
            return None
        if data is None:
            return None
        content = memoryview(data)[SEAL_BYTES:]
        if data[:SEAL_BYTES] != _seal(content):
            return None  # another version's, or damaged: `marshal` must see neither
        return marshal.loads(content)

    def _rows_file(self) -> str:
        return f"cache/{self._key}.rows-{self._generation}"

    def _read_cache(self) -> None:
        stored = self._stored(f"cache/{self._key}.state")
        if stored is None or stored[0] != self._context.work.root:
            return
        _, self._generation, names, self._prints, self._overlay, self.problems, *indexed = stored
        if self._context.state.signature(self._rows_file()) is None:
            self._reset()
            return
        self._names = names.split("/") if names else []
        self._index_signature, self._unsure = indexed[0], set(indexed[1])
        self._base = None

    def _refresh(self) -> None:
        """Re-reads every file that may have changed since it was last read."""
        started_ns = self._context.clock.now_ns()
        names, prints = self._context.work.listing(index.TICKETS) or ([], [])
        if prints == self._prints and names == self._names:
            return
        known = self._fingerprints()
        found = dict(zip(names, prints, strict=True))
        changed = [name for name, fingerprint in found.items() if known.get(name) != fingerprint]
        gone = [name for name in known if name not in found]
        different = False
        for name in gone:
            different |= self._take(name, None, None)
        if changed:
            from counterfoil.usecases.rows import read_row
        for name in changed:
            if not index.is_called_ticket(name):
                continue
            signature = self._context.work.signature(f"{index.TICKETS}/{name}")
            if signature is None:
                found[name] = UNSETTLED
                continue
            row, problem = read_row(self._context, name, signature)
            different |= self._take(name, row, problem)
            trusted = is_settled(signature, started_ns) and name[:-3].isupper()
            found[name] = hash(signature) if trusted else UNSETTLED
        moved = not changed and not gone
        self._names, self._prints, self._known = names, [found[name] for name in names], found
        if different:
            self._index_signature = None
        self._dirty = different or moved or len(changed) > REREAD_LIMIT

    def _take(self, name: str, row: Row | None, problem: Problem | None) -> bool:
        """Notes what a file says now and tells whether it says something new."""
        if self.row(name) == row and self.problems.get(name) == problem:
            return False
        self.problems.pop(name, None)
        if problem is not None:
            self.problems[name] = problem
        self._set(name, row)
        self._unsure.add(name)
        return True

    def _set(self, name: str, row: Row | None) -> None:
        self._overlay[name] = row
        if self._rows is not None:
            if row is None:
                self._rows.pop(name, None)
            else:
                self._rows[name] = row

    # --- writing ------------------------------------------------------------------------------

    def unsure(self) -> set[str]:
        """Returns the names of files that may differ from the last commit: changed, and not by a commit of ours."""
        return self._unsure

    def settle(self, names: Iterable[str], *, committed: bool) -> None:
        """Notes which files are now known to be, or not to be, as the last commit has them."""
        if committed:
            self._unsure.difference_update(names)
        else:
            self._unsure.update(names)

    def put(self, name: str, row: Row | None) -> None:
        """Notes a change that the caller has just made to one file."""
        self.problems.pop(name, None)
        self._set(name, row)
        known = self._fingerprints()
        if row is None:
            known.pop(name, None)
        else:
            known[name] = UNSETTLED

    def index_text(self, changes: Mapping[str, RowChange], now: str, *, keep_order: bool = False) -> bytes:
        """Returns the index for the rows as they are after `changes` (Protocol §4.2).

        Only the entries that changed are written anew when the file on disk is the one that was written
        last; otherwise the whole text is.

        Args:
            changes: by file name, the row that stood there and the one that is to; None for none.
            now: what `generated_at` becomes if any entry changes.
            keep_order: this text will not be what stays in the working tree.
        """
        order = self._order
        text = self._index_text(changes, now)
        if keep_order:
            self._order = order
        return text

    def index_on_disk(self) -> bytes | None:
        """Returns the index as it stood when it was first asked for; read once, since it may be large."""
        if self._on_disk is None and self._context.work.exists(index.FILE):
            self._on_disk = self._context.work.read(index.FILE)
        return self._on_disk

    def _index_text(self, changes: Mapping[str, RowChange], now: str) -> bytes:
        on_disk = self.index_on_disk()
        if on_disk is not None and self._knows_order():
            text = self._spliced(on_disk, changes, now)
            if text is not None:
                return text
        return self._assembled(on_disk, changes, now)

    def _knows_order(self) -> bool:
        """Tells whether the index on disk holds the rows that are cached, and loads its order."""
        if self._index_signature is None:
            return False
        if self._context.work.signature(index.FILE) != self._index_signature:
            return False
        if self._order is None:
            stored = self._stored(f"cache/{self._key}.order")
            if stored is None or stored[:2] != (self._index_signature, self._context.config.id_prefix):
                return False
            self._order = stored[2]
        return True

    def _spliced(self, text: bytes, changes: Mapping[str, RowChange], now: str) -> bytes | None:
        if len(changes) > OVERLAY_LIMIT or self._order is None:
            return None
        order = list(self._order)
        prefix = self._context.config.id_prefix
        removed: list[str] = []
        fresh: list[tuple[str, bytes]] = []
        for before, row in changes.values():
            if before == row:
                continue
            if before is not None:
                key = index.order_key(before)
                position = bisect_left(order, key)
                if position == len(order) or order[position] != key:
                    return None
                del order[position]
                removed.append(before[0])
            if row is not None:
                fresh.append((index.order_key(row), index.fragment(row, prefix)))
        if not removed and not fresh:
            return text
        fresh.sort()
        kept = len(order)
        places = [bisect_left(order, key) for key, _ in fresh]
        added = [
            (order[place][3:] if place < kept else None, item)
            for place, (_, item) in zip(places, fresh, strict=True)
        ]
        for key, _ in fresh:
            insort(order, key)
        spliced = index.splice(text, index.head(now), removed, added)
        if spliced is not None:
            self._order = order
        return spliced

    def _assembled(self, on_disk: bytes | None, changes: Mapping[str, RowChange], now: str) -> bytes:
        rows = dict(self._all())
        for name, (_, row) in changes.items():
            if row is None:
                rows.pop(name, None)
            else:
                rows[name] = row
        keyed = sorted([(index.order_key(row), row) for row in rows.values()])
        prefix = self._context.config.id_prefix
        text = index.assemble(index.head(now), [index.fragment(row, prefix) for _, row in keyed])
        self._order = [key for key, _ in keyed]
        for known in (on_disk, None if on_disk is None else self._committed_index(on_disk)):
            stamp = None if known is None or index.body_start(known) < 0 else index.generated_at(known)
            if known is not None and stamp is not None:
                entries = memoryview(text)[index.body_start(text) :]
                same = memoryview(known)[index.body_start(known) :] == entries
                return known if same and known.startswith(index.head(stamp)) else text
        return text

    def _committed_index(self, on_disk: bytes) -> bytes | None:
        """Returns the last commit's index where the one on disk is none, for the time that it says."""
        if index.body_start(on_disk) > 0:
            return None
        path = f"HEAD:{self._context.prefix}{index.FILE}"
        answer = self._context.git.run("cat-file", "blob", path)
        return answer.stdout if answer.status == 0 else None

    def save(self, *, settled_ns: int | None = None) -> None:
        """Stores the cache; a failure to do so costs only time and is not reported.

        Args:
            settled_ns: given after writing: a time at which the files that were just written had been
                read back; signatures older than it by a tick are trusted.
        """
        self._on_disk = None
        if settled_ns is not None:
            self._sign_written(settled_ns)
        old = self._rows_file()
        try:
            if self._generation == 0 or len(self._overlay) > OVERLAY_LIMIT:
                rows = _shared(self._all())
                self._generation = self._context.clock.now_ns()
                self._context.state.make_folder("cache")
                self._store(f"rows-{self._generation}", rows)
                self._base, self._overlay, self._rows = rows, {}, None
            if settled_ns is not None and self._order is not None:
                self._store("order", (self._index_signature, self._context.config.id_prefix, self._order))
            known = self._fingerprints()
            self._store(
                "state",
                (
                    self._context.work.root,
                    self._generation,
                    "/".join(known),
                    list(known.values()),
                    self._overlay,
                    self.problems,
                    self._index_signature,
                    list(self._unsure),
                ),
            )
            if old != self._rows_file():
                self._context.state.remove(old)
        except CounterfoilError:
            return

    def _sign_written(self, settled_ns: int) -> None:
        from counterfoil.usecases.rows import read_row

        known = self._fingerprints()
        for name in [name for name, fingerprint in known.items() if fingerprint == UNSETTLED]:
            if name not in self._overlay:
                continue
            signature = self._context.work.signature(f"{index.TICKETS}/{name}")
            if signature is None or not is_settled(signature, settled_ns):
                continue
            row, problem = read_row(self._context, name, signature)
            if problem is None and row == self._overlay[name]:
                known[name] = hash(signature)
        signature = self._context.work.signature(index.FILE)
        settled = signature is not None and is_settled(signature, settled_ns)
        self._index_signature = signature if settled and self._order is not None else None

    def _store(self, kind: str, value: Any) -> None:
        data = marshal.dumps(value)
        self._context.state.replace(f"cache/{self._key}.{kind}", _seal(data) + data)


def discard(context: Context) -> None:
    """Removes the derived cache of this project."""
    key = _cache_key(context)
    for name in context.state.names("cache"):
        if name.startswith(f"{key}."):
            context.state.remove(f"cache/{name}")


def _shared(rows: dict[str, Row]) -> dict[str, Row]:
    """Lets equal values be one object, and orders rows by id.

    The first halves both the stored size and the time to load it, the second saves sorting them.
    """
    known: dict[object, Any] = {}
    share = known.setdefault
    return {name: tuple([share(value, value) for value in row]) for name, row in sorted(rows.items())}  # type: ignore[misc]


def is_settled(signature: Signature, read_ns: int) -> bool:
    """Tells whether an edit after `read_ns` is bound to leave another change time."""
    changed_ns = signature[0]
    return changed_ns < read_ns - (TICK_NS if changed_ns % SECOND_NS else COARSE_NS)


def _cache_key(context: Context) -> str:
    from binascii import crc32

    root = context.work.root
    return f"{crc32(root.encode('utf-8', 'surrogateescape')):08x}"


def _seal(content: bytes | memoryview) -> bytes:
    """Returns the line that stands before a cache file's content and vouches for it."""
    from binascii import crc32

    return f"{MAGIC} {crc32(content):08x}\n".encode()
