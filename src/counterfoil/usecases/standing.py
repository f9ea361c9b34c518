"""How the ledger stands: size, root, what is signed, what was fetched, what waits to be recorded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterfoil.errors import CounterfoilError
from counterfoil.usecases.addressing import open_ledger
from counterfoil.usecases.observed import unrecorded
from counterfoil.usecases.travelling import pushed_size

if TYPE_CHECKING:
    from counterfoil.usecases.context import Context
    from counterfoil.usecases.ports import Store

SIGNATURE = "— "
"""What a signature's line in a note begins with (C2SP signed-note)."""


@dataclass(frozen=True, slots=True)
class Origin:
    """A ledger that was fetched.

    Attributes:
        ledger: its id.
        size: how many receipts; None when it cannot be opened, then `problem` says why.
        signed: how many of them its newest checkpoint covers.
    """

    ledger: str
    size: int | None
    signed: int = 0
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """What `ticket ledger status` tells.

    Attributes:
        ledger: the id of the clone's own ledger; None before the first change, and then there is no more to tell
            of it.
        place: the folder in which it lies.
        unrecorded: how many commands wait for the reconcile.
        origins: what was fetched from others.
        size, root: of its log; the root in hexadecimal.
        streams, branches: how many there are; branches are among the streams.
        signed: how many receipts the newest checkpoint covers; 0 without one.
        key: the name under which that checkpoint is signed, or None.
        last_at: when the newest receipt was sealed, or None.
        pushed: how many receipts were pushed.
    """

    ledger: str | None
    place: str
    unrecorded: int
    origins: tuple[Origin, ...]
    size: int = 0
    root: str = ""
    streams: int = 0
    branches: int = 0
    signed: int = 0
    key: str | None = None
    last_at: str | None = None
    pushed: int = 0


def standing(context: Context) -> Standing:
    """Looks at the clone's ledger and at those beside it; writes nothing.

    Raises:
        HostError: `ledger_unavailable`.
        IntegrityError: `ledger_damaged`.
    """
    place = context.state.root
    waiting = len(unrecorded(context))
    origins = tuple(_origin(context, ledger) for ledger in sorted(context.ledgers.foreign()))
    if not context.ledgers.exists():
        return Standing(None, place, waiting, origins)
    store = open_ledger(context)
    try:
        size, root = store.tree_head()
        streams = store.streams()
        signed, note = _newest(store)
        last = [receipt.at for receipt in store.log(first=size - 1, bodies=False)] if size else []
        return Standing(
            ledger=store.ledger,
            place=place,
            unrecorded=waiting,
            origins=origins,
            size=size,
            root=root.hex(),
            streams=len(streams),
            branches=sum(stream.parent is not None for stream in streams),
            signed=signed,
            key=_signer(note),
            last_at=last[-1] if last else None,
            pushed=pushed_size(context, store.ledger),
        )
    finally:
        store.close()


def _newest(store: Store) -> tuple[int, str]:
    """Returns the newest checkpoint, size 0 without one."""
    return max(store.checkpoints(), default=(0, ""))


def _signer(note: str) -> str | None:
    names = [line.split(" ")[1] for line in note.split("\n") if line.startswith(SIGNATURE)]
    return names[0] if names else None


def _origin(context: Context, ledger: str) -> Origin:
    try:
        store = context.ledgers.open_foreign(ledger)
    except CounterfoilError as error:
        return Origin(ledger, None, problem=error.message)
    try:
        return Origin(ledger, store.size(), _newest(store)[0])
    finally:
        store.close()
