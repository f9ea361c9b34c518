"""What became of a proposal, as an answer or as an error: the same for everybody who waited for it.

0   applied                                    9   rejected, expired, withdrawn
10  superseded, stale, or still pending        12  approved, and its effect failed
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterfoil.cli.proposal_words import SHORT_DIGEST, expiry, headline, state_words
from counterfoil.errors import ConflictError, HostError, RefusedError
from counterfoil.gate import proposal as gate
from counterfoil.usecases.proposal_data import proposal_data
from counterfoil.usecases.proposal_headline import short

if TYPE_CHECKING:
    from counterfoil.cli.proposal_words import Seen
    from counterfoil.errors import CounterfoilError


def raise_unless_applied(seen: Seen) -> None:
    """Raises what a proposal has come to, unless that is its effect.

    Raises:
        RefusedError: `rejected`, `expired`, `withdrawn`.
        ConflictError: `superseded`, `stale`, `pending`.
        HostError: `effect_failed`.
    """
    error = what_became(seen)
    if error is not None:
        raise error


def what_became(seen: Seen) -> CounterfoilError | None:
    """Returns the error that tells of a proposal that has not taken effect; None for one that has."""
    state, name = seen.proposal, seen.proposal.id
    details: dict[str, object] = {"proposal": name, "status": seen.status, "digest": state.digest}
    again = f"ticket propose {seen.body.get('action', 'ACTION')} … --reason TEXT"
    said = f"{short(name)} is {state_words(seen)}"
    if seen.status == gate.APPLIED:
        return None
    if seen.status == gate.REJECTED:
        who, why = str(state.closed.get("by", "")), str(state.closed.get("reason", ""))
        message = f"{short(name)} was rejected by {who}: {why}"
        return RefusedError(
            "rejected", message, f"heed the reason, then {again}", **details, by=who, reason=why
        )
    if seen.status == gate.EXPIRED:
        ends = seen.body.get("expires_at")
        message = f"{short(name)} has expired: nobody answered in time, which means no"
        return RefusedError("expired", message, again, **details, expires_at=ends)
    if seen.status == gate.WITHDRAWN:
        return RefusedError("withdrawn", said, again, **details, reason=state.closed.get("reason"))
    if seen.status == gate.SUPERSEDED:
        newer = str(state.closed.get("by", ""))
        return ConflictError("superseded", said, f"ticket proposal wait {newer}", **details, by=newer)
    if seen.status == gate.STALE:
        moved = state.closed.get("moved") or []
        message = f"{short(name)} is stale: what it rests on was changed by somebody else"
        return ConflictError("stale", message, f"look again, then {again}", **details, moved=moved)
    if seen.status == gate.FAILED:
        why = str(state.effect.get("message") or state.effect.get("reason") or "")
        message = f"{short(name)} was approved, and failed: {why}"
        return HostError("effect_failed", message, f"ticket why {short(name)}", **details, reason=why)
    ends = seen.body.get("expires_at")
    if seen.status in {gate.APPROVED, gate.APPLYING}:
        wait = f"ticket proposal wait {short(name)}; " if seen.status == gate.APPLYING else ""
        message, hint = said, f"{wait}ticket approve {short(name)} tries again"
        return ConflictError("pending", message, hint, **details, expires_at=ends)
    message = f"{short(name)} is still {seen.status} ({expiry(seen)})"
    return ConflictError(
        "pending", message, f"ticket proposal wait {short(name)}", **details, expires_at=ends
    )


def answer_data(seen: Seen) -> dict[str, object]:
    """Returns what a verb that made or changed a proposal has to say in JSON."""
    return {
        "proposal": proposal_data(seen.proposal, seen.status),
        "status": seen.status,
        "commit": seen.proposal.effect.get("commit"),
        "result": seen.proposal.effect.get("result"),
    }


def applied_line(seen: Seen) -> str:
    """Returns the line that says that it is done: what, and as which commit."""
    commit = seen.proposal.effect.get("commit")
    return f"Applied {short(seen.proposal.id)}: {headline(seen)}" + (
        f" (commit {str(commit)[:9]})" if commit else ""
    )


def decide_words(seen: Seen) -> str:
    """Returns what a person types to decide on exactly this."""
    return f"ticket approve {short(seen.proposal.id)} --digest {seen.proposal.digest[:SHORT_DIGEST]}"
