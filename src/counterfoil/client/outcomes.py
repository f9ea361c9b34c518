"""Why what was proposed does not happen, each a kind of its own within the tree of errors.

RefusedError
└── NotApproved        nobody lets it happen
    ├── Rejected       a person said no; `reason` says why
    ├── Expired        nobody answered in time, which means no
    └── Withdrawn      whoever proposed it took it back
ConflictError
├── Superseded         another proposal stands in its place: `by`
├── Stale              what it rested on has changed: propose anew
├── EffectFailed       it was approved, and could not be carried out
├── OutcomeUnknown     it was begun before, and nobody knows how that ended
└── StillWaiting       nobody has answered yet; wait again
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterfoil.client import answers
from counterfoil.errors import ConflictError, RefusedError

if TYPE_CHECKING:
    from counterfoil.client.answers import Proposal
    from counterfoil.errors import CounterfoilError


class NotApproved(RefusedError):
    """Nobody lets it happen.

    Attributes:
        proposal: as it ended.
        reason: why, in the words of whoever ended it.
    """

    def __init__(self, code: str, message: str, proposal: Proposal, hint: str = "") -> None:
        super().__init__(code, message, hint, proposal=proposal.id, reason=proposal.reason)
        self.proposal = proposal
        self.reason = proposal.reason


class Rejected(NotApproved):
    """A person said no."""


class Expired(NotApproved):
    """Nobody answered in time, which means no."""


class Withdrawn(NotApproved):
    """Whoever proposed it took it back."""


class _Overtaken(ConflictError):
    def __init__(self, code: str, message: str, proposal: Proposal, hint: str = "") -> None:
        super().__init__(code, message, hint, proposal=proposal.id, reason=proposal.reason, by=proposal.by)
        self.proposal = proposal


class Superseded(_Overtaken):
    """Another proposal stands in its place."""


class Stale(_Overtaken):
    """What it rested on has changed."""


class EffectFailed(_Overtaken):
    """It was approved, and could not be carried out."""


class OutcomeUnknown(_Overtaken):
    """It was begun by an earlier run that did not come to its end."""


class StillWaiting(_Overtaken):
    """Nobody has answered yet."""


def why_not(proposal: Proposal) -> CounterfoilError | None:
    """Returns why a proposal is not carried out; None for one that is."""
    name = f"{proposal.id} ({proposal.action})"
    match proposal.status:
        case answers.APPLIED:
            return None
        case answers.REJECTED:
            return Rejected("rejected", f"{name} was rejected by {proposal.by}: {proposal.reason}", proposal)
        case answers.EXPIRED:
            return Expired(
                "expired", f"nobody answered {name} in time, which means no", proposal, "propose it again"
            )
        case answers.WITHDRAWN:
            return Withdrawn("withdrawn", f"{name} was withdrawn", proposal)
        case answers.SUPERSEDED:
            return Superseded("superseded", f"{proposal.by} stands in the place of {name}", proposal)
        case answers.STALE:
            return Stale(
                "stale", f"what {name} rested on has changed", proposal, "look again, and propose anew"
            )
        case answers.FAILED:
            words = str(proposal.result.get("message") or "no reason is told")
            return EffectFailed(
                "effect_failed", f"{name} was approved and could not be carried out: {words}", proposal
            )
    return StillWaiting("still_waiting", f"{name} is {proposal.status}", proposal, "wait again")
