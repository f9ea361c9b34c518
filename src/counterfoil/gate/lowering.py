"""Does it matter to a policy what a ticket loses? Pure; loaded only where a ticket loses anything.

Whoever may edit a ticket could take away what a rule looks at, and then do what that rule forbids. So what
lets a rule miss is an action by itself, `ticket.lower`, and policy is asked about it (gate.md, "Policy").
"""

from __future__ import annotations

from counterfoil.gate.facts import ALLOW
from counterfoil.tickets.workflow import PRIORITIES, URGENT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    Compiled = tuple[Any, ...]
    """As `gate.rules` has it."""
    Conditions = tuple[tuple[int, Any], ...]

LABEL, PRIORITY, WISH = "label", "priority", "enforcement"
_PRIORITY, _LABELS = 2, (5, 6)
"""Which conditions look at these, by their number in `rules.NAMES`."""


def losses(
    priorities: tuple[str, str | None], labels: tuple[Sequence[str], Sequence[str]], wish: bool
) -> tuple[str, ...]:
    """Returns what a ticket loses, as `Facts.loses` has it.

    Args:
        priorities: before and after; None after is no ticket any more.
        labels: before and after.
        wish: whether it wishes for fewer approvals than before.
    """
    was, becomes = priorities
    kept = {label.lower() for label in labels[1]}
    lost = dict.fromkeys([label.lower() for label in labels[0] if label.lower() not in kept])
    return (
        *([f"{PRIORITY} {was} {becomes or ''}"] if was != becomes else ()),
        *[f"{LABEL} {label}" for label in lost],
        *([WISH] if wish else ()),
    )


def matters(compiled: Compiled, loses: Sequence[str] | None) -> bool:
    """Tells whether a policy may answer otherwise after a loss; what is not known may always matter.

    Args:
        compiled: the policy.
        loses: what is lost, or None.
    """
    return loses is None or any(_matters(compiled, *loss.partition(" ")[::2]) for loss in loses)


def _matters(compiled: Compiled, kind: str, what: str) -> bool:
    if kind == LABEL:
        return any(
            what in wanted
            for conditions in _strict(compiled)
            for number, wanted in conditions
            if number in _LABELS
        )
    if kind != PRIORITY:
        return True
    was, _, becomes = what.partition(" ")
    if _is_lower(was, becomes) and ((was in URGENT and becomes not in URGENT) or compiled[4] is not None):
        return True
    return any(
        was in wanted
        for conditions in _strict(compiled)
        for number, wanted in conditions
        if number == _PRIORITY
    )


def _strict(compiled: Compiled) -> Iterator[Conditions]:
    """Yields the conditions of all that may ask or deny."""
    for entry in compiled[2]:
        if entry[1] != ALLOW:
            yield entry[4]
    for merging in compiled[3]:
        yield merging[2]


def _is_lower(was: str, becomes: str) -> bool:
    return becomes not in PRIORITIES or was not in PRIORITIES or becomes > was
