"""From what a server answers to the tree of errors, split by who can put the matter right."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from counterfoil.errors import (
    ConflictError,
    CounterfoilError,
    HostError,
    InputError,
    IntegrityError,
    RefusedError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

RETRIED = frozenset(
    ("unreachable", "rate_limited", "unavailable", "lock_timeout", "ledger_unavailable", "too_slow")
)
"""After these the same request may go well."""
_INTEGRITY = frozenset(
    ("integrity", "ledger_damaged", "checkpoint_differs", "signature_differs", "artifact_damaged")
)


def error_of(status: int, body: bytes, headers: Mapping[str, str]) -> CounterfoilError:
    """Returns the error that an answer tells of; one that is not in our shape comes from something in between."""
    told = _told(body)
    code = str(told.get("code") or ("unavailable" if status in {502, 503, 504} else f"http_{status}"))
    message = str(told.get("message") or f"the server answered {status}")
    details = told.get("details")
    fields: dict[str, Any] = dict(details) if isinstance(details, dict) else {}
    fields = {name: value for name, value in fields.items() if name not in {"code", "message", "hint"}}
    fields["status"] = status
    wait = headers.get("retry-after", "")
    if wait.isascii() and wait.isdigit() and len(wait) < 6:
        fields["retry_after"] = int(wait)
    return _kind(status, code)(code, message, str(told.get("hint") or ""), **fields)


def _told(body: bytes) -> dict[str, Any]:
    try:
        error = json.loads(body)["error"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return {}
    return error if isinstance(error, dict) else {}


def _kind(status: int, code: str) -> type[CounterfoilError]:
    if code in _INTEGRITY:
        return IntegrityError
    if status in {401, 403}:
        return RefusedError
    if status in {409, 412}:
        return ConflictError
    if status in {408, 429} or status >= 500 or status < 400:
        return HostError
    return InputError


def unreachable(url: str, error: Exception) -> HostError:
    """Returns the error of a server that did not answer."""
    return HostError(
        "unreachable",
        f"{url} does not answer ({type(error).__name__})",
        "look whether `ticket serve` runs",
        url=url,
    )
