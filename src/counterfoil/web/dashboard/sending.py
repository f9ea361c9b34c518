"""Pages as they are sent: packed, kept by nobody, and with the headers that let a browser run nothing but our own files."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

from starlette.datastructures import Headers
from starlette.responses import Response

if TYPE_CHECKING:
    from starlette.types import Scope

CSP = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
REFERRER = "same-origin"
"""Other sites learn nothing. With `no-referrer` a browser sends `Origin: null` with our own forms, too (Fetch,
"append a request `Origin` header"), and a form that comes from nowhere is refused."""
PACKED_FROM = 512
LEVEL = 5


def html(scope: Scope, body: bytes, status: int = 200) -> Response:
    """Returns a page as it is sent: packed where that is understood, and never kept by anybody."""
    headers = {
        "Content-Security-Policy": CSP, "Cache-Control": "no-store", "Vary": "Accept-Encoding, Cookie",
        "Cross-Origin-Opener-Policy": "same-origin", "Referrer-Policy": REFERRER,
    }  # fmt: skip
    if len(body) >= PACKED_FROM and takes_gzip(scope):
        body = gzip.compress(body, LEVEL, mtime=0)
        headers["Content-Encoding"] = "gzip"
    return Response(body, status, headers, "text/html")


def takes_gzip(scope: Scope) -> bool:
    """Tells whether a browser understands what is packed."""
    return "gzip" in Headers(scope=scope).get("accept-encoding", "")
