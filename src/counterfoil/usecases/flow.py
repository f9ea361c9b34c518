"""What the receipts say about how work flows, folded day by day and week by week.

Durations are counted by their first two digits, so that a week of ten thousand tickets takes no more room than
one of ten, and a median is right within a few hundredths. Everything is as the receipts claim it: what was
changed by hand, and found in Git later, names no states and is not in here.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from counterfoil.gate import events
from counterfoil.gate.facts import ASK
from counterfoil.gate.rules import units
from counterfoil.ledger.instant import read_ms
from counterfoil.usecases import kinds
from counterfoil.usecases.ticket_story import fields, text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from counterfoil.ledger.fold import Body
    from counterfoil.ledger.receipt import Receipt
    from counterfoil.usecases.view_ports import Cells

DAY, CYCLE, LATENCY, SPEND, TICKET, ASKED = "day", "cycle", "latency", "spend", "ticket", "asked"
TABLES = (DAY, CYCLE, LATENCY, SPEND, TICKET, ASKED)
"""`day`: by `<project> <day>`, `created`, `done` and by state the `moves` in, less those out. `cycle`: by `<project> <monday>`,
how often each duration came up between a ticket's first start and its end. `latency`: by `<project> <monday> <action>`,
the same from a proposal to its first answer. `spend`: by `<project> <day> <actor>`, billionths by currency. `ticket` and
`asked`: what is under way."""
BACKLOG, DONE = "backlog", "done"
MINUTE_MS = 60_000


def apply(rows: Cells, receipt: Receipt, body: Body) -> None:
    """Counts one receipt."""
    at_ms = read_ms(receipt.at)
    if at_ms is None:
        return
    if receipt.kind in {kinds.INTENDED, kinds.APPLIED, kinds.REVERTED, kinds.ABANDONED}:
        _change(rows, receipt, body, at_ms)
    elif receipt.kind == events.OPENED:
        _asked(rows, receipt, body, at_ms)
    elif receipt.kind in {events.APPROVED, events.REJECTED}:
        _answered(rows, receipt, at_ms)
    elif receipt.kind == events.SPENT:
        _spent(rows, receipt, body)


def _change(rows: Cells, receipt: Receipt, body: Body, at_ms: int) -> None:
    """Follows a ticket: an intention is kept until it came about, or did not."""
    place, _, ticket = receipt.stream.partition("/")
    if place != "ticket" or "/" in ticket:
        return
    known = rows.get(TICKET, ticket) or {}
    if receipt.kind == kinds.INTENDED:
        pair = fields(body).get("state")
        if pair is not None:
            meant = [text(body, "project") or "", text(body, "action") or "", *map(_word, pair)]
            waiting = {**known.get("open", {}), text(body, "command") or receipt.id: meant}
            rows.put(TICKET, ticket, {**known, "open": waiting})
        return
    waiting = dict(known.get("open", {}))
    found = waiting.pop(text(body, "command") or "", None)
    if found is None:
        return
    known = {name: value for name, value in known.items() if name != "open"}
    if waiting:
        known["open"] = waiting
    if receipt.kind != kinds.ABANDONED:
        known = _moved(rows, known, found, receipt.at, at_ms)
    rows.put(TICKET, ticket, known or None)


def _moved(rows: Cells, known: dict[str, Any], move: list[str], at: str, at_ms: int) -> dict[str, Any]:
    """Counts a move that came about, and returns what is known of the ticket then."""
    project, action, old, new = move
    if old == new:
        return known
    key = f"{project} {at[:10]}"
    day = rows.get(DAY, key) or {"created": 0, "done": 0, "moves": {}}
    moves = dict(day["moves"])
    for state, step in ((old, -1), (new, 1)):
        if state:
            moves[state] = moves.get(state, 0) + step
    created = day["created"] + (action == "create")
    rows.put(DAY, key, {"created": created, "done": day["done"] + (new == DONE), "moves": moves})
    begun = known.get("begun")
    if new == BACKLOG:
        return {name: value for name, value in known.items() if name != "begun"}
    if new == DONE and begun is not None:
        _count(rows, CYCLE, f"{project} {monday(at_ms)}", at_ms - begun)
        return {name: value for name, value in known.items() if name != "begun"}
    return known if begun is not None or new == DONE else {**known, "begun": at_ms}


def _asked(rows: Cells, receipt: Receipt, body: Body, at_ms: int) -> None:
    ruling = body.get("ruling")
    if isinstance(ruling, dict) and ruling.get("ruling", ASK) == ASK:
        rows.put(ASKED, receipt.stream, [at_ms, text(body, "project") or "", text(body, "action") or "?"])


def _answered(rows: Cells, receipt: Receipt, at_ms: int) -> None:
    asked = rows.get(ASKED, receipt.stream)
    if asked is not None:
        since, project, action = asked
        _count(rows, LATENCY, f"{project} {monday(at_ms)} {action}", at_ms - since)
        rows.put(ASKED, receipt.stream, None)


def _spent(rows: Cells, receipt: Receipt, body: Body) -> None:
    by, currency = text(body, "by") or receipt.actor, text(body, "currency")
    more = units(text(body, "amount") or "")
    if currency is None or more is None:
        return
    key = f"{text(body, 'project') or ''} {receipt.at[:10]} {by}"
    sums = rows.get(SPEND, key) or {}
    rows.put(SPEND, key, {**sums, currency: sums.get(currency, 0) + more})


def _count(rows: Cells, table: str, key: str, took_ms: int) -> None:
    counts = rows.get(table, key) or {}
    name = str(rounded(max(0, took_ms)))
    rows.put(table, key, {**counts, name: counts.get(name, 0) + 1})


def rounded(took_ms: int) -> int:
    """Returns a duration in seconds, to its first two digits."""
    seconds = took_ms // 1000
    step: int = 10 ** max(0, len(str(seconds)) - 2)
    return (seconds + step // 2) // step * step


def percentile(counts: Mapping[str, int], percent: int) -> int | None:
    """Returns the duration in seconds that so many of a hundred do not exceed (nearest rank); None of nothing."""
    total = sum(counts.values())
    rank = -(-total * percent // 100)
    for seconds, number in sorted([(int(name), number) for name, number in counts.items()]):
        rank -= number
        if rank <= 0:
            return seconds
    return None


def monday(at_ms: int) -> str:
    """Returns the day on which the week of a moment began, in UTC."""
    day = datetime.fromtimestamp(at_ms / 1000, UTC).date()
    return (day - timedelta(days=day.weekday())).isoformat()


def _word(value: object) -> str:
    return value if isinstance(value, str) else ""
