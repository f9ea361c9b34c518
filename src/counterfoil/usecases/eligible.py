"""Who may answer which proposal, how pressing it is, and which may be answered at once: the same at every door."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterfoil.errors import InputError, RefusedError
from counterfoil.gate.facts import ASK, RISKS
from counterfoil.gate.proposal import PENDING, SIGNED, SIGNED_HARDWARE, Decide, objection
from counterfoil.usecases.proposal_headline import short

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from counterfoil.gate.proposal import Proposal

ELSEWHERE = "\n"
"""Stands for a session that is none of those in which anybody proposes."""


def risk_of(body: Mapping[str, Any]) -> str:
    """Returns `low`, `medium` or `high`; what does not say so is taken for the worst."""
    risk = str(body.get("risk"))
    return risk if risk in RISKS else RISKS[-1]


def urgency(state: Proposal) -> tuple[int, str, str]:
    """Returns what proposals are ordered by: the riskiest first, of these the oldest."""
    return -RISKS.index(risk_of(state.body)), state.at, state.id


def may_decide(state: Proposal, actor: str, session: str = ELSEWHERE) -> bool:
    """Tells whether somebody could answer a proposal, if they have the key that policy wants.

    Args:
        state: the proposal.
        actor: who.
        session: the session in which they would; any other than the proposal's, unless one is given.
    """
    answer = Decide("approve", actor, state.digest, assurance=SIGNED_HARDWARE, session=session)
    asked = (state.body.get("ruling") or {}).get("ruling", ASK) == ASK
    answered = any(vote.by == actor for vote in state.votes)
    return state.status == PENDING and asked and not answered and objection(state, answer) is None


def against_the_best(
    state: Proposal, actor: str, verdict: str, session: str = ELSEWHERE
) -> RefusedError | None:
    """Returns why somebody may not give this answer, however they sign it; None if a signature could make it count.

    Args:
        state: the proposal; whether it is over is not asked.
        actor: who.
        verdict: `approve` or `reject`, for which less is asked.
        session: as `may_decide`.
    """
    best = Decide(verdict, actor, state.digest, note="-", assurance=SIGNED_HARDWARE, session=session)
    against = objection(state, best)
    return against if isinstance(against, RefusedError) else None


def needs_signature(state: Proposal) -> bool:
    """Tells whether only a signed answer counts."""
    return state.demands.get("require") in {SIGNED, SIGNED_HARDWARE}


def check_alike(states: Sequence[Proposal]) -> None:
    """Checks that several proposals may be approved at once: a glance at each must be enough.

    Raises:
        InputError: `usage`.
    """
    actions = sorted({str(state.body.get("action")) for state in states})
    risky = [short(state.id) for state in states if risk_of(state.body) != RISKS[0]]
    if len(actions) <= 1 and not risky:
        return
    why = (
        f"of several actions: {', '.join(actions)}"
        if len(actions) > 1
        else f"of more than low risk: {risky[0]}"
    )
    message = f"these cannot be approved at once; they are {why}"
    raise InputError("usage", message, f"ticket approve {short(states[0].id)}", actions=actions, risky=risky)
