"""Requests to other services, kept instead of sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from counterfoil.errors import HostError

if TYPE_CHECKING:
    from collections.abc import Mapping


class Sent(NamedTuple):
    """A request that was sent."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes


class Answered(NamedTuple):
    """What the service says."""

    status: int
    body: bytes


class MemoryOutbound:
    """The `Outbound` port: answers everything alike.

    Attributes:
        status: of each answer; 0 is a service that does not answer.
        sent: the requests.
    """

    def __init__(self, status: int = 200) -> None:
        self.status = status
        self.sent: list[Sent] = []

    def send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes, *, timeout_s: float
    ) -> Answered:
        """Keeps a request and answers it."""
        assert timeout_s > 0
        self.sent.append(Sent(method, url, dict(headers), body))
        if not self.status:
            raise HostError("delivery_failed", "no answer came", "see whether the destination can be reached")
        return Answered(self.status, b"")
