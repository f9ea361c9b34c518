"""The clone's own ledger: found, or opened for the first time by one receipt. On the hot path.

One clone, one ledger, one origin (product.md §27): the origin stands in the clone's Git configuration. A
ledger that is gone is followed by a new one of another origin, whose first receipt names what is
known of the old one, so that the gap can be seen.
"""

from __future__ import annotations

from counterfoil.errors import CounterfoilError
from counterfoil.kernel import ids
from counterfoil.usecases import kinds

TYPE_CHECKING = False
if TYPE_CHECKING:
    from counterfoil.usecases.context import Context
    from counterfoil.usecases.ports import Store


def open_store(context: Context) -> Store | None:
    """Opens the clone's ledger, making it at first use; None, with a warning, where that is impossible."""
    try:
        return open_or_make(context)
    except CounterfoilError as error:
        if error.code == "newer_ledger":
            raise
        unavailable(context, error)
        return None


def unavailable(context: Context, error: CounterfoilError) -> None:
    """Warns that the ledger cannot be used, once a command."""
    if any(warning["code"] == "ledger_unavailable" for warning in context.warnings):
        return
    context.warn(
        "ledger_unavailable",
        f"the ledger cannot be used, so this is not sealed yet: {error.message}",
        hint=error.hint or "ticket ledger status",
        reason=str(error.fields.get("reason", error.code)),
    )


def open_or_make(context: Context) -> Store:
    """Opens the clone's ledger and makes it at first use.

    Raises:
        HostError: `ledger_unavailable`.
        IntegrityError: `ledger_damaged`.
    """
    known = context.git_setting(context.origin_setting)
    if not context.ledgers.exists():
        store = make(context, _lost(context, known) if known else None)
        if known:
            context.warn(
                "ledger_lost",
                f"the ledger {known} of this clone is gone, so a new one, {store.ledger}, begins here",
                hint="ticket ledger verify",
                ledger=known,
            )
        return store
    store = context.ledgers.open(brief=True)
    if store.size() == 0:  # killed between making the file and its first receipt
        _open_stream(context, store, _lost(context, known) if known not in {"", store.ledger} else None)
    if store.ledger != known:
        note_origin(context, store.ledger)
    return store


def make(context: Context, previous: dict[str, object] | None) -> Store:
    """Makes a new ledger and seals its first receipt.

    Args:
        context: the project.
        previous: what is known of the ledger that this one follows, or None.
    """
    ledger = ids.encode(context.clock.now_ms(), context.entropy.bits(ids.RANDOM_BITS))
    store = context.ledgers.open(create=ledger, brief=True)
    _open_stream(context, store, previous)
    note_origin(context, store.ledger)
    return store


def note_origin(context: Context, ledger: str) -> None:
    """Writes the origin into the clone's Git configuration; those before it stay."""
    key = context.origin_setting
    known = context.git.run("config", "--local", "--get-all", key).stdout.decode("utf-8", "replace").split()
    if ledger in known[:-1]:
        context.git.run("config", "--local", "--unset", key, f"^{ledger}$", env={"LC_ALL": "C"})
    if known[-1:] != [ledger]:
        context.git.run("config", "--local", "--add", key, ledger, env={"LC_ALL": "C"})
    context.remember_setting(key, ledger)


def _open_stream(context: Context, store: Store, previous: dict[str, object] | None) -> None:
    from counterfoil.usecases.observed import adopted, adoption
    from counterfoil.usecases.record import append, draft

    facts = adoption(context)
    body = {**facts, "previous": previous, "project": context.project}
    opened = draft(context, kinds.LEDGER, kinds.OPENED, context.actor(), body, f"{store.ledger}/opened")
    append(context, store, [opened])
    adopted(context, store.ledger, facts)


def _lost(context: Context, ledger: str) -> dict[str, object]:
    """Returns what Git still knows of a ledger that is gone."""
    from counterfoil.usecases import witness

    size, root = witness.newest(context, ledger, witness.trailers(context))
    return {"ledger": ledger, "size": size, "root": root.hex() or None, "reason": "lost"}
