"""What actions need of the world beside the ports that all use cases share, as protocols. Nothing here runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class Answer(Protocol):
    """What a destination answered: the status, and the beginning of the body."""

    @property
    def status(self) -> int:
        """Of the answer, 200 for instance."""

    @property
    def body(self) -> bytes:
        """Its beginning."""


class Outbound(Protocol):
    """Sends requests over HTTP."""

    def send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes, *, timeout_s: float
    ) -> Answer:
        """Sends one request, follows no redirect, and returns the answer whatever its status is.

        Raises:
            HostError: `not_sent` when certainly nothing of it was sent, `delivery_failed` when there is no answer.
        """
