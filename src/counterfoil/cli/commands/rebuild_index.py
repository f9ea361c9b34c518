"""`ticket rebuild-index`: write index.json anew, a conflicted one too."""

from __future__ import annotations

from counterfoil.cli.call import Call, Reply
from counterfoil.usecases.indexing import rebuild


def run(call: Call) -> Reply:
    """Rebuilds the index from the ticket files."""
    result = rebuild(call.context())
    count = f"{result.count} tickets"  # also for one: scripts lean on these words (cli.md)
    line = (
        f"Rebuilt index with {count}." if result.outcome.changed else f"Index already up to date ({count})."
    )
    return Reply(
        {
            "tickets": result.count,
            "changed": result.outcome.changed,
            "committed": result.outcome.committed,
            "commit": result.outcome.commit,
        },
        line,
    )
