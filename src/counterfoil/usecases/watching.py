"""Which files a server watches, so that what changes by any hand is seen (product.md §10)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterfoil.errors import CounterfoilError
from counterfoil.usecases import claims
from counterfoil.usecases.watching_ports import Watched

if TYPE_CHECKING:
    from counterfoil.usecases.context import Options
    from counterfoil.usecases.serving import ServerContext

HEAD_BYTES = 1 << 12
TICKETS_FOLDER = ".tickets"
UNDER_WAY = ("MERGE_HEAD", "rebase-merge", "rebase-apply", "CHERRY_PICK_HEAD", "REVERT_HEAD")
"""What lies in Git's folder while a merge or the like is in progress, which pages tell."""


def of_project(server: ServerContext, options: Options) -> Watched:
    """Returns what is watched of one project: its tickets, where its branch is, what Git is about, and who has claimed what."""
    context = server.context(options)
    place = context.git.location
    git_files = context.folder(place.git_dir)
    fixed = (
        f"{place.git_dir}/HEAD",
        f"{place.common_dir}/packed-refs",
        f"{place.common_dir}/reftable/tables.list",
        context.state.path(claims.FOLDER),
        *[f"{place.git_dir}/{name}" for name in UNDER_WAY],
    )

    def marks() -> tuple[str, ...]:
        try:
            head = (git_files.read("HEAD", HEAD_BYTES) or b"").decode("utf-8", "surrogateescape").strip()
        except CounterfoilError:
            return fixed
        _, separator, ref = head.partition("ref: ")
        if not separator or ".." in ref or not ref.startswith("refs/"):
            return fixed
        return (*fixed, f"{place.common_dir}/{ref}")

    return Watched(context.work.path(TICKETS_FOLDER), marks)
