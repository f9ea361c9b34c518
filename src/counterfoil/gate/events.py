"""The names of what the gate records. On the hot path: constants only; bodies are described in `usecases.kinds`.

They stand in this room because its deciders give these events; the use cases register them.
"""

from __future__ import annotations

OPENED = "proposal.opened"
APPROVED = "proposal.approved"
"""One person's yes; with a quorum it takes several of them."""
REJECTED = "proposal.rejected"
WITHDRAWN = "proposal.withdrawn"
EXPIRED = "proposal.expired"
SUPERSEDED = "proposal.superseded"
STALE = "proposal.stale"

EFFECT_INTENDED = "effect.intended"
EFFECT_APPLIED = "effect.applied"
EFFECT_FAILED = "effect.failed"
"""It will not come about."""
EFFECT_ABANDONED = "effect.abandoned"
"""An attempt came to nothing; the next one may follow."""

REFUSED = "action.refused"
POLICY_ACCEPTED = "policy.accepted"

COMMENTED = "ticket.commented"
RESPONDED = "ticket.responded"
ATTACHED = "artifact.attached"
SPENT = "spend.recorded"
LINKED = "pull.linked"

PRINCIPAL_ADDED = "principal.added"
PRINCIPAL_CHANGED = "principal.changed"
CREDENTIAL_ADDED = "credential.added"
CREDENTIAL_REVOKED = "credential.revoked"
PRINCIPAL_REVOKED = "principal.revoked"

DELIVERED = "delivery.received"
OBSERVED = "delivery.observed"
"""What a forge told by a delivery."""
