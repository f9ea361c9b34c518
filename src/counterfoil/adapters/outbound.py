"""Sends requests over HTTP, one at a time, without following anybody anywhere."""

from __future__ import annotations

from http.client import HTTPException
from socket import gaierror
from ssl import SSLCertVerificationError
from typing import TYPE_CHECKING, NamedTuple
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from counterfoil.errors import HostError

if TYPE_CHECKING:
    from collections.abc import Mapping

ANSWER = 64 * 1024
"""Bytes of an answer that are read."""
_BEFORE_THE_FIRST_BYTE = (ConnectionRefusedError, gaierror, SSLCertVerificationError)
"""What ends a connection before anything of a request is sent. Every other error may come after that."""


class Answer(NamedTuple):
    """What a destination answered; see `usecases.action_ports`."""

    status: int
    body: bytes


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        """Follows no redirect: nobody approved of where it leads."""


class UrllibOutbound:
    """The `Outbound` port over the standard library, which heeds the usual proxy variables."""

    def __init__(self) -> None:
        self._opener = build_opener(_NoRedirects())

    def send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes, *, timeout_s: float
    ) -> Answer:
        """Sends one request; see the port."""
        request = Request(url, data=body, headers=dict(headers), method=method)
        try:
            with self._opener.open(request, timeout=timeout_s) as answer:
                return Answer(answer.status, answer.read(ANSWER))
        except HTTPError as error:
            with error:
                return Answer(error.code, error.read(ANSWER))
        except (OSError, HTTPException, ValueError) as error:
            reason = getattr(error, "reason", error)
            hint = "see whether the destination can be reached from here"
            if isinstance(reason, _BEFORE_THE_FIRST_BYTE):
                message = f"nothing was sent: {reason}"
                raise HostError("not_sent", message, hint, kind=type(reason).__name__) from None
            raise HostError(
                "delivery_failed", f"no answer came: {reason}", hint, kind=type(error).__name__
            ) from None
