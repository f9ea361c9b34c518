"""`ticket serve`: the dashboard and the HTTP API of one or several repositories, until Ctrl-C."""

from __future__ import annotations

import os
import signal
import sys
from shlex import quote

from counterfoil import __version__
from counterfoil.bootstrap import open_space, read_settings_file
from counterfoil.cli import entrance
from counterfoil.cli.arguments import usage
from counterfoil.cli.call import Call, Reply, own_program
from counterfoil.errors import CounterfoilError, HostError, InputError
from counterfoil.kernel.jsontext import compact
from counterfoil.usecases import space_settings
from counterfoil.usecases.context import Options
from counterfoil.usecases.space_settings import Place
from counterfoil.web import server

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterfoil.usecases.spaces import Space

PORT_MAX = 65_535


def run(call: Call) -> Reply:
    """Serves the repositories; prints one line with the address as soon as it can be asked."""
    arguments = call.arguments
    port = arguments.number("port")
    if port is not None and port > PORT_MAX:
        raise usage(f"--port takes a number up to {PORT_MAX}, not {port}", arguments.verb, value=port)
    server.require_parts()
    space = _open(call)
    attendance = entrance.attendance(call, space)
    try:
        listening = server.listen(
            arguments.text("host") or server.HOST,
            server.PORT if port is None else port,
            public=arguments.flag("public"),
        )
    except HostError as error:
        raise entrance.taken(error, space, attendance) from None
    asked: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        # The server listens itself, later than this, and raises them again at its end.
        signal.signal(number, lambda number, _: asked.append(number))
    sys.stdout.write(_said(call, space, listening.url))
    sys.stdout.flush()
    quiet = arguments.flag("quiet")
    for folder, _, problem in space.problems:
        sys.stderr.write(f"warning: {folder} is not shown: {problem.message}\n")
    if listening.is_public and not quiet and not arguments.flag("tls"):
        sys.stderr.write(
            "warning: other machines can reach this address, and nothing is encrypted: put a proxy with TLS before it\n"
        )
    url = entrance.reached(listening, arguments.many("name"), tls=arguments.flag("tls"))
    # A link that signs somebody in is shown at a terminal, to somebody who reads; a program that asks for JSON gets none.
    address = url if call.json else entrance.greet(call, space, url, attendance)
    if arguments.flag("open"):
        _show(call, address)
    names = (
        server.address_names(arguments.many("name"))
        if listening.is_public
        else frozenset(arguments.many("name"))
    )
    with entrance.announced(space, url, attendance):
        server.serve(
            space, listening, attendance, version=__version__, names=names, quiet=quiet, tls=arguments.flag("tls"),
            is_over=lambda: bool(asked),
        )  # fmt: skip
    return Reply(None, printed=True)


def _said(call: Call, space: Space, url: str) -> str:
    """Returns the line that says where the server is."""
    if not call.json:
        return f"Serving on {url}\n"
    projects = [{"name": project.slug, "title": project.title} for project in space.projects]
    return f'{{"ok":true,"data":{compact({"url": url, "projects": projects})},"warnings":{compact(call.warnings)}}}\n'


def _open(call: Call) -> Space:
    """Opens the repositories that are named, those of a configured space, or the one around the caller.

    Raises:
        InputError: `usage`, and as `open_space`.
    """
    arguments = call.arguments
    name, project, data_dir = arguments.text("space"), arguments.text("project"), arguments.text("data_dir")
    places = [Place(folder) for folder in arguments.many("repo")]
    if name and places:
        raise usage("give repositories or --space, not both", arguments.verb)
    if name:
        places = _configured(call, name)
    if places and project:
        raise usage(
            "--project is for the repository around you: name projects by their folders", arguments.verb
        )
    if len(places) > 1 and data_dir:
        raise usage("--data-dir is for one repository", arguments.verb, value=data_dir)
    options = Options(actor="server:gate", ci=True, data_dir=data_dir, via="web")

    def opened(places: list[Place], name: str) -> Space:
        return open_space(
            call.cwd, call.environ, options, places, name=name, project=project, trace=call.trace,
            program=own_program(),
        )  # fmt: skip

    try:
        return opened(places, name or "")
    except InputError as error:
        below = error.fields.get("below")
        if isinstance(below, list):
            raise _named_below(call.cwd, error, below) from None
        if error.code != "not_git_repo" or places or project:
            raise
        if space_settings.DEFAULT not in space_settings.names(read_settings_file(call.environ)):
            raise
    return opened(_configured(call, space_settings.DEFAULT), space_settings.DEFAULT)


def _named_below(cwd: str, error: InputError, below: Sequence[str]) -> InputError:
    """Returns the error of a folder that holds projects only further down, with the command that serves them all."""
    above = str(error.fields["path"])
    folders = [quote(os.path.relpath(os.path.join(above, folder), cwd)) for folder in below]
    return InputError("not_initialized", error.message, f"ticket serve {' '.join(folders)}", **error.fields)


def _configured(call: Call, name: str) -> list[Place]:
    return space_settings.places(read_settings_file(call.environ), name, call.environ.get("HOME", ""))


def _show(call: Call, url: str) -> None:
    """Shows the address in the browser that the desktop has chosen, if it has one."""
    program = "open" if sys.platform == "darwin" else "xdg-open"
    try:
        call.context().programs.run(
            (program, url), env={"PATH": os.environ.get("PATH", os.defpath)}, timeout_s=5
        )
    except CounterfoilError as error:
        sys.stderr.write(f"warning: no browser was opened: {error.message}\n")
