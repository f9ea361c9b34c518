"""Tickets that differ from the last commit, for an index that goes into the next one.

The index in the working tree describes the working tree. What is committed has to describe the commit:
a ticket that was edited by hand, or made with --no-commit, must not be announced to other clones before
its file is there. Asked of Git only when the catalog has seen such a file; on the hot path otherwise.
"""

from __future__ import annotations

from counterfoil.errors import CounterfoilError
from counterfoil.tickets import index

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection

    from counterfoil.usecases.catalog import Catalog, RowChange
    from counterfoil.usecases.context import Context

MANY_NAMES = 200
"""From so many suspects on, Git is asked about the whole folder."""


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
    from counterfoil.tickets.document import scan
    from counterfoil.tickets.model import row_of
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
        data = blobs.get(f"HEAD:{folder}/{name}")
        try:
            there = None if data is None else row_of(scan(data, context.full), name)
        except CounterfoilError:
            there = None
        found[name] = (catalog.row(name), there)
    return found
