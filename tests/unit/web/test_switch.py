"""Which application answers a path; each is made once, and when it is asked for."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from counterfoil.web.switch import Switch

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send


def ask(switch: Switch, *paths: str) -> list[bytes]:
    """Returns what is answered to each path, all asked at once."""

    async def one(path: str) -> bytes:
        sent: list[Message] = []

        async def send(message: Message) -> None:
            sent.append(message)

        async def receive() -> Message:
            return {"type": "http.disconnect"}

        await switch({"type": "http", "path": path}, receive, send)
        return b"".join(message.get("body", b"") for message in sent)

    async def together() -> list[bytes]:
        return await asyncio.gather(*map(one, paths))

    return asyncio.run(together())


class Makers:
    """Makes applications that say their names, and counts."""

    def __init__(self) -> None:
        self.made: list[str] = []

    def of(self, name: str) -> Switch:
        """Returns a switch with one of them, and one that is not installed."""

        async def make() -> ASGIApp:
            self.made.append(name)
            await asyncio.sleep(0)

            async def app(scope: Scope, receive: Receive, send: Send) -> None:
                del scope, receive
                await send({"type": "http.response.body", "body": name.encode()})

            return app

        async def missing() -> None:
            self.made.append("missing")

        return Switch({f"/{name}": make, "/missing": missing})


@pytest.mark.parametrize(("path", "body"), [
    ("/api", b"api"), ("/api/v1/x", b"api"), ("/apix", b"error"), ("/", b"error"), ("", b"error"), ("/missing/x", b"error"),
    ("//api", b"error"), ("/x/api", b"error"),
])  # fmt: skip
def test_the_first_part_of_the_path_chooses(path: str, body: bytes) -> None:
    assert body in ask(Makers().of("api"), path)[0]


def test_each_is_made_once_however_many_ask_at_first() -> None:
    makers = Makers()
    assert ask(makers.of("api"), *["/api"] * 20) == [b"api"] * 20
    assert makers.made == ["api"]


def test_what_is_not_installed_is_not_tried_again() -> None:
    makers = Makers()
    ask(makers.of("api"), "/missing", "/missing")
    assert makers.made == ["missing"]
