"""Keeping `.git` small: packing the loose objects that many commits of a large index leave.

A commit at ten thousand tickets writes a megabyte of loose objects, an index and a folder listing
that differ in one line from the ones before. Git's own housekeeping counts objects, not bytes, and
would wait for a thousand of them; so the bytes are estimated here and packed as deltas when they have
grown large (docs/adr). Nothing is ever pruned. Counted on the hot path; the work is rare.
"""

from __future__ import annotations

from counterfoil.errors import CounterfoilError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from counterfoil.usecases.context import Context

COUNTER_FILE = "loose-bytes"
LIMIT_BYTES = 24 << 20
TREE_ENTRY_BYTES = 40
"""What one ticket takes in the compressed listing of the folder: mostly its random id and hash."""
COMPRESSION = 8
"""How much smaller zlib makes an index, about."""


def note_commit(context: Context, written_bytes: int, tickets: int) -> None:
    """Counts what a commit of ours has added, and packs when it has become much.

    Args:
        context: the project.
        written_bytes: the sum of the committed files' sizes.
        tickets: how many tickets the folder lists.
    """
    try:
        known = context.state.read(COUNTER_FILE) or b""
        total = (
            (int(known) if known.isdigit() else 0) + written_bytes // COMPRESSION + tickets * TREE_ENTRY_BYTES
        )
        due = total > LIMIT_BYTES and context.is_on("pack")
        context.state.replace(COUNTER_FILE, b"0" if due else str(total).encode())
        if due:
            pack(context)
    except CounterfoilError:
        return  # the change itself is done; packing is tried again when as much has come together


def pack(context: Context) -> None:
    """Packs loose objects, each against its closest neighbour, and lets Git do its own housekeeping."""
    context.git.run("-c", "pack.window=1", "repack", "-d", "-l", "-q", env={"LC_ALL": "C"}, timeout_s=3600.0)
    context.git.run("maintenance", "run", "--auto", "--quiet", env={"LC_ALL": "C"}, timeout_s=3600.0)
