"""What the receipts of principals, their keys and their deliveries say to a person; see `cli.gate_words`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterfoil.gate import events

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Body = Mapping[str, object]

SHORT_DIGEST = 12
SHORT_COMMIT = 9
SHORT_PROPOSAL = 10
MINUTE = len("2026-11-20T09:15")


def _added(body: Body) -> list[str]:
    owner = f", owned by {body['owner']}" if body.get("owner") else ""
    return [f"registered{owner}{_until(body.get('expires_at'))}"]


def _changed(body: Body) -> list[str]:
    names = [name.removesuffix("_at") for name in body if name not in {"principal", "salt"}]
    return [f"changed: {', '.join(sorted(names))}"]


def _key_added(body: Body) -> list[str]:
    ends = body.get("ends")
    lines = [f"new key {body['id']}{_until(body.get('expires_at'))}"]
    if isinstance(ends, list):
        lines += [f"the key {key} ends {_minute(at)}" for key, at in ends]
    return lines


def _key_revoked(body: Body) -> list[str]:
    return [f"withdrew the key {body['id']}: “{body['reason']}”"]


def _revoked(body: Body) -> list[str]:
    return [f"revoked: “{body['reason']}”"]


def _delivered(body: Body) -> list[str]:
    event = f" {body['event']}" if body.get("event") else ""
    lines = [f"received{event} {body['delivery']}, body {str(body['body'])[:SHORT_DIGEST]}"]
    return [*lines, f"asks for {str(body['caused'])[:SHORT_PROPOSAL]}"] if body.get("caused") else lines


def _observed(body: Body) -> list[str]:
    number, head = body.get("number"), body.get("head")
    said = [
        body["event"], body.get("action"), body.get("repository"), f"#{number}" if number else None,
        f"at {str(head)[:SHORT_COMMIT]}" if head else None,
    ]  # fmt: skip
    return [f"was told: {' '.join([str(word) for word in said if word])}"]


def _until(at: object) -> str:
    return f", until {_minute(at)}" if at else ""


def _minute(at: object) -> str:
    return f"{str(at)[:MINUTE].replace('T', ' ')} UTC"


WORDS: dict[str, Callable[[Body], list[str]]] = {
    events.PRINCIPAL_ADDED: _added,
    events.PRINCIPAL_CHANGED: _changed,
    events.CREDENTIAL_ADDED: _key_added,
    events.CREDENTIAL_REVOKED: _key_revoked,
    events.PRINCIPAL_REVOKED: _revoked,
    events.DELIVERED: _delivered,
    events.OBSERVED: _observed,
}
