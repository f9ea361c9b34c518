"""Policy rules on what a command is about to do, before any of it is done. On the hot path.

What is allowed goes on with its ruling in hand. What asks or is denied stops here, having changed nothing;
what follows then is for `usecases.asking`, once the clone's lock is given back.
"""

from __future__ import annotations

from counterfoil.gate import rules
from counterfoil.gate.facts import ALLOW, ASK, DENY, Ruling
from counterfoil.usecases.actions.plain_facts import facts_of
from counterfoil.usecases.policy_in_force import in_force
from counterfoil.usecases.registered import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from counterfoil.gate.facts import Facts
    from counterfoil.usecases.catalog import RowChange
    from counterfoil.usecases.context import Context
    from counterfoil.usecases.plan import FileChange
    from counterfoil.usecases.ports import Store


UNRULED = "default/own"
"""The rule of what changes nothing but the clone's own notes, such as a claim that is renewed."""


class Stopped(Exception):
    """Policy does not let a command go on by itself.

    Attributes:
        ruling: what it says.
        files: what was to change.
        rows: by the ticket's file name, its row before and after.
        actor: who asked.
        recorded: whether there is a ledger to record it in.
    """

    def __init__(
        self,
        ruling: Ruling,
        files: Sequence[FileChange],
        rows: Mapping[str, RowChange],
        actor: str,
        recorded: bool,
    ) -> None:
        super().__init__(ruling.answer)
        self.ruling = ruling
        self.files = files
        self.rows = rows
        self.actor = actor
        self.recorded = recorded


def on(
    context: Context,
    store: Store | None,
    files: Sequence[FileChange],
    rows: Mapping[str, RowChange],
    actor: str,
) -> Ruling:
    """Returns the ruling that allows a plan.

    Args:
        context: the project.
        store: its ledger, or None where that cannot be used: the last known policy counts then.
        files: what is to change.
        rows: by the ticket's file name, its row before and after.
        actor: who asks.

    Raises:
        Stopped: policy asks or denies.
    """
    found = facts_of(context, files, rows, actor)
    if not found:
        return Ruling(ALLOW, UNRULED, "default")
    if not actor.startswith("human:"):
        found += _of_edits(context, files, actor)
    ruling = ruled(context, store, found, actor)
    if ruling.answer != ALLOW:
        raise Stopped(ruling, files, rows, actor, store is not None)
    ruling.actions = names_of(found)
    return ruling


def names_of(found: Sequence[Facts]) -> tuple[str, ...]:
    """Returns the names of actions, as they are sealed with what is intended."""
    return tuple([facts.action for facts in found])


def _of_edits(context: Context, files: Sequence[FileChange], actor: str) -> list[Facts]:
    """Returns the facts of edits that are not committed yet and go along: no agent gets a file past policy by hand.

    People edit files by hand and let a verb commit them; that is theirs to do.
    """
    from counterfoil.usecases.uncommitted import since_head

    edits, rows = since_head(context, files)
    return facts_of(context, edits, rows, actor) if edits else []


def ruled(context: Context, store: Store | None, found: Sequence[Facts], actor: str) -> Ruling:
    """Returns the strictest answer to several actions of one actor; to a webhook's never better than ask."""
    compiled = in_force(context, store)
    if store is not None and rules.limits(compiled):
        from counterfoil.usecases.counting import count

        count(context, store, compiled, found)
    ruling = rules.strictest([rules.rule(compiled, facts) for facts in found])
    reason = "" if store is None else frozen(store, actor, context.clock.now_ms())
    if reason:
        return Ruling(DENY, "principal", ruling.policy, [f"{actor} is frozen: {reason}"])
    if ruling.answer == ALLOW and actor.startswith("source:"):
        return Ruling(ASK, "source", ruling.policy, [f"{actor} is a webhook, for which people decide"])
    return ruling
