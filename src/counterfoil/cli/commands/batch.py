"""`ticket batch`: many changes from JSON lines, one commit."""

from __future__ import annotations

from counterfoil.cli.call import Call, Reply
from counterfoil.cli.incoming import read_input
from counterfoil.cli.layout import visible
from counterfoil.tickets.index import entry
from counterfoil.tickets.naming import display_id
from counterfoil.usecases import batching
from counterfoil.usecases.batching import Batch, Result
from counterfoil.usecases.desk import sheet_row


def run(call: Call) -> Reply:
    """Carries out a batch and tells what each line did."""
    operations = batching.read_operations(read_input(call, call.arguments.text("file")))
    context = call.context()
    dry_run = call.arguments.flag("dry_run")
    batch = batching.carry_out(context, operations, dry_run=dry_run)
    outcome = batch.outcome
    prefix = context.config.id_prefix
    data = {
        "results": [_result(result, prefix, dry_run) for result in batch.results],
        "tickets": [
            entry(sheet_row(sheet), prefix)
            for sheet in batch.sheets
            if not dry_run or sheet.before is not None
        ],
        "changed": bool(batch.sheets),
        "committed": outcome is not None and outcome.committed,
        "commit": outcome.commit if outcome is not None else None,
        "dry_run": dry_run,
    }
    made = [display_id(prefix, result.sheet.ticket.id) for result in batch.results if result.op == "new"]
    notes = []
    if outcome is not None and outcome.changed and not outcome.committed and not context.commits():
        notes.append("not committed, as you asked; commit .tickets yourself")
    lines = [_summary(batch, dry_run), *[_line(result, prefix, dry_run) for result in batch.results]]
    return Reply(data, "\n".join(lines), notes=notes, brief="" if dry_run else "\n".join(made))


def _result(result: Result, prefix: str, dry_run: bool) -> dict[str, object]:
    ticket = result.sheet.ticket
    # A dry run mints ids only to throw them away.
    known = not (dry_run and result.sheet.before is None)
    data: dict[str, object] = {
        "line": result.line,
        "op": result.op,
        "id": ticket.id if known else None,
        "display_id": display_id(prefix, ticket.id) if known else None,
        "changed": result.changed,
    }
    if result.name is not None:
        data["as"] = result.name
    return data


def _summary(batch: Batch, dry_run: bool) -> str:
    count = len(batch.sheets)
    tickets = f"{count} ticket{'' if count == 1 else 's'}"
    if dry_run:
        return f"Would change {tickets}; nothing was written."
    return f"Changed {tickets}" if count else "No change; all tickets say so already."


def _line(result: Result, prefix: str, dry_run: bool) -> str:
    ticket = result.sheet.ticket
    display = display_id(prefix, ticket.id)
    if dry_run and result.sheet.before is None:
        display = f"${result.name}" if result.name else "a new ticket"
    if not result.changed:
        said = f"No change for {display}"
    else:
        said = {
            "new": f"Created {display}: {visible(ticket.title)}",
            "assign": f"Assigned {display}",
            "reviewer": f"Set reviewer for {display}",
            "edit": f"Updated {display}",
        }.get(result.op, f"Moved {display}")
    return f"  line {result.line}: {said}"
