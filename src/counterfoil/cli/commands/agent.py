"""`ticket agent`: the agents that may ask, and their tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from counterfoil.cli.arguments import usage
from counterfoil.cli.call import Call, Reply
from counterfoil.cli.principal_words import (
    day,
    expiry_ms,
    issuing,
    list_all,
    minute,
    overlap_ms,
    page,
    revoking,
    show,
    shown_once,
    writing,
)
from counterfoil.gate import reach
from counterfoil.gate.principal import AGENT
from counterfoil.usecases import principals

if TYPE_CHECKING:
    from counterfoil.usecases.principals import Issued

COLUMNS = {
    "AGENT": lambda each: each["actor"],
    "STATE": lambda each: each["state"],
    "OWNER": lambda each: each["owner"],
    "EXPIRES": lambda each: day(each["expires_at"]),
    "LAST USED": lambda each: minute(each["last_used_at"]),
    "SCOPES": lambda each: " ".join(each["scopes"]) + _spaces(each),
}
KEEP_IT = "keep it where your other secrets are; the ledger has a digest only, and nobody can show it again"


def run(call: Call) -> Reply:
    """Carries out one of the verbs."""
    return {
        "agent list": _list,
        "agent show": _show,
        "agent add": _add,
        "agent change": _change,
        "agent rotate": _rotate,
        "agent revoke": _revoke,
    }[call.arguments.verb](call)


def _list(call: Call) -> Reply:
    nobody = "No agents are registered; `ticket agent add NAME` registers one."
    return list_all(call, AGENT, COLUMNS, "agents", nobody)


def _show(call: Call) -> Reply:
    return show(call, AGENT, "agent")


def _add(call: Call) -> Reply:
    arguments = call.arguments
    expires = arguments.text("expires")
    issued, shown = issuing(
        call,
        lambda context, store: principals.add(
            context,
            store,
            arguments.required("name"),
            owner=arguments.text("owner"),
            scopes=arguments.many("scope") or reach.DEFAULT_SCOPES,
            spaces=arguments.many("space") or (reach.EVERYWHERE,),
            expires_ms=principals.EXPIRES_MS if expires is None else expiry_ms(call, None),
            model=arguments.text("model") or "",
        ),
    )
    until = f"until {day(shown['expires_at'])}" if shown["expires_at"] else "without an end"
    return _issued(issued, shown, f"Registered {issued.actor}, owned by {shown['owner']}, {until}.")


def _change(call: Call) -> Reply:
    arguments = call.arguments
    names = ("owner", "model", "expires")
    if not any(arguments.values[name] for name in (*names, "scope", "space")):
        raise usage("say what is to change", arguments.verb, missing="scope")
    state = writing(
        call,
        lambda context, store: principals.as_data(
            context,
            store,
            principals.change(
                context,
                store,
                arguments.required("name"),
                owner=arguments.text("owner"),
                scopes=arguments.many("scope") or None,
                spaces=arguments.many("space") or None,
                expires_ms=None if arguments.text("expires") is None else expiry_ms(call, 0),
                model=arguments.text("model"),
            ),
        ),
    )
    return Reply({"agent": state}, f"Changed {state['actor']}\n{page(state)}")


def _rotate(call: Call) -> Reply:
    arguments = call.arguments
    expires_ms = None if arguments.text("expires") is None else expiry_ms(call, 0)
    overlap = overlap_ms(call)
    issued, shown = issuing(
        call,
        lambda context, store: principals.rotate(
            context, store, arguments.required("name"), overlap_ms=overlap, expires_ms=expires_ms
        ),
    )
    line = f"Rotated the key of {issued.actor}; {old_keys(shown, issued.key_id, 'token')}."
    return _issued(issued, shown, line)


def _revoke(call: Call) -> Reply:
    key, shown = revoking(
        call, lambda context, store, *said, **which: principals.revoke(context, store, AGENT, *said, **which)
    )
    what = f"the key {key} of {shown['actor']}" if key else shown["actor"]
    return Reply({"agent": shown}, f"Revoked {what}; it counts no more")


def old_keys(shown: dict[str, Any], new: str, what: str) -> str:
    """Says until when the keys before a new one count."""
    ends = [key["expires_at"] for key in shown["keys"] if key["id"] != new and key["state"] == "live"]
    return f"the old {what} counts until {minute(max(ends))}" if ends else f"the old {what} has ended"


def _issued(issued: Issued, shown: dict[str, Any], line: str) -> Reply:
    data: dict[str, object] = {
        "agent": shown,
        "key": issued.key_id,
        "token": issued.secret,
        "receipt": issued.receipt,
    }
    return shown_once(data, line, "token", issued.secret, (KEEP_IT,))


def _spaces(each: dict[str, Any]) -> str:
    return "" if each["spaces"] == [reach.EVERYWHERE] else f" in {' '.join(each['spaces'])}"
