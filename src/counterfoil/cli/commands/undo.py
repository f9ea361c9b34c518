"""`ticket undo`: takes back the caller's last change that is not pushed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterfoil.cli.call import Call, Reply
from counterfoil.cli.layout import visible
from counterfoil.tickets import index
from counterfoil.tickets.naming import display_id
from counterfoil.usecases import undoing

if TYPE_CHECKING:
    from counterfoil.usecases.plan import Outcome
    from counterfoil.usecases.undoing import Undoing

LINES_SHOWN = 20


def run(call: Call) -> Reply:
    """Restores what the last change replaced, or says what that would do."""
    context = call.context()
    dry = call.arguments.flag("dry_run")
    outcome: Outcome | None = None
    if dry:
        found = undoing.prepare(context)
    else:
        found, outcome = undoing.undo(context)
    prefix = context.config.id_prefix
    rows = [] if outcome is None else [outcome.catalog.row(name) for name in found.changes]
    data = {
        "undone": {"commit": found.commit, "subject": found.subject, "at": found.at},
        "dry_run": dry,
        "tickets": [index.entry(row, prefix) for row in rows if row is not None],
        "changes": {
            name[:-3].upper(): [change.as_data() for change in changes]
            for name, changes in found.changes.items()
        },
        "removed": [name[:-3].upper() for name in found.removed],
        "released": list(found.released),
        "changed": outcome is not None and outcome.changed,
        "committed": outcome is not None and outcome.committed,
        "commit": None if outcome is None else outcome.commit,
    }
    first = f"{'Would undo' if dry else 'Undid'} {visible(found.what)}"
    notes = [] if dry else ["`ticket undo` again brings it back"]
    if outcome is not None and outcome.changed and not outcome.committed and not context.commits():
        notes = ["not committed, as you asked; commit .tickets yourself"]
    return Reply(data, "\n".join([first, *_lines(found, prefix)]), notes=notes, brief=first)


def _lines(found: Undoing, prefix: str) -> list[str]:
    lines = []
    for name, changes in found.changes.items():
        display = display_id(prefix, name[:-3].upper())
        told = "removed" if name in found.removed else ", ".join([change.words() for change in changes])
        claim = "; the claim is given back" if name[:-3].upper() in found.released else ""
        lines.append(f"  {display}: {visible(told)}{claim}")
    more = len(lines) - LINES_SHOWN
    return lines if more <= 0 else [*lines[:LINES_SHOWN], f"  and {more} more"]
