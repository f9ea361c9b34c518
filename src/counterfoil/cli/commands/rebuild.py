"""`ticket rebuild`: drops what is derived from the ledger and folds it again."""

from __future__ import annotations

from counterfoil.cli.call import Call, Reply
from counterfoil.cli.progress import Progress
from counterfoil.cli.receipt_words import count
from counterfoil.usecases import views
from counterfoil.usecases.addressing import open_ledger


def run(call: Call) -> Reply:
    """Folds all views anew."""
    context = call.context()
    store = open_ledger(context)
    try:
        with context.lock(), Progress(call, "rebuilding") as progress:
            views.discard(context)
            derived = context.ledgers.views()
            try:
                size = views.rebuild(store, derived, progress=progress)
                stopped = views.stopped(derived)
            finally:
                derived.close()
    finally:
        store.close()
    for stream, (kind, schema, position) in stopped.items():
        context.warn(
            "stream_stopped",
            f"{stream} stands still at @{position}: only a newer version reads {kind} of schema {schema}",
            hint="pip install --upgrade counterfoil",
            stream=stream,
            position=position,
        )
    names = [view.name for view in views.VIEWS]
    line = f"Rebuilt {count(len(names), 'view')} from {count(size, 'receipt')}: {', '.join(names)}"
    return Reply({"views": names, "receipts": size}, line)
