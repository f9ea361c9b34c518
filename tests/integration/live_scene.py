"""Somebody who looks at a page of a real server, without a browser: a session, the page, and its stream of events.

`Page` keeps what the page shows as a browser would, by carrying out the operations that come.
"""

from __future__ import annotations

import contextlib
import html
import json
import os
import re
import socket
import time
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import httpx2

from counterfoil.bootstrap import open_sessions, open_space
from counterfoil.usecases.attendance import Attendance
from counterfoil.usecases.context import Options
from counterfoil.usecases.sessions import mint_link

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from integration.http_scene import Served

PATIENCE_S = 20.0


def cookies(served: Served, count: int = 1, role: str = "admin", person: str = "human:ada") -> list[str]:
    """Signs browsers in beside the server; returns the `Cookie` header of each."""
    environ = {**os.environ, **served.desk.env}
    space = open_space(str(served.desk.path), environ, Options(person, via="cli"), [])
    name = f"counterfoil_{served.port}"
    with served.ledger() as (context, store):
        attendance = Attendance(lambda: open_sessions(context, None), space, context.clock, context.entropy)
        found = []
        for _ in range(count):
            link = mint_link(context, store, attendance.store, person, role, space.id, at_terminal=True)
            opened = attendance.redeem(link.code, "a test")
            assert opened is not None
            found.append(f"{name}={opened.token}")
        attendance.close()
    for project in space.projects:
        project.server.close()
    return found


class Event(NamedTuple):
    """One event of a stream."""

    name: str
    tag: str
    data: Any


class Stream:
    """An open stream of events.

    Attributes:
        status: of the answer.
        body: of an answer that is no stream.
    """

    def __init__(self, served: Served, cookie: str, address: str, *, takes_bytes: int = 0) -> None:
        """Asks for it; `takes_bytes` is what the system holds at most of what was not read yet, if it is not 0."""
        place = urlsplit(served.url)
        self._socket = socket.socket()
        self._socket.settimeout(PATIENCE_S)
        if takes_bytes:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, takes_bytes)
        self._socket.connect((place.hostname, place.port))
        head = f"GET {address} HTTP/1.1\r\nHost: {place.netloc}\r\nCookie: {cookie}\r\n\r\n"
        self._socket.sendall(head.encode())
        self._file = self._socket.makefile("rb")
        self.status = int(self._file.readline().split()[1])
        self.headers = {}
        while line := self._file.readline().strip():
            name, _, value = line.decode().partition(":")
            self.headers[name.lower()] = value.strip()
        self.body = b""
        if self.status != 200:
            self.body = self._file.read(int(self.headers["content-length"]))

    def next(self, *, beats: bool = False) -> Event | None:
        """Waits for the next event; None at the end of the stream."""
        while True:
            size = int(self._file.readline() or b"0", 16)
            text = self._file.read(size + 2)[:size].decode()
            if not size:
                return None
            assert text.endswith("\n\n"), text
            fields = dict(line.partition(":")[::2] for line in text.strip().split("\n"))
            event = Event(fields["event"], fields.get("id", ""), json.loads(fields["data"]))
            if beats or event.name != "beat":
                return event

    def close(self) -> None:
        """Hangs up."""
        self._file.close()
        self._socket.close()


class Page:
    """A page as somebody has it before them.

    Attributes:
        shown: by the id of a region or a list, what is in it: a text, or the items by id.
        tag: of the version that is shown.
        title: of the window.
    """

    def __init__(self, served: Served, cookie: str, address: str) -> None:
        self._served = served
        self._cookie = cookie
        with httpx2.Client(trust_env=False, timeout=PATIENCE_S) as client:
            answer = client.get(f"{served.url}{address}", headers={"Cookie": cookie})
        assert answer.status_code == 200, (answer.status_code, answer.text[:500])
        self.text = answer.text
        found = re.search(r'data-live="([^"]+)"', self.text)
        assert found is not None
        self.address, _, self.tag = html.unescape(found[1]).rpartition("&v=")
        self.title = ""
        self.shown: dict[str, Any] = {}
        self.stream: Stream | None = None

    @contextlib.contextmanager
    def open(self, tag: str | None = None) -> Iterator[Stream]:
        """Opens the stream, with the version that is shown unless another one is given."""
        self.stream = Stream(
            self._served, self._cookie, f"{self.address}&v={self.tag if tag is None else tag}"
        )
        try:
            yield self.stream
        finally:
            self.stream.close()

    def take(self) -> Event | None:
        """Carries out the next event."""
        assert self.stream is not None
        event = self.stream.next()
        if event is not None and event.name == "news":
            self.tag = event.tag
            self.title = carry_out(self.shown, event.data) or self.title
        return event

    def until(self, is_so: Callable[[], bool]) -> float:
        """Takes events until something is so; returns how many seconds that took."""
        begun = time.monotonic()
        while not is_so():
            assert time.monotonic() - begun < PATIENCE_S, self.shown
            assert self.take() is not None, "the stream has ended"
        return time.monotonic() - begun

    def says(self, words: str) -> bool:
        """Tells whether something is on the page, of what came by the stream."""
        return words in json.dumps(self.shown, ensure_ascii=False)


def carry_out(shown: dict[str, Any], operations: list[list[Any]]) -> str:
    """Does with plain data what the page's script does with elements; returns the new title, if any."""
    title = ""
    for kind, *rest in operations:
        if kind == "title":
            title = rest[0]
        elif kind == "html":
            shown[rest[0]] = rest[1]
        elif kind == "list":
            found = re.findall(r'<\w+[^>]*?\sid="([^"]+)"', rest[1])
            shown[rest[0]] = {"": rest[1], **dict.fromkeys(found, "")}
        elif kind == "put":
            shown.setdefault(rest[0], {})[rest[1]] = rest[2]
        else:
            assert kind == "del"
            shown.setdefault(rest[0], {}).pop(rest[1], None)
    return title
