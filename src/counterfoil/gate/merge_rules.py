"""Which rules of the merge policy count for a merge, and what they ask (SPEC §5). Pure.

Which tickets a merge concerns is up to whoever proposes it: they name one, and fill the branch. A person is taken
at their word, for each ticket by itself, and the strictest counts. For anybody else a rule that comes first is
no exception from what follows: all that a ticket meets is heard.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from counterfoil.gate.facts import Facts

    Merging = tuple[str, str, tuple[tuple[int, Any], ...], tuple[str, ...]]
    """As `gate.rules` has it."""
    Holds = Callable[[tuple[tuple[int, Any], ...], str | None, Sequence[str] | None], bool | None]
    """Tells whether conditions hold for a priority and labels; None for perhaps."""

NAMING = "require_approvals"


def asked(
    facts: Facts, merging: Sequence[Merging], holds: Holds
) -> list[tuple[str, int, tuple[str, ...] | None, str]]:
    """Returns what the rules that count ask: id, how many people, which, why. Those that name people come first.

    Everybody whom any of them names has to approve. Nothing here tells whether a commit's checks are green, so
    `auto_merge_on_green` asks one person.
    """
    counting = sorted(heard(facts, merging, holds), key=lambda entry: entry[1] != NAMING)
    people = tuple(
        dict.fromkeys([actor for _, policy, _, named in counting if policy == NAMING for actor in named])
    )
    reviews = max(1, facts.reviews, len(people))
    plural = "" if reviews == 1 else "s"
    why = f"merging waits for {reviews} approval{plural} by people"
    if counting[0][1] == "auto_merge_on_green":
        why += ", since the checks cannot be seen here"
    return [(entry[0], reviews, people or None, why) for entry in counting]


def heard(facts: Facts, merging: Sequence[Merging], holds: Holds) -> list[Merging]:
    """Returns the rules that count, in their order, of which there always is one.

    For each ticket that is the first that matches, and any before it that may; and any after it that matches or
    may, where no person proposes.
    """
    is_person = facts.actor.startswith("human:")
    found: dict[str, Merging] = {}
    for labels in facts.each or (facts.labels,):
        for entry in merging:
            fits = holds(entry[2], facts.priority, labels)
            if fits is not False:
                found[entry[0]] = entry
            if fits and is_person:
                break
    return [entry for entry in merging if entry[0] in found]
