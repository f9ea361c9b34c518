"""`ticket source`: who may send webhooks, and their secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from counterfoil.cli.call import Call, Reply
from counterfoil.cli.commands.agent import old_keys
from counterfoil.cli.principal_words import (
    day,
    issuing,
    list_all,
    overlap_ms,
    revoking,
    show,
    shown_once,
)
from counterfoil.gate import reach
from counterfoil.gate.principal import GITHUB, SOURCE, STANDARD
from counterfoil.usecases import sources

if TYPE_CHECKING:
    from counterfoil.usecases.principals import Issued

COLUMNS = {
    "SOURCE": lambda each: each["actor"],
    "STATE": lambda each: each["state"],
    "SIGNS AS": lambda each: each["sender"],
    "OWNER": lambda each: each["owner"],
    "SINCE": lambda each: day(each["added_at"]),
}
PLACES = {
    STANDARD: "give it to the sender; it signs POST /api/v1/webhooks/{name} by Standard Webhooks",
    GITHUB: "paste it as the webhook's secret; the address is /api/v1/webhooks/{name}, the type application/json",
}


def run(call: Call) -> Reply:
    """Carries out one of the verbs."""
    return {
        "source list": _list,
        "source show": _show,
        "source add": _add,
        "source rotate": _rotate,
        "source revoke": _revoke,
    }[call.arguments.verb](call)


def _list(call: Call) -> Reply:
    nobody = "No sources are registered; `ticket source add NAME` registers one."
    return list_all(call, SOURCE, COLUMNS, "sources", nobody)


def _show(call: Call) -> Reply:
    return show(call, SOURCE, "source", "Secret")


def _add(call: Call) -> Reply:
    arguments = call.arguments
    secret = _given_secret(call)
    issued, shown = issuing(
        call,
        lambda context, store: sources.add(
            context,
            store,
            arguments.required("name"),
            arguments.text("kind") or STANDARD,
            owner=arguments.text("owner"),
            scopes=arguments.many("scope") or sources.DEFAULT_SCOPES,
            spaces=arguments.many("space") or (reach.EVERYWHERE,),
            secret=secret,
        ),
    )
    line = f"Registered {issued.actor}, owned by {shown['owner']}"
    return _issued(issued, shown, line, secret)


def _rotate(call: Call) -> Reply:
    secret, overlap = _given_secret(call), overlap_ms(call)
    issued, shown = issuing(
        call,
        lambda context, store: sources.rotate(
            context, store, call.arguments.required("name"), overlap_ms=overlap, secret=secret
        ),
    )
    line = f"Rotated the secret of {issued.actor}; {old_keys(shown, issued.key_id, 'secret')}"
    return _issued(issued, shown, line, secret)


def _revoke(call: Call) -> Reply:
    key, shown = revoking(call, sources.revoke)
    what = f"the secret {key} of {shown['actor']}" if key else shown["actor"]
    return Reply({"source": shown}, f"Revoked {what}; what it sends is refused")


def _given_secret(call: Call) -> str | None:
    """Returns the sender's own secret, from a file: an argument could be read by every program of the machine."""
    file = call.arguments.text("secret")
    return None if file is None else call.read_text(file).strip()


def _issued(issued: Issued, shown: dict[str, Any], line: str, given: str | None) -> Reply:
    data: dict[str, object] = {"source": shown, "key": issued.key_id, "receipt": issued.receipt}
    if given is not None:
        return Reply(data, line)
    data["secret"] = issued.secret
    name = issued.actor.partition(":")[2]
    return shown_once(data, line, "secret", issued.secret, (PLACES[shown["sender"]].format(name=name),))
