"""`ticket ledger gc`: drops what is no longer needed, and with `--erase` what a receipt says."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from counterfoil.cli.arguments import usage
from counterfoil.cli.call import Call, Reply
from counterfoil.cli.damage import damage_is_told
from counterfoil.cli.layout import terminal_width
from counterfoil.cli.receipt_words import count
from counterfoil.cli.timeline import WIDTH, receipt_line
from counterfoil.errors import InputError
from counterfoil.usecases import erasing, tidying
from counterfoil.usecases.addressing import find_receipt, open_ledger
from counterfoil.usecases.travelling import pushed_size

if TYPE_CHECKING:
    from counterfoil.ledger.receipt import Receipt
    from counterfoil.usecases.erasing import Erased
    from counterfoil.usecases.ports import Store

WORDS = {
    "bells": "bells of processes that are gone",
    "bodies": "bodies whose erasure was interrupted",
    "drafts": "files that were never finished",
    "logs": "write-ahead logs",
    "references": "references of an interrupted push or fetch",
    "views": "views of another ledger",
}
KIB = 1024


@damage_is_told()
def run(call: Call) -> Reply:
    """Tidies, or erases."""
    arguments = call.arguments
    if arguments.many("erase"):
        return _erase(call)
    for name in ("reason", "yes"):
        if arguments.values[name]:
            raise usage(f"--{name} goes with --erase RECEIPT", arguments.verb, missing="erase")
    context = call.context()
    dry_run = arguments.flag("dry_run")
    with context.lock():
        store = open_ledger(context)
        try:
            dropped = tidying.tidy(context, store, dry_run=dry_run)
        finally:
            store.close()
    data = {"dropped": [each._asdict() for each in dropped], "dry_run": dry_run}
    verb = "Would drop" if dry_run else "Dropped"
    lines = [
        f"{verb} {each.number:,} × {WORDS[each.what]}" + (f" ({_size(each.bytes)})" if each.bytes else "")
        for each in dropped
    ]
    return Reply(data, "\n".join(lines) or "Nothing to drop.")


def _size(number: int) -> str:
    return f"{number:,} bytes" if number < 10 * KIB else f"{number // KIB:,} KiB"


def _erase(call: Call) -> Reply:
    context = call.context()
    store = open_ledger(context)
    try:
        receipts = [find_receipt(context, store, each) for each in call.arguments.many("erase")]
        reason = erasing.check(context, receipts, call.arguments.text("reason"))
        if call.arguments.flag("dry_run"):
            return _reply(call, erasing.Erased(None, tuple(receipts), ()), store, dry_run=True)
        _confirm(call, receipts)
        with context.lock():
            erased = erasing.erase(context, store, receipts, reason)
        return _reply(call, erased, store, dry_run=False)
    finally:
        store.close()


def _confirm(call: Call, receipts: list[Receipt]) -> None:
    """Asks the person at the terminal; where nobody can be asked, `--yes` has to say it.

    Raises:
        InputError: `not_confirmed`.
    """
    if call.arguments.flag("yes"):
        return
    hint = "add --yes if what these receipts say is to be deleted for good"
    if not call.interactive:
        raise InputError("not_confirmed", "erasing cannot be taken back, so it has to be confirmed", hint)
    width = terminal_width() or WIDTH
    for receipt in receipts:
        sys.stderr.write(receipt_line(receipt, width=width) + "\n")
    sys.stderr.write(f"Erase what {count(len(receipts), 'receipt')} said, for good? [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise InputError("not_confirmed", "nothing was erased", hint)


def _reply(call: Call, erased: Erased, store: Store, *, dry_run: bool) -> Reply:
    context = call.context()
    data = {
        "receipt": erased.receipt.id if erased.receipt is not None else None,
        "erased": [receipt.id for receipt in erased.erased],
        "gone": [receipt.id for receipt in erased.gone],
        "dry_run": dry_run,
    }
    if not erased.erased:
        return Reply(data, "No change; what these receipts said is not here any more.")
    verb = "Would erase" if dry_run else "Erased"
    line = f"{verb} what {count(len(erased.erased), 'receipt')} said; headers and proofs stay"
    notes = ["ticket files and commit messages in Git still say it, and so do backups"]
    if min(receipt.position for receipt in erased.erased) < pushed_size(context, store.ledger):
        notes.append("it was pushed: `ticket ledger push` takes it back, and others have to fetch")
    return Reply(data, line, notes=notes)
