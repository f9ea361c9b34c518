"""The dashboard without a sign-in: its application in this process, asked by somebody whose role the test chooses.

What has to do with sessions is tested against the real server; here it is about the pages.
"""

from __future__ import annotations

import asyncio
import json
import os
from typing import TYPE_CHECKING, Any

import httpx2

from counterfoil.bootstrap import open_server, open_sessions
from counterfoil.usecases.attendance import Attendance
from counterfoil.usecases.context import Options
from counterfoil.usecases.spaces import ADMIN, Opened, Space
from counterfoil.web.dashboard.app import Dashboard
from counterfoil.web.dashboard.live import Live
from counterfoil.web.dashboard.visit import NOBODY, Visitor
from counterfoil.web.herald import Herald
from counterfoil.web.hub import Hub
from counterfoil.web.journal import Journal
from counterfoil.web.meters import Meters
from counterfoil.web.rates import Rates
from counterfoil.web.threshold import Threshold

if TYPE_CHECKING:
    from integration.verbs_scene import Desk
    from starlette.types import Scope

    from counterfoil.web.dashboard.route import Form

HEADERS = {"hx-request": "true"}
MADE: list[Dash] = []
"""Those of the test that runs; `conftest` closes them behind it."""


class OpenDoor:
    """Lets everybody in as the visitor that the test has chosen; None for nobody."""

    def __init__(self, visitor: Visitor | None) -> None:
        self.chosen = visitor

    async def visitor(self, _scope: Scope) -> Visitor | None:
        """Returns the chosen one."""
        return self.chosen

    def token(self, _scope: Scope) -> str:
        """Returns a text."""
        return "token"

    def check(self, scope: Scope, form: Form, *, needs_proof: bool = True) -> None:
        """Lets everything pass."""

    def census(self) -> object:
        """Says who is in."""
        return self.chosen

    def is_live(self, visitor: Visitor) -> bool:
        """Says that the session counts."""
        return visitor == self.chosen


class Dash:
    """One space's dashboard in this process.

    Attributes:
        door: whose `chosen` visitor may be changed at any time.
        space: the repositories.
        app: the application, with the threshold before it.
    """

    def __init__(self, *desks: Desk, role: str = ADMIN, person: str = "human:ada") -> None:
        opened = [
            Opened(
                str(desk.path),
                open_server(str(desk.path), {**os.environ, **desk.env}, Options(ci=True, via="web")),
            )
            for desk in desks
        ]
        self.space = Space("", opened, NOBODY)
        first = opened[0].server
        clock = first.context(NOBODY).clock
        herald = Herald(lambda: first.store(first.context(NOBODY)))
        attendance = Attendance(
            lambda: open_sessions(first.context(NOBODY), None),
            self.space,
            clock,
            first.context(NOBODY).entropy,
        )
        journal = Journal(clock, quiet=True)
        self.hub = Hub(first, "1.0", herald, Rates(clock), journal, Meters(), attendance)
        self.door = OpenDoor(Visitor(person, role, "s1", True))
        self.live = Live(self.hub, self.space, self.door)
        self.board = Dashboard(self.hub, self.space, self.door, self.live)
        self.app = Threshold(self.board, frozenset(), self.hub.rates, self.hub.journal, self.hub.meters)
        MADE.append(self)

    def close(self) -> None:
        """Lets go of what a server lets go of at its end."""
        self.hub.attendance.close()
        for project in self.space.projects:
            project.reading.stop()
            project.server.close()

    @property
    def slug(self) -> str:
        """The name of the first repository in addresses."""
        return self.space.projects[0].slug

    def get(self, path: str, status: int | None = 200, **headers: str) -> httpx2.Response:
        """Asks for a page."""
        return self._send("GET", path, status, None, headers)

    def post(self, path: str, status: int | None = 200, **fields: str | list[str]) -> dict[str, Any]:
        """Sends a change as a page's script does; returns what is told of it."""
        answer = self._send("POST", path, status, fields, HEADERS)
        told: dict[str, Any] = json.loads(answer.headers["hx-trigger"])["told"]
        return told

    def send_bytes(self, path: str, body: bytes, headers: dict[str, str]) -> httpx2.Response:
        """Posts a body as it is."""
        return self._send("POST", path, 200, None, headers, body)

    def _send(
        self,
        method: str,
        path: str,
        status: int | None,
        fields: Any,
        headers: dict[str, str],
        content: bytes | None = None,
    ) -> httpx2.Response:
        async def send() -> httpx2.Response:
            transport = httpx2.ASGITransport(app=self.app)
            async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
                return await client.request(method, path, data=fields, content=content, headers=headers)

        answer = asyncio.run(send())
        assert status is None or answer.status_code == status, (answer.status_code, answer.text[:2000])
        return answer
