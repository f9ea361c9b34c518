"""Sealing what happened while the ledger could not be opened (product.md §14).

A command that finds the ledger closed leaves a file in `unrecorded` with what it would have sealed. It is
sealed as soon as the ledger opens again, marked as late and with the time that the command noted; its
idempotency keys are those of the command, so that it is sealed once, whatever was sealed before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterfoil.errors import InputError
from counterfoil.gate import events
from counterfoil.kernel import canonical
from counterfoil.ledger.receipt import key_digest
from counterfoil.usecases import granted, kinds, record
from counterfoil.usecases.observed import DAMAGED, UNRECORDED, unrecorded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterfoil.kernel.canonical import Json
    from counterfoil.usecases.context import Context
    from counterfoil.usecases.ports import Store
    from counterfoil.usecases.record import Item

INTENTIONS = (kinds.INTENDED, kinds.PROJECT_INTENDED, events.EFFECT_INTENDED)
ABANDONMENTS = (kinds.ABANDONED, kinds.PROJECT_ABANDONED, events.EFFECT_ABANDONED)
LATE = "late"


def take_up(context: Context, store: Store) -> int:
    """Seals what waits, oldest first, and returns how many commands that were."""
    taken = 0
    for name in unrecorded(context):
        file = f"{UNRECORDED}/{name}"
        data = context.state.read(file)
        if data is None:
            continue
        try:
            actor, items = _read(context, data)
            _seal(context, store, actor, items)
        except InputError as error:
            context.state.rename(file, file + DAMAGED)
            context.warn(
                "unrecorded_damaged",
                f"what a command left to be sealed cannot be read, and was set aside: {error.message}",
                path=context.state.path(file + DAMAGED),
            )
            continue
        context.state.remove(file)
        taken += 1
    return taken


def _read(context: Context, data: bytes) -> tuple[str, list[Item]]:
    """Reads a command's file.

    Raises:
        InputError: `not_canonical`.
    """
    entry = canonical.decode(data)
    try:
        actor, at, items = [_field(entry, name) for name in ("actor", "at", "items")]
        if not isinstance(actor, str) or not isinstance(at, int) or not isinstance(items, list):
            raise TypeError
        marks: dict[str, Json] = {LATE: True, "at": context.clock.utc(at)}
        return actor, [_item(item, marks) for item in items]
    except (KeyError, TypeError, ValueError, OverflowError):
        raise canonical.refusal("type", "this is no command's record") from None


def _item(item: Json, marks: dict[str, Json]) -> Item:
    stream, kind, body, key = [_field(item, name) for name in ("stream", "kind", "body", "key")]
    if not isinstance(body, dict):
        raise TypeError
    if not isinstance(stream, str) or not isinstance(kind, str) or not isinstance(key, str):
        raise TypeError
    if not kinds.is_of_command(stream, kind):
        raise ValueError(kind)
    return stream, kind, {**body, **marks}, key


def _field(value: Json, name: str) -> Json:
    if not isinstance(value, dict):
        raise TypeError
    return value[name]


def _seal(context: Context, store: Store, actor: str, items: Sequence[Item]) -> None:
    """Seals intentions first, so that what was done can name them; what is sealed already stays as it is."""
    leaves: dict[str, str] = {}
    for intentions in (True, False):
        fresh = []
        for stream, kind, body, key in items:
            if (kind in INTENTIONS) is not intentions:
                continue
            known = store.by_key(stream, key_digest(actor, key))
            if known is not None:
                leaves[stream] = known.id
                continue
            if "intended" in body and not intentions:
                body = {**body, "intended": leaves.get(stream) or body["intended"]}
            if kind in ABANDONMENTS and _is_done(store, stream, actor, key):
                continue  # it was left by somebody who could not ask the ledger
            fresh.append(record.draft(context, stream, kind, actor, body, key))
        for receipt in granted.seal(context, store, fresh) if fresh else []:
            if intentions:
                leaves[receipt.stream] = receipt.id


def _is_done(store: Store, stream: str, actor: str, key: str) -> bool:
    """Tells whether what is to be abandoned under this key was sealed as done."""
    return store.by_key(stream, key_digest(actor, key.replace("/abandoned/", "/applied/"))) is not None
