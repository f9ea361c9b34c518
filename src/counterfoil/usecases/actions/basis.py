"""On which files a proposal rests, and what it would write: by Git's blob ids (gate.md, "Decision = digest + basis")."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from counterfoil.errors import ConflictError
from counterfoil.kernel.digest import blob_id
from counterfoil.tickets import index
from counterfoil.tickets.model import FILE_BYTES
from counterfoil.usecases.context import plain_path

if TYPE_CHECKING:
    from counterfoil.usecases.context import Context
    from counterfoil.usecases.plan import Plan

Basis = list[tuple[str, str | None]]
"""Path in the working tree (or the full name of a reference), blob (or commit); None is nothing there."""
Writes = list[tuple[str, str | None, str | None]]
"""Path in the working tree, blob before, blob after."""
REFS = "refs/"


def blobs(context: Context) -> Callable[[bytes | None], str | None]:
    """Returns what names bytes as the ledger names them: by the blob that Git would keep."""
    algorithm = context.git_setting("extensions.objectformat") or "sha1"
    normalise = context.git_setting("core.autocrlf") in {"true", "input"}

    def blob(data: bytes | None) -> str | None:
        if data is None:
            return None
        return blob_id(data.replace(b"\r\n", b"\n") if normalise else data, algorithm)

    return blob


def of_plan(context: Context, plan: Plan) -> tuple[Basis, Writes]:
    """Returns what a plan reads and writes of the project; the index, which is derived, is left out."""
    blob = blobs(context)
    basis: Basis = []
    writes: Writes = []
    for change in sorted(plan.files, key=lambda change: change.path):
        if change.local or change.path == index.FILE:
            continue
        path = plain_path(context.prefix + change.path)
        before = blob(change.before)
        basis.append((path, before))
        if change.before != change.after:
            writes.append((path, before, blob(change.after)))
    return basis, writes


def moved(
    context: Context, basis: Iterable[Sequence[str | None]]
) -> list[tuple[str, str | None, str | None]]:
    """Returns what of a basis is no longer so: path, blob of the basis, blob now.

    A project that was moved within its repository since has nothing at the old paths.
    """
    blob = blobs(context)
    found: list[tuple[str, str | None, str | None]] = []
    prefix = plain_path(context.prefix)
    for path, expected in basis:
        assert path is not None
        if path.startswith(REFS):
            now = context.git.ref(path)
        elif path.startswith(prefix):
            now = blob(context.work.read(path[len(prefix) :], FILE_BYTES))
        else:
            now = None
        if now != expected:
            found.append((path, expected, now))
    return found


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
