"""Serves a bare application as the product's server is served, on a free port, which it prints."""

from __future__ import annotations

import socket

import uvicorn
from starlette.types import ASGIApp


def serve(application: ASGIApp) -> None:
    """Serves until it is killed."""
    config = uvicorn.Config(application, http="h11", ws="none", lifespan="off", log_level="critical")
    # With the protocol named asyncio sets TCP_NODELAY, else Nagle delays.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        print(listening.getsockname()[1], flush=True)
        uvicorn.Server(config).run(sockets=[listening])
