"""`ticket person`: people, and the SSH keys by which they sign."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from counterfoil.cli.call import Call, Reply
from counterfoil.cli.principal_words import day, list_all, reading, revoking, show, writing
from counterfoil.gate.principal import HUMAN
from counterfoil.usecases import people, principals

if TYPE_CHECKING:
    from counterfoil.usecases.context import Context
    from counterfoil.usecases.ports import Store

COLUMNS = {
    "PERSON": lambda each: each["actor"],
    "STATE": lambda each: each["state"],
    "SINCE": lambda each: day(each["added_at"]),
    "KEYS": lambda each: ", ".join(_live(each)) or "none",
}


def run(call: Call) -> Reply:
    """Carries out one of the verbs."""
    return {
        "person list": _list,
        "person show": _show,
        "person add": _add,
        "person revoke": _revoke,
        "person signers": _signers,
    }[call.arguments.verb](call)


def _list(call: Call) -> Reply:
    nobody = "Nobody is registered; `ticket person add NAME --key FILE` registers somebody."
    return list_all(call, HUMAN, COLUMNS, "people", nobody)


def _show(call: Call) -> Reply:
    return show(call, HUMAN, "person")


def _add(call: Call) -> Reply:
    arguments = call.arguments
    file = arguments.text("key")
    public = None if file is None else call.read_text(file)
    sits = os.isatty(0) and not call.ci

    def register(context: Context, store: Store) -> dict[str, object]:
        name = arguments.required("name")
        envelope = None if public is None or sits else people.sign_key(context, store, name, public)
        added = people.add(
            context, store, name, public,
            key_name=arguments.text("key_name") or "", at_terminal=sits, envelope=envelope,
        )  # fmt: skip
        return principals.as_data(context, store, added)

    shown = writing(call, register)
    keys = _live(shown)
    return Reply(
        {"person": shown}, f"Registered {shown['actor']} with {', '.join(keys) if keys else 'no key'}"
    )


def _revoke(call: Call) -> Reply:
    key, shown = revoking(
        call, lambda context, store, *said, **which: principals.revoke(context, store, HUMAN, *said, **which)
    )
    if key:
        return Reply(
            {"person": shown}, f"Revoked the key {key} of {shown['actor']}; what it has signed stays signed"
        )
    return Reply({"person": shown}, f"Revoked {shown['actor']}; their agents and sources are frozen")


def _signers(call: Call) -> Reply:
    text = reading(call, lambda _context, store: people.allowed_signers(store), "\n").strip("\n")
    return Reply({"allowed_signers": text}, text)


def _live(each: dict[str, Any]) -> list[str]:
    return [key["id"] for key in each["keys"] if key["state"] == "live"]
