"""Tickets that differ from the last commit, for an index that goes into the next one.

The index in the working tree describes the working tree. What is committed has to describe the commit:
a ticket that was edited by hand, or made with --no-commit, must not be announced to other clones before
its file is there. Asked of Git only when the catalog has seen such a file; on the hot path otherwise.
"""

from __future__ import annotations

from counterfoil.errors import CounterfoilError
from counterfoil.kernel.digest import blob_id
from counterfoil.tickets import index

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from counterfoil.tickets.model import Row
    from counterfoil.usecases.catalog import Catalog, RowChange
    from counterfoil.usecases.context import Context
    from counterfoil.usecases.plan import FileChange

MANY_NAMES = 200
"""From so many suspects on, Git is asked about the whole folder."""


def git_blob(context: Context, data: bytes | None) -> str | None:
    """Returns the id that Git would give a file's content here; None for no file."""
    if data is None:
        return None
    if context.git_setting("core.autocrlf") in {"true", "input"}:
        data = data.replace(b"\r\n", b"\n")
    return blob_id(data, context.git_setting("extensions.objectformat") or "sha1")


def rows_to_commit(context: Context, catalog: Catalog, own: Collection[str]) -> dict[str, RowChange]:
    """Returns by file name, for tickets with changes of their own: the row now and the row of the last commit.

    Args:
        context: the project.
        catalog: the tickets as they are; learns which suspects turned out to be committed.
        own: the files that the present command commits.
    """
    suspects = catalog.unsure().difference(own)
    if not suspects:
        return {}
    from counterfoil.usecases.blobs import read_blobs

    folder = f"{context.prefix}{index.TICKETS}"
    paths = [folder] if len(suspects) > MANY_NAMES else [f"{folder}/{name}" for name in suspects]
    listed = context.git.read(
        "--literal-pathspecs",
        "status",
        "--porcelain",
        "-z",
        "--untracked-files=all",
        "--no-renames",
        "--",
        *paths,
    )
    changed = {
        line[3:].rpartition("/")[2] for line in listed.decode("utf-8", "surrogateescape").split("\0") if line
    }
    catalog.settle(suspects - changed, committed=True)
    names = sorted(changed & suspects)
    blobs = read_blobs(context, [f"HEAD:{folder}/{name}" for name in names])
    found: dict[str, RowChange] = {}
    for name in names:
        there = _row(context, blobs.get(f"HEAD:{folder}/{name}"), name)
        found[name] = (catalog.row(name), there)
    return found


def since_head(
    context: Context, files: Sequence[FileChange]
) -> tuple[list[FileChange], dict[str, RowChange]]:
    """Returns what a commit of some changes does to files that have edits which are not committed.

    These edits go along with the commit, whoever made them. So what nobody may do unasked, and what a reviewer is
    shown, has to be told from the last commit on. Costs one process, and more only where there are any.

    Args:
        context: the project. Where it commits nothing the working tree is what counts.
        files: what is about to change.

    Returns:
        For these files alone the change from the last commit on; the rows of tickets among them.
    """
    wanted = [
        change
        for change in files
        if not change.local and change.path != index.FILE and change.before != change.after
    ]
    if not wanted or not context.commits():
        return [], {}
    from counterfoil.usecases.blobs import read_blobs

    names = {change.path: f"HEAD:{context.prefix}{change.path}" for change in wanted}
    blobs = read_blobs(context, names.values())
    suspects = [change for change in wanted if change.before != blobs.get(names[change.path])]
    if not suspects:
        return [], {}
    from counterfoil.usecases import plan

    paths = edited(context, [change.path for change in suspects])
    found = [
        plan.FileChange(change.path, blobs.get(names[change.path]), change.after)
        for change in suspects
        if change.path in paths
    ]
    rows = {
        name: (_row(context, change.before, name), _row(context, change.after, name))
        for change in found
        if (name := change.ticket_file) is not None
    }
    return found, rows


def edited(context: Context, paths: Sequence[str]) -> set[str]:
    """Returns which files Git would commit otherwise than the last commit has them.

    Its filters (line ends, say) make no edit, and what it ignores has none. Costs two processes.
    """
    if not paths or not context.commits():
        return set()
    from counterfoil.usecases.contents import blob_ids, ids_of

    head = context.git.head()
    held = {} if head is None else blob_ids(context, head, paths)
    here = ids_of(context, paths)
    found = {path for path in paths if held.get(path) != here.get(path)}
    unknown = sorted(found.difference(held))
    if not unknown:
        return found
    full = [context.prefix + path for path in unknown]
    told = context.git.run("check-ignore", "--", *full).stdout.decode("utf-8", "surrogateescape")
    ignored = set(told.splitlines())
    return {path for path in found if context.prefix + path not in ignored}


def _row(context: Context, data: bytes | None, name: str) -> Row | None:
    from counterfoil.tickets.document import scan
    from counterfoil.tickets.model import row_of

    try:
        return None if data is None else row_of(scan(data, context.full), name)
    except CounterfoilError:
        return None
