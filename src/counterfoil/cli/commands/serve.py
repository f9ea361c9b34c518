"""`ticket serve`: the HTTP API, and what stands beside it, until Ctrl-C."""

from __future__ import annotations

import os
import signal
import sys

from counterfoil import __version__
from counterfoil.bootstrap import open_server
from counterfoil.cli.arguments import usage
from counterfoil.cli.call import Call, Reply, own_program
from counterfoil.errors import CounterfoilError
from counterfoil.usecases.context import Options
from counterfoil.web import server

PORT_MAX = 65_535


def run(call: Call) -> Reply:
    """Serves the project; prints one line with the address as soon as it can be asked."""
    arguments = call.arguments
    port = arguments.number("port")
    if port is not None and port > PORT_MAX:
        raise usage(f"--port takes a number up to {PORT_MAX}, not {port}", arguments.verb, value=port)
    server.require_parts()
    options = Options(ci=True, data_dir=arguments.text("data_dir"), via="http", remote=True)
    project = open_server(
        call.cwd,
        call.environ,
        options,
        project=arguments.text("project"),
        trace=call.trace,
        program=own_program(),
    )
    listening = server.listen(
        arguments.text("host") or server.HOST,
        server.PORT if port is None else port,
        public=arguments.flag("public"),
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)  # the server listens itself, and raises them again at its end
    sys.stdout.write(f"Serving on {listening.url}\n")
    sys.stdout.flush()
    quiet = arguments.flag("quiet")
    if listening.is_public and not quiet:
        sys.stderr.write(
            "warning: other machines can reach this address, and nothing is encrypted: put a proxy with TLS before it\n"
        )
    if arguments.flag("open"):
        _open(call, listening.url)
    names = (
        server.address_names(arguments.many("name"))
        if listening.is_public
        else frozenset(arguments.many("name"))
    )
    server.serve(project, listening, version=__version__, names=names, quiet=quiet)
    return Reply(None, printed=True)


def _open(call: Call, url: str) -> None:
    """Shows the address in the browser that the desktop has chosen, if it has one."""
    program = "open" if sys.platform == "darwin" else "xdg-open"
    try:
        call.context().programs.run(
            (program, url), env={"PATH": os.environ.get("PATH", os.defpath)}, timeout_s=5
        )
    except CounterfoilError as error:
        sys.stderr.write(f"warning: no browser was opened: {error.message}\n")
