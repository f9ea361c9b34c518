"""By which names a server may be asked for."""

from __future__ import annotations

import pytest

from counterfoil.web.names import host_of, is_known, is_loopback


@pytest.mark.parametrize(("header", "host"), [
    (b"localhost", "localhost"), (b"LocalHost:8417", "localhost"), (b"[::1]:80", "::1"), (b"[::1]", "::1"),
    (b"a.example.", "a.example"), (b"", None), (b"a:b", None), (b"[::1", None), (b"[::1]x", None), (b"\xff", None),
    (b"a.example:80:80", None),
])  # fmt: skip
def test_a_host_is_read_without_its_port(header: bytes, host: str | None) -> None:
    assert host_of(header) == host


@pytest.mark.parametrize(("hosts", "server", "names", "known"), [
    (["localhost:1"], "127.0.0.1", (), True),
    (["127.0.0.1"], "::1", (), True),
    (["evil.example"], "127.0.0.1", (), False),
    (["127.0.0.1.evil.example"], "127.0.0.1", (), False),
    (["localhost"], "192.0.2.7", (), False),
    (["192.0.2.7:8417"], "192.0.2.7", (), True),
    (["192.0.2.8"], "192.0.2.7", (), False),
    (["Tickets.Example.org"], "192.0.2.7", ("tickets.example.org",), True),
    ([], "127.0.0.1", (), False),
    (["localhost", "localhost"], "127.0.0.1", (), False),
])  # fmt: skip
def test_a_server_is_asked_for_by_its_own_names(
    hosts: list[str], server: str, names: tuple[str, ...], known: bool
) -> None:
    headers = [(b"accept", b"*/*"), *[(b"host", host.encode()) for host in hosts]]
    assert is_known(headers, server, frozenset(names)) is known


@pytest.mark.parametrize(("address", "is_own"), [
    ("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("::", False),
    ("192.0.2.1", False), ("example.org", False),
])  # fmt: skip
def test_loopback_is_told_from_the_rest(address: str, is_own: bool) -> None:
    assert is_loopback(address) is is_own
