"""Who sends a request: the holder of a token in `Authorization`, and of nothing else.

No query, cookie or other header is looked at. Without a token that counts every path gives the same answer,
whether anything is there or not. What needs no token are the few paths of `OPEN`, and the decisions of
people, which carry a signature of their own.
"""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, NamedTuple

from counterfoil.errors import CounterfoilError, HostError
from counterfoil.usecases.authenticating import authenticate
from counterfoil.usecases.context import Options
from counterfoil.web import refusals
from counterfoil.web.refusals import Refusal
from counterfoil.web.threshold import SAFE, STATE, answer

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from counterfoil.usecases.authenticating import Principal
    from counterfoil.usecases.serving import ServerContext
    from counterfoil.web.lanes import Lanes
    from counterfoil.web.rates import Rates
    from counterfoil.web.threshold import Passage

API = "/api/v1"
OPEN = frozenset((f"{API}/health",))
WEBHOOKS = f"{API}/webhooks/"
PROPOSALS, DECISIONS = f"{API}/proposals/", "/decisions"
TOKEN_LENGTH = 200
CALLER = "counterfoil.caller"
"""Where in a scope the caller lies; nothing where a path needs none."""


class Caller(NamedTuple):
    """Whoever holds a token that counts.

    Attributes:
        principal: who that is, and how far it reaches.
        via: the door, `http` or `mcp`.
    """

    principal: Principal
    via: str

    def options(self) -> Options:
        """Returns the options of a call: nothing is guessed, and it came from afar."""
        who = self.principal
        return Options(
            actor=who.actor, ci=True, remote=True, via=self.via, session=f"{self.via}-{who.key_id}"
        )


class Identify:
    """Lets through whoever says who they are.

    Args:
        app: what is behind.
        server: the project.
        rates, lanes: of the server.
        via: the door, as receipts name it.
    """

    def __init__(self, app: ASGIApp, server: ServerContext, rates: Rates, lanes: Lanes, via: str) -> None:
        self._app = app
        self._server = server
        self._rates = rates
        self._lanes = lanes
        self._via = via
        self._place = (API, "-") if via == "http" else ("", f"/{via}")
        self._options = Options(ci=True, remote=True, via=via)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        passage: Passage = scope[STATE]
        passage.prefix, passage.route = self._place
        shown = [value for name, value in scope["headers"] if name == b"authorization"]
        refusal = None
        if shown or not _needs_no_token(scope):
            refusal = await self._identify(scope, passage, shown)
        if refusal is None and self._via == "http" and not _waits(scope):
            refusal = await self._in_turn(scope, passage, receive, send)
        elif refusal is None:
            await self._app(scope, receive, send)
        if refusal is not None:
            await answer(send, refusal)

    async def _in_turn(self, scope: Scope, passage: Passage, receive: Receive, send: Send) -> Refusal | None:
        """Hands a call on when it is its turn: few write at once, and nobody takes all turns; or returns why not."""
        caller: Caller | None = scope.get(CALLER)
        name = passage.peer if caller is None else caller.principal.actor
        lane = self._lanes.reads if scope["method"] in SAFE else self._lanes.writes
        turns = AsyncExitStack()
        async with turns:
            try:
                await turns.enter_async_context(self._lanes.callers.turn(name))
                await turns.enter_async_context(lane.turn(""))
            except HostError as error:
                return refusals.of(error)
            await self._app(scope, receive, send)
        return None

    async def _identify(self, scope: Scope, passage: Passage, shown: list[bytes]) -> Refusal | None:
        token = _token(shown)
        if token is None:
            wait_s = self._rates.count("unnamed", passage.peer)
            return refusals.too_many(wait_s) if wait_s else refusals.UNAUTHENTICATED
        try:
            principal = await self._lanes.lookups.run(self._principal, token)
        except CounterfoilError as error:
            found = refusals.of(error)
            if found.status != 401:
                return found
            wait_s = self._rates.count("bad-token", passage.peer)
            return refusals.too_many(wait_s) if wait_s else refusals.UNAUTHENTICATED
        passage.actor = principal.actor
        wait_s = self._rates.count("principal", principal.actor)
        if wait_s:
            return refusals.too_many(wait_s)
        scope[CALLER] = Caller(principal, self._via)
        return None

    def _principal(self, token: str) -> Principal:
        context = self._server.context(self._options)
        return authenticate(context, self._server.store(context), token)


def principal_of(scope: Scope) -> Principal:
    """Returns whose token a request has shown that was let through on a path that needs one."""
    caller: Caller = scope[CALLER]
    return caller.principal


def _needs_no_token(scope: Scope) -> bool:
    path: str = scope["path"]
    if path in OPEN or (path.startswith(WEBHOOKS) and scope["method"] == "POST"):
        return True
    return scope["method"] == "POST" and path.startswith(PROPOSALS) and path.endswith(DECISIONS)


def _waits(scope: Scope) -> bool:
    """Tells whether a call is one that waits without a thread, for as long as it takes."""
    path: str = scope["path"]
    return path.startswith(PROPOSALS) and path.endswith("/wait")


def _token(shown: list[bytes]) -> str | None:
    """Returns the one token of the `Authorization` headers (RFC 6750 §2.1), or None."""
    if len(shown) != 1 or len(shown[0]) > TOKEN_LENGTH:
        return None
    scheme, _, token = shown[0].partition(b" ")
    if scheme.lower() != b"bearer" or not token:
        return None
    try:
        return token.strip(b" ").decode("ascii")
    except UnicodeDecodeError:
        return None
