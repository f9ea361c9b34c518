"""`ticket ledger reconcile`, `backup`, `restore` and `copy`: keeping the ledger in step and in several places."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterfoil.cli.call import Call, Reply
from counterfoil.cli.layout import visible
from counterfoil.cli.progress import Progress
from counterfoil.cli.receipt_words import SHORT, count
from counterfoil.usecases import reconcile
from counterfoil.usecases.opening import open_or_make
from counterfoil.usecases.recovery import recover

if TYPE_CHECKING:
    from counterfoil.usecases.reconcile import Reconciled


def run(call: Call) -> Reply:
    """Does one of them."""
    verb = call.arguments.verb.partition(" ")[2]
    return {"reconcile": _reconcile}[verb](call)


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
