"""`http.send`: a request to a destination that the user's own configuration names.

    [destinations.chat]
    url = "https://chat.example/hooks/deploys"
    method = "POST"
    header = "Authorization"          # gets the secret
    secret_env = "CHAT_TOKEN"         # or secret_file = "/run/secrets/chat"
    idempotent = true                 # the other side heeds Idempotency-Key
    timeout_s = 30

The payload gives the body and nothing else: neither address nor headers. Redirects are not followed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from counterfoil.errors import ConflictError, HostError, InputError
from counterfoil.gate import shown
from counterfoil.gate.action import PREVIEW, Shown
from counterfoil.kernel.digest import sha256_hex
from counterfoil.usecases.actions.outside import (
    Attempt,
    Executor,
    Ready,
    defined,
    excerpt,
    malformed,
    pinned,
)

if TYPE_CHECKING:
    from counterfoil.usecases.context import Context

SECTION = "destinations"
METHODS = ("POST", "PUT", "PATCH")
TIMEOUT_S = 30
TIMEOUT_MAX_S = 600
SECRET_BYTES = 8192
SECRET_MISSING, NOT_SENT = "secret_missing", "not_sent"
"""Codes of errors after which it is certain that nothing was sent."""
_KNOWN = frozenset(("url", "method", "header", "secret_env", "secret_file", "idempotent", "timeout_s"))
_LOOPBACK = ("http://127.0.0.1", "http://localhost", "http://[::1]")


@dataclass(frozen=True, slots=True)
class Destination:
    """A destination as the configuration has it; the secret itself is read when something is sent."""

    name: str
    url: str
    method: str
    header: str
    secret_env: str
    secret_file: str
    idempotent: bool
    timeout_s: int

    def definition(self) -> dict[str, object]:
        """Returns what a reviewer approves of it."""
        return {
            "url": self.url, "method": self.method, "header": self.header, "idempotent": self.idempotent,
            "timeout_s": self.timeout_s,
        }  # fmt: skip


class Posting(Executor):
    """The executor of `http.send`."""

    def ready(self) -> Ready:
        """Returns the whole request but its secret, for the reviewer."""
        destination = find(self.context, self.payload["destination"])
        definition = pinned("destination", destination.name, destination.definition(), self.payload)
        body = self.payload["body"]
        complete = {"content_type": "application/json", **self.payload, "definition": definition}
        if complete["content_type"] == "application/json":
            _check_json(body)
        lines = [
            self.action.summary, "", f"destination: {destination.name}", f"{destination.method} {shown.escaped(destination.url)}",
            f"Content-Type: {complete['content_type']}", "", shown.escaped(body),
        ]  # fmt: skip
        flags = shown.text_flags("/body", body)
        return Ready(complete, Shown(PREVIEW, "\n".join(lines) + "\n", tuple(flags)))

    def run(self, at: Attempt) -> Mapping[str, object]:
        """Sends the request.

        Raises:
            ConflictError: `delivery_refused` for an answer that is no success, `stale`.
            HostError: `delivery_failed`: no answer, or that of a server in trouble; it may have arrived.
                `secret_missing`, `not_sent`: it has not.
        """
        destination = find(self.context, self.payload["destination"])
        pinned("destination", destination.name, destination.definition(), self.payload)
        headers = {
            "Content-Type": self.payload["content_type"],
            "Idempotency-Key": at.proposal,
            "User-Agent": "counterfoil",
        }
        if destination.header:
            headers[destination.header] = _secret(self.context, destination)
        answer = self.context.outbound.send(
            destination.method,
            destination.url,
            headers,
            self.payload["body"].encode(),
            timeout_s=destination.timeout_s,
        )
        told = {"status": answer.status, "sha256": sha256_hex(answer.body)}
        if 200 <= answer.status < 300:
            return told
        message = f"{destination.name} answered with status {answer.status}"
        if answer.status >= 500:
            raise HostError("delivery_failed", message, "try again later", **told)
        hint = "look at what it says, then propose it anew"
        raise ConflictError("delivery_refused", message, hint, **told, output=excerpt(answer.body[:4000]))

    def is_repeatable(self) -> bool:
        """Tells whether the other side heeds the idempotency key, as the configuration says."""
        try:
            return find(self.context, self.payload["destination"]).idempotent
        except InputError:
            return False


def check(context: Context, payload: Mapping[str, Any]) -> Destination:
    """Returns a destination if the configuration still says of it what was proposed, and its secret is there.

    Raises:
        ConflictError: `stale`.
        InputError: `definition_not_found`, `invalid_config`.
        HostError: `secret_missing`.
    """
    destination = find(context, payload["destination"])
    pinned("destination", destination.name, destination.definition(), payload)
    if destination.header:
        _secret(context, destination)
    return destination


def find(context: Context, name: str) -> Destination:
    """Returns the destination that the user's own configuration calls so.

    Raises:
        InputError: `definition_not_found`, `invalid_config`.
    """
    parts = defined(context, "destination", SECTION, name)
    unknown = sorted(set(parts) - _KNOWN)
    if unknown:
        raise malformed(SECTION, name, f"{unknown[0]} means nothing here")
    url, timeout = parts.get("url", ""), parts.get("timeout_s", str(TIMEOUT_S))
    method = parts.get("method", "POST").upper()
    header = parts.get("header", "")
    secrets = [key for key in ("secret_env", "secret_file") if parts.get(key)]
    problem = ""
    if (
        not url.isascii()
        or not url.isprintable()
        or " " in url
        or "@" in url.partition("://")[2].partition("/")[0]
    ):
        problem = "url is no address, or holds a password"
    elif not (url.startswith("https://") or _is_loopback(url)):
        problem = "url begins with https://, unless it leads to this machine"
    elif method not in METHODS:
        problem = f"method is one of {', '.join(METHODS)}"
    elif not timeout.isdigit() or not 1 <= int(timeout) <= TIMEOUT_MAX_S:
        problem = f"timeout_s is a number of seconds from 1 to {TIMEOUT_MAX_S}"
    elif header and not (header.isascii() and header.replace("-", "").isalnum()):
        problem = "header is no name of one"
    elif len(secrets) != bool(header):
        problem = "header and one of secret_env and secret_file go together"
    if problem:
        raise malformed(SECTION, name, problem)
    return Destination(
        name, url, method, header, parts.get("secret_env", ""), parts.get("secret_file", ""),
        parts.get("idempotent") == "on", int(timeout),
    )  # fmt: skip


def _is_loopback(url: str) -> bool:
    return any(url == start or url.startswith((f"{start}/", f"{start}:")) for start in _LOOPBACK)


def _secret(context: Context, destination: Destination) -> str:
    """Reads the secret, which is never recorded or shown.

    Raises:
        HostError: `secret_missing`.
    """
    if destination.secret_env:
        secret = context.environ.get(destination.secret_env, "")
    else:
        folder, _, name = destination.secret_file.rpartition("/")
        data = context.folder(folder or "/").read(name, SECRET_BYTES) if folder.startswith("/") else None
        secret = (data or b"").decode("utf-8", "replace")
    secret = secret.strip()
    if not secret or not secret.isascii() or not secret.isprintable():
        where = destination.secret_env or destination.secret_file
        hint = f"set {where} where the gate runs"
        raise HostError("secret_missing", f"the secret of {destination.name} is not there", hint, name=where)
    return secret


def _check_json(body: str) -> None:
    from json import loads

    try:
        loads(body)
    except (ValueError, RecursionError):
        raise InputError(
            "invalid_payload",
            "http.send: /body: it is no JSON",
            'say "content_type": "text/plain"',
            path="/body",
        ) from None
