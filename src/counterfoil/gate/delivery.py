"""Webhooks that come in: who signed them, when, and the little that is kept of one. Pure.

Standard Webhooks (https://github.com/standard-webhooks/standard-webhooks, "Verifying signatures") sign
`id.timestamp.body`, so a repetition is told by its id, and one that was held back by its time. GitHub signs the body
alone (`X-Hub-Signature-256`): neither the delivery's id nor the event's name is vouched for, and so the body's
own digest tells a repetition, whatever stands beside it.

A body is a JSON object; that closes the one gap of `id.timestamp.body`, which could otherwise be cut in
other places.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from hmac import compare_digest
from hmac import digest as hmac_digest
from typing import TYPE_CHECKING, Any, NamedTuple

from counterfoil.errors import ConflictError, InputError
from counterfoil.gate.principal import GITHUB, STANDARD
from counterfoil.kernel.digest import sha256_hex

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

WINDOW_MS = 5 * 60 * 1000
"""How far the clocks of sender and receiver may differ, and how long a delivery may take."""
BODY_BYTES = 1 << 20
ID_LENGTH = 200
SIGNATURES_MAX = 10
SECRET_PREFIX = "whsec_"
STANDARD_SECRET_BYTES = 24, 64
"""Standard Webhooks, "Symmetric signatures"."""
GITHUB_SECRET_LENGTH = 16, 200

_HASH = "sha256"
_WORD = "abcdefghijklmnopqrstuvwxyz0123456789_"
_NAME = _WORD + "ABCDEFGHIJKLMNOPQRSTUVWXYZ./-"
_HEX = "0123456789abcdef"
_GREATEST = 2**53 - 1
_HEADERS = {
    STANDARD: ("webhook-id", "webhook-signature"),
    GITHUB: ("x-github-delivery", "x-hub-signature-256"),
}
_DUMMY = b"counterfoil: nobody signs with this"


class Delivery(NamedTuple):
    """One delivery as its headers and bytes say it.

    Attributes:
        sender: `standard` or `github`.
        id: the sender's name for it.
        event: GitHub's name of the event; empty for others.
        timestamp: when it was signed, in seconds since 1970 as digits; empty for GitHub.
        signatures: what is to be checked, one of which has to hold.
        body: the raw bytes.
    """

    sender: str
    id: str
    event: str
    timestamp: str
    signatures: tuple[bytes, ...]
    body: bytes

    @property
    def digest(self) -> str:
        """SHA-256 of the body."""
        return sha256_hex(self.body)


def too_large(size: int) -> InputError:
    """Returns the error of a body that is longer than any that is read."""
    message = f"the delivery has {size:,} bytes, and {BODY_BYTES:,} are the limit"
    return InputError("too_large", message, "send less", size=size, limit=BODY_BYTES)


def read(sender: str, headers: Mapping[str, str], body: bytes) -> Delivery | None:
    """Reads what came; None where it cannot have been signed. Never raises.

    Args:
        sender: how it must be signed.
        headers: names in any case.
        body: the raw bytes.
    """
    known = {name.lower(): value.strip() for name, value in headers.items()}
    id_header, signature_header = _HEADERS[sender]
    delivery_id, signed = known.get(id_header, ""), known.get(signature_header, "")
    timestamp = known.get("webhook-timestamp", "") if sender == STANDARD else ""
    event = known.get("x-github-event", "") if sender == GITHUB else ""
    signatures = _standard_signatures(signed) if sender == STANDARD else _github_signature(signed)
    if not (0 < len(delivery_id) <= ID_LENGTH and delivery_id.isascii() and delivery_id.isprintable()):
        return None
    if sender == STANDARD and not (0 < len(timestamp) <= 12 and timestamp.isascii() and timestamp.isdigit()):
        return None
    if sender == GITHUB and not (0 < len(event) <= ID_LENGTH and not event.strip(_WORD)):
        return None
    return Delivery(sender, delivery_id, event, timestamp, signatures, body) if signatures else None


def _standard_signatures(text: str) -> tuple[bytes, ...]:
    found = []
    for word in text.split(" ")[:SIGNATURES_MAX]:
        version, _, encoded = word.partition(",")
        data = _from_base64(encoded) if version == "v1" else b""
        if data:
            found.append(data)
    return tuple(found)


def _github_signature(text: str) -> tuple[bytes, ...]:
    name, _, digits = text.partition("=")
    is_one = name == "sha256" and len(digits) == 64 and not digits.strip(_HEX)
    return (bytes.fromhex(digits),) if is_one else ()


def _from_base64(text: str) -> bytes:
    try:
        data = b64decode(text, validate=True)
    except (Base64Error, ValueError):
        return b""
    return data if b64encode(data).decode() == text else b""


def is_signed(delivery: Delivery | None, secrets: Sequence[bytes]) -> bool:
    """Tells whether one of the signatures is by one of the secrets; looks at all of them in either case."""
    if delivery is None:
        delivery = Delivery(GITHUB, "", "", "", (b"\0" * 32,), b"")
    if delivery.sender == STANDARD:
        signed = f"{delivery.id}.{delivery.timestamp}.".encode() + delivery.body
    else:
        signed = delivery.body
    holds = False
    for secret in secrets or (_DUMMY,):
        wanted = hmac_digest(secret, signed, _HASH)
        for signature in delivery.signatures:
            holds |= compare_digest(wanted, signature)
    return holds and bool(secrets) and bool(delivery.id)


def check_time(delivery: Delivery, now_ms: int) -> None:
    """Refuses what was signed too long ago, or will be; of GitHub's deliveries nobody knows when they were.

    Raises:
        ConflictError: `stale_delivery`.
    """
    if not delivery.timestamp:
        return
    signed_ms = int(delivery.timestamp) * 1000
    if abs(now_ms - signed_ms) > WINDOW_MS:
        raise ConflictError(
            "stale_delivery",
            "the delivery was not signed within the last five minutes",
            "check the clocks of both sides, and sign each attempt anew",
            signed_ms=signed_ms,
            now_ms=now_ms,
        )


def key_of(secret: str, sender: str) -> bytes:
    """Returns the bytes by which a secret signs.

    Raises:
        InputError: `invalid_secret`; nothing of the secret is quoted.
    """
    if sender == STANDARD:
        data = _from_base64(secret.removeprefix(SECRET_PREFIX))
        least, most = STANDARD_SECRET_BYTES
        if secret.startswith(SECRET_PREFIX) and least <= len(data) <= most:
            return data
        raise _invalid_secret(
            f"a secret of Standard Webhooks is `whsec_` and base64 of {least} to {most} bytes"
        )
    least, most = GITHUB_SECRET_LENGTH
    if least <= len(secret) <= most and secret.isascii() and secret.isprintable():
        return secret.encode()
    raise _invalid_secret(f"a secret has {least} to {most} visible ASCII characters")


def _invalid_secret(message: str) -> InputError:
    return InputError("invalid_secret", message, "leave --secret away, and one is made")


def new_secret(bits: int, sender: str) -> str:
    """Writes 256 random bits as a secret of a sender."""
    data = bits.to_bytes(32, "big")
    return SECRET_PREFIX + b64encode(data).decode() if sender == STANDARD else data.hex()


# --- what it says ---------------------------------------------------------------------------------


def content(delivery: Delivery) -> dict[str, Any]:
    """Reads the body.

    Raises:
        InputError: `invalid_delivery`.
    """
    try:
        value = json.loads(delivery.body.decode("utf-8"))
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        hint = "send application/json" if delivery.sender == GITHUB else '{"action": "…", "payload": {…}}'
        raise InputError("invalid_delivery", "the body of a delivery is a JSON object", hint)
    return value


def received(delivery: Delivery, source: str, caused: str | None) -> dict[str, Any]:
    """Returns the body of `delivery.received`: what signed what, and what it led to. None of its words are kept."""
    return {
        "source": source, "sender": delivery.sender, "event": delivery.event, "delivery": delivery.id,
        "body": delivery.digest, "size": len(delivery.body),
        "signed_at": int(delivery.timestamp) if delivery.timestamp else None, "caused": caused,
    }  # fmt: skip


def observed(delivery: Delivery, source: str, said: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what a forge's delivery tells, in facts alone: numbers, commits, words of a fixed form."""
    about = [said.get(name) for name in (delivery.event, "pull_request", "issue")]
    inner: Mapping[str, Any] = next((each for each in about if isinstance(each, dict)), {})
    head = inner.get("head")
    commits = (
        head.get("sha") if isinstance(head, dict) else None, inner.get("head_sha"), said.get("sha"), said.get("after"),
    )  # fmt: skip
    numbers = (inner.get("number"), said.get("number"))
    repository = said.get("repository")
    return {
        "source": source,
        "event": delivery.event,
        "delivery": delivery.id,
        "body": delivery.digest,
        "action": _word(said.get("action"), _WORD),
        "repository": _word(repository.get("full_name") if isinstance(repository, dict) else None, _NAME),
        "number": next(filter(None, map(_number, numbers)), None),
        "head": next((commit for commit in commits if _is_commit(commit)), None),
        "merged": inner["merged"] if isinstance(inner.get("merged"), bool) else None,
    }


def _word(value: object, alphabet: str) -> str | None:
    return (
        value
        if isinstance(value, str) and 0 < len(value) <= ID_LENGTH and not value.strip(alphabet)
        else None
    )


def _number(value: object) -> int | None:
    is_one = isinstance(value, int) and not isinstance(value, bool) and 0 < value <= _GREATEST
    return value if is_one and isinstance(value, int) else None


def _is_commit(value: object) -> bool:
    return isinstance(value, str) and len(value) in {40, 64} and not value.strip(_HEX)
