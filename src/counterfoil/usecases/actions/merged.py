"""What a merge does to tickets and to policy, told as if it were done to each file by itself.

A branch may hold anything: whoever merges it moves the tickets that it moves. So policy hears every ticket that
the merge changes, by the same facts as a command's, and the transition table counts as it does for commits made
by hand: one step each (product.md §9).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterfoil.errors import InputError
from counterfoil.tickets import index, workflow
from counterfoil.tickets.document import scan
from counterfoil.tickets.model import row_of
from counterfoil.usecases.actions.looking import Changed
from counterfoil.usecases.actions.plain_facts import facts_of
from counterfoil.usecases.blobs import read_blobs
from counterfoil.usecases.guarding import changes_of
from counterfoil.usecases.plan import FileChange

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from counterfoil.gate.facts import Facts
    from counterfoil.tickets.model import Row
    from counterfoil.usecases.context import Context

_FOLDER = f"{index.FOLDER}/"


def found_in(context: Context, files: Iterable[tuple[str, bytes | None, bytes | None]]) -> list[Changed]:
    """Returns what of a merge's files belongs to a project: its tickets, its policy, its configuration.

    Args:
        context: the project.
        files: path in the repository, content before and after.
    """
    found = []
    for path, before, after in files:
        at = 0 if path.startswith(_FOLDER) else path.find(f"/{_FOLDER}") + 1
        if not path.startswith(_FOLDER, at):
            continue
        change = FileChange(path[at:], before, after)
        found.append(
            Changed(path[:at], change, _read(context, change, before), _read(context, change, after))
        )
    return found


def facts_of_merge(context: Context, found: Sequence[Changed], actor: str) -> list[Facts]:
    """Returns what policy is told of each of these files."""
    told = []
    for item in found:
        rows = {item.change.ticket_file: (item.before, item.after)} if item.change.ticket_file else {}
        for facts in facts_of(context, [item.change], rows, actor):
            facts.paths = (item.path,)
            told.append(facts)
    return told


def require_steps(context: Context, base: str, source: str, found: Sequence[Changed]) -> None:
    """Checks that every ticket gets to its state by steps that the transition table has.

    Several steps count where the branch's commits took them one by one.

    Args:
        context: the project.
        base: the commit into which is merged.
        source: the commit that is merged.
        found: what the merge changes.

    Raises:
        InputError: `invalid_transition`.
    """
    for item in found:
        if item.before is None or item.after is None:
            continue
        was, becomes = item.before[2], item.after[2]
        if was == becomes or becomes in workflow.allowed(was):
            continue
        if becomes in _reached(was, _steps(context, base, source, item)):
            continue
        options = list(workflow.allowed(was))
        raise InputError(
            "invalid_transition",
            f"{item.path}: the merge moves this ticket from {was} to {becomes}, and no steps lead there",
            f"move it step by step on that branch; from {was} it may become {', '.join(options) or 'nothing'}",
            path=item.path, allowed=options, **{"from": was, "to": becomes},
        )  # fmt: skip


def _steps(context: Context, base: str, source: str, item: Changed) -> set[tuple[str, str]]:
    """Returns the steps that single commits of a branch took with a ticket, as far as the table has them."""
    blobs = [pair for _, pair in changes_of(context, item.path, source, f"^{base}")]
    contents = read_blobs(context, {blob for pair in blobs for blob in pair if blob.strip("0")})
    states = {}
    for blob, data in contents.items():
        row = _read(context, item.change, data)
        states[blob] = "" if row is None else row[2]
    steps = {(states.get(before, ""), states.get(after, "")) for before, after in blobs}
    return {(was, becomes) for was, becomes in steps if was and becomes in workflow.allowed(was)}


def _reached(state: str, steps: set[tuple[str, str]]) -> set[str]:
    reached = {state}
    for _ in steps:
        reached |= {becomes for was, becomes in steps if was in reached}
    return reached


def _read(context: Context, change: FileChange, data: bytes | None) -> Row | None:
    """Returns a ticket's row; None for what is none, or cannot be read."""
    name = change.ticket_file
    if name is None or data is None:
        return None
    try:
        return row_of(scan(data, context.full), name)
    except InputError:
        return None
