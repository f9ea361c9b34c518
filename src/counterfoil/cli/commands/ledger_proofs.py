"""`ticket ledger checkpoint` and `proof`: what others can hold against the ledger, and what proves a receipt."""

from __future__ import annotations

import os

from counterfoil.cli.arguments import usage
from counterfoil.cli.call import Call, Reply
from counterfoil.cli.layout import visible
from counterfoil.cli.receipt_words import count
from counterfoil.errors import HostError
from counterfoil.ledger import checkpoint as checkpoints
from counterfoil.ledger.proof import PROOF_BYTES
from counterfoil.usecases import proving, signing
from counterfoil.usecases.addressing import find_receipt, open_ledger


def run(call: Call) -> Reply:
    """Does one of the two."""
    if call.arguments.verb == "ledger checkpoint":
        return _checkpoint(call)
    checks = call.arguments.text("check") is not None
    if checks and call.arguments.text("output") is not None:
        raise usage("--check writes no file", call.arguments.verb, option="--output")
    if not checks and call.arguments.many("key"):
        raise usage("--key is for --check FILE", call.arguments.verb, option="--key")
    if not checks and not call.arguments.text("receipt"):
        raise usage("ledger proof needs RECEIPT, or --check FILE", call.arguments.verb, missing="receipt")
    return _check(call) if checks else _proof(call)


def _checkpoint(call: Call) -> Reply:
    context = call.context()
    rotates = call.arguments.flag("rotate_key")
    with context.lock():
        store = open_ledger(context)
        try:
            before, _ = store.newest_checkpoint()
            now_ms = context.clock.now_ms()
            if rotates:
                note: str | None = signing.rotate(context, store, now_ms=now_ms, keys=context.keys)
            else:
                note = signing.checkpoint(context, store, now_ms=now_ms, keys=context.keys, force=True)
            assert note is not None
            found, _ = checkpoints.parse(note)
            keys = [str(key) for key in signing.keys_at(store, found.size)]
        finally:
            store.close()
    data = {
        "ledger": found.ledger,
        "size": found.size,
        "root": found.root.hex(),
        "note": note,
        "keys": keys,
        "changed": found.size != before,
        "rotated": rotates,
    }
    if found.size == before:
        line = f"Nothing new: all {count(found.size, 'receipt')} were signed already."
    else:
        line = f"Signed {count(found.size, 'receipt')}, root {found.root.hex()[:16]}…"
    notes = [f"key: {visible(key)}" for key in keys]
    if rotates:
        notes.append("the older key goes on signing beside the new one for 30 days")
    return Reply(data, line, notes=notes)


def _proof(call: Call) -> Reply:
    context = call.context()
    store = open_ledger(context)
    try:
        receipt = find_receipt(context, store, call.arguments.required("receipt"))
        text = proving.inclusion(store, receipt.position)
        keys = [str(key) for key in signing.keys_at(store, store.newest_checkpoint()[0])]
        ledger = store.ledger
    finally:
        store.close()
    name = call.arguments.text("output")
    data = {"ledger": ledger, "receipt": receipt.id, "position": receipt.position, "keys": keys, "file": name}
    notes = [f"to check it, others need this key: {visible(key)}" for key in keys]
    if name is None:
        return Reply({**data, "proof": text}, text.rstrip("\n"), notes=notes)
    try:
        with open(os.path.join(call.cwd, name), "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except OSError as error:
        raise HostError("io_error", f"{name}: {error.strerror}", "choose another file", path=name) from None
    return Reply(
        {**data, "proof": text}, f"Wrote the proof of @{receipt.position} to {visible(name)}", notes=notes
    )


def _check(call: Call) -> Reply:
    """Checks a proof by the keys that are given, or by those of its ledger if that is here."""
    name = call.arguments.required("check")
    context = call.context()
    try:
        with open(os.path.join(call.cwd, name), "rb") as file:
            text = file.read(PROOF_BYTES + 1)
    except OSError as error:
        raise HostError("io_error", f"{name}: {error.strerror}", "check the path", path=name) from None
    keys = call.arguments.many("key") or proving.known_keys(context, text)
    proved = proving.check(text, keys, context.keys.verify, receipt=call.arguments.text("receipt"))
    data = {
        "ledger": proved.checkpoint.ledger,
        "origin": proved.checkpoint.origin,
        "receipt": proved.leaf.hex(),
        "position": proved.position,
        "size": proved.checkpoint.size,
        "root": proved.checkpoint.root.hex(),
        "header": proved.header or None,
        "keys": keys,
        "file": name,
    }
    lines = [
        f"Proved: receipt {proved.leaf.hex()[:16]}… is @{proved.position} of the "
        f"{count(proved.checkpoint.size, 'receipt')} that {visible(proved.checkpoint.origin)} signed"
    ]
    if proved.header:
        lines.append(visible(" ".join([str(proved.header.get(part)) for part in ("at", "actor", "kind")])))
    return Reply(data, "\n".join(lines))
