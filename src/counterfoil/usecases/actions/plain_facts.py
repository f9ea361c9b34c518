"""What policy is told of files that a command is about to change. On the hot path.

A change is told by what it does to each ticket, whichever verb, file or payload it came from: who moves
a ticket with an editor moves it. One change can be several things, and each of them is ruled on.
"""

from __future__ import annotations

from counterfoil.gate.facts import Facts
from counterfoil.tickets import index
from counterfoil.usecases import claims

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from counterfoil.tickets.model import Row
    from counterfoil.usecases.catalog import RowChange
    from counterfoil.usecases.context import Context
    from counterfoil.usecases.plan import FileChange

CREATE, EDIT, MOVE, ASSIGN = "ticket.create", "ticket.edit", "ticket.move", "ticket.assign"
LOWER = "ticket.lower"
"""A ticket loses what rules look at: what may be done to it unasked could grow with that."""
CLAIM, REMOVE, POLICY, PROJECT = "ticket.claim", "ticket.remove", "policy.change", "project.change"
POLICY_FILE = index.POLICY

RISK_OF = {
    CREATE: "low",
    EDIT: "low",
    MOVE: "low",
    ASSIGN: "low",
    CLAIM: "low",
    LOWER: "medium",
    REMOVE: "high",
    POLICY: "high",
    PROJECT: "medium",
}


def facts_of(
    context: Context, files: Sequence[FileChange], rows: Mapping[str, RowChange], actor: str
) -> list[Facts]:
    """Returns the facts of a plan, at least one for each file of the project that changes.

    Args:
        context: the project.
        files: what changes; the index is derived and is not spoken of.
        rows: by the ticket's file name, its row before and after.
        actor: who asks.
    """
    claimed = claimants(files)
    found: list[Facts] = []
    for change in files:
        name = change.ticket_file
        if name is not None:
            before, after = rows[name]
            holder = claimed.pop(name, "")
            for action in _actions(change, before, after, holder):
                found.append(_told(context, action, actor, change, before, after))
            loses = _losses(context, change, before, after)
            if loses:
                found.append(_told(context, LOWER, actor, change, before, after, loses))
        elif not change.local and change.path != index.FILE:
            action = POLICY if change.path == POLICY_FILE else PROJECT
            found.append(_of_project(context, action, actor, change.path))
    for _ in claimed:  # of tickets whose files stay as they are
        found.append(
            Facts(CLAIM, actor, remote=context.options.remote, risk=RISK_OF[CLAIM], paths=(), space="")
        )
    return found


def claimants(files: Sequence[FileChange]) -> dict[str, str]:
    """Returns by the ticket's file name who takes a claim."""
    found = {}
    for change in files:
        if change.local and change.path.startswith(claims.FOLDER + "/"):
            holder = _taken_by(change)
            if holder:
                found[index.file_name(change.path[len(claims.FOLDER) + 1 :])] = holder
    return found


def _taken_by(change: FileChange) -> str:
    """Returns who takes a claim by this change; empty where it is renewed or given back."""
    before, after = claims.parse("", change.before), claims.parse("", change.after)
    if after is None or not after.holder or (before is not None and before.fence == after.fence):
        return ""
    return after.holder


def _actions(change: FileChange, before: Row | None, after: Row | None, holder: str) -> list[str]:
    if change.after is None:
        return [REMOVE]
    if change.before is None:
        return [CREATE]
    if before is None or after is None:
        return [MOVE, EDIT]  # what nobody can read may have been in any state
    _, _, state, _, _, assignee, reviewer = before[:7]
    _, _, new_state, _, _, new_assignee, new_reviewer = after[:7]
    actions = [CLAIM] if holder else []
    leading: list[bytes] = []
    if state != new_state:
        leading.append(b"state:")
        if not holder or new_state != "in_progress":
            actions.append(MOVE)
    if assignee != new_assignee or reviewer != new_reviewer:
        leading += (b"assignee:", b"reviewer:")
        if not holder or new_assignee != holder or reviewer != new_reviewer:
            actions.append(ASSIGN)
    if not leading or _rest(change.before, leading) != _rest(change.after, leading):
        actions.append(EDIT)
    return actions


def _losses(context: Context, change: FileChange, before: Row | None, after: Row | None) -> tuple[str, ...]:
    """Returns what a ticket loses or gains that a rule may look at; what cannot be read is told as unknown anyway."""
    if before is None or change.before is None or (after is None and change.after is not None):
        return ()
    wishes = b"enforcement" in change.before
    if after is not None and not wishes and before[3] == after[3] and before[4] == after[4]:
        return ()
    from counterfoil.gate.lowering import losses

    is_less = False
    if wishes:
        from counterfoil.usecases.actions.looking import wished

        is_less = wished(context, change.before) > wished(context, change.after)
    return losses(
        (before[3], None if after is None else after[3]),
        (before[4], () if after is None else after[4]),
        is_less,
    )


def _rest(data: bytes, leading: list[bytes]) -> list[bytes]:
    """Returns a ticket's lines without those of its front matter that hold a field, as we write them."""
    lines = data.split(b"\n")
    end = next((at for at in range(1, len(lines)) if lines[at].rstrip() == b"---"), 0)
    fields = tuple(leading)
    return [line for line in lines[:end] if not line.startswith(fields)] + lines[end:]


def _told(
    context: Context,
    action: str,
    actor: str,
    change: FileChange,
    before: Row | None,
    after: Row | None,
    loses: tuple[str, ...] | None = None,
) -> Facts:
    known = [row for row in (before, after) if row is not None]
    unread = (before is None) is not (change.before is None) or (after is None) is not (change.after is None)
    was = before[2] if before is not None else None if change.before is not None else ""
    becomes = after[2] if after is not None else None if change.after is not None else ""
    moves = becomes not in ("", was)
    labels = [label.lower() for row in known for label in row[4]]
    kept, milder = None, None
    if before is not None and after is not None:
        if before[4] != after[4]:
            both = {label.lower() for label in before[4]}.intersection([label.lower() for label in after[4]])
            kept = tuple(sorted(both))
        if before[3] != after[3]:
            milder = max(before[3], after[3])
    return Facts(
        action,
        actor,
        remote=context.options.remote,
        risk=RISK_OF[action],
        priority=None if unread else min([row[3] for row in known]),
        labels=None if unread else tuple(dict.fromkeys(labels)),
        state_from=was if moves or unread else "",
        state_to=becomes if moves or unread else "",
        paths=(context.prefix + change.path,),
        space="",
        loses=loses,
        milder=milder,
        kept=kept,
    )


def _of_project(context: Context, action: str, actor: str, path: str) -> Facts:
    """Returns the facts of a file that is no ticket, and so has neither priority nor labels nor state."""
    return Facts(
        action,
        actor,
        remote=context.options.remote,
        risk=RISK_OF[action],
        priority="",
        labels=(),
        state_from="",
        state_to="",
        paths=(context.prefix + path,),
        space="",
    )
