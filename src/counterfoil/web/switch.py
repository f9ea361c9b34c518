"""Which application answers a path. Each is made when it is first asked for, since each is dear to import.

What a person sees in a browser is the entry of the table whose prefix is empty.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from counterfoil.web import refusals
from counterfoil.web.threshold import answer, prefix_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from starlette.types import ASGIApp, Receive, Scope, Send

    Maker = Callable[[], Awaitable[ASGIApp | None]]
    """Makes an application; None where it is not installed."""


class Switch:
    """The applications of a server, by the first part of the path.

    Args:
        makers: by prefix, such as `/api`.
    """

    def __init__(self, makers: Mapping[str, Maker]) -> None:
        self._makers = dict(makers)
        self._made: dict[str, ASGIApp | None] = {}
        self._making = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hands a request on."""
        prefix = prefix_of(scope["path"])
        if prefix not in self._makers:
            prefix = ""
        app = self._made[prefix] if prefix in self._made else await self._make(prefix)
        if app is None:
            await answer(send, refusals.NOT_FOUND)
            return
        await app(scope, receive, send)

    async def warm(self, *prefixes: str) -> None:
        """Makes applications, so that the first caller need not wait for it."""
        for prefix in prefixes:
            await self._make(prefix)

    async def _make(self, prefix: str) -> ASGIApp | None:
        async with self._making:
            if prefix not in self._made:
                maker = self._makers.get(prefix)
                self._made[prefix] = await maker() if maker is not None else None
            return self._made[prefix]
