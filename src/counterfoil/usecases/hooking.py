"""Git hooks: installing them beside what is there, and what they check (SPEC §9).

The hooks look at ticket files alone, and at their staged or pushed content, never at the working
tree. An existing hook is kept, run first and put back by `uninstall`. A machine without the
program commits and pushes as before, with a warning.
"""

from __future__ import annotations

from counterfoil.errors import InputError
from counterfoil.usecases.context import Context
from counterfoil.usecases.ports import Files

HOOKS = ("pre-commit", "pre-push")
MARK = "# Installed by `ticket install-hooks`; `ticket uninstall` removes it."
CHAINED = ".before-ticket"

_SCRIPT = """\
#!/bin/sh
{mark}
{feed}
chained="$(dirname "$0")/{hook}{chained}"
if [ -x "$chained" ]; then
    {run_chained} || exit $?
fi
t={program}
command -v "$t" >/dev/null 2>&1 || t=ticket
if ! command -v "$t" >/dev/null 2>&1; then
    echo "warning: ticket is not installed, so ticket files are not checked" >&2
    exit 0
fi
{run_own}
"""


def install(context: Context, *, force: bool = False) -> list[str]:
    """Installs the hooks of this clone and returns the names of those that are new or renewed.

    Args:
        context: the project.
        force: replace a hook though another one is kept beside it already.

    Raises:
        InputError: `conflict`, when a foreign hook stands where an earlier one is already kept.
        HostError: `io_error`.
    """
    folder = hooks_folder(context)
    folder.make_folder("")
    installed = []
    for hook in HOOKS:
        text = script(hook, context.program)
        present = _read(folder, hook)
        if present == text:
            continue
        if present is not None and MARK not in present:
            _keep(folder, hook, force)
        folder.replace(hook, text.encode())
        folder.make_executable(hook)
        installed.append(hook)
    if _is_tracked(context, folder):
        context.warn(
            "hooks_in_work_tree",
            f"core.hooksPath puts the hooks into the working tree ({folder.root}); commit them or not, as you like",
        )
    return installed


def uninstall(context: Context) -> list[str]:
    """Removes our hooks, puts earlier ones back, and returns the names of those removed."""
    folder = hooks_folder(context)
    removed = []
    for hook in HOOKS:
        if MARK not in (_read(folder, hook) or ""):
            continue
        if folder.exists(hook + CHAINED):
            folder.rename(hook + CHAINED, hook)
        else:
            folder.remove(hook)
        removed.append(hook)
    return removed


def are_installed(context: Context) -> bool:
    """Tells whether all our hooks stand where Git looks for hooks."""
    folder = hooks_folder(context)
    return all(MARK in (_read(folder, hook) or "") for hook in HOOKS)


def hooks_folder(context: Context) -> Files:
    """Returns where Git looks for hooks: core.hooksPath, else the common folder's `hooks`."""
    found = context.git.read("rev-parse", "--path-format=absolute", "--git-path", "hooks")
    return context.folder(found.decode("utf-8", "surrogateescape").rstrip("\n"))


def script(hook: str, program: str) -> str:
    """Returns the text of one hook."""
    quoted = "'" + program.replace("'", "'\\''") + "'"
    if hook == "pre-push":
        # Git tells on standard input what is pushed; both hooks have to hear it.
        feed, given = "input=$(cat)", "printf '%s\\n' \"$input\" | "
    else:
        feed, given = "", ""
    text = _SCRIPT.format(
        mark=MARK,
        feed=feed,
        hook=hook,
        chained=CHAINED,
        run_chained=f'{given}"$chained" "$@"',
        program=quoted,
        run_own=f'{given or "exec "}"$t" hook {hook} "$@"',
    )
    return text.replace("\n\n", "\n")


def _keep(folder: Files, hook: str, force: bool) -> None:
    if folder.exists(hook + CHAINED) and not force:
        raise InputError(
            "conflict",
            f"{folder.path(hook)} is another tool's hook, and {hook + CHAINED} holds an earlier one already",
            "join the two by hand, or: ticket install-hooks --force",
            path=folder.path(hook),
        )
    folder.rename(hook, hook + CHAINED)


def _is_tracked(context: Context, folder: Files) -> bool:
    location = context.git.location
    inside = folder.root.startswith(location.root + "/")
    return inside and not folder.root.startswith((location.git_dir + "/", location.common_dir + "/"))


def _read(folder: Files, hook: str) -> str | None:
    """Returns a hook's text, None without one; a link, or what cannot be read, is somebody else's."""
    try:
        data = folder.read(hook)
    except InputError:
        return ""
    return None if data is None else data.decode("utf-8", "replace")
