"""The merge drivers of a clone: what `.tickets/.gitattributes` names, Git must know how to run.

Git never takes a driver's command from a repository, so every clone registers it for itself: `init`
does, and so does any writing verb that finds the attributes but no driver. Where the program is
missing later on, the command falls back to Git's own text merge. Checked on the hot path.
"""

from __future__ import annotations

from counterfoil.errors import HostError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from counterfoil.usecases.context import Context

ATTRIBUTES_FILE = ".tickets/.gitattributes"
ATTRIBUTES = "index.json merge=ticket-index\ntickets/*.md merge=ticket-file\n"
DRIVERS = (
    ("ticket-index", "index", "tickets: the index"),
    ("ticket-file", "ticket", "tickets: field by field"),
)
_BEGINNING = "t='"


def are_registered(context: Context) -> bool:
    """Tells whether this clone's Git knows both drivers, and those of ours as they are written today.

    Which program they name is each clone's own affair, and so is a command that is none of ours.
    """
    commands = [(context.git_setting(f"merge.{name}.driver"), kind) for name, kind, _ in DRIVERS]
    return all(
        command and (not command.startswith(_BEGINNING) or command.endswith(_after_program(kind)))
        for command, kind in commands
    )


def register(context: Context) -> None:
    """Writes the drivers into the clone's own Git configuration.

    Raises:
        HostError: `io_error` when Git refuses.
    """
    for name, kind, title in DRIVERS:
        _configure(context, f"merge.{name}.name", title)
        _configure(context, f"merge.{name}.driver", command(context.program, kind))


def register_if_named(context: Context) -> None:
    """Registers the drivers in a clone whose attributes name them; a failure is only a warning."""
    if are_registered(context) or not context.work.exists(ATTRIBUTES_FILE):
        return
    try:
        register(context)
    except HostError as error:
        context.warn("merge_driver_missing", f"the merge drivers could not be registered: {error.message}")
        return
    context.warn("merge_driver_registered", "registered the merge drivers for tickets in this clone")


def unregister(context: Context) -> list[str]:
    """Removes the drivers from the clone's configuration and returns those that were there."""
    removed = []
    for name, _, _ in DRIVERS:
        if (
            context.git.run(
                "config", "--local", "--remove-section", f"merge.{name}", env={"LC_ALL": "C"}
            ).status
            == 0
        ):
            removed.append(name)
    return removed


def command(program: str, kind: str) -> str:
    """Returns the shell command that Git runs: the program, or Git's text merge without it."""
    quoted = "'" + program.replace("'", "'\\''") + "'"
    return f"t={quoted}{_after_program(kind)}"


def _after_program(kind: str) -> str:
    """Returns the part of the command that is the same in every clone; a path may begin with a dash."""
    return (
        '; command -v "$t" >/dev/null 2>&1 || t=ticket; '
        f'if command -v "$t" >/dev/null 2>&1; then "$t" merge-driver {kind} -- %O %A %B %P; '
        "else git merge-file -L ours -L base -L theirs %A %O %B; fi"
    )


def _configure(context: Context, key: str, value: str) -> None:
    result = context.git.run("config", "--local", key, value, env={"LC_ALL": "C"})
    if result.status != 0:
        words = result.stderr.decode("utf-8", "replace").strip()
        raise HostError(
            "io_error", f"git config {key} failed: {words}", "check who owns .git/config", reason=words
        )
