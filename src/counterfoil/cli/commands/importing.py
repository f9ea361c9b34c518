"""`ticket import`: tickets from JSON lines, GitHub or another tool's folder."""

from __future__ import annotations

import os
import sys

from counterfoil.cli.call import Call, Reply
from counterfoil.cli.incoming import read_input
from counterfoil.cli.layout import visible
from counterfoil.tickets.index import entry
from counterfoil.tickets.naming import display_id
from counterfoil.usecases import importing
from counterfoil.usecases.context import Context
from counterfoil.usecases.desk import sheet_row
from counterfoil.usecases.importing import LEFT_ALONE, Imported
from counterfoil.usecases.intake import source

LINES_SHOWN = 20


def run(call: Call) -> Reply:
    """Imports, and says what became of every item."""
    arguments = call.arguments
    name, kind = arguments.text("source"), arguments.text("from")
    source.check_kind(kind)
    context = call.context()
    if name is not None and os.path.isdir(os.path.join(call.cwd, name)):
        kind, found = source.read_folder(context.work, _below(call, context, name), kind, context.full)
    else:
        kind, found = source.read_data(read_input(call, name), kind)
    dry_run = arguments.flag("dry_run")
    result = importing.carry_out(
        context, found, dry_run=dry_run, mask=arguments.flag("redact"), progress=_progress(call)
    )
    return _reply(context, result, kind, dry_run)


def _below(call: Call, context: Context, name: str) -> str:
    """Returns a folder as the project's files name it: relative, and without links on the way."""
    folder = os.path.realpath(os.path.join(call.cwd, name))
    return os.path.relpath(folder, os.path.realpath(context.work.root))


def _progress(call: Call) -> importing.Progress | None:
    if call.json or call.arguments.flag("quiet") or not os.isatty(2):
        return None

    def tell(done: int, total: int) -> None:
        if done:
            sys.stderr.write(f"\r{done} of {total} …\r")
            sys.stderr.flush()

    return tell


def _reply(context: Context, result: Imported, kind: str, dry_run: bool) -> Reply:
    prefix = context.config.id_prefix
    outcome = result.outcome
    tickets: list[dict[str, object]] = []
    for where, sheet in result.sheets:
        data = {"where": where, **entry(sheet_row(sheet), prefix)}
        if dry_run and kind != source.OWN:
            # A dry run mints ids only to throw them away.
            for key in ("id", "short_id", "display_id", "path"):
                data[key] = None
        tickets.append(data)
    notes = []
    if outcome is not None and outcome.changed and not outcome.committed and not context.commits():
        notes.append("not committed, as you asked; commit .tickets yourself")
    made = [display_id(prefix, sheet.ticket.id) for _, sheet in result.sheets]
    return Reply(
        {
            "kind": kind,
            "tickets": tickets,
            "skipped": [skip.as_data() for skip in result.skipped],
            "conflicts": [skip.as_data() for skip in result.conflicts],
            "masked": result.masked,
            "changed": bool(result.sheets),
            "committed": outcome is not None and outcome.committed,
            "commit": outcome.commit if outcome is not None else None,
            "dry_run": dry_run,
        },
        _text(result, prefix, kind, dry_run),
        notes=notes,
        brief="" if dry_run else "\n".join(made),
    )


def _text(result: Imported, prefix: str, kind: str, dry_run: bool) -> str:
    count = len(result.sheets)
    same = sum(skip.reason in LEFT_ALONE for skip in result.skipped)
    rest = [
        f"{number} {words}"
        for number, words in (
            (same, "left alone"),
            (len(result.conflicts), "in conflict"),
            (len(result.skipped) - same, "not understood"),
        )
        if number
    ]
    head = f"{'Would import' if dry_run else 'Imported'} {count} ticket{'' if count == 1 else 's'}"
    lines = [f"{head} ({', '.join(rest)})" if rest else head]
    for where, sheet in result.sheets[:LINES_SHOWN]:
        ticket = sheet.ticket
        name = where if dry_run and kind != source.OWN else display_id(prefix, ticket.id)
        lines.append(f"  {name}  {ticket.state}  {ticket.priority}  {visible(ticket.title)}")
    if count > LINES_SHOWN:
        lines.append(f"  and {count - LINES_SHOWN} more")
    wrong = [skip for skip in result.skipped if skip.reason not in LEFT_ALONE] + result.conflicts
    lines += [f"  not imported: {skip.where}: {visible(skip.message)}" for skip in wrong[:LINES_SHOWN]]
    if len(wrong) > LINES_SHOWN:
        lines.append(f"  and {len(wrong) - LINES_SHOWN} more; --json names them all")
    return "\n".join(lines)
