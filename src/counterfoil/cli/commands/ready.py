"""`ticket ready` and `ticket next`: what can be worked on now. On the hot path."""

from __future__ import annotations

from counterfoil.cli import layout
from counterfoil.cli.call import Call, Raw, Reply
from counterfoil.cli.commands.list import entries_json, filtered, report_problems
from counterfoil.errors import InputError
from counterfoil.kernel.jsontext import compact
from counterfoil.tickets import index, query
from counterfoil.tickets.naming import display_id
from counterfoil.usecases import claims
from counterfoil.usecases.catalog import Catalog

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterfoil.tickets.model import Row
    from counterfoil.usecases.context import Context


def run(call: Call) -> Reply:
    """Lists ready tickets, or names the first of them."""
    arguments = call.arguments
    context = call.context()
    catalog = Catalog.load(context)
    report_problems(call, catalog)
    if arguments.verb == "ready" and arguments.flag("stale"):
        return _stale(call, catalog)
    readiness = query.ready(list(catalog.rows()))
    rows = filtered(arguments, readiness.ready)
    held = _held(context)
    if held:
        rows = [row for row in rows if row[0] not in held]
    _report_relations(call, readiness)
    if arguments.verb == "next":
        return _next(call, rows, readiness)
    total = len(rows)
    limit = arguments.number("limit")
    rows = rows if limit is None else rows[:limit]
    prefix = context.config.id_prefix
    if call.json:
        blocked = compact({ticket: sorted(blockers) for ticket, blockers in readiness.blocked.items()})
        cycles = compact([list(cycle) for cycle in readiness.cycles])
        entries = entries_json(rows, prefix)
        return Reply(Raw(f'{{"tickets":{entries},"total":{total},"blocked":{blocked},"cycles":{cycles}}}'))
    notes = [f"{total - len(rows)} more; raise --limit to see them"] if total > len(rows) else []
    if readiness.blocked:
        waiting = len(readiness.blocked)
        notes.append(f"{waiting} more in state ready {'waits' if waiting == 1 else 'wait'} for other tickets")
    if not rows and not readiness.blocked:
        notes.append("make one ready: ticket list --state backlog, then ticket move ID ready")
    return Reply(None, layout.table(rows, prefix, call.environ) or "No tickets found.", notes=notes)


def _held(context: Context) -> set[str]:
    """Returns the ids of ready tickets that somebody claims (somebody moved them back by hand)."""
    now_ms = context.clock.now_ms()
    return {ticket for ticket, claim in claims.everything(context).items() if claim.is_live(now_ms)}


def _next(call: Call, rows: Sequence[Row], readiness: query.Readiness) -> Reply:
    context = call.context()
    if not rows:
        if readiness.blocked:
            hint = "`ticket ready --json` says what each of the waiting tickets waits for"
        else:
            hint = "ticket list --state backlog, then: ticket move ID ready"
        raise InputError("ticket_not_found", "no ticket is ready to be taken up", hint, query="next")
    row = rows[0]
    entry = index.entry(row, context.config.id_prefix)
    display = entry["display_id"]
    note = f"take it with: ticket claim {display}"
    return Reply(
        {"ticket": entry, "remaining": len(rows)},
        layout.table([row], context.config.id_prefix, call.environ),
        notes=[note],
        brief=str(display),
    )


def _report_relations(call: Call, readiness: query.Readiness) -> None:
    prefix = call.context().config.id_prefix
    for cycle in readiness.cycles:
        ring = " → ".join([display_id(prefix, ticket) for ticket in (*cycle, cycle[0])])
        call.warnings.append(
            {
                "code": "relation_cycle",
                "message": f"these wait for one another: {ring}",
                "tickets": list(cycle),
            }
        )
    for ticket, references in sorted(readiness.dangling.items()):
        call.warnings.append(
            {
                "code": "relation_dangling",
                "message": f"{display_id(prefix, ticket)} names tickets that do not exist: {', '.join(references)}",
                "ticket": ticket,
                "references": list(references),
            }
        )


def _stale(call: Call, catalog: Catalog) -> Reply:
    """Lists tickets in progress whose claim lapsed: whoever held them may have died."""
    context = call.context()
    now_ms = context.clock.now_ms()
    found = []
    for ticket, claim in sorted(claims.everything(context).items()):
        row = catalog.row(index.file_name(ticket))
        if row is not None and row[2] == "in_progress" and claim.is_lapsed(now_ms):
            found.append((row, claim))
    prefix = context.config.id_prefix
    data = [{**index.entry(row, prefix), "claim": claim.as_data(context)} for row, claim in found]
    lines = [
        f"{display_id(prefix, row[0])}  {claim.holder}  lapsed {context.clock.utc(claim.until_ms)}  "
        f"{layout.visible(row[1])}"
        for row, claim in found
    ]
    notes = ["take one over with: ticket claim ID"] if found else []
    return Reply({"tickets": data, "total": len(data)}, "\n".join(lines) or "No tickets found.", notes=notes)
