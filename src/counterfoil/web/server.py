"""Starts and stops the server: a socket that listens at once, and behind it what is imported meanwhile."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from contextlib import asynccontextmanager, suppress
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, NamedTuple

from counterfoil.errors import HostError, InputError
from counterfoil.web.names import is_loopback
from counterfoil.web.warming import collect_garbage, warm

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from starlette.types import ASGIApp, Receive, Scope, Send

    from counterfoil.mcp.http import McpApp
    from counterfoil.usecases.attendance import Attendance
    from counterfoil.usecases.snapshot import Snapshot
    from counterfoil.usecases.spaces import Space
    from counterfoil.web.dashboard.app import Dashboard
    from counterfoil.web.dashboard.live import Live
    from counterfoil.web.dashboard.lookout import Lookout
    from counterfoil.web.hub import Hub
    from counterfoil.web.journal import Journal

PORT = 8417
HOST = "127.0.0.1"
BACKLOG = 512
NEEDED = (
    "uvicorn", "fastapi", "limits", "prometheus_client", "starlette", "anyio", "pydantic", "jinja2", "markupsafe",
    "markdown_it", "nh3", "pygments", "python_multipart", "watchfiles",
)  # fmt: skip
STOP_S = 10
"""How long requests may go on when the server is asked to stop."""
IDLE_S = 1.0
"""How long the dear applications wait to be imported for a first page that would be in their way."""


class Listening(NamedTuple):
    """A socket that listens, and under which address it is reached."""

    socket: socket.socket
    url: str
    is_public: bool


def require_parts() -> None:
    """Checks that the server's parts are installed, without loading them.

    Raises:
        HostError: `missing_extra`.
    """
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise HostError(
            "missing_extra",
            f"the server needs {', '.join(missing)}, which is not installed",
            "pip install 'counterfoil[server]'",
            extra="server",
            missing=missing,
        )


def listen(host: str, port: int, *, public: bool) -> Listening:
    """Opens the socket.

    Args:
        host: a name or an address.
        port: 0 for one that is free.
        public: whether others than this machine may reach it.

    Raises:
        InputError: `not_loopback`, where it would be public and nobody said so; `usage`.
        HostError: `io_error`, where the address is taken or no address of this machine.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (OSError, UnicodeError) as error:
        raise HostError("io_error", f"{host}: {error}", "ticket serve --host 127.0.0.1", host=host) from None
    is_public = not is_loopback(str(address[0]))
    if is_public and not public:
        raise InputError(
            "not_loopback",
            f"{host} can be reached by other machines",
            f"ticket serve --host {host} --public, behind a proxy that speaks TLS",
            host=host,
        )
    opened = socket.socket(
        family, socket.SOCK_STREAM, socket.IPPROTO_TCP
    )  # asyncio asks for it to set TCP_NODELAY
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind(address)
        opened.listen(BACKLOG)
    except OSError as error:
        opened.close()
        raise HostError(
            "io_error",
            f"{host}:{port}: {error.strerror}",
            "ticket serve --port 0 takes a free one",
            host=host,
            port=port,
        ) from None
    bound = opened.getsockname()
    shown = f"[{bound[0]}]" if ":" in bound[0] else bound[0]
    return Listening(opened, f"http://{shown}:{bound[1]}/", is_public)


def serve(
    space: Space,
    listening: Listening,
    attendance: Attendance,
    *,
    version: str,
    names: frozenset[str],
    quiet: bool,
    tls: bool = False,
    is_over: Callable[[], bool] = lambda: False,
) -> None:
    """Serves until it is told to stop by SIGTERM or SIGINT.

    Args:
        space: the repositories.
        listening: the socket.
        attendance: who is signed in at a browser.
        version: the program's.
        names: what the server is called, apart from its address.
        quiet: whether requests are left out of the log.
        tls: whether other machines come through a proxy that speaks TLS.
        is_over: tells whether a signal came before anybody listened for signals here.
    """
    import logging

    import uvicorn

    from counterfoil.web.heaps import keep_few
    from counterfoil.web.herald import Herald
    from counterfoil.web.hub import OWN, Hub
    from counterfoil.web.journal import Journal, Libraries
    from counterfoil.web.meters import Meters
    from counterfoil.web.patience import PatientProtocol
    from counterfoil.web.rates import Rates
    from counterfoil.web.threshold import HEAD_BYTES, Threshold

    keep_few()
    server = space.projects[0].server
    clock = server.context(OWN).clock
    journal = Journal(clock, quiet)
    herald = Herald(lambda: server.store(server.context(OWN)), partial(journal.failure, "herald"))
    hub = Hub(server, version, herald, Rates(clock), journal, Meters(), attendance)
    logging.getLogger().addHandler(Libraries(hub.journal))
    applications = _Applications(hub, space, names)
    app = Threshold(applications, names, hub.rates, hub.journal, hub.meters, tls)
    config = uvicorn.Config(
        app, http=PatientProtocol, ws="none", lifespan="on", log_config=None, access_log=False,
        proxy_headers=False, server_header=False, timeout_graceful_shutdown=STOP_S, timeout_keep_alive=30,
        h11_max_incomplete_event_size=HEAD_BYTES, interface="asgi3",
    )  # fmt: skip

    class Stopping(uvicorn.Server):
        """A server that tells those who wait when it is about to stop."""

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            """Begins, and ends again where somebody has asked for that meanwhile."""
            await super().startup(sockets)
            self.should_exit |= is_over()

        def handle_exit(self, sig: int, frame: object) -> None:
            applications.stop()
            super().handle_exit(sig, frame)  # type: ignore[arg-type]

    try:
        Stopping(config).run(sockets=[listening.socket])
    finally:
        attendance.close()
        for project in space.projects:
            project.server.close()


class _Applications:
    """What stands behind the threshold, and what has to begin and to end with the server.

    Args:
        hub: the parts of the server.
        space: the repositories.
        names: what the server is called, apart from its address.
    """

    def __init__(self, hub: Hub, space: Space, names: frozenset[str]) -> None:
        from counterfoil.web.switch import Switch

        self._hub = hub
        self._space = space
        self._names = names
        self._switch = Switch({"": self._dashboard, "/api": self._api, "/mcp": self._mcp})
        self._loop: asyncio.AbstractEventLoop | None = None
        self._live: Live | None = None
        self._lookout: Lookout | None = None
        self._shown = asyncio.Event()
        self._over = asyncio.Event()
        self._held: list[asyncio.Task[None]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request, or begins and ends."""
        if scope["type"] != "lifespan":
            await self._switch(scope, receive, send)
            self._shown.set()
            return
        await receive()
        async with self._life():
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})

    def stop(self) -> None:
        """Wakes all who wait, since the server is about to stop. Callable from a signal's handler in the loop's thread.

        It is done behind the handler: what it does takes locks, and the code that was interrupted may hold them.
        """
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._let_go)

    def _let_go(self) -> None:
        self._hub.herald.stop()
        if self._live is not None:
            self._live.stop()
        if self._lookout is not None:
            self._lookout.stop()

    @asynccontextmanager
    async def _life(self) -> AsyncIterator[None]:
        loop = self._loop = asyncio.get_running_loop()
        self._hub.herald.start(loop)
        stop = threading.Event()
        upkeep = threading.Thread(
            target=_keep_up, args=(self._hub.journal, self._space, stop.wait), name="upkeep", daemon=True
        )
        upkeep.start()
        warming = loop.create_task(self._warm())
        try:
            yield
        finally:
            warming.cancel()
            stop.set()
            self._over.set()
            self._let_go()
            for project in self._space.projects:
                await asyncio.to_thread(project.reading.stop)
            await asyncio.gather(warming, *self._held, return_exceptions=True)
            await asyncio.to_thread(self._hub.herald.join)
            if self._live is not None:
                await asyncio.to_thread(self._live.join)
            if self._lookout is not None:
                await asyncio.to_thread(self._lookout.join)
            await asyncio.to_thread(upkeep.join, STOP_S)

    async def _warm(self) -> None:
        """Makes the dashboard, and the others as soon as the first page is out or nobody has asked for one."""
        await self._switch.warm("")
        with suppress(TimeoutError):
            await asyncio.wait_for(self._shown.wait(), IDLE_S)
        if self._lookout is not None:
            self._lookout.start()
        for project in self._space.projects:
            project.reading.begin()
        try:
            await self._switch.warm("/api", "/mcp")
        finally:
            collect_garbage()
        await asyncio.to_thread(warm, self._hub, self._space)

    async def _dashboard(self) -> ASGIApp:
        made = await asyncio.to_thread(_made_dashboard, self._hub, self._space)
        app, self._live, self._lookout = made
        return app

    async def _api(self) -> ASGIApp:
        from counterfoil.web.identify import Identify

        hub = self._hub
        return Identify(await asyncio.to_thread(_made_api, hub), hub.server, hub.rates, hub.lanes, "http")

    async def _mcp(self) -> ASGIApp | None:
        """Makes the MCP server, which needs a task for as long as it lives; None where it is not installed."""
        from counterfoil.web.identify import Identify

        hub = self._hub
        app = await asyncio.to_thread(_made_mcp, hub, self._names, self._space.projects[0].snapshot)
        if app is None:
            return None
        begun = asyncio.Event()

        async def hold() -> None:
            async with app.run():
                begun.set()
                await self._over.wait()

        self._held.append(asyncio.get_running_loop().create_task(hold()))
        await begun.wait()
        return Identify(app, hub.server, hub.rates, hub.lanes, "mcp")


def _keep_up(journal: Journal, space: Space, pause: Callable[[float], bool]) -> None:
    from counterfoil.web.upkeep import keep_up  # in the thread, since the first page needs nothing of it

    keep_up(journal, space, pause)


def _made_dashboard(hub: Hub, space: Space) -> tuple[Dashboard, Live, Lookout]:
    from counterfoil.bootstrap import open_watcher
    from counterfoil.web.dashboard.app import Dashboard
    from counterfoil.web.dashboard.live import STREAMS, Live
    from counterfoil.web.dashboard.lookout import Lookout
    from counterfoil.web.dashboard.sessions import SessionDoorkeeper
    from counterfoil.web.descriptors import raise_limit

    doorkeeper = SessionDoorkeeper(hub.attendance, space.id)
    streams = min(STREAMS, raise_limit())
    live = Live(hub, space, doorkeeper, streams)
    hub.journal.event("ready", streams=streams)
    return Dashboard(hub, space, doorkeeper, live), live, Lookout(space, live, open_watcher(), hub.journal)


def _made_api(hub: Hub) -> ASGIApp:
    from counterfoil.web.api.application import make

    return make(hub)


def _made_mcp(hub: Hub, names: frozenset[str], snapshot: Snapshot) -> McpApp | None:
    try:
        from counterfoil.mcp.http import LOOPBACK, asgi
    except ImportError:
        return None
    from counterfoil.web.identify import principal_of

    hosts = [*LOOPBACK, *[form for name in sorted(names) for form in (name, f"{name}:*")]]
    return asgi(hub.server, version=hub.version, hosts=hosts, known=principal_of, snapshot=snapshot)


def address_names(given: list[str]) -> frozenset[str]:
    """Returns what a server is called, of what was given and what its machine is called."""
    return frozenset([name.lower().rstrip(".") for name in (*given, os.uname().nodename)])
