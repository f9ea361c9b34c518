"""`ticket list`: tickets, filtered and in the protocol's order. On the hot path."""

from __future__ import annotations

from counterfoil.cli.arguments import usage
from counterfoil.cli.call import Call, Raw, Reply
from counterfoil.kernel.jsontext import compact, string
from counterfoil.tickets import index, query
from counterfoil.tickets.workflow import TERMINAL
from counterfoil.usecases.catalog import Catalog

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from counterfoil.cli.arguments import Arguments
    from counterfoil.tickets.model import Row

FORMATS = ("table", "kanban")
FIELDS = (
    "id", "short_id", "display_id", "title", "state", "priority", "labels", "assignee", "reviewer", "path",
    "created_at", "updated_at",
)  # fmt: skip
DATE_FIELDS = ("created_at", "updated_at")


def run(call: Call) -> Reply:
    """Lists tickets for people or for programs."""
    arguments = call.arguments
    context = call.context()
    form = arguments.text("format") or "table"
    if form not in FORMATS:
        raise usage(f"--format is table or kanban, not {form!r}", "list", value=form, allowed=list(FORMATS))
    fields = _fields(arguments)
    limit = arguments.number("limit")
    catalog = Catalog.load(context)
    everything = (
        call.json or arguments.flag("all") or TERMINAL in [s.lower() for s in arguments.many("state")]
    )
    rows = filtered(arguments, catalog.rows())
    hidden = 0
    if not everything:
        open_rows = [row for row in rows if row[2] != TERMINAL]
        hidden = len(rows) - len(open_rows)
        rows = open_rows
    rows = query.order(rows)
    total = len(rows)
    if limit is not None:
        rows = rows[:limit]
    report_problems(call, catalog)
    dates = _dates(call, fields)
    prefix = context.config.id_prefix
    if call.json:
        return Reply(Raw(f'{{"tickets":{entries_json(rows, prefix, dates, fields)},"total":{total}}}'))
    notes = []
    if total > len(rows):
        notes.append(f"{total - len(rows)} more; raise --limit to see them")
    if hidden:
        notes.append(f"{hidden} done not shown; `ticket list --all` shows everything")
    if not rows:
        return Reply(None, "No tickets found.", notes=notes)
    if fields:
        return Reply(None, _columns(rows, prefix, fields, dates), notes=notes)
    from counterfoil.cli import layout

    if form == "kanban":
        return Reply(None, layout.kanban(rows, prefix, call.environ, with_done=everything), notes=notes)
    return Reply(None, layout.table(rows, prefix, call.environ), notes=notes)


def filtered(arguments: Arguments, rows: Iterable[Row]) -> list[Row]:
    """Returns the rows that pass the command line's filters."""
    values = arguments.values
    return query.select(
        rows,
        state=arguments.many("state") if "state" in values else (),
        priority=arguments.many("priority") if "priority" in values else (),
        label=arguments.many("label") if "label" in values else (),
        assignee=arguments.text("assignee") if "assignee" in values else None,
        reviewer=arguments.text("reviewer") if "reviewer" in values else None,
        text=arguments.text("text") if arguments.verb == "list" else None,
    )


def report_problems(call: Call, catalog: Catalog) -> None:
    """Warns of files that are no readable tickets; the others are shown all the same."""
    for name, (code, message, line, _column) in sorted(catalog.problems.items()):
        if code != "not_a_ticket":
            where = f"{index.TICKETS}/{name}:{line}" if line else f"{index.TICKETS}/{name}"
            call.warnings.append(
                {"code": "invalid_ticket", "message": f"{where}: {message}", "path": where.partition(":")[0],
                 "reason": code, "line": line}
            )  # fmt: skip


def entries_json(
    rows: Sequence[Row],
    prefix: str,
    dates: Mapping[str, tuple[str | None, str | None]] | None = None,
    fields: Sequence[str] = (),
) -> str:
    """Returns entries as a JSON array on one line; built by hand because ten thousand are asked for."""
    if dates is not None or fields:
        return compact([_entry(row, prefix, dates, fields) for row in rows])
    label = string(prefix + "-")[:-1]
    tails: dict[tuple[tuple[str, ...], str | None, str | None], str] = {}
    parts = []
    for row in rows:
        ticket_id, title, state, priority, labels, assignee, reviewer, _, _, name, source = row
        if source is not None:
            parts.append(compact(index.entry(row, prefix)))
            continue
        key = (labels, assignee, reviewer)
        tail = tails.get(key)
        if tail is None:
            tail = tails[key] = _shared_part(labels, assignee, reviewer)
        short = ticket_id[:8]
        parts.append(
            f'{{"id":"{ticket_id}","short_id":"{short}","display_id":{label}{short}","title":{string(title)},'
            f'"state":"{state}","priority":"{priority}",{tail},"path":"{index.TICKETS}/{name}"}}'
        )
    return "[" + ",".join(parts) + "]"


def _shared_part(labels: Sequence[str], assignee: str | None, reviewer: str | None) -> str:
    """Returns the part of an entry that many tickets have in common."""
    text = f'"labels":{compact(labels)}'
    if assignee is not None:
        text += f',"assignee":{string(assignee)}'
    return text if reviewer is None else f'{text},"reviewer":{string(reviewer)}'


def _entry(
    row: Row, prefix: str, dates: Mapping[str, tuple[str | None, str | None]] | None, fields: Sequence[str]
) -> dict[str, object]:
    data = index.entry(row, prefix)
    if dates is not None:
        data["created_at"], data["updated_at"] = dates.get(row[9], (None, None))
    return {field: data.get(field) for field in fields} if fields else data


def _fields(arguments: Arguments) -> list[str]:
    text = arguments.text("fields")
    if text is None:
        return []
    fields = [field.strip().lower() for field in text.split(",") if field.strip()]
    for field in fields:
        if field not in FIELDS:
            raise usage(f"there is no field {field!r}", "list", value=field, allowed=list(FIELDS))
    return fields


def _dates(call: Call, fields: Sequence[str]) -> Mapping[str, tuple[str | None, str | None]] | None:
    if not call.arguments.flag("dates") and not any(field in DATE_FIELDS for field in fields):
        return None
    from counterfoil.usecases.dates import dates

    return dates(call.context())


def _columns(
    rows: Sequence[Row],
    prefix: str,
    fields: Sequence[str],
    dates: Mapping[str, tuple[str | None, str | None]] | None,
) -> str:
    """Returns the chosen fields, a tab between them, so that `cut` and `awk` can read on."""
    from counterfoil.cli.layout import visible

    lines = []
    for row in rows:
        data = _entry(row, prefix, dates, fields)
        cells = [
            ",".join(cell) if isinstance(cell, list) else "" if cell is None else str(cell)
            for cell in data.values()
        ]
        lines.append("\t".join([visible(cell) for cell in cells]))
    return "\n".join(lines)
