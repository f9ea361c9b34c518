"""The Python client of the HTTP API: typed answers, the errors of `counterfoil.errors`, and `@gated`.

    from counterfoil.client import Client, gated

    client = Client("http://127.0.0.1:8417", token)
    proposal = client.propose("ticket.move", {"ticket": "TK-01M7ZXPZ", "state": "done"}, reason="all green")
    decided = client.wait(proposal.id)

    @gated("deploy.run", client=client)
    def deploy(target: str, version: str) -> None: ...

It knows the server by its API alone and shares nothing with it but the errors. To import it takes no longer than
the standard library's part of it; httpx2 is loaded when the first client is made.
"""

from __future__ import annotations

from counterfoil.client.answers import Proposal, Receipt, Said, Ticket, Who
from counterfoil.client.gating import gated
from counterfoil.client.http import Client
from counterfoil.client.outcomes import (
    EffectFailed,
    Expired,
    NotApproved,
    OutcomeUnknown,
    Rejected,
    Stale,
    StillWaiting,
    Superseded,
    Withdrawn,
)

__all__ = [
    "Client", "EffectFailed", "Expired", "NotApproved", "OutcomeUnknown", "Proposal", "Receipt", "Rejected", "Said", "Stale",
    "StillWaiting", "Superseded", "Ticket", "Who", "Withdrawn", "gated",
]  # fmt: skip
