"""`ticket mcp`: the MCP server for the client that starts it, over standard streams."""

from __future__ import annotations

import gc

from counterfoil import __version__
from counterfoil.bootstrap import open_server
from counterfoil.cli.call import Call, Reply, own_program
from counterfoil.errors import HostError
from counterfoil.usecases.context import Options

HINT = "pip install 'counterfoil[mcp]'"


def run(call: Call) -> Reply:
    """Serves until the client goes.

    Raises:
        HostError: `missing_extra`.
    """
    try:
        from counterfoil.mcp import stdio
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("counterfoil"):
            raise
        raise HostError("missing_extra", "ticket mcp needs the package mcp", HINT, extra="mcp") from None
    actor = call.arguments.text("actor")
    options = Options(actor=actor, ci=True, via="mcp", data_dir=call.arguments.text("data_dir"))
    project = open_server(
        call.cwd, call.environ, options, project=call.arguments.text("project"), trace=call.trace,
        program=own_program(),
    )  # fmt: skip
    gc.enable()  # unlike a command it goes on (`cli.main`)
    try:
        stdio.serve(project, options, version=__version__, permits=call.arguments.flag("permission_prompt"))
    finally:
        project.close()
    return Reply(None, printed=True)
