"""The one shape of errors, and the one table from their codes to HTTP statuses.

    {"error": {"code": "…", "message": "…", "details": {…}, "hint": "…"}}

What is not there and what the caller may not see are the same bytes, whatever was asked for. What is the
server's own trouble is told by its code alone: paths, programs and words of a database stay inside.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from counterfoil.errors import (
    ConflictError,
    CounterfoilError,
    HostError,
    InputError,
    IntegrityError,
    RefusedError,
)
from counterfoil.gate import redact

if TYPE_CHECKING:
    from collections.abc import Mapping

STATUS: dict[str, int] = {
    "usage": 400,
    "invalid_json": 400,
    "invalid_cursor": 400,
    "invalid_request": 400,
    "idempotency_key_missing": 400,
    "invalid_signature": 401,
    "unauthenticated": 401,
    "bad_signature": 401,
    "signed_out": 401,
    "key_revoked": 401,
    "host_refused": 421,
    "origin_refused": 403,
    "not_found": 404,
    "ambiguous_id": 404,
    "method_not_allowed": 405,
    "too_slow": 408,
    "rights_lost": 409,
    "frozen": 409,
    "precondition_failed": 412,
    "too_large": 413,
    "unsupported_media_type": 415,
    "precondition_required": 428,
    "rate_limited": 429,
}
"""What is not said here goes by the kind of the error (`status_of`)."""
BY_KIND: tuple[tuple[type[CounterfoilError], int], ...] = (
    (InputError, 422), (ConflictError, 409), (RefusedError, 403), (IntegrityError, 500), (HostError, 503),
)  # fmt: skip
SAYABLE = {
    "lock_timeout": ("another command is writing", "try again in a moment"),
    "server_busy": ("the server has as much to do as it can take", "try again in a moment"),
}
"""Of the server's own trouble, what whoever asks can be told in a sentence."""
UNSAID = (
    "the server cannot do this at present",
    "try again; if that does not help, tell whoever runs this server",
)
UNVERIFIED = {"ledger_damaged": "the ledger cannot be read: it is damaged, or its file is no ledger"}
VALUES = frozenset(("template_not_found",))
"""Codes that say `not found` of a value in the request, and not of what was asked for."""


class Refusal(NamedTuple):
    """An answer that is an error: status, body, headers."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()


def shape(code: str, message: str, hint: str = "", details: Mapping[str, object] | None = None) -> bytes:
    """Returns the body of an error; nothing in it looks like a secret, whoever sent that."""
    told = {"code": code, **redact.masked({"message": message, "details": dict(details or {}), "hint": hint})}
    return json.dumps({"error": told}, ensure_ascii=False, separators=(",", ":"), default=str).encode(
        "utf-8", "backslashreplace"
    )


def plain(code: str, message: str, hint: str = "", *headers: tuple[str, str], **details: object) -> Refusal:
    """Returns a refusal that the server itself gives."""
    return Refusal(STATUS[code], shape(code, message, hint, details), headers)


NOT_FOUND = plain("not_found", "there is nothing here, or nothing that you may see")
UNAUTHENTICATED = plain(
    "unauthenticated",
    "this needs an agent's token",
    "send `Authorization: Bearer cf_…`; a person makes one with `ticket agent add`",
    ("WWW-Authenticate", 'Bearer realm="counterfoil"'),
)
UNREADABLE = plain("invalid_request", "this is no HTTP request that can be read", "see RFC 9112")
FRAMED_TWICE = plain(
    "invalid_request",
    "the body's length is said twice: by Content-Length and by Transfer-Encoding",
    "send one of them",
    ("Connection", "close"),
)
SAID_TWICE = plain(
    "invalid_request",
    "a header that may stand once stands twice",
    "send Idempotency-Key and If-Match once each",
)
TOO_LARGE = plain("too_large", "a request may have 1 MiB", "send less, or attach a file as an artifact")
HEAD_TOO_LARGE = Refusal(
    431, shape("too_large", "the head of a request may have 32 KiB", "send fewer or shorter headers")
)
TOO_SLOW = plain("too_slow", "the request did not arrive in time", "send it again")
HOST_REFUSED = plain(
    "host_refused",
    "this server does not go by that name",
    "ask for it by the address that `ticket serve` printed",
)
ORIGIN_REFUSED = plain(
    "origin_refused",
    "changes are taken from programs and from this server's own pages",
    "send no Origin header",
)
MEDIA_TYPE = plain(
    "unsupported_media_type", "the body has to be JSON", "send `Content-Type: application/json`"
)
BUG = Refusal(500, shape("internal", "the server failed at this; its log names the request's id"))


def too_many(retry_after_s: int) -> Refusal:
    """Returns the answer to whoever asks too often."""
    return plain(
        "rate_limited",
        f"too many requests; wait {retry_after_s} s",
        "try again later",
        ("Retry-After", str(retry_after_s)),
        retry_after=retry_after_s,
    )


def rate_limited(retry_after_s: int) -> RefusedError:
    """Returns the same as an error, for a page to tell."""
    return RefusedError(
        "rate_limited",
        f"too many requests; wait {retry_after_s} s",
        "try again later",
        retry_after=retry_after_s,
    )


def method_not_allowed(allowed: str) -> Refusal:
    """Returns the answer to a method that a path does not know."""
    return plain(
        "method_not_allowed", "this path does not know that method", f"use {allowed}", ("Allow", allowed)
    )


def status_of(error: CounterfoilError) -> int:
    """Returns the HTTP status of an error."""
    code = error.code
    known = STATUS.get(code)
    if known is not None:
        return known
    if code.endswith("_not_found") and code not in VALUES and isinstance(error, InputError):
        return 404
    return next((status for kind, status in BY_KIND if isinstance(error, kind)), 500)


def of(error: CounterfoilError) -> Refusal:
    """Returns the answer that tells of an error."""
    status = status_of(error)
    if status == 404:
        return NOT_FOUND
    if status == 401 and error.code != "signed_out":
        return UNAUTHENTICATED
    if isinstance(error, IntegrityError):
        words = UNVERIFIED.get(error.code, "something that was sealed does not verify")
        return Refusal(
            status, shape(error.code, words, "tell whoever runs this server: `ticket ledger verify`")
        )
    if isinstance(error, HostError):
        words, hint = SAYABLE.get(error.code, UNSAID)
        return Refusal(status, shape(error.code, words, hint), (("Retry-After", "1"),))
    wait_s = error.fields.get("retry_after")
    later = () if wait_s is None else (("Retry-After", str(wait_s)),)
    return Refusal(status, shape(error.code, error.message, error.hint, error.fields), later)


def told(error: CounterfoilError) -> dict[str, str]:
    """Returns code, message and hint of an error as whoever looks at a page is told them, in whichever way."""
    words = json.loads(of(error).body)["error"]
    return {name: words[name] for name in ("code", "message", "hint")}
