"""A proposal as JSON data, the same one at every door."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from counterfoil.gate.proposal import Proposal

TOLD = (
    "action", "version", "risk", "actor", "reason", "tickets", "payload", "basis", "writes", "project", "ref", "expires_at",
    "supersedes", "via", "remote", "session", "model", "request", "ruling", "demands", "digest",
)  # fmt: skip
"""Parts of what was proposed that are handed on as they are; what is not there is null."""


def proposal_data(state: Proposal, status: str) -> dict[str, Any]:
    """Returns a proposal with all that became of it.

    Args:
        state: the proposal.
        status: what it is at this moment, whether that is sealed yet or not.
    """
    return {
        "id": state.id,
        "status": status,
        "at": state.at,
        **{name: state.body.get(name) for name in TOLD},
        "votes": [vote._asdict() for vote in state.votes],
        "closed": dict(state.closed) or None,
        "effect": dict(state.effect) or None,
        "receipt": state.receipt,
    }
