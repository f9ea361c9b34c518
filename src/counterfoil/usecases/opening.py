"""The clone's own ledger: found, or opened for the first time by one receipt. On the hot path.

One clone, one ledger, one origin (product.md §27): the origin stands in the clone's Git configuration. A
ledger that is gone is followed by a new one of another origin, whose first receipt names what is
known of the old one, so that the gap can be seen.
"""

from __future__ import annotations

from counterfoil.errors import ConflictError, CounterfoilError, HostError, IntegrityError
from counterfoil.usecases import kinds
from counterfoil.usecases.record import append, command_id, draft

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


def warn_if_lost(context: Context) -> None:
    """Warns whoever only reads that the clone's ledger is gone, and with it what they are looking for."""
    known = context.git_setting(context.origin_setting)
    if known and not context.ledgers.exists():
        context.warn(
            "ledger_lost",
            f"the ledger {known} of this clone is gone, so nothing of it is shown",
            hint="ticket ledger verify",
            ledger=known,
        )


def open_or_make(context: Context) -> Store:
    """Opens the clone's ledger and makes it at first use.

    Raises:
        HostError: `ledger_unavailable`.
        IntegrityError: `ledger_damaged`.
    """
    known = context.git_setting(context.origin_setting)
    if not context.ledgers.exists():
        return _follow(context, known) if known else make(context, None)
    store = open_own(context, brief=True)
    if store.size() == 0:
        store = _begin(context, store, known)
    if store.ledger != known:
        note_origin(context, store.ledger)
    return store


def open_own(context: Context, *, brief: bool = False) -> Store:
    """Opens the clone's ledger, unless it is another clone's.

    A file lies in the clone's own folder; one that was swapped is for `verify` to find. A schema on a server
    can be reached by all who know its name, and none but the clone that began it may go on with it.

    Raises:
        HostError: `ledger_unavailable`, with the `reason` `foreign` for another clone's.
        IntegrityError: `ledger_damaged`.
    """
    store = context.ledgers.open(brief=brief)
    if not context.ledgers.is_file():
        _check_own(context, store)
    return store


def _check_own(context: Context, store: Store) -> None:
    """Closes and refuses what another clone began; what nobody has begun yet is anybody's."""
    if store.ledger == context.git_setting(context.origin_setting) or not store.head(kinds.LEDGER).length:
        return
    from counterfoil.usecases import witness

    if store.ledger not in witness.origins(context):
        store.close()
        raise _foreign(context, store.ledger)


def _foreign(context: Context, ledger: str) -> HostError:
    return HostError(
        "ledger_unavailable",
        f"the ledger {ledger} was begun by another clone, and each clone has one of its own",
        "name another schema in the address, as in …?schema=NAME; or, if this clone is to go on with it alone, "
        f"git config --add {context.origin_setting} {ledger}",
        reason="foreign",
        ledger=ledger,
    )


def _follow(context: Context, ledger: str) -> Store:
    """Makes a new ledger in the place of one that is gone, and says so."""
    store = make(context, _lost(context, ledger))
    context.warn(
        "ledger_lost",
        f"the ledger {ledger} of this clone is gone, so a new one, {store.ledger}, begins here",
        hint="ticket ledger verify",
        ledger=ledger,
    )
    return store


def _begin(context: Context, store: Store, known: str) -> Store:
    """Seals the first receipt of a ledger that was made by a process which was then killed.

    One that had receipts before is no such ledger: its id must not stand for a second history.

    Raises:
        IntegrityError: `ledger_damaged`, when it lost its receipts and cannot be set aside.
    """
    if store.head(kinds.LEDGER).length:  # a server has not put it in order yet
        return store
    ledger = store.ledger
    if not _has_begun(context, ledger):
        _open_stream(context, store, _lost(context, known) if known not in {"", ledger} else None)
        return store
    store.close()
    if context.ledgers.set_aside(command_id(context)) is None:
        message = f"the ledger {ledger} has lost all of its receipts"
        raise IntegrityError(
            "ledger_damaged", message, "ticket ledger copy into an empty schema", ledger=ledger
        )
    return _follow(context, ledger)


def _has_begun(context: Context, ledger: str) -> bool:
    """Tells whether a ledger is known to have had receipts: its first one is sealed before its id is noted."""
    from counterfoil.usecases import witness

    return (
        ledger in witness.origins(context)
        or witness.newest(context, ledger, witness.trailers(context))[0] > 0
    )


def make(context: Context, previous: dict[str, object] | None) -> Store:
    """Makes a new ledger and seals its first receipt.

    Args:
        context: the project.
        previous: what is known of the ledger that this one follows, or None.

    Raises:
        HostError: `ledger_unavailable`, also when another clone has made it on the server meanwhile.
    """
    store = context.ledgers.open(create=command_id(context), brief=True)
    _check_own(context, store)
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

    facts = adoption(context)
    body = {**facts, "previous": previous, "project": context.project}
    opened = draft(context, kinds.LEDGER, kinds.OPENED, context.actor(), body, f"{store.ledger}/opened")
    on_server = not context.ledgers.is_file()
    try:
        (sealed,) = append(context, store, [opened])
    except ConflictError as error:
        if error.code == "key_reused" and on_server:  # another clone's was first, and says something else
            raise _foreign(context, store.ledger) from None
        raise
    if on_server and sealed.body != opened.body:  # the same, but for its salt
        raise _foreign(context, store.ledger)
    adopted(context, store.ledger, facts)


def _lost(context: Context, ledger: str) -> dict[str, object]:
    """Returns what Git still knows of a ledger that is gone."""
    from counterfoil.usecases import witness

    size, root = witness.newest(context, ledger, witness.trailers(context))
    return {"ledger": ledger, "size": size, "root": root.hex() or None, "reason": "lost"}
