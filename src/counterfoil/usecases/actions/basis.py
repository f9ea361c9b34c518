"""On which files a proposal rests, and what it would write: by Git's blob ids (gate.md, "Decision = digest + basis")."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from counterfoil.errors import ConflictError
from counterfoil.tickets import index
from counterfoil.usecases.context import plain_path
from counterfoil.usecases.uncommitted import edited, git_blob

if TYPE_CHECKING:
    from counterfoil.usecases.context import Context
    from counterfoil.usecases.plan import Plan

Basis = list[tuple[str, str | None]]
"""Path in the project (or the full name of a reference), blob (or commit); None is nothing there."""
Writes = list[tuple[str, str | None, str | None]]
"""Path in the project, blob before, blob after."""


def of_plan(context: Context, plan: Plan) -> tuple[Basis, Writes]:
    """Returns what a plan reads and writes of the project; the index, which is derived, is left out."""
    basis: Basis = []
    writes: Writes = []
    for change in sorted(plan.files, key=lambda change: change.path):
        if change.local or change.path == index.FILE:
            continue
        path = plain_path(change.path)
        before = git_blob(context, change.before)
        basis.append((path, before))
        if change.before != change.after:
            writes.append((path, before, git_blob(context, change.after)))
    return basis, writes


def require_committed(context: Context, writes: Iterable[Sequence[str | None]]) -> None:
    """Checks that the files which a proposal writes have no edits that are not committed.

    They would go along with the commit, and nobody who is asked would see them.

    Raises:
        ConflictError: `uncommitted_edits`.
    """
    found = edited(context, [str(item[0]) for item in writes])
    if not found:
        return
    paths = sorted([plain_path(context.prefix + path) for path in found])
    names = " ".join(paths[:5])
    raise ConflictError(
        "uncommitted_edits",
        f"edits that are not committed would go along unseen: {', '.join(paths[:5])}",
        f"git commit -- {names}, or: git restore {names}",
        paths=paths,
    )


def require(context: Context, plan: Plan, writes: Iterable[Sequence[str | None]]) -> None:
    """Checks that a plan makes exactly the bytes that were approved.

    Raises:
        ConflictError: `stale`.
    """
    _, found = of_plan(context, plan)
    wanted = [tuple(item) for item in writes]
    if found != wanted:
        known = set(wanted)
        paths = sorted(
            {str(item[0]) for item in [*found, *wanted] if item not in known or item not in set(found)}
        )
        raise ConflictError(
            "stale",
            f"what was approved would come out otherwise now: {', '.join(paths[:5])}",
            "look at the ticket and propose it anew",
            paths=paths,
        )
