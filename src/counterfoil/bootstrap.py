"""The only place that binds ports to adapters. On the hot path.

Git, programs and the lock are bound when they are first used: reading verbs need none of them.
"""

from __future__ import annotations

import os

from counterfoil.adapters.files import WorkTree
from counterfoil.adapters.location import (
    Location,
    find_bare,
    find_project,
    find_worktree,
    projects_below,
    upwards,
)
from counterfoil.adapters.system import SystemClock, SystemEntropy
from counterfoil.errors import HostError, InputError
from counterfoil.usecases.context import Context, Options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from counterfoil.tickets.frontmatter import Mapping as FrontMatter
    from counterfoil.usecases.action_ports import Outbound
    from counterfoil.usecases.merging import MergeRoom
    from counterfoil.usecases.ports import (
        Addresses,
        Files,
        Keys,
        Ledgers,
        Lock,
        ProgramRunner,
        Repository,
        Sessions,
        Signers,
        Trace,
    )
    from counterfoil.usecases.serving import ServerContext
    from counterfoil.usecases.space_settings import Place
    from counterfoil.usecases.spaces import Space
    from counterfoil.usecases.watching_ports import Watcher

STATE_FOLDER = "counterfoil"
SERVER_FOLDER = "counterfoil/server"
SESSIONS_FILE = "sessions.db"
PROJECTS_NAMED = 8
PRIVATE, BY_UMASK = 0o700, 0o777
FOR_GROUP = 0o2020
"""Git lets a group write to a shared repository, and hand that on to folders below (core.sharedRepository)."""
FOREIGN = {
    "config.json": "another tool's configuration",
    "issues.jsonl": "beads",
    "tickets.json": "another tool's index",
}
_REPOSITORY_VARIABLES = ("GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR")


def open_project(
    cwd: str,
    environ: Mapping[str, str],
    options: Options,
    *,
    project: str | None = None,
    trace: Trace | None = None,
    create: bool = False,
    program: str = "ticket",
) -> Context:
    """Finds the project around a folder and returns the context of its use cases.

    Args:
        cwd: where the caller stands.
        environ: the caller's environment.
        options: actor, commit, ci and the like.
        project: `--project`, a folder that holds `.tickets`.
        trace: told of each program that runs.
        create: accept a folder without `.tickets`, for `init`.
        program: how Git is to call this command.

    Raises:
        InputError: `not_git_repo`, `not_initialized`, `foreign_layout`.
        HostError: `io_error` when the clone's own folder cannot be made.
    """
    start = os.path.normpath(os.path.join(cwd, project)) if project else cwd
    location = find_worktree_or_ask(start, environ, trace)
    found = start if project or create else find_project(location.root, start)
    work: Files
    if found is not None and (create or os.path.lexists(f"{found}/.tickets")):
        folder = found
        tree = WorkTree(folder)
        check_layout(tree)
        work = tree
    else:
        folder, work = _read_from_head(cwd, start, location, environ, trace)
    state_mode = _state_mode(location)
    state = WorkTree(_state_folder(cwd, environ, options, location), state_mode)
    prefix = "" if folder == location.root else os.path.relpath(folder, location.root) + "/"

    return Context(
        work=work,
        state=state,
        open_git=lambda programs: _open_git(programs, location),
        open_programs=lambda: _open_programs(environ, trace),
        prefix=prefix,
        clock=SystemClock(),
        entropy=SystemEntropy(),
        environ=environ,
        full=read_full,
        open_lock=lambda timeout_s, name: _open_lock(state.root, state_mode, timeout_s, name),
        options=options,
        settings_file=lambda: read_settings_file(environ),
        program=program,
        folder=WorkTree,
        open_ledgers=lambda: _open_ledgers(state.root, environ),
        open_keys=lambda: _open_keys(state.root),
        open_signers=lambda context: _open_signers(context, environ),
        open_outbound=_open_outbound,
    )


def open_server(
    cwd: str,
    environ: Mapping[str, str],
    options: Options,
    *,
    project: str | None = None,
    trace: Trace | None = None,
    program: str = "ticket",
) -> ServerContext:
    """Finds the project as `open_project` does, for a server whose threads share the ledger.

    Raises:
        InputError: `not_git_repo`, `not_initialized`, `foreign_layout`.
    """
    context = open_project(cwd, environ, options, project=project, trace=trace, program=program)
    return _shared(context, environ)


def _shared(context: Context, environ: Mapping[str, str]) -> ServerContext:
    """Returns a project as the threads of a server share it."""
    from counterfoil.adapters.ledgers import SharedLedgers
    from counterfoil.usecases.serving import ServerContext

    ledgers = SharedLedgers(context.state.root, environ)
    context.ledgers = ledgers
    return ServerContext(context, ledgers.shut, _open_addresses)


def open_space(
    cwd: str,
    environ: Mapping[str, str],
    options: Options,
    places: Sequence[Place],
    *,
    name: str = "",
    project: str | None = None,
    trace: Trace | None = None,
    program: str = "ticket",
) -> Space:
    """Opens the repositories that a server is to show; one that cannot be opened stops no other.

    A project that is named twice is opened once. Two that share a ledger are one clone, of which the first counts: its
    receipts, proposals and claims would be shown twice, unless they are about different projects in it.

    Args:
        cwd: where relative folders begin.
        environ, options, trace, program: as for `open_project`.
        places: the folders; none of them is the one around `cwd`.
        name: of the space, or empty.
        project: as for `open_project`, where no places are given.

    Raises:
        CounterfoilError: as `open_project`, for the first, where none at all can be opened.
    """
    from counterfoil.errors import CounterfoilError
    from counterfoil.usecases.space_settings import Place
    from counterfoil.usecases.spaces import Opened, Space, Unopened

    opened: dict[str, Opened] = {}
    ledgers: dict[str, tuple[str, str]] = {}
    problems = []
    for place in places or [Place(".")]:
        shown = os.path.normpath(os.path.join(cwd, place.folder))
        try:
            if not os.path.isdir(shown):
                message = f"there is no folder {shown}"
                raise InputError("not_git_repo", message, "check the path", path=shown)
            context = open_project(shown, environ, options, project=project, trace=trace, program=program)
            root = os.path.realpath(context.git.location.root)
            folder = os.path.join(root, context.prefix).rstrip("/")
            if folder in opened:
                continue
            ledger = environ.get("COUNTERFOIL_DATABASE") or os.path.realpath(context.state.root)
            first = ledgers.setdefault(ledger, (root, folder))
            if first[0] != root:
                raise InputError(
                    "same_ledger", f"{folder} and {first[1]} share one ledger: only the first is shown",
                    "serve one of them; separate clones have separate ledgers", path=folder, other=first[1],
                )  # fmt: skip
            opened[folder] = Opened(folder, _shared(context, environ), place.title)
        except CounterfoilError as error:
            problems.append(Unopened(shown, place.title, error))
    if not opened:
        raise problems[0].error
    return Space(name, tuple(opened.values()), options, problems)


def open_sessions(context: Context, data_dir: str | None) -> Sessions:
    """Opens the sessions of this user's servers; the file is made at first use.

    They lie in the server's own folder, for a server may show several repositories: that of the clone's state where
    one was named (`--data-dir`, COUNTERFOIL_DATA), else the user's (product.md §31, XDG base directories).

    Raises:
        HostError: `sessions_unavailable`.
    """
    from counterfoil.adapters.sqlite.sessions import SqliteSessions

    environ = context.environ
    if data_dir or environ.get("COUNTERFOIL_DATA"):
        return SqliteSessions(f"{context.state.root}/{SESSIONS_FILE}")
    base = environ.get("XDG_STATE_HOME", "")
    if not os.path.isabs(base):
        base = os.path.join(environ.get("HOME") or os.path.expanduser("~"), ".local", "state")
    return SqliteSessions(f"{base}/{SERVER_FOLDER}/{SESSIONS_FILE}")


def open_watcher() -> Watcher:
    """Returns what tells a server of changes of files."""
    from counterfoil.adapters.watching import FileWatcher

    return FileWatcher()


def _state_folder(cwd: str, environ: Mapping[str, str], options: Options, location: Location) -> str:
    """Returns where the clone's state lies: the same place for every command, wherever it is typed.

    A path on the command line begins where it is typed, as all of them do; a variable outlives a `cd`.
    """
    if options.data_dir:
        return os.path.normpath(os.path.join(cwd, options.data_dir))
    given = environ.get("COUNTERFOIL_DATA")
    if given:
        return os.path.normpath(os.path.join(location.root, given))
    return os.path.normpath(f"{location.common_dir}/{STATE_FOLDER}")


def _state_mode(location: Location) -> int:
    """Returns the mode of the clone's own folders: for its owner alone, unless Git itself shares with a group."""
    try:
        is_shared = os.stat(location.common_dir).st_mode & FOR_GROUP == FOR_GROUP
    except OSError:
        return PRIVATE
    return BY_UMASK if is_shared else PRIVATE


def _open_programs(environ: Mapping[str, str], trace: Trace | None) -> ProgramRunner:
    from counterfoil.adapters.process import Programs

    return Programs(environ, trace)


def _open_git(programs: ProgramRunner, location: Location) -> Repository:
    from counterfoil.adapters.git import Git

    return Git(programs, location)


def _open_ledgers(folder: str, environ: Mapping[str, str]) -> Ledgers:
    from counterfoil.adapters.ledgers import LedgerFolder

    return LedgerFolder(folder, environ)


def _open_keys(folder: str) -> Keys:
    from counterfoil.adapters.keys import KeyFolder

    return KeyFolder(folder)


def _open_outbound() -> Outbound:
    from counterfoil.adapters.outbound import UrllibOutbound

    return UrllibOutbound()


def _open_addresses(remote: str) -> Addresses:
    from counterfoil.adapters.forge.remote import RemoteAddresses

    return RemoteAddresses(remote)


def _open_signers(context: Context, environ: Mapping[str, str]) -> Signers:
    from counterfoil.adapters.signers import SshSigners
    from counterfoil.usecases.statements import named_key

    named, only = named_key(context)
    return SshSigners(environ, named, only, lambda: context.programs)


def _open_lock(folder: str, mode: int, timeout_s: float, name: str) -> Lock:
    from counterfoil.adapters.lock import FileLock

    try:
        os.makedirs(folder, mode, exist_ok=True)
    except OSError as error:
        hint = "work in a writable clone, or name another folder with --data-dir"
        raise HostError("io_error", f"{folder}: {error.strerror}", hint, path=folder) from None
    return FileLock(f"{folder}/{name}", timeout_s, handed_down=name.startswith("effects/"))


def _read_from_head(
    cwd: str, start: str, location: Location, environ: Mapping[str, str], trace: Trace | None
) -> tuple[str, Files]:
    """Returns the project that a sparse working tree leaves out: its folder, and its files in HEAD.

    Raises:
        InputError: `not_initialized`, where the working tree is not sparse or HEAD has no project either.
    """
    if os.path.exists(f"{location.git_dir}/info/sparse-checkout"):
        from counterfoil.adapters.tree import HeadFiles

        programs = _open_programs(environ, trace)
        for folder in upwards(start):
            prefix = "" if folder == location.root else os.path.relpath(folder, location.root) + "/"
            files = HeadFiles(programs, location.root, prefix)
            if files.is_folder(".tickets"):
                return folder, files
            if folder == location.root:
                break
    raise _not_initialized(cwd, start)


def _not_initialized(cwd: str, start: str) -> InputError:
    """Returns the error that there is no project here; it names the first of those that a monorepo has further down."""
    message = f"there is no .tickets folder in {start} or above it"
    below = projects_below(start)[:PROJECTS_NAMED]
    if not below:
        return InputError("not_initialized", message, "ticket init", path=start)
    from shlex import quote

    first = quote(os.path.relpath(os.path.join(start, below[0]), cwd))
    hint = f"name a project: `ticket --project {first} list`; or `ticket init` to begin one here"
    return InputError(
        "not_initialized", f"{message}, but in {', '.join(below)}", hint, path=start, below=below
    )


def open_merge_room(cwd: str, environ: Mapping[str, str], scratch: str) -> MergeRoom:
    """Gives a merge driver its room: the folder that Git runs it in and a scratch folder of its own."""
    from counterfoil.usecases.merging import MergeRoom

    return MergeRoom(WorkTree(cwd), WorkTree(scratch), _open_programs(environ, None), read_full)


def find_worktree_or_ask(start: str, environ: Mapping[str, str], trace: Trace | None) -> Location:
    """Returns the working tree around a folder, asking Git only where variables redirect it.

    Raises:
        InputError: `not_git_repo`, for a bare repository too.
    """
    location = None
    if any(variable in environ for variable in _REPOSITORY_VARIABLES):
        location = _ask_git(start, environ, trace)
    location = location or find_worktree(start)
    if location is not None:
        return location
    bare = find_bare(start)
    if bare is not None:
        raise InputError(
            "not_git_repo",
            f"{bare} is a bare repository: it has no working tree for tickets",
            f"git clone {bare} or git -C {bare} worktree add PATH, and work there",
            path=bare,
        )
    raise InputError("not_git_repo", f"{start} is not inside a Git repository", "git init", path=start)


def _ask_git(start: str, environ: Mapping[str, str], trace: Trace | None) -> Location | None:
    arguments = (
        "rev-parse",
        "--show-toplevel",
        "--absolute-git-dir",
        "--path-format=absolute",
        "--git-common-dir",
    )
    result = _open_programs(environ, trace).run(("git", "-C", start, *arguments), env={"LC_ALL": "C"})
    lines = result.stdout.decode("utf-8", "surrogateescape").splitlines()
    return Location(*lines) if result.status == 0 and len(lines) == 3 else None


def check_layout(work: WorkTree) -> None:
    """Refuses a `.tickets` that belongs to another tool.

    Raises:
        InputError: `foreign_layout`.
    """
    if not work.exists(".tickets"):
        return
    if not work.is_folder(".tickets"):
        raise InputError(
            "foreign_layout",
            f"{work.path('.tickets')} is no folder of tickets",
            "move it away, then `ticket init`",
            path=work.path(".tickets"),
        )
    if work.is_folder(".tickets/tickets") or work.exists(".tickets/config.yml"):
        return
    names = work.names(".tickets")
    tool = next((FOREIGN[name] for name in names if name in FOREIGN), None)
    if tool is None and any(name.endswith(".md") and name != "template.md" for name in names):
        tool = "tk, which keeps its tickets right in .tickets"
    if tool is not None:
        raise InputError(
            "foreign_layout",
            f"{work.path('.tickets')} was made by another tool ({tool})",
            "move it to another name, `ticket init`, then `ticket import --from tk FOLDER`",
            path=work.path(".tickets"),
            tool=tool,
        )


def read_full(text: str) -> FrontMatter:
    """Reads any front matter with the full YAML parser, which is imported only now."""
    from counterfoil.adapters.yaml import read

    return read(text)


def read_settings_file(environ: Mapping[str, str]) -> Mapping[str, str]:
    """Returns the user's own settings, flattened; none when there is no file (product.md §32)."""
    base = environ.get("XDG_CONFIG_HOME") or os.path.join(environ.get("HOME", ""), ".config")
    path = f"{base}/counterfoil/config.toml"
    if not os.path.exists(path):
        return {}
    from counterfoil.adapters.settings import read_toml

    return read_toml(path)
