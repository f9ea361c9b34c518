"""How often somebody did what policy limits, and what they have spent.

Both are added up in views, so that it does not matter how much was done. Costs nothing where no rule of the policy
limits a rate or a budget. On the hot path.
"""

from __future__ import annotations

from counterfoil.errors import CounterfoilError
from counterfoil.gate import rules
from counterfoil.kernel.instant import iso_ms

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterfoil.gate.facts import Facts
    from counterfoil.gate.rules import Compiled
    from counterfoil.usecases.context import Context
    from counterfoil.usecases.ports import Store


def count(context: Context, store: Store, compiled: Compiled, found: Sequence[Facts]) -> None:
    """Tells facts how often their actor did the same lately and what they have spent, where policy asks for that.

    What belongs to one command counts one after the other, so that many changes at once are not one.
    """
    if not compiled[2]:
        return
    before: dict[str, int] = {}
    recent: dict[str, dict[int, int]] = {}
    spent: dict[str, str | None] = {}
    for facts in found:
        if rules.wants_spend(compiled, facts.action, facts.actor):
            if facts.actor not in spent:
                spent[facts.actor] = _spent(context, store, facts.actor)
            facts.spent = spent[facts.actor]
        windows = rules.windows(compiled, facts.action, facts.actor)
        if not windows:
            continue
        name = f"{facts.actor} {facts.action}"
        if name not in recent:
            recent[name] = _recent(context, store, facts.action, facts.actor, windows)
        ahead = before.get(facts.action, 0)
        before[facts.action] = ahead + 1
        facts.recent = {window: number + ahead for window, number in recent[name].items()}


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


def _recent(
    context: Context, store: Store, action: str, actor: str, windows: Sequence[int]
) -> dict[int, int]:
    """Returns how many there were, by window in milliseconds; nothing where the ledger cannot tell."""
    from counterfoil.usecases import rates, views

    name, now_ms = views.RATES.name, context.clock.now_ms()
    try:
        derived = context.ledgers.views()

        def read() -> dict[int, int]:
            if next(derived.scan(name, views.STOPPED), None) is not None:
                return {}
            since = {window: iso_ms(now_ms - window) for window in windows}
            return {each: rates.number(derived, name, actor, action, since[each]) for each in windows}

        try:
            return views.read_up(store, derived, read, wanted=(views.RATES,))
        finally:
            derived.close()
    except CounterfoilError:
        return {}
