"""How often each actor did what policy may limit, by day, hour, minute and second, so that any window is added up from few rows.

A window is as long as policy says and ends now; so it begins somewhere within a second, and what lies behind that is
the rest of this second, of its minute, its hour and its day, and the days that follow. However many there were,
these are some hundred rows. Times are as the receipts claim them, each for itself: a clock that was wrong for
a while moves no other receipt into a window or out of it.
"""

from __future__ import annotations

import json
from itertools import pairwise
from typing import TYPE_CHECKING

from counterfoil.gate import events
from counterfoil.gate.facts import ALLOW
from counterfoil.usecases import kinds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from counterfoil.ledger.fold import Body
    from counterfoil.ledger.receipt import Receipt
    from counterfoil.usecases.view_ports import Cells, Views

DAY, HOUR, MINUTE, SECOND = "day", "hour", "minute", "second"
TABLES = (DAY, HOUR, MINUTE, SECOND)
"""By `<actor> <action> <time>`: how many there were; in `second` the milliseconds of each."""
_LENGTHS = {
    DAY: len("2026-11-20"),
    HOUR: len("2026-11-20T09"),
    MINUTE: len("2026-11-20T09:15"),
    SECOND: len("2026-11-20T09:15:00"),
}
"""How much of a moment names a row."""


def apply(rows: Cells, receipt: Receipt, body: Body) -> None:
    """Counts one receipt, for each action that it tells of."""
    at = receipt.at
    for action in actions_of(receipt.kind, body):
        who = f"{receipt.actor} {action}"
        for table, length in _LENGTHS.items():
            key = f"{who} {at[:length]}"
            if table == SECOND:
                rows.put(table, key, [*(rows.get(table, key) or ()), at[length:]])
            else:
                rows.put(table, key, (rows.get(table, key) or 0) + 1)


def number(derived: Views, view: str, actor: str, action: str, since: str) -> int:
    """Returns how many there were from a moment on, that moment included.

    Args:
        derived: the views, up to date.
        view: what this one is called there.
        actor: who.
        action: what they did.
        since: ISO 8601, UTC, to the millisecond.
    """
    who = f"{actor} {action}"
    second = derived.get(view, SECOND, f"{who} {since[: _LENGTHS[SECOND]]}")
    found: int = sum([rest >= since[_LENGTHS[SECOND] :] for rest in json.loads(second or b"[]")])
    for (_, around), (table, length) in pairwise((("", 0), *_LENGTHS.items())):
        for _, data in derived.scan(view, table, f"{who} {since[:around]}", f"{who} {since[:length]}"):
            told = json.loads(data)
            found += len(told) if table == SECOND else told
    return found


def actions_of(kind: str, body: Body) -> Sequence[str]:
    """Returns the actions that a receipt tells of: of its change of files, or of what changes none."""
    if kind in {kinds.INTENDED, kinds.PROJECT_INTENDED}:
        named = body.get("actions")
        return [str(name) for name in named] if isinstance(named, list) else [action_of(body)]
    if kind != events.OPENED:
        return ()
    ruling = body.get("ruling")
    allowed = isinstance(ruling, dict) and ruling.get("ruling") == ALLOW
    return [str(body.get("action"))] if allowed and body.get("form") != "files" else ()


def action_of(body: Mapping[str, object]) -> str:
    """Returns the action that a change was: a receipt of a change knows fewer words for it than policy."""
    word, fields = str(body.get("action")), body.get("fields")
    if word == "edit" and isinstance(fields, dict) and fields and set(fields) <= {"assignee", "reviewer"}:
        return "ticket.assign"
    return f"ticket.{word}"
