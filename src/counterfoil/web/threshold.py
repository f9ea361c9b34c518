"""What every request passes first, and every answer last; plain ASGI, because all of them pay for it.

Here stand the checks that need no route: the name of the host, the size and pace of the body, how often a peer
asks, and that no web page but the dashboard's own sends changes. Here every answer gets its request's id and the headers that tell a
browser to make nothing of it, and a fault of the program becomes an answer without a word of its inside.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from typing import TYPE_CHECKING

from counterfoil.web import names, refusals

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from counterfoil.web.journal import Journal
    from counterfoil.web.meters import Meters
    from counterfoil.web.rates import Rates
    from counterfoil.web.refusals import Refusal

BODY_BYTES = 1 << 20
HEAD_BYTES = 32 << 10
"""Names and values of headers, and the target."""
BODY_S = 20.0
"""How long a body may take to arrive, from the first piece that is asked for."""
ONCE = (b"idempotency-key", b"if-match")
"""Of two, one might count here and the other for whoever passed the request on."""
SAFE = frozenset(("GET", "HEAD", "OPTIONS"))
METHODS = SAFE | {"POST", "PUT", "PATCH", "DELETE"}
FOR_PROGRAMS = frozenset(("/api", "/mcp"))
"""What no web page may change anything at."""
HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
NO_REFERRER = (b"referrer-policy", b"no-referrer")
CSP = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")
NO_STORE = (b"cache-control", b"no-store")
STATE = "counterfoil"
"""Where in a scope a request's `Passage` lies."""


class _TooLarge(Exception):
    """A body has more bytes than it may have."""


class Passage:
    """One request on its way through.

    Attributes:
        id: names it, in the answer's `X-Request-Id` and in the log.
        actor: who sent it, once that is known; `-` before.
        prefix: what stands before the route's own path.
        route: what stands for a path that is no route of ours.
        peer: the address at the other end of the connection.
    """

    __slots__ = ("actor", "begun", "id", "peer", "prefix", "route", "status")

    def __init__(self, peer: str) -> None:
        self.id = secrets.token_hex(8)
        self.actor = "-"
        self.prefix = ""
        self.route = "-"
        self.peer = peer
        self.begun = time.perf_counter()
        self.status = 0


class Threshold:
    """The outermost application.

    Args:
        app: what is behind.
        known: what else than its address the server is called.
        rates, journal, meters: of the server.
        tls: whether what other machines send comes through a proxy that speaks TLS with them. No header says
            so, since anybody can send one.
    """

    def __init__(
        self,
        app: ASGIApp,
        known: frozenset[str],
        rates: Rates,
        journal: Journal,
        meters: Meters,
        tls: bool = False,
    ) -> None:
        self._tls = tls
        self._app = app
        self._known = known
        self._rates = rates
        self._journal = journal
        self._meters = meters

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        client = scope.get("client")
        passage = Passage(client[0] if client else "-")
        scope[STATE] = passage
        told = _Answer(passage, send)
        scope["scheme"] = "https" if self._tls and not names.is_at_home(scope["headers"]) else "http"
        refusal = self._objection(scope, passage)
        body: bytes | None = b""
        if refusal is None and _has_body(scope):
            try:
                body = await asyncio.wait_for(_body(receive), BODY_S)
            except TimeoutError:
                refusal = refusals.TOO_SLOW
            except _TooLarge:
                refusal = refusals.TOO_LARGE
        if body is None:
            return
        if refusal is None:
            try:
                await self._app(scope, _again(body, receive), told.send)
            except Exception as error:
                self._journal.failure(passage.id, error)
                refusal = refusals.BUG
        if refusal is not None and not passage.status:
            await answer(told.send, refusal)
        self._tell(scope, passage)

    def _objection(self, scope: Scope, passage: Passage) -> Refusal | None:
        server = scope.get("server")
        headers = scope["headers"]
        if not names.is_known(headers, str(server[0]) if server else "", self._known):
            return refusals.HOST_REFUSED
        size = len(scope.get("raw_path") or b"") + len(scope.get("query_string") or b"")
        if size + sum([len(name) + len(value) for name, value in headers]) > HEAD_BYTES:
            return refusals.HEAD_TOO_LARGE
        wait_s = self._rates.count("address", passage.peer)
        if wait_s:
            return refusals.too_many(wait_s)
        if scope["method"] not in METHODS:
            return refusals.method_not_allowed(", ".join(sorted(METHODS)))
        given = [name for name, _ in headers]
        if b"transfer-encoding" in given and b"content-length" in given:
            return refusals.FRAMED_TWICE  # RFC 9112, 6.1: somebody smuggles a request past a proxy
        if any(given.count(name) > 1 for name in ONCE):
            return refusals.SAID_TWICE
        for name, value in headers:
            if name == b"origin" and scope["method"] not in SAFE and not _is_own(scope, value):
                return refusals.ORIGIN_REFUSED
            if name == b"content-length" and (
                len(value) > 12 or not value.isdigit() or int(value) > BODY_BYTES
            ):
                return refusals.TOO_LARGE
        return None

    def _tell(self, scope: Scope, passage: Passage) -> None:
        seconds = time.perf_counter() - passage.begun
        found = getattr(scope.get("route"), "path", None)
        route = passage.route if found is None else passage.prefix + found
        method = scope["method"] if scope["method"] in METHODS else "-"
        self._meters.answered(method, route, passage.status, seconds)
        self._journal.request(
            id=passage.id, method=method, route=route, status=passage.status, ms=round(seconds * 1000, 1),
            actor=passage.actor, peer=passage.peer,
        )  # fmt: skip


class _Answer:
    """What is sent back, with the headers that all answers have."""

    __slots__ = ("_passage", "_send")

    def __init__(self, passage: Passage, send: Send) -> None:
        self._passage = passage
        self._send = send

    async def send(self, message: Message) -> None:
        """Passes a message on."""
        if message["type"] == "http.response.start":
            self._passage.status = message["status"]
            headers = list(message.get("headers", ()))
            given = {name.lower() for name, _ in headers}
            headers += HEADERS
            headers.append((b"x-request-id", self._passage.id.encode()))
            headers += [each for each in (CSP, NO_STORE, NO_REFERRER) if each[0] not in given]
            message = {**message, "headers": headers}
        await self._send(message)


def prefix_of(path: str) -> str:
    """Returns the first part of a path, by which the application is chosen: `/api` of `/api/v1/health`."""
    end = path.find("/", 1)
    return path if end < 0 else path[:end]


def _is_own(scope: Scope, origin: bytes) -> bool:
    """Tells whether a change comes from a page of the dashboard; `null`, which pages without an origin send, is none."""
    if prefix_of(scope["path"]) in FOR_PROGRAMS:
        return False
    return origin == names.origin_of(scope["headers"], scope["scheme"])


def _has_body(scope: Scope) -> bool:
    return any(
        name == b"transfer-encoding" or (name == b"content-length" and value != b"0")
        for name, value in scope["headers"]
    )


async def _body(receive: Receive) -> bytes | None:
    """Returns the whole body; None where whoever sent it has gone.

    Raises:
        _TooLarge: as soon as there is more than `BODY_BYTES` of it.
    """
    parts = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        part = message.get("body", b"")
        size += len(part)
        if size > BODY_BYTES:
            raise _TooLarge
        parts.append(part)
        if not message.get("more_body"):
            return b"".join(parts)


def _again(body: bytes, receive: Receive) -> Receive:
    """Returns what gives the application the body in one piece, and then whatever comes."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


async def answer(send: Send, refusal: Refusal) -> None:
    """Sends a refusal."""
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(refusal.body)).encode()),
        *[(name.lower().encode(), value.encode()) for name, value in refusal.headers],
    ]
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": refusal.body})
