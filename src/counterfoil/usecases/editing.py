"""Editing a ticket in the user's editor: nothing that was typed is ever lost (cli.md).

The editor works on a draft in the clone's own folder. What it saves is checked as a whole; a
draft that cannot be saved stays where it is and the error names it, the ticket is as it was.
"""

from __future__ import annotations

from counterfoil.errors import CounterfoilError, HostError, InputError
from counterfoil.tickets import index
from counterfoil.tickets.model import FILE_BYTES
from counterfoil.tickets.workflow import parse_priority
from counterfoil.usecases.change import Outcome
from counterfoil.usecases.context import Context
from counterfoil.usecases.desk import Desk, carry_out, check_title

FOLDER = "drafts"
EDITOR_VARIABLES = ("VISUAL", "EDITOR")
FALLBACK_EDITOR = "vi"

title = check_title
priority = parse_priority


def edit_in_editor(context: Context, name: str) -> tuple[Desk, Outcome] | None:
    """Opens a ticket in the editor and saves what comes back; None when it came back unchanged.

    Raises:
        InputError: whatever makes the text no acceptable ticket; details name the `recovery` file.
        HostError: `io_error` when the editor fails, `commit_failed`.
    """
    path = f"{index.TICKETS}/{name}"
    before = context.work.read(path, FILE_BYTES)
    if before is None:
        raise InputError("ticket_not_found", f"{path} does not exist", "ticket list --all", query=name)
    draft = f"{FOLDER}/{name}"
    context.state.make_folder(FOLDER)
    if context.state.exists(draft):
        context.warn("draft_kept", f"an earlier draft was kept: {context.state.path(draft + '.old')}")
        context.state.replace(draft + ".old", context.state.read(draft) or b"")
    context.state.replace(draft, before)
    _open_editor(context, context.state.path(draft))
    after = context.state.read(draft, FILE_BYTES)
    if after is None or after == before:
        context.state.remove(draft)
        return None

    def save(desk: Desk) -> None:
        sheet = desk.open(name[:-3])
        if sheet.before != before:
            raise InputError(
                "conflict",
                f"{path} was changed by somebody else while the editor was open",
                f"compare it with your text, then edit again: diff {context.state.path(draft)} {context.work.path(path)}",
            )
        desk.replace_text(sheet, after)

    try:
        result = carry_out(context, save)
    except CounterfoilError as error:
        recovery = context.state.path(draft)
        error.fields["recovery"] = recovery
        error.hint = f"{error.hint + '; ' if error.hint else ''}your text is kept in {recovery}"
        raise
    context.state.remove(draft)
    return result


def _open_editor(context: Context, path: str) -> None:
    command = next((context.environ[name] for name in EDITOR_VARIABLES if context.environ.get(name)), "")
    if not command:
        command = context.git.run("config", "core.editor").stdout.decode("utf-8", "replace").strip()
    import shlex

    try:
        words = shlex.split(command or FALLBACK_EDITOR)
    except ValueError:
        words = []
    if not words:
        raise HostError("io_error", f"$EDITOR cannot be understood: {command!r}", "export EDITOR=nano")
    result = context.programs.run([*words, path], terminal=True)
    if result.status != 0:
        raise HostError(
            "io_error",
            f"the editor {words[0]} ended with status {result.status}, so nothing was saved",
            f"your text is in {path}",
            recovery=path,
        )
