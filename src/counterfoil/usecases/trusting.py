"""Whose signature counts under receipts that come from elsewhere: pinned at first sight, followed from there.

The first time, the key that a ledger names first is believed, as a first SSH connection is. From then on only
keys count that stand in what was taken in before, or in receipts below a checkpoint that such a key has signed. So a
rotation is followed, and nobody goes on with a ledger whose key they do not hold.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterfoil.errors import InputError, IntegrityError
from counterfoil.kernel.merkle import root_of
from counterfoil.kernel.note import parse_key
from counterfoil.ledger import checkpoint as checkpoints
from counterfoil.ledger.parcel import refused
from counterfoil.usecases import kinds
from counterfoil.usecases.signing import KEYS, LogKey, log_keys

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from counterfoil.kernel.note import Check, VerifierKey
    from counterfoil.ledger.checkpoint import Checkpoint
    from counterfoil.ledger.parcel import Parted
    from counterfoil.usecases.ports import Store


class Trust:
    """Follows the keys of one ledger while its receipts are looked at.

    Args:
        ledger: whose they are.
        store: what was taken in before, believed as far as a checkpoint was kept; None the first time.
        notes: the signed checkpoints that came with them.
        check: tells whether a signature holds.

    Raises:
        IntegrityError: `integrity`, for a note that is no checkpoint of this ledger.
    """

    def __init__(self, ledger: str, store: Store | None, notes: Iterable[str], check: Check) -> None:
        self._ledger = ledger
        self._check = check
        self._keys = [] if store is None else log_keys(store)
        self._begin = 0 if store is None else store.newest_checkpoint()[0]
        self._notes = sorted((self._read(note) for note in notes), key=lambda pair: pair[0].size)
        self._sizes = {found.size for found, _ in self._notes}
        here = 0 if store is None else store.size()
        self._roots = {
            size: root_of(size, store.node) for size in self._sizes if store and self._begin < size <= here
        }

    def see(self, parted: Parted, body: Mapping[str, object]) -> None:
        """Notes what a receipt says of keys."""
        if parted.stream != KEYS or parted.kind not in {kinds.KEY_ADDED, kinds.KEY_RETIRED}:
            return
        try:
            key = parse_key(str(body.get("key")))
        except InputError:
            message = f"receipt {parted.position} names a key that is none"
            raise refused("form", message, ledger=self._ledger) from None
        known = [each for each in self._keys if each.key == key]
        if parted.kind == kinds.KEY_ADDED and not known and key.name == checkpoints.origin_of(self._ledger):
            self._keys.append(LogKey(str(body.get("name")), key, parted.position, ""))
        for each in known:
            if parted.kind == kinds.KEY_RETIRED and each.until is None:
                each.until = parted.position

    def note_root(self, size: int, root: bytes) -> None:
        """Notes the root of the log when it had so many receipts."""
        self._roots[size] = root

    def wants(self, size: int) -> bool:
        """Tells whether a checkpoint speaks of the log when it had so many receipts."""
        return size in self._sizes

    def confirm(self, size: int, root: bytes) -> list[tuple[int, str]]:
        """Returns the checkpoints that hold, by size; the last of them covers everything.

        Raises:
            IntegrityError: `integrity`, reason `signature` when nobody whom we trust has signed all of it,
                `root` when a checkpoint speaks of another log.
        """
        self._roots[size] = root
        believed = self._begin
        confirmed: list[tuple[int, str]] = []
        for found, note in self._notes:
            if not self._begin < found.size <= size:
                continue
            if self._roots.get(found.size, found.root) != found.root:
                raise refused("root", f"the checkpoint of {found.size} receipts is that of another log",
                              ledger=self._ledger, size=found.size)  # fmt: skip
            if self._is_signed(note, self._trusted(believed, found.size)):
                confirmed.append((found.size, note))
                believed = found.size
        if not confirmed or confirmed[-1][0] != size:
            raise refused(
                "signature",
                f"no key that is known for the ledger {self._ledger} has signed all of it",
                ledger=self._ledger,
                known=[str(each.key) for each in self._keys if each.since < believed],
            )
        return confirmed

    def _trusted(self, believed: int, size: int) -> list[VerifierKey]:
        """Returns the keys that may sign so many receipts, by what the first `believed` of them say."""
        if not believed:
            return [each.key for each in self._keys[:1] if each.signs(size)]
        return [each.key for each in self._keys if each.since < believed and each.signs(size)]

    def _is_signed(self, note: str, trusted: Iterable[VerifierKey]) -> bool:
        try:
            return bool(checkpoints.verify(note, trusted, self._check)[1])
        except IntegrityError as error:
            raise refused("signature", error.message, ledger=self._ledger) from None

    def _read(self, note: str) -> tuple[Checkpoint, str]:
        try:
            found, _ = checkpoints.parse(note)
        except InputError as error:
            raise refused("form", f"a checkpoint is none: {error.message}", ledger=self._ledger) from None
        if found.ledger != self._ledger:
            raise refused("ledger", f"a checkpoint is of {found.origin}", ledger=self._ledger)
        return found, note


def bridging(store: Store, size: int) -> tuple[str, ...]:
    """Returns the checkpoints that whoever knows an older key needs to come to believe the newest.

    Args:
        store: the ledger.
        size: how many receipts are to be believed; a checkpoint has to cover exactly these.
    """
    changes = [
        receipt.position
        for receipt in store.read(KEYS)
        if receipt.kind == kinds.KEY_ADDED and receipt.position < size
    ]
    known = sorted(pair for pair in store.checkpoints() if pair[0] <= size)
    wanted: dict[int, str] = {}
    for position in changes[1:]:
        wanted |= dict([pair for pair in known if pair[0] > position][:1])
    wanted |= dict(known[-1:])
    return tuple(wanted[at] for at in sorted(wanted))
