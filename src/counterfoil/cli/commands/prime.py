"""`ticket prime`: the page that an agent reads at the beginning of a session."""

from __future__ import annotations

from counterfoil.cli.agents import prime
from counterfoil.cli.call import Call, Reply


def run(call: Call) -> Reply:
    """Prints the page."""
    text = prime(call.context())
    return Reply({"text": text, "bytes": len(text.encode())}, text)
