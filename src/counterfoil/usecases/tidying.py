"""Dropping what the ledger no longer needs: all of it derived, left behind by killed processes, or kept twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from counterfoil.errors import CounterfoilError
from counterfoil.usecases import erasing, views
from counterfoil.usecases.rebasing import WRITING
from counterfoil.usecases.travelling import INCOMING, OUTGOING

if TYPE_CHECKING:
    from collections.abc import Callable

    from counterfoil.usecases.context import Context
    from counterfoil.usecases.ports import Store

FOREIGN = "origins"
"""Folder of the ledgers that were fetched."""
BELLS = "bells"
"""Folder of the clone's own: one socket for each process that follows a ledger."""


class Dropped(NamedTuple):
    """One kind of thing that was dropped, or would be.

    Attributes:
        what: a stable word: `bells`, `bodies`, `drafts`, `logs`, `references`, `views`.
        number: how many.
        bytes: how much they took on disk; 0 where nobody knows.
    """

    what: str
    number: int
    bytes: int = 0


def tidy(context: Context, store: Store, *, dry_run: bool) -> list[Dropped]:
    """Drops what is not needed and says what that was. The caller holds the clone's lock.

    Args:
        context: the project.
        store: the clone's own ledger.
        dry_run: only say it.
    """
    found = [
        _views(context, store, dry_run),
        _bodies(context, store, dry_run),
        _bells(context, dry_run),
        _drafts(context, dry_run),
        _references(context, dry_run),
        _logs(context, store, dry_run),
    ]
    return [dropped for dropped in found if dropped.number]


def _size(context: Context, name: str) -> int:
    signature = context.state.signature(name)
    return signature[1] if signature is not None else 0


def _views(context: Context, store: Store, dry_run: bool) -> Dropped:
    """Views and snapshots that were folded from another ledger than the one that is here."""
    size = _size(context, views.FILE)
    if not size or _are_ours(context, store):
        return Dropped("views", 0)
    if not dry_run:
        views.discard(context)
    return Dropped("views", 1, size)


def _are_ours(context: Context, store: Store) -> bool:
    try:
        derived = context.ledgers.views(mend=False)
        try:
            cursors = [derived.cursor(view.name) for view in views.VIEWS]
        finally:
            derived.close()
    except CounterfoilError:
        return False
    return all(cursor is None or cursor[1] == store.ledger for cursor in cursors)


def _bodies(context: Context, store: Store, dry_run: bool) -> Dropped:
    """Bodies whose erasure was begun and not finished: here, or after a fetch."""
    number = len(erasing.unfinished(store)) if dry_run else erasing.finish(context, store)
    for ledger in context.ledgers.foreign():
        try:
            fetched = context.ledgers.open_foreign(ledger)
        except CounterfoilError:
            continue  # `ticket ledger verify` tells what is wrong with it
        number += len(erasing.unfinished(fetched)) if dry_run else erasing.follow(fetched)
        fetched.close()
    return Dropped("bodies", number)


def _bells(context: Context, dry_run: bool) -> Dropped:
    """Sockets of followers that were killed."""
    dead = []
    for name in context.state.names(BELLS):
        pid = name.split(".")[-2] if name.count(".") >= 2 else ""
        if pid.isascii() and pid.isdigit() and not context.programs.lives(int(pid)):
            dead.append(name)
    return _removed(dead, "bells", lambda name: context.state.remove(f"{BELLS}/{name}"), dry_run)


def _drafts(context: Context, dry_run: bool) -> Dropped:
    """Files that killed processes were about to write."""
    before = set(context.state.names(""))
    drafts = [name for name in before if name.startswith(".") and name.endswith(".tmp")]
    ledgers = _unfinished_ledgers(context)
    if dry_run:
        return Dropped("drafts", len(drafts) + len(ledgers))
    context.state.discard_drafts("")
    number = len(before) - len(context.state.names(""))
    for name in ledgers:
        context.state.remove(name)
    return Dropped("drafts", number + len(ledgers))


def _unfinished_ledgers(context: Context) -> list[str]:
    """Returns the ledgers that a process was making when it died, by its number in their names."""
    found = []
    for folder in ("", f"{FOREIGN}/"):
        for name in context.state.names(folder.rstrip("/")):
            stem, _, made = name.removesuffix(".tmp").rpartition(".db.")
            pid = made.partition("-")[0]
            ours = bool(stem) and name.endswith(".tmp") and pid.isascii() and pid.isdigit()
            if ours and not context.programs.lives(int(pid)):
                found.append(folder + name)
    return found


def _references(context: Context, dry_run: bool) -> Dropped:
    """References that a push or a fetch was working with when it was killed."""
    listed = context.git.read("for-each-ref", "--format=%(refname)", OUTGOING, INCOMING)
    names = listed.decode("utf-8", "surrogateescape").split()
    return _removed(
        names, "references", lambda name: context.git.run("update-ref", "-d", name, env=WRITING), dry_run
    )


def _removed(names: list[str], what: str, remove: Callable[[str], object], dry_run: bool) -> Dropped:
    for name in names if not dry_run else ():
        remove(name)
    return Dropped(what, len(names))


def _logs(context: Context, store: Store, dry_run: bool) -> Dropped:
    """What the databases of the ledgers wrote ahead and have taken over long since."""
    sizes = [
        store.shrink(dry_run),
        *[_shrink(context, ledger, dry_run) for ledger in context.ledgers.foreign()],
    ]
    return Dropped("logs", sum(size > 0 for size in sizes), sum(sizes))


def _shrink(context: Context, ledger: str, dry_run: bool) -> int:
    try:
        store = context.ledgers.open_foreign(ledger)
    except CounterfoilError:
        return 0  # `ticket ledger verify` tells what is wrong with it
    try:
        return store.shrink(dry_run)
    finally:
        store.close()
