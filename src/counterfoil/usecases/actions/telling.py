"""What actions that change the ledger alone tell it, as receipts on the ticket's stream.

Free text stands in bodies only, which can be erased. A body says what was claimed and by which grade: one
that somebody merely states is `claimed` (gate.md, "Evidence that travels").
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from counterfoil.gate import events
from counterfoil.usecases import kinds
from counterfoil.usecases.actions import builtin

if TYPE_CHECKING:
    from counterfoil.usecases.context import Context

Told = list[tuple[str, str, dict[str, object]]]
"""Stream, kind, body."""
CLAIMED = "claimed"
SELF_REPORTED = "self-reported"


def records(context: Context, name: str, payload: Mapping[str, Any], actor: str) -> Told:
    """Returns what a prepared action of the form `ledger` adds to the ledger."""
    ticket = str(payload["ticket"])
    common: dict[str, object] = {"ticket": ticket, "project": context.project, "by": actor}
    rest = {key: value for key, value in payload.items() if key != "ticket"}
    return [(kinds.ticket_stream(ticket), kind, {**common, **body}) for kind, body in _TELLERS[name](rest)]


def _comment(payload: Mapping[str, Any]) -> list[tuple[str, dict[str, object]]]:
    return [(events.COMMENTED, dict(payload))]


def _respond(payload: Mapping[str, Any]) -> list[tuple[str, dict[str, object]]]:
    return [(events.RESPONDED, dict(payload))]


def _attach(payload: Mapping[str, Any]) -> list[tuple[str, dict[str, object]]]:
    return [(events.ATTACHED, {"artifact": dict(item), "grade": CLAIMED}) for item in payload["artifacts"]]


def _spend(payload: Mapping[str, Any]) -> list[tuple[str, dict[str, object]]]:
    return [(events.SPENT, {**payload, "grade": SELF_REPORTED})]


def _link(payload: Mapping[str, Any]) -> list[tuple[str, dict[str, object]]]:
    return [(events.LINKED, dict(payload))]


_TELLERS: Mapping[str, Callable[[Mapping[str, Any]], list[tuple[str, dict[str, object]]]]] = {
    builtin.COMMENT_ON: _comment,
    builtin.RESPOND: _respond,
    builtin.ATTACH: _attach,
    builtin.SPEND: _spend,
    builtin.LINK: _link,
}
