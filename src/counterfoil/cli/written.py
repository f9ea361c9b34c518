"""The answer of every verb that changes a ticket, the same for all of them. On the hot path."""

from __future__ import annotations

from counterfoil.cli.call import Call, Reply
from counterfoil.cli.layout import visible
from counterfoil.tickets.index import entry
from counterfoil.usecases.desk import sheet_row

TYPE_CHECKING = False
if TYPE_CHECKING:
    from counterfoil.usecases.desk import Sheet
    from counterfoil.usecases.plan import Outcome


def written(
    call: Call,
    sheet: Sheet,
    outcome: Outcome,
    line: str,
    *,
    detail: str = "",
    brief: str = "",
    extra: dict[str, object] | None = None,
) -> Reply:
    """Returns the answer to a change of one ticket.

    Args:
        call: the invocation.
        sheet: the ticket as it is now.
        outcome: what became of the change.
        line: the first line for people, one of those that scripts lean on (cli.md, "Voice").
        detail: what follows the line after a colon.
        brief: what `--quiet` prints.
        extra: further keys for JSON.
    """
    context = call.context()
    data: dict[str, object] = {
        "ticket": entry(sheet_row(sheet), context.config.id_prefix),
        "changed": outcome.changed,
        "committed": outcome.committed,
        "commit": outcome.commit,
        **(extra or {}),
    }
    text = f"{line}: {visible(detail)}" if detail else line
    notes = []
    if outcome.changed and not outcome.committed and not context.commits():
        notes.append("not committed, as you asked; commit .tickets yourself")
    return Reply(data, text, notes=notes, brief=brief)
