"""Why a policy answers as it does: what each of its rules has to say about one action.

It asks the same functions that decide (`gate.rules`), one condition at a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterfoil.gate.facts import ALLOW, ASK
from counterfoil.gate.merge_rules import heard
from counterfoil.gate.rules import (
    LOWER,
    NAMES,
    PROMOTE,
    all_hold,
    covers,
    holds_for_merge,
    names_lower,
    simple,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterfoil.gate.facts import Facts
    from counterfoil.gate.rules import Compiled, Condition, Patterns

YES, NO, PERHAPS, PASSED = "yes", "no", "perhaps", "passed"


@dataclass(frozen=True, slots=True)
class Considered:
    """What became of one rule.

    Attributes:
        id: the rule's.
        then: what it answers where it applies.
        applies: `yes`; `no`; `perhaps`, where a fact is missing, which counts for rules that ask or deny;
            `passed`, where an earlier rule of the merge policy has decided.
        why: in words, the rule's own where it applies and gives any.
    """

    id: str
    then: str
    applies: str
    why: str

    def as_data(self) -> dict[str, object]:
        """Returns it as a JSON object."""
        return {"id": self.id, "then": self.then, "applies": self.applies, "why": self.why}


def considered(compiled: Compiled, facts: Facts) -> list[Considered]:
    """Goes through all rules, in the order of the file."""
    _form, _digest, entries, merging, _rights = compiled
    found = []
    for ident, then, actions, actors, conditions, _demands, reason in entries:
        applies, why = _of(actions, actors, conditions, facts, then)
        found.append(Considered(ident, then, applies, why or reason))
    if facts.action != PROMOTE:
        return found
    counting = [entry[0] for entry in heard(facts, merging, holds_for_merge)]
    for ident, policy, conditions, _approvers in merging:
        applies, why = _of(None, None, conditions, facts, ASK)
        if applies != NO and ident not in counting:
            applies, why = PASSED, "an earlier rule decides"
        found.append(Considered(ident, policy, applies, why))
    return found


def _of(
    actions: Patterns, actors: Patterns, conditions: Sequence[Condition], facts: Facts, then: str
) -> tuple[str, str]:
    """Returns whether a rule applies, and what stands against it."""
    if not covers(actions, facts.action):
        return NO, f"it is not about {facts.action}"
    if not covers(actors, facts.actor):
        return NO, f"it is not about {facts.actor}"
    if facts.action == LOWER and then == ALLOW and not names_lower(actions):
        return NO, f"only its full name would allow {LOWER}"
    missing = []
    for condition in conditions:
        name = NAMES[condition[0]]
        holds = all_hold((condition,), simple(facts), facts, then)
        if holds is False:
            if then == ALLOW and all_hold((condition,), simple(facts), facts, ASK):
                return NO, f"{name} would fit only by what the change itself brings, takes away or names"
            return NO, _against(name, facts)
        if holds is None:
            missing.append(name)
    if not missing:
        return YES, ""
    unknown = f"{_listed(missing)} not known"
    if then == ALLOW:
        return NO, f"{unknown}, and what is not known allows nothing"
    return PERHAPS, f"{unknown}, so it counts"


def _against(name: str, facts: Facts) -> str:
    """Says which fact a condition does not fit."""
    values = {
        "remote": "it is for what comes from afar"
        if not facts.remote
        else "it is for what happens on the spot",
        "risk": f"risk is {facts.risk}",
        "priority": f"priority is {facts.priority or 'none'}",
        "from": f"it moves from {facts.state_from}" if facts.state_from else "it moves nothing",
        "to": f"it moves to {facts.state_to}" if facts.state_to else "it moves nothing",
        "labels_any": "none of its labels is there",
        "labels_all": "not all of its labels are there",
        "space": f"space is {facts.space or 'none'}",
        "paths": "the files are others",
        "rate": "there were not so many",
        "budget": f"spent is {facts.spent}",
    }
    return values[name]


def _listed(names: Sequence[str]) -> str:
    return f"{', '.join(names)} {'is' if len(names) == 1 else 'are'}"
