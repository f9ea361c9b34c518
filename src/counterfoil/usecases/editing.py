"""Editing a ticket: single fields, or all of it in the user's editor (cli.md).

Nothing that was typed is ever lost: the editor works on a draft in the clone's own folder. What it saves is checked as a whole; a
draft that cannot be saved stays where it is and the error names it, the ticket is as it was.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from counterfoil.errors import CounterfoilError, HostError, InputError
from counterfoil.tickets import index
from counterfoil.tickets.document import read
from counterfoil.tickets.model import FILE_BYTES
from counterfoil.tickets.values import check_title, clean_labels, parse_actor
from counterfoil.tickets.workflow import parse_priority
from counterfoil.usecases.context import Context
from counterfoil.usecases.desk import Desk, Sheet, carry_out
from counterfoil.usecases.plan import Outcome

FOLDER = "drafts"
EDITOR_VARIABLES = ("VISUAL", "EDITOR")
FALLBACK_EDITOR = "vi"
EDITOR_HINT = "export EDITOR=nano"


def edit_fields(
    desk: Desk,
    sheet: Sheet,
    *,
    title: str | None = None,
    state: str | None = None,
    priority: str | None = None,
    labels: Sequence[str] = (),
    assignee: str | None = None,
    reviewer: str | None = None,
    blocks: Sequence[str] = (),
    blocked_by: Sequence[str] = (),
    body: str | None = None,
    append: str | None = None,
) -> None:
    """Changes what is given and leaves the rest; `none` unsets an actor.

    Args:
        desk, sheet: the ticket on its desk.
        title, state, priority, assignee, reviewer, body: the new value.
        labels: `+x` adds, `-x` removes, `x,y` stands for all.
        blocks, blocked_by: `ID` or `+ID` adds, `-ID` removes.
        append: a paragraph for the end of the body.

    Raises:
        InputError: for values that are none, and for transitions that are not allowed.
    """
    changes: dict[str, object] = {}
    if title is not None:
        changes["title"] = check_title(title)
    if priority is not None:
        changes["priority"] = parse_priority(priority)
    if assignee is not None:
        changes["assignee"] = parse_actor(assignee)
    if reviewer is not None:
        changes["reviewer"] = parse_actor(reviewer)
    if labels:
        changes["labels"] = edited_labels(sheet.ticket.labels, labels)
    if blocks:
        changes["blocks"] = _edited_relations(desk, sheet, "blocks", blocks) or None
    if blocked_by:
        changes["blocked_by"] = _edited_relations(desk, sheet, "blocked_by", blocked_by) or None
    if state is not None:
        desk.move(sheet, state)
    if changes:
        desk.update(sheet, changes)
    if body is not None:
        desk.replace_body(sheet, body)
    if append is not None:
        present = sheet.document.body.rstrip("\r\n")
        desk.replace_body(sheet, f"{present}\n\n{append.strip()}\n" if present else f"{append.strip()}\n")


def edited_labels(present: Sequence[str], wanted: Sequence[str]) -> list[str]:
    """Returns labels after `+x` (add), `-x` (remove) and `x,y` (these and no others).

    Raises:
        InputError: `invalid_label`.
    """
    labels = list(present)
    plain = [
        label for item in wanted if item[:1] not in {"+", "-"} for label in item.split(",") if label.strip()
    ]
    if plain or "" in wanted:
        labels = list(clean_labels(plain))
    for item in wanted:
        if item.startswith("+"):
            labels += [label for label in clean_labels(item[1:].split(",")) if label not in labels]
        elif item.startswith("-"):
            unwanted = item[1:].lower().split(",")
            labels = [label for label in labels if label.lower() not in unwanted]
    return labels


def _edited_relations(desk: Desk, sheet: Sheet, field: str, wanted: Sequence[str]) -> list[str]:
    related = list(getattr(sheet.ticket, field))
    for item in wanted:
        query = item.lstrip("+-")
        if item.startswith("-"):
            unwanted = _related(desk, query, related)
            related = [ticket for ticket in related if ticket != unwanted]
            continue
        other = desk.ticket_id(query)
        if other == sheet.ticket.id:
            raise InputError("usage", "a ticket cannot wait for itself", "ticket edit --help", value=query)
        if other not in related:
            related.append(other)
    return related


def _related(desk: Desk, query: str, related: Sequence[str]) -> str:
    """Returns the relation that is meant; its ticket need not exist any more."""
    prefix = desk.context.config.id_prefix.upper()
    begun = query.upper().removeprefix(f"{prefix}-")
    found = [ticket for ticket in related if begun and ticket.startswith(begun)]
    return found[0] if len(found) == 1 else desk.ticket_id(query)


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
