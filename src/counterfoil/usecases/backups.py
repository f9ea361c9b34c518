"""`ticket ledger backup` and `restore`: a sound copy in one file, and the honest way back from it.

A backup may be older than what others have seen of the ledger, so nobody goes on writing where it ends: it
is put beside, readable as an origin of its own, and a new ledger begins whose first receipt names the last
checkpoint of the old one and the gap (product.md §27). What was there before is set aside, never deleted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterfoil.errors import CounterfoilError, HostError, InputError
from counterfoil.usecases import copying, opening, record, witness

if TYPE_CHECKING:
    from collections.abc import Callable

    from counterfoil.usecases.context import Context
    from counterfoil.usecases.ports import Store

    Progress = Callable[[int, int], None]

NO_FILE = "no_file"
"""The `reason` of a store that is no file: its backup is made by copying."""


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that was made.

    Attributes:
        ledger: the id of the ledger.
        size: how many receipts are in it.
        root: of the Merkle tree over them, in hexadecimal.
        path: the file.
    """

    ledger: str
    size: int
    root: str
    path: str


@dataclass(frozen=True, slots=True)
class Restored:
    """What came of a restore.

    Attributes:
        ledger: the id of the new ledger.
        previous: that of the one that was restored, which lies beside.
        size: how many receipts it has.
        root: of the Merkle tree over them, in hexadecimal.
        gap: how many receipts more Git knows to have been there.
        aside: the folder, below the clone's own, with what was there before; None if there was nothing.
    """

    ledger: str
    previous: str
    size: int
    root: str
    gap: int
    aside: str | None


def backup(context: Context, store: Store, path: str, progress: Progress | None = None) -> Backup:
    """Writes a ledger to a file while others go on writing, and examines what was written.

    A ledger in a database server is copied into the file; a file that holds a part of it is brought up to date.

    Raises:
        HostError: `ledger_unavailable`.
        IntegrityError: `ledger_damaged`.
        ConflictError: `copies_differ`.
    """
    try:
        store.backup(path)
    except HostError as error:
        if error.fields.get("reason") != NO_FILE:
            raise
        copied = _copy_to_file(context, store, path, progress)
        return Backup(store.ledger, copied.size, copied.root, path)
    written = context.ledgers.open_at(path)
    try:
        size = written.size()
        told = None if progress is None else lambda done: progress(done, size)
        chain = copying.examine(written, "the backup", told)
        return Backup(written.ledger, chain.size, chain.root.hex(), path)
    finally:
        written.close()


def _copy_to_file(context: Context, store: Store, path: str, progress: Progress | None) -> copying.Copied:
    target = context.ledgers.open_at(path, store.ledger)
    try:
        return copying.copy(store, target, progress=progress)
    finally:
        target.close()


def restore(context: Context, path: str, progress: Progress | None = None) -> Restored:
    """Takes up a backup: puts it beside as an origin of its own, and begins a new ledger that names it.

    The caller holds the clone's lock.

    Raises:
        InputError: `not_a_file`, when the clone's own ledger is in a database server.
        HostError: `ledger_unavailable`, when there is no such backup.
        IntegrityError: `ledger_damaged`, when the backup is not sound; nothing was changed then.
        ConflictError: `copies_differ`, when another copy of that ledger lies here which does not agree.
    """
    if context.ledgers.exists() and not context.ledgers.is_file():
        raise InputError(
            "not_a_file",
            "the clone's ledger is in a database server, where nothing can be set aside",
            "ticket ledger copy --from FILE --to ADDRESS into an empty schema",
        )
    given = open_given(context, path)
    try:
        ledger, size, root = _put_beside(context, given, progress)
    finally:
        given.close()
    present = _put_present_beside(context, ledger)
    aside = context.ledgers.set_aside(record.command_id(context))
    known, _ = witness.newest(context, ledger, witness.trailers(context))
    gap = max(known - size, 0)
    previous: dict[str, object] = {
        "ledger": ledger, "size": size, "root": root or None, "gap": gap, "reason": "restored",
    }  # fmt: skip
    if present is not None:
        previous["aside"] = dict(zip(("ledger", "size", "root"), present, strict=True))
    store = opening.make(context, previous)
    try:
        return Restored(store.ledger, ledger, size, root, gap, aside)
    finally:
        store.close()


def open_given(context: Context, place: str) -> Store:
    """Opens a ledger at a place that somebody named.

    Raises:
        HostError: `ledger_unavailable`; one that is not there will not be made by any other command.
        IntegrityError: `ledger_damaged`.
    """
    try:
        return context.ledgers.open_at(place)
    except HostError as error:
        if error.fields.get("reason") == "missing":
            error.hint = "check the path; `ticket ledger backup FILE` makes one"
        raise


def _put_beside(context: Context, source: Store, progress: Progress | None) -> tuple[str, int, str]:
    """Copies a ledger to those of other origins, unless it is there; returns its id, size and root."""
    copying.examine(source, "the backup")
    target = context.ledgers.open_foreign(source.ledger, create=True)
    try:
        if target.size() > source.size():
            copying.check_beginning(target, source)
            chain = copying.examine(target, "the copy that is here already")
            return source.ledger, chain.size, chain.root.hex()
        copied = copying.copy(source, target, progress=progress)
        return source.ledger, copied.size, copied.root
    finally:
        target.close()


def _put_present_beside(context: Context, restored: str) -> tuple[str, int, str] | None:
    """Keeps the present ledger readable too, if it is another than the one restored and sound.

    Returns:
        Its id, size and root, by which the new ledger accounts for it too.
    """
    if not context.ledgers.exists():
        return None
    try:
        present = context.ledgers.open()
        try:
            return _put_beside(context, present, None) if present.ledger != restored else None
        finally:
            present.close()
    except CounterfoilError as error:
        context.warn("ledger_unavailable", f"the present ledger is set aside unread: {error.message}")
        return None
