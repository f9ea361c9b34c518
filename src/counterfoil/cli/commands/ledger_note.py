"""`ticket ledger note`: a sentence that is sealed on any stream, branches included."""

from __future__ import annotations

from counterfoil.cli.call import Call, Reply
from counterfoil.cli.layout import visible
from counterfoil.usecases.addressing import find_stream, open_ledger
from counterfoil.usecases.noting import note


def run(call: Call) -> Reply:
    """Seals a note."""
    context = call.context()
    with context.lock():
        store = open_ledger(context)
        derived = context.ledgers.views()
        try:
            stream = find_stream(context, store, call.arguments.required("stream"))
            receipt = note(context, store, stream, call.arguments.required("text"), snapshots=derived)
        finally:
            derived.close()
            store.close()
    data = {"stream": stream, "seq": receipt.seq, "position": receipt.position, "receipt": receipt.id}
    return Reply(data, f"Noted on {visible(stream)} as receipt {receipt.seq}")
