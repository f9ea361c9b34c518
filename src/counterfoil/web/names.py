"""By which names a server may be asked for, so that no web page can reach it under a name of its own.

A page of a stranger's domain whose address was made to point here (DNS rebinding) sends that domain in
`Host`. Loopback goes by its usual names; any server by the address that the connection came in on, which no
domain is; other names have to be given.
"""

from __future__ import annotations

from ipaddress import ip_address

LOOPBACK = frozenset(("localhost", "127.0.0.1", "::1"))


def host_of(header: bytes) -> str | None:
    """Returns the host of a `Host` header, in lower case and without port and brackets; None for nonsense."""
    try:
        text = header.decode("ascii").lower()
    except UnicodeDecodeError:
        return None
    if text.startswith("["):
        host, closed, rest = text[1:].partition("]")
        port = rest.removeprefix(":")
        return host if closed and (not rest or (rest[0] == ":" and port.isdigit())) else None
    host, colon, port = text.partition(":")
    if colon and not port.isdigit():
        return None
    return host.removesuffix(".") or None


def is_loopback(address: str) -> bool:
    """Tells whether an address is of this machine alone; names are none, `localhost` apart."""
    if address == "localhost":
        return True
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


def is_at_home(headers: list[tuple[bytes, bytes]]) -> bool:
    """Tells whether a request asks for the server by a name of this machine alone."""
    host = next((host_of(value) for name, value in headers if name == b"host"), None)
    return host is not None and is_loopback(host)


def origin_of(headers: list[tuple[bytes, bytes]], scheme: str) -> bytes:
    """Returns the origin of the pages that a request's host shows, as browsers write it (RFC 6454 §6.2)."""
    host = next((value for name, value in headers if name == b"host"), b"")
    return scheme.encode("ascii") + b"://" + host.lower()


def is_known(headers: list[tuple[bytes, bytes]], server: str, names: frozenset[str]) -> bool:
    """Tells whether a request names this server.

    Args:
        headers: of the request, names in lower case.
        server: the address at which it came in.
        names: what else the server is called.
    """
    given = [value for name, value in headers if name == b"host"]
    if len(given) != 1:
        return False
    host = host_of(given[0])
    if host is None:
        return False
    return host == server or host in names or (host in LOOPBACK and is_loopback(server))
