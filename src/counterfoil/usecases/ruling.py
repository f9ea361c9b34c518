"""Policy rules on what a command is about to do, before any of it is done. On the hot path.

What is allowed goes on with its ruling in hand. What asks or is denied stops here, having changed nothing;
what follows then is for `usecases.asking`, once the clone's lock is given back.
"""

from __future__ import annotations

from counterfoil.gate import rules
from counterfoil.gate.facts import ALLOW, ASK, DENY, Ruling
from counterfoil.usecases import kinds
from counterfoil.usecases.actions.plain_facts import facts_of
from counterfoil.usecases.policy_in_force import in_force
from counterfoil.usecases.registered import frozen
from counterfoil.usecases.uncommitted import git_blob

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from counterfoil.gate.facts import Facts
    from counterfoil.ledger.receipt import Receipt
    from counterfoil.usecases.catalog import RowChange
    from counterfoil.usecases.context import Context
    from counterfoil.usecases.plan import FileChange
    from counterfoil.usecases.ports import Store


RECENT = 4
"""So many of a ticket's last receipts are looked at: a change may be followed by what became of a claim."""
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
        found += _of_edits(context, store, files, actor)
    ruling = ruled(context, store, found, actor)
    if ruling.answer != ALLOW:
        raise Stopped(ruling, files, rows, actor, store is not None)
    ruling.actions = names_of(found)
    return ruling


def names_of(found: Sequence[Facts]) -> tuple[str, ...]:
    """Returns the names of actions, as they are sealed with what is intended."""
    return tuple([facts.action for facts in found])


def _of_edits(context: Context, store: Store | None, files: Sequence[FileChange], actor: str) -> list[Facts]:
    """Returns the facts of edits that are not committed yet and go along: no agent gets a file past policy by hand.

    People edit files by hand and let a verb commit them; that is theirs to do. Git is asked only about files that
    are not as the ledger knows that a commit left them.
    """
    doubtful = [change for change in files if not _is_as_committed(context, store, change)]
    if not doubtful:
        return []
    from counterfoil.usecases.uncommitted import since_head

    edits, rows = since_head(context, doubtful)
    return facts_of(context, edits, rows, actor) if edits else []


def _is_as_committed(context: Context, store: Store | None, change: FileChange) -> bool:
    """Tells whether a file is new, or a ticket that is as the last commit of ours left it on this branch.

    Nothing that came from elsewhere may have been found since, because only Git knows what that says.
    """
    if change.before is None or change.local:
        return True
    if store is None or change.ticket_file is None:
        return False
    last = None
    for receipt in _ending(store, kinds.ticket_stream(change.ticket_file[:-3].upper()), RECENT):
        last = receipt if receipt.kind in (kinds.APPLIED, kinds.REVERTED) else last
    if last is None or any(found.position > last.position for found in _ending(store, kinds.LEDGER, 1)):
        return False
    body = last.data()
    return (
        body.get("commit") is not None
        and body.get("ref") == f"refs/heads/{context.git.branch()}"
        and body.get("after") == git_blob(context, change.before)
    )


def _ending(store: Store, stream: str, count: int) -> Iterator[Receipt]:
    """Returns the last receipts of a stream."""
    return store.read(stream, first=max(0, store.head(stream).length - count))


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
