"""How a server greets whoever starts it: at a terminal with a link to sign in by, elsewhere with how to get one."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from counterfoil.bootstrap import open_sessions
from counterfoil.errors import CounterfoilError, HostError
from counterfoil.usecases.attendance import LOOK, Attendance
from counterfoil.usecases.context import Options
from counterfoil.usecases.ports import Served
from counterfoil.usecases.roles import ADMIN
from counterfoil.usecases.sessions import mint_link

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from counterfoil.cli.call import Call
    from counterfoil.usecases.spaces import Space
    from counterfoil.web.server import Listening

COMMAND = "ticket session link"


def reached(listening: Listening, names: Sequence[str], *, tls: bool) -> str:
    """Returns where people reach a server: by its first name, through TLS if a proxy speaks it, else by its address."""
    if not names:
        return listening.url
    port = listening.url.rstrip("/").rpartition(":")[2]
    return f"https://{names[0]}/" if tls else f"http://{names[0]}:{port}/"


def attendance(call: Call, space: Space) -> Attendance:
    """Returns who is signed in to a space; the store is opened at the first question."""
    context = space.projects[0].server.context(LOOK)
    data_dir = call.arguments.text("data_dir")
    return Attendance(lambda: open_sessions(context, data_dir), space, context.clock, context.entropy)


def taken(error: HostError, space: Space, known: Attendance) -> HostError:
    """Returns the error of an address that is taken; if a server shows the same repository there, it says so."""
    try:
        servers = known.store.served()
    except CounterfoilError:
        return error
    for served in servers:
        if urlsplit(served.url).port == error.fields.get("port") and set(served.folders) & set(space.folders):
            return HostError(
                "io_error", f"{served.url} shows this repository already",
                "for a link to it: ticket session link; for another server: ticket serve --port 0", url=served.url,
            )  # fmt: skip
    return error


@contextmanager
def announced(space: Space, url: str, known: Attendance) -> Iterator[None]:
    """Lets commands know for as long as it runs that a server shows a space at an address."""
    at_ms = space.projects[0].server.context(LOOK).clock.now_ms()
    served = Served(url, space.id, space.folders, at_ms)
    try:
        known.store.announce(served)
    except CounterfoilError as error:
        sys.stderr.write(f"warning: nobody can sign in: {error.message}\n")
        yield
        return
    try:
        yield
    finally:
        known.store.withdraw(served)


def greet(call: Call, space: Space, url: str, known: Attendance) -> str:
    """Says how to sign in; returns the address to be shown in a browser, with a one-time code in it if there is one.

    A link is printed at a terminal alone, and never where it would end up in a file: who starts a server for others to
    use, or an agent that does, learns the command by which a person gets one.
    """
    sits = os.isatty(0) and os.isatty(1) and not call.ci
    project = space.projects[0]
    context = project.server.context(Options(via="cli"))
    try:
        if sits and context.actor().startswith("human:"):
            store = project.server.store(context)
            link = mint_link(context, store, known.store, context.actor(), ADMIN, space.id, at_terminal=True)
            address = link.address(url)
            sys.stdout.write(f"Sign in as {link.person}, once, within ten minutes:\n  {address}\n")
            sys.stdout.flush()
            return address
    except CounterfoilError as error:
        sys.stderr.write(f"warning: {error.message}\n")
    if not call.arguments.flag("quiet"):
        sys.stdout.write(f"Sign in with a link from: {COMMAND}\n")
        sys.stdout.flush()
    return url
