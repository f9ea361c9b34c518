"""Editing a ticket in the user's editor (cli.md).

Nothing that was typed is ever lost: the editor works on a draft in the clone's own folder. What it saves is checked as a whole; a
draft that cannot be saved stays where it is and the error names it, the ticket is as it was.
"""

from __future__ import annotations

import shlex

from counterfoil.errors import CounterfoilError, HostError, InputError
from counterfoil.tickets import index
from counterfoil.tickets.document import read
from counterfoil.tickets.model import FILE_BYTES
from counterfoil.usecases.context import Context
from counterfoil.usecases.desk import Desk
from counterfoil.usecases.gateway import carry_out
from counterfoil.usecases.plan import Outcome

FOLDER = "drafts"
EDITOR_VARIABLES = ("VISUAL", "EDITOR")
FALLBACK_EDITOR = "vi"
EDITOR_HINT = "export EDITOR=nano"


def edit_in_editor(context: Context, name: str, *, terminal: bool) -> tuple[Desk, Outcome] | None:
    """Opens a ticket in the editor and saves what comes back; None when it came back unchanged.

    Args:
        context: the project.
        name: the ticket's file.
        terminal: whether an editor that nobody chose has a terminal to be used on.

    Raises:
        InputError: whatever makes the text no acceptable ticket; details name the `recovery` file.
        HostError: `io_error` when the editor fails, `commit_failed`.
    """
    path = f"{index.TICKETS}/{name}"
    before = context.work.read(path, FILE_BYTES)
    if before is None:
        raise InputError("ticket_not_found", f"{path} does not exist", "ticket list --all", query=name)
    _check_readable(context, path, before)
    command = _editor(context, terminal)
    draft = f"{FOLDER}/{name}"
    context.state.make_folder(FOLDER)
    _keep_earlier(context, draft)
    context.state.replace(draft, before)
    try:
        _run_editor(context, command, context.state.path(draft))
    except HostError as error:
        if context.state.read(draft) == before:
            context.state.remove(draft)
        else:
            _name_recovery(error, context.state.path(draft))
        raise
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
        _name_recovery(error, context.state.path(draft))
        raise
    context.state.remove(draft)
    return result


def edit_text(context: Context, name: str, before: str, *, terminal: bool) -> str | None:
    """Opens a text in the editor and returns what comes back; None when it came back unchanged.

    The draft stays until `discard`, so that a text which cannot be used is not lost.

    Args:
        context: the project.
        name: of the draft.
        before: the text.
        terminal: whether an editor that nobody chose has a terminal to be used on.

    Raises:
        InputError: `usage` without an editor, or when what came back is no UTF-8.
        HostError: `io_error` when the editor fails.
    """
    command = _editor(context, terminal)
    draft = f"{FOLDER}/{name}"
    context.state.make_folder(FOLDER)
    _keep_earlier(context, draft)
    context.state.replace(draft, before.encode("utf-8", "surrogatepass"))
    _run_editor(context, command, context.state.path(draft))
    after = context.state.read(draft, FILE_BYTES)
    if after is None or after == before.encode("utf-8", "surrogatepass"):
        context.state.remove(draft)
        return None
    try:
        return after.decode("utf-8")
    except UnicodeDecodeError:
        kept = context.state.path(draft)
        raise InputError(
            "usage", "what the editor saved is not UTF-8", f"your text is kept in {kept}"
        ) from None


def discard(context: Context, name: str) -> None:
    """Removes a draft whose text was used."""
    context.state.remove(f"{FOLDER}/{name}")


def name_recovery(error: CounterfoilError, context: Context, name: str) -> None:
    """Lets an error say where a text is kept that could not be used."""
    _name_recovery(error, context.state.path(f"{FOLDER}/{name}"))


def _check_readable(context: Context, path: str, data: bytes) -> None:
    """Refuses a broken ticket before anybody types: what is saved is compared with what was there."""
    try:
        read(data, context.full)
    except InputError as error:
        error.fields["path"] = path
        error.hint = f"mend {context.work.path(path)} by hand, then: ticket validate --all"
        raise


def _keep_earlier(context: Context, draft: str) -> None:
    """Gives a draft that could not be saved a name of its own, so that the next one does not replace it."""
    if not context.state.exists(draft):
        return
    number = 1
    while context.state.exists(f"{draft}.{number}"):
        number += 1
    kept = f"{draft}.{number}"
    context.state.rename(draft, kept)
    context.warn("draft_kept", f"an earlier draft was kept: {context.state.path(kept)}")


def _editor(context: Context, terminal: bool) -> list[str]:
    """Returns the words of the editor's command.

    Raises:
        InputError: `usage` when none is named and there is no terminal for the usual one.
        HostError: `io_error` when its quotes do not match.
    """
    command = next((context.environ[name] for name in EDITOR_VARIABLES if context.environ.get(name)), "")
    if not command:
        command = context.git.run("config", "core.editor").stdout.decode("utf-8", "replace").strip()
    if not command and not terminal:
        raise InputError(
            "usage",
            "there is no terminal for an editor, and none is named",
            "ticket edit ID --title TEXT, --priority P, --label +x, --body TEXT, …; or: export EDITOR=…",
        )
    try:
        words = shlex.split(command or FALLBACK_EDITOR)
    except ValueError:
        words = []
    if not words:
        raise HostError("io_error", f"$EDITOR cannot be understood: {command!r}", EDITOR_HINT)
    return words


def _run_editor(context: Context, words: list[str], path: str) -> None:
    try:
        result = context.programs.run([*words, path], terminal=True)
    except HostError as error:
        error.hint = f"{EDITOR_HINT}, or whichever editor is installed"
        raise
    if result.status != 0:
        raise HostError(
            "io_error",
            f"the editor {words[0]} ended with status {result.status}, so nothing was saved",
        )


def _name_recovery(error: CounterfoilError, path: str) -> None:
    error.fields["recovery"] = path
    error.hint = f"{error.hint + '; ' if error.hint else ''}your text is kept in {path}"
