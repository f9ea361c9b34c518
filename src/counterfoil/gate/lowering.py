"""Does it matter to a policy what a ticket loses or gains? Pure; loaded only where a ticket does.

Whoever may edit a ticket could take away what a rule looks at, and then do what that rule forbids. Or give it what
a rule allows by, or what an exception of the merge policy looks at, and then do what that lets through. So what
lets a rule miss, or an allowing one hit, is an action by itself, `ticket.lower`, and policy is asked about
it (gate.md, "Policy").
"""

from __future__ import annotations

from counterfoil.gate.facts import ALLOW
from counterfoil.tickets.workflow import PRIORITIES, URGENT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Any

    from counterfoil.gate.facts import Facts

    Compiled = tuple[Any, ...]
    """As `gate.rules` has it."""
    Conditions = tuple[tuple[int, Any], ...]
    Holds = Callable[[Conditions, str | None, Sequence[str] | None], bool | None]
    """Tells whether conditions of the merge policy hold for a priority and labels; None for perhaps."""

LABEL, GAINED, PRIORITY, WISH = "label", "gained", "priority", "enforcement"
_NAMING = "require_approvals"
_PRIORITY, _LABELS = 2, (5, 6)
"""Which conditions look at these, by their number in `rules.NAMES`."""


def losses(
    priorities: tuple[str, str | None], labels: tuple[Sequence[str], Sequence[str]], wish: bool
) -> tuple[str, ...]:
    """Returns what a ticket loses or gains, as `Facts.loses` has it.

    Args:
        priorities: before and after; None after is no ticket any more.
        labels: before and after.
        wish: whether it wishes for fewer approvals than before.
    """
    was, becomes = priorities
    before, after = [dict.fromkeys([label.lower() for label in each]) for each in labels]
    return (
        *([f"{PRIORITY} {was} {becomes or ''}"] if was != becomes else ()),
        *[f"{LABEL} {label}" for label in before if label not in after],
        *[f"{GAINED} {label}" for label in after if label not in before],
        *([WISH] if wish else ()),
    )


def matters(compiled: Compiled, facts: Facts, holds: Holds) -> bool:
    """Tells whether a policy may answer more generously after a change; what is not known may always matter.

    Args:
        compiled: the policy.
        facts: of the change; `loses` says what is lost or gained, or is None.
        holds: `rules.holds_for_merge`.
    """
    loses = facts.loses
    return loses is None or any(_matters(compiled, facts, holds, *loss.partition(" ")[::2]) for loss in loses)


def _matters(compiled: Compiled, facts: Facts, holds: Holds, kind: str, what: str) -> bool:
    if kind == LABEL:
        return _looked_at(_strict(compiled), _LABELS, what)
    if kind == GAINED:
        return _looked_at(_generous(compiled, facts, holds), _LABELS, what)
    if kind != PRIORITY:
        return True
    was, _, becomes = what.partition(" ")
    if _is_lower(was, becomes) and ((was in URGENT and becomes not in URGENT) or compiled[4] is not None):
        return True
    return _looked_at(_strict(compiled), (_PRIORITY,), was) or any(
        _looked_at((conditions,), (_PRIORITY,), becomes) and not _looked_at((conditions,), (_PRIORITY,), was)
        for conditions in _generous(compiled, facts, holds)
    )


def _looked_at(listed: Iterable[Conditions], numbers: Sequence[int], what: str) -> bool:
    return any(what in wanted for conditions in listed for number, wanted in conditions if number in numbers)


def _strict(compiled: Compiled) -> Iterator[Conditions]:
    """Yields the conditions of all that may ask or deny."""
    for entry in compiled[2]:
        if entry[1] != ALLOW:
            yield entry[4]
    for merging in compiled[3]:
        yield merging[2]


def _generous(compiled: Compiled, facts: Facts, holds: Holds) -> Iterator[Conditions]:
    """Yields the conditions of all that may allow, or be an exception from a stricter rule for merges."""
    for entry in compiled[2]:
        if entry[1] == ALLOW:
            yield entry[4]
    known = None if any(loss.startswith(PRIORITY) for loss in facts.loses or ()) else facts.priority
    merging = [
        (policy, conditions, people)
        for _, policy, conditions, people in compiled[3]
        if holds(conditions, known, None) is not False
    ]
    for at, (policy, conditions, people) in enumerate(merging):
        named = set(people) if policy == _NAMING else set()
        if any(rule == _NAMING and not named.issuperset(others) for rule, _, others in merging[at + 1 :]):
            yield conditions


def _is_lower(was: str, becomes: str) -> bool:
    return becomes not in PRIORITIES or was not in PRIORITIES or becomes > was
