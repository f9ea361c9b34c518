"""`ticket ledger reconcile`, `backup`, `restore` and `copy`: keeping the ledger in step and in several places."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from counterfoil.cli.arguments import usage
from counterfoil.cli.call import Call, Reply
from counterfoil.cli.layout import visible
from counterfoil.cli.progress import Progress
from counterfoil.cli.receipt_words import SHORT, count
from counterfoil.errors import CounterfoilError, InputError
from counterfoil.usecases import backups, copying, reconcile
from counterfoil.usecases.addressing import open_ledger
from counterfoil.usecases.opening import open_or_make
from counterfoil.usecases.recovery import recover

if TYPE_CHECKING:
    from counterfoil.usecases.ports import Store
    from counterfoil.usecases.reconcile import Reconciled

SERVER = re.compile(r"postgres(?:ql)?:")
SECRET = re.compile(r"(?<=//)[^@/]*@|(?<=password=)[^&]*")
"""Where an address holds a name and a password."""


def run(call: Call) -> Reply:
    """Does one of them."""
    verb = call.arguments.verb.partition(" ")[2]
    return {"reconcile": _reconcile, "backup": _backup, "restore": _restore, "copy": _copy}[verb](call)


# --- reconcile -------------------------------------------------------------------------------------


def _reconcile(call: Call) -> Reply:
    context = call.context()
    with Progress(call, "reading commits") as progress, context.lock():
        recover(context)
        store = open_or_make(context)
        try:
            done = reconcile.reconcile(context, store, progress=progress)
        finally:
            store.close()
    data = {
        "ref": done.ref,
        "from": done.start,
        "to": done.end,
        "changes": done.changes,
        "rewritten": done.rewritten,
        "dropped": done.dropped,
        "late": done.late,
        "gap": done.gap,
        "receipts": list(done.receipts),
    }
    return Reply(data, "\n".join(_reconciled_lines(done)))


def _reconciled_lines(done: Reconciled) -> list[str]:
    lines = []
    branch = visible(done.ref.removeprefix("refs/heads/"))
    if done.late:
        lines.append(f"Recorded {count(done.late, 'command')} that had found the ledger closed")
    if done.receipts:
        told = [
            (done.changes, "by hand or by others"),
            (done.rewritten, "rewritten"),
            (done.dropped, "dropped"),
        ]
        parts = ", ".join([f"{count(number, 'change')} {what}" for number, what in told if number])
        begin = (done.start or "the beginning")[:SHORT]
        lines.append(
            f"Recorded {begin}..{str(done.end)[:SHORT]} of {branch}: {parts or 'no change of a ticket'}"
        )
    if done.gap:
        lines.append("Single commits could not be told: a part of the history is not here")
    return lines or [f"Nothing new on {branch}."]


# --- one file --------------------------------------------------------------------------------------


def _backup(call: Call) -> Reply:
    context = call.context()
    name = call.arguments.required("file")
    path = os.path.join(call.cwd, name)
    store = open_ledger(context)
    try:
        _check_free(call, path, store)
        with Progress(call, "copying") as progress:
            made = backups.backup(context, store, path, progress)
    finally:
        store.close()
    data = {"ledger": made.ledger, "size": made.size, "root": made.root, "file": name}
    line = f"Copied {count(made.size, 'receipt')} to {visible(name)}, and checked the copy"
    return Reply(
        data, line, notes=["the private key is not in it; keep .git/counterfoil/keys by other means"]
    )


def _check_free(call: Call, path: str, store: Store) -> None:
    """Refuses to write over a file that is no earlier backup of this ledger; itself it refuses by itself.

    Raises:
        InputError: `file_exists`.
    """
    if not os.path.lexists(path):
        return
    try:
        other = call.context().ledgers.open_at(path)
        found = other.ledger
        other.close()
    except CounterfoilError:
        found = ""
    if found != store.ledger:
        message = f"{path} is there already, and no backup of this ledger"
        raise InputError("file_exists", message, "name another file", path=path)


def _restore(call: Call) -> Reply:
    context = call.context()
    name = call.arguments.required("file")
    with Progress(call, "restoring") as progress, context.lock():
        recover(context)
        done = backups.restore(context, os.path.join(call.cwd, name), progress)
    data = {
        "ledger": done.ledger,
        "previous": done.previous,
        "size": done.size,
        "root": done.root,
        "gap": done.gap,
        "aside": done.aside,
    }
    lines = [
        f"Took up {done.previous} with its {count(done.size, 'receipt')}; it lies beside, to be read",
        f"Began {done.ledger}, which names it",
    ]
    if done.gap:
        lines.append(f"Missing: {count(done.gap, 'receipt')} that Git knows to have been there")
    notes = [f"what was there before: {visible(context.state.path(done.aside))}"] if done.aside else []
    return Reply(data, "\n".join(lines), notes=notes)


# --- another place ---------------------------------------------------------------------------------


def _copy(call: Call) -> Reply:
    arguments = call.arguments
    target_place, source_place = arguments.text("to"), arguments.text("from")
    if target_place is None:
        raise usage("ledger copy needs --to PLACE", arguments.verb, missing="to")
    context = call.context()
    source = (
        open_ledger(context)
        if source_place is None
        else backups.open_given(context, _place(call, source_place))
    )
    try:
        target = context.ledgers.open_at(_place(call, target_place), source.ledger)
        try:
            with Progress(call, "copying") as progress:
                done = copying.copy(source, target, progress=progress)
        finally:
            target.close()
    finally:
        source.close()
    shown = SECRET.sub("", target_place)
    data = {
        "ledger": done.ledger,
        "copied": done.receipts,
        "size": done.size,
        "root": done.root,
        "checkpoints": done.checkpoints,
        "to": shown,
    }
    line = f"Copied {count(done.receipts, 'receipt')} to {visible(shown)}; it has {done.size:,}, the same as here"
    return Reply(data, line, notes=["it is the same ledger: write to one of the two only"])


def _place(call: Call, place: str) -> str:
    """Returns an address as it is, and a path from where it was typed."""
    return place if SERVER.match(place) else os.path.join(call.cwd, place)
