"""An edit that was begun from an older state of a ticket: what its author changed, beside what others changed since.

The rules by which Git merges tickets decide (`tickets.merge`), on three versions: the one that was seen, that with the
author's fields, and the one that is there now. Where both sides changed a field, and not to the same, nothing is
merged: the person is asked. What is proposed are the author's own fields on the file as it is now, and only if that is
to the byte what the merge gives; the proposal names the blob on which it rests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from counterfoil.errors import CounterfoilError
from counterfoil.tickets import document, index
from counterfoil.tickets.merge import merge
from counterfoil.tickets.model import FILE_BYTES
from counterfoil.usecases.history import BODY, FILE, changes_between, described, touches
from counterfoil.usecases.uncommitted import git_blob

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from counterfoil.usecases.context import Context

MERGED = frozenset(("title", "priority", "labels", "assignee", "reviewer", BODY))
"""Fields of an edit that can stand beside those of others; with any other it is as if both had changed the same."""
LISTED = frozenset(("labels",))
STEPS = 10
"""Commits that are looked at to find out who it was."""


class Beside(NamedTuple):
    """An edit that can stand beside what others did.

    Attributes:
        payload: of the action: the ticket and the author's own fields.
        seen: by path, the blob on which it rests.
        fields: what others have changed.
        actors: who that was, as far as Git tells.
    """

    payload: dict[str, Any]
    seen: Mapping[str, frozenset[str]]
    fields: tuple[str, ...]
    actors: tuple[str, ...]


def beside(context: Context, name: str, before: bytes, payload: Mapping[str, Any]) -> Beside | None:
    """Returns what of an edit is to be proposed now; None where a person has to decide.

    Args:
        context: the project.
        name: of the ticket's file.
        before: the file as the author of the edit saw it.
        payload: of the edit, with all the fields that were on the form.
    """
    path = f"{index.TICKETS}/{name}"
    now = context.work.read(path, FILE_BYTES)
    blob = git_blob(context, now)
    fields = {key: value for key, value in payload.items() if key != "ticket"}
    if now is None or blob is None or not set(fields) <= MERGED:
        return None
    try:
        theirs = fields_between(context, before, now)
        own = _own(context, before, fields)
        merged = _merged(context, before, now, own)
    except CounterfoilError:
        return None
    if not own or merged is None:
        return None
    changed = tuple([each for each in theirs if each not in own])
    actors = _actors(context, name, git_blob(context, before), changed)
    return Beside({"ticket": payload["ticket"], **own}, {path: frozenset((blob,))}, changed, actors)


def fields_between(context: Context, before: bytes, now: bytes) -> tuple[str, ...]:
    """Returns the fields in which two states of a ticket's file differ."""
    return tuple([change.field for change in changes_between(before, now, context.full)])


def _own(context: Context, before: bytes, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the fields of a form that say something else than what it was made from."""
    after = _written(context, before, fields)
    changed = {change.field for change in changes_between(before, after, context.full)}
    return {name: value for name, value in fields.items() if name in changed}


def _merged(context: Context, before: bytes, now: bytes, own: Mapping[str, Any]) -> bytes | None:
    """Returns the file with both sides' changes; None where they do not go together."""
    theirs = set(fields_between(context, before, now))
    after = _written(context, now, own)
    differing = set(fields_between(context, now, after))
    if FILE in theirs or theirs & differing & set(own):
        return None
    made = merge(
        before, _written(context, before, own), now, full=context.full, merge_text=lambda *_: ("", False)
    )
    same = not differing  # both have changed it to the same
    return after if same or (made.clean and not made.notes and made.data == after) else None


def _written(context: Context, data: bytes, fields: Mapping[str, Any]) -> bytes:
    """Returns a file with some fields changed, as an edit writes it."""
    plain = {
        name: tuple(value) if name in LISTED else value for name, value in fields.items() if name != BODY
    }
    changed = document.with_changes(document.read(data, context.full), plain)
    if BODY not in fields or str(fields[BODY]).strip("\n") == changed.body.replace("\r\n", "\n").strip("\n"):
        return changed.source
    return document.replace_body(changed, str(fields[BODY]))


def _actors(context: Context, name: str, seen: str | None, fields: Collection[str]) -> tuple[str, ...]:
    """Returns who changed some fields of a ticket since its file was a certain blob, the last one first."""
    found: list[str] = []
    start = context.git.head()
    for _ in range(STEPS):
        if start is None:
            break
        path = f"{context.prefix}{index.TICKETS}/{name}"
        listed = context.git.run("rev-list", "--max-count=1", start, "--", path)
        commit = listed.stdout.decode("ascii", "replace").strip()
        touched = touches(context, name, [commit]) if listed.status == 0 and commit else []
        if not touched or touched[0].after == seen:
            break
        (event,) = described(context, touched)
        if event.actor is not None and any(change.field in fields for change in event.changes or ()):
            found.append(event.actor)
        start = None if touched[0].before == seen else f"{commit}^"
    return tuple(dict.fromkeys(found))
