"""How often somebody did what policy limits, and what they have spent.

How often is read backwards from the end of the ledger, as far as the window goes; spend is added up in a view. Costs
nothing where no rule of the policy limits a rate or a budget. On the hot path.
"""

from __future__ import annotations

from counterfoil.errors import CounterfoilError
from counterfoil.gate import events, rules
from counterfoil.gate.facts import ALLOW
from counterfoil.kernel.instant import iso_ms
from counterfoil.usecases import kinds

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from counterfoil.gate.facts import Facts
    from counterfoil.gate.rules import Compiled
    from counterfoil.ledger.receipt import Receipt
    from counterfoil.usecases.context import Context
    from counterfoil.usecases.ports import Store

BLOCK = 256


def count(context: Context, store: Store, compiled: Compiled, found: Sequence[Facts]) -> None:
    """Tells facts how often their actor did the same lately and what they have spent, where policy asks for that.

    What belongs to one command counts one after the other, so that many changes at once are not one.
    """
    if not compiled[2]:
        return
    before: dict[str, int] = {}
    spent: dict[str, str | None] = {}
    for facts in found:
        if rules.wants_spend(compiled, facts.action, facts.actor):
            if facts.actor not in spent:
                spent[facts.actor] = _spent(context, store, facts.actor)
            facts.spent = spent[facts.actor]
        windows = rules.windows(compiled, facts.action, facts.actor)
        if not windows:
            continue
        ahead = before.get(facts.action, 0)
        before[facts.action] = ahead + 1
        recent = _recent(store, facts.action, facts.actor, windows, context.clock.now_ms())
        facts.recent = {window: number + ahead for window, number in recent.items()}


def _spent(context: Context, store: Store, actor: str) -> str | None:
    """Returns what somebody says to have spent in the project so far; None where the ledger cannot tell."""
    from counterfoil.usecases import views

    try:
        derived = context.ledgers.views()
        try:
            return views.spent(store, derived, actor, context.project)
        finally:
            derived.close()
    except CounterfoilError:
        return None


def _recent(store: Store, action: str, actor: str, windows: Sequence[int], now_ms: int) -> dict[int, int]:
    """Returns how many there were, by window in milliseconds; nothing where the ledger cannot tell."""
    counts = dict.fromkeys(windows, 0)
    since = {window: iso_ms(now_ms - window) for window in windows}
    first = min(since.values())
    try:
        for receipt in _backwards(store):
            at = receipt.at
            if at < first:
                break
            number = _number(receipt, action) if receipt.actor == actor else 0
            for window in windows if number else ():
                counts[window] += number if at >= since[window] else 0
    except CounterfoilError:
        return {}
    return counts


def _backwards(store: Store) -> Iterator[Receipt]:
    end = store.size()
    while end > 0:
        first = max(0, end - BLOCK)
        yield from reversed(list(store.log(first=first, last=end - 1)))
        end = first


def _number(receipt: Receipt, action: str) -> int:
    """Returns how many such actions a receipt tells of: of its change of files, or of what changes none."""
    if receipt.kind in {kinds.INTENDED, kinds.PROJECT_INTENDED}:
        body = receipt.data()
        named = body.get("actions")
        return named.count(action) if isinstance(named, list) else int(action_of(body) == action)
    if receipt.kind != events.OPENED:
        return 0
    body = receipt.data()
    ruling = body.get("ruling")
    allowed = isinstance(ruling, dict) and ruling.get("ruling") == ALLOW
    return int(allowed and body.get("form") != "files" and body.get("action") == action)


def action_of(body: Mapping[str, object]) -> str:
    """Returns the action that a change was: a receipt of a change knows fewer words for it than policy."""
    word, fields = str(body.get("action")), body.get("fields")
    if word == "edit" and isinstance(fields, dict) and fields and set(fields) <= {"assignee", "reviewer"}:
        return "ticket.assign"
    return f"ticket.{word}"
