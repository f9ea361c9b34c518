"""What the dashboard's figures are put against: one route of Starlette that sends the same bytes again and again.

    python3 bench/static_page.py FILE

The bytes are packed anew for each answer where the client takes that, as the dashboard does; nobody is asked for, nothing
is looked up or rendered. The same server, on a free port, which it prints.
"""

from __future__ import annotations

import gzip
import sys
from pathlib import Path

from bare_server import serve
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

LEVEL = 5


def application(file: Path) -> Starlette:
    """Returns the application."""

    async def page(request: Request) -> Response:
        body = file.read_bytes()
        headers = {"Cache-Control": "no-store"}
        if "gzip" in request.headers.get("accept-encoding", ""):
            body = gzip.compress(body, LEVEL, mtime=0)
            headers["Content-Encoding"] = "gzip"
        return Response(body, 200, headers, "text/html")

    return Starlette(routes=[Route("/", page)])


if __name__ == "__main__":
    serve(application(Path(sys.argv[1])))
