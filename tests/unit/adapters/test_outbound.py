"""Requests over real sockets."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from http.client import RemoteDisconnected
from http.server import BaseHTTPRequestHandler, HTTPServer
from ssl import SSLCertVerificationError, SSLError
from urllib.error import URLError

import pytest

from counterfoil.adapters.outbound import ANSWER, UrllibOutbound
from counterfoil.errors import HostError


class Service(HTTPServer):
    """A service that notes what it is asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[tuple[str, str, bytes, str | None]] = []

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Service

    def do_POST(self) -> None:
        """Answers as the path says."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append((self.command, self.path, body, self.headers["Idempotency-Key"]))
        status = int(self.path.strip("/"))
        self.send_response(status)
        if status == 302:
            self.send_header("Location", f"{self.server.address}/200")
        answer = b"x" * (ANSWER + 10)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_PUT = do_POST

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """A service on a port of its own."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with Service() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("status", [200, 204, 302, 404, 500])
def test_an_answer_comes_back_whatever_its_status_is_and_no_redirect_is_followed(
    service: Service, status: int
) -> None:
    headers = {"Content-Type": "text/plain", "Idempotency-Key": "P-1"}
    answer = UrllibOutbound().send("POST", f"{service.address}/{status}", headers, b"body", timeout_s=20)
    assert answer.status == status
    assert len(answer.body) <= ANSWER
    assert service.asked == [("POST", f"/{status}", b"body", "P-1")]


def test_where_nobody_listens_nothing_was_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        with pytest.raises(HostError) as failed:
            UrllibOutbound().send(
                "POST", f"http://127.0.0.1:{bound.getsockname()[1]}/", {}, b"", timeout_s=20
            )
    assert failed.value.code == "not_sent"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (URLError(ConnectionRefusedError()), "not_sent"),
        (URLError(socket.gaierror()), "not_sent"),
        (URLError(SSLCertVerificationError()), "not_sent"),
        (URLError(TimeoutError()), "delivery_failed"),
        (URLError(ConnectionResetError()), "delivery_failed"),
        (URLError(SSLError()), "delivery_failed"),
        (ConnectionResetError(), "delivery_failed"),
        (RemoteDisconnected(), "delivery_failed"),
    ],
)
def test_only_what_ends_a_connection_before_the_first_byte_says_that_nothing_was_sent(
    monkeypatch: pytest.MonkeyPatch, error: Exception, code: str
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise error

    outbound = UrllibOutbound()
    monkeypatch.setattr(outbound._opener, "open", fails)
    with pytest.raises(HostError) as failed:
        outbound.send("POST", "https://chat.example/", {}, b"", timeout_s=20)
    assert failed.value.code == code
