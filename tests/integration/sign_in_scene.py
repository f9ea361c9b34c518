"""The dashboard with its real door, in this process: sessions in a file, a clock that the test moves, browsers that sign in."""

from __future__ import annotations

import asyncio
import io
import re
import time
from typing import TYPE_CHECKING, Any

import httpx2
from integration.dashboard_scene import Dash

from counterfoil.adapters.sqlite.sessions import SqliteSessions
from counterfoil.adapters.system import SystemEntropy
from counterfoil.testing.clock import FixedClock
from counterfoil.usecases import sessions
from counterfoil.usecases.attendance import Attendance
from counterfoil.usecases.ports import Admission
from counterfoil.web.dashboard.app import Dashboard
from counterfoil.web.dashboard.live import Live
from counterfoil.web.dashboard.sessions import SessionDoorkeeper
from counterfoil.web.journal import Journal
from counterfoil.web.threshold import Threshold

if TYPE_CHECKING:
    from pathlib import Path

    from integration.verbs_scene import Desk

HERE = "http://127.0.0.1"
NAME = "tickets.example.org"
ADA = "human:ada"
PROOF = re.compile(r'data-session-proof="([^"]+)"')
GO_ON = re.compile(r'<a class="button is-main" href="([^"]*)">Go on</a>')


class Guarded(Dash):
    """A dashboard that lets in who is signed in.

    Attributes:
        clock: of the sessions.
        file: where they lie.
        log: what the server said.
    """

    def __init__(self, folder: Path, *desks: Desk, tls: bool = False) -> None:
        super().__init__(*desks)
        self.clock = FixedClock(int(time.time() * 1000))
        self.file = folder / "sessions.db"
        self.log = io.StringIO()
        self.hub.journal = Journal(self.clock, out=self.log)
        self.known = Attendance(
            lambda: SqliteSessions(str(self.file)), self.space, self.clock, SystemEntropy()
        )
        self.hub.attendance = self.known
        self.keeper = SessionDoorkeeper(self.known, self.space.id)
        self.live = Live(self.hub, self.space, self.keeper)
        self.board = Dashboard(self.hub, self.space, self.keeper, self.live)
        self.app = Threshold(
            self.board, frozenset({NAME}), self.hub.rates, self.hub.journal, self.hub.meters, tls
        )

    def code(self, person: str = ADA, role: str = "admin", space: str | None = None) -> str:
        """Makes a one-time code, as a person at a terminal does."""
        code = sessions.secret(SystemEntropy(), sessions.CODE_BITS)
        now_ms = self.clock.now_ms()
        grant = Admission(person, role, self.space.id if space is None else space, now_ms + sessions.CODE_MS)
        self.known.store.keep_code(sessions.digest(code), grant, now_ms)
        return code

    def browser(self, person: str = ADA, role: str = "admin") -> Browser:
        """Returns a browser that is signed in."""
        made = Browser(self)
        answer = made.ask("POST", "/sign-in", {"code": self.code(person, role)})
        assert answer.status_code == 200, answer.text
        return made

    def close(self) -> None:
        """Lets go of files."""
        self.known.close()
        for project in self.space.projects:
            project.server.close()


class Browser:
    """A browser, signed in or not.

    Attributes:
        cookies: by name.
        proof: what its pages keep of its session, and show with each change.
    """

    def __init__(self, dash: Guarded, base: str = HERE) -> None:
        self._dash = dash
        self.base = base
        self.cookies: dict[str, str] = {}
        self.proof = ""

    def ask(
        self, method: str, path: str, fields: dict[str, Any] | None = None, /, **headers: str
    ) -> httpx2.Response:
        """Sends one request; `hx_request` stands for the header `hx-request`."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.cookies:
            named.setdefault("cookie", "; ".join(f"{name}={value}" for name, value in self.cookies.items()))
        if method == "POST" and self.proof:
            named.setdefault("x-session-proof", self.proof)

        async def send() -> httpx2.Response:
            transport = httpx2.ASGITransport(app=self._dash.app)
            async with httpx2.AsyncClient(transport=transport, base_url=self.base) as client:
                return await client.request(method, path, data=fields, headers=named)

        answer = asyncio.run(send())
        for header in answer.headers.get_list("set-cookie"):
            name, _, value = header.partition(";")[0].partition("=")
            self.cookies[name] = value
        given = PROOF.search(answer.text)
        if given is not None:
            self.proof = given[1]
        return answer

    def get(self, path: str, **headers: str) -> httpx2.Response:
        """Asks for a page."""
        return self.ask("GET", path, None, **headers)

    def thief(self) -> Browser:
        """Returns somebody who has learnt its cookie, and nothing else."""
        made = Browser(self._dash, self.base)
        made.cookies = dict(self.cookies)
        return made

    def turn_to(self, dash: Guarded) -> None:
        """Turns to another server at the same address."""
        self._dash = dash

    def csrf(self) -> str:
        """Returns the token in a page."""
        page = self.get(f"/board/{self._dash.slug}")
        found = re.search(r'<meta name="csrf" content="([^"]+)">', page.text)
        assert found is not None, page.text[:500]
        return found[1]

    @property
    def name(self) -> str:
        """The name of its session."""
        ((_, token),) = self.cookies.items()
        session = self._dash.known.lookup(token)
        assert session is not None
        return session.name
