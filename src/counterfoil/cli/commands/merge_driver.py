"""`ticket merge-driver KIND %O %A %B %P`, run by Git in the top folder of the working tree."""

from __future__ import annotations

from tempfile import TemporaryDirectory

from counterfoil.bootstrap import open_merge_room
from counterfoil.cli.arguments import usage
from counterfoil.cli.call import Call, Reply
from counterfoil.kernel.ids import canonical_ulid
from counterfoil.usecases import merging

FILES = 4


def run(call: Call) -> Reply:
    """Merges one file; exit status 1 leaves it conflicted for Git."""
    kind = call.arguments.required("kind")
    files = call.arguments.many("file")
    if kind not in {"index", "ticket"} or len(files) != FILES:
        raise usage("merge-driver takes index or ticket and four files: %O %A %B %P", value=kind)
    base, ours, theirs, path = files
    with TemporaryDirectory(prefix="ticket-merge-") as scratch:
        room = open_merge_room(call.cwd, call.environ, scratch)
        if kind == "index":
            merging.merge_index_file(room, base, ours, theirs, path)
            return Reply({"clean": True})
        merged = merging.merge_ticket_file(room, base, ours, theirs)
    stem = path.rpartition("/")[2].removesuffix(".md")
    notes = merging.report(merged, path, canonical_ulid(stem) or stem)
    return Reply(
        {"clean": merged.clean, "notes": list(merged.notes)}, notes=notes, status=0 if merged.clean else 1
    )
