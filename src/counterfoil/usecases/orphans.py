"""Ends what was begun in working trees that are gone since: the command that would recover there never comes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterfoil.usecases import effect
from counterfoil.usecases.recording import Record
from counterfoil.usecases.recovery import commit_made, held, noted_ns

if TYPE_CHECKING:
    from collections.abc import Iterator

    from counterfoil.usecases.context import Context
    from counterfoil.usecases.effect import Intent

NOT_NOTES = (".child", ".sync")


def orphans(context: Context) -> list[str]:
    """Returns the notes of this project's commands whose working tree is no more."""
    return [name for name, _ in _found(context)]


def settle(context: Context) -> int:
    """Seals what became of them, drops their notes and returns how many there were. Takes the clone's lock."""
    with context.lock():
        found = list(_found(context))
        for name, intent in found:
            _settle(context, name, intent)
            context.state.remove(name)
    return len(found)


def _found(context: Context) -> Iterator[tuple[str, Intent]]:
    for name in sorted(context.state.names(effect.FOLDER)):
        file = f"{effect.FOLDER}/{name}"
        data = None if name.endswith(NOT_NOTES) else context.state.read(file)
        intent = None if data is None else effect.read_intent(data)
        if intent is None or context.folder(intent.root).exists(""):
            continue
        if all(body.get("project") == context.project for _, _, body, _ in intent.note[2]):
            yield file, intent


def _settle(context: Context, name: str, intent: Intent) -> None:
    record = Record.of_note(context, intent.note)
    try:
        if record.recall():
            return
        since_s = noted_ns(context, name) // 1_000_000_000
        made = commit_made(context, intent, record, since_s) if intent.message else None
        if made is None:
            record.abandon_if_intended("interrupted")
        else:
            record.apply(
                made, held(context, made, [path for path, _, _, local in intent.entries if not local])
            )
    finally:
        record.close()
