"""The merge policy of a project: `policy.yml` read, checked and explained (SPEC §5, gate.md).

A policy that is misread in the generous direction merges what nobody saw. So reading is
strict where tickets are read tolerantly: an unknown key, a match that says nothing or a value
that is none is an error, and a policy with an error is no policy. The first rule that matches
of the merge policy decides.

Where the specification leaves room, the stricter reading is taken:

- A rule matches when every one of its conditions does: a priority of the list, any label of
  `labels_any`, all labels of `labels_all`. An empty match is an error, not a match for all.
- `require_approvals` waits for everybody whom it names.
- Approving is for people. An agent may stand under `approvers`, which is warned of, and never
  counts (product.md §25).
- Once `approvers` lists anybody, only those listed may approve, and only the priorities listed.
- `x_ticket.enforcement.required_reviews` can raise the number of reviews, never lower it.

`rules` beside it govern any action; `gate.rules` says how they are answered. What the file holds is read in
`gate.policy_reading` and `gate.rule_reading`. Whether a policy counts at all (base branch, accepted digest) is not
decided here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from counterfoil.tickets import index

PATH = index.POLICY
VERSION = 1
POLICIES = ("auto_merge_on_green", "review_required", "require_approvals")
REVIEWS_LIMIT = 20
UNITS_MS = {"s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
MERGE_DEFAULT = "merge_policy/default"
"""The id of what decides on a merge where no rule of the merge policy matches."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of `merge_policy.rules`.

    Attributes:
        number: its place in the file, from 1.
        policy: one of `POLICIES`.
        priorities: the priorities that it matches; empty for any.
        labels_any: of these, one must be there; empty for no such condition.
        labels_all: all of these must be there.
        approvers: who must approve, for `require_approvals`.
    """

    number: int
    policy: str
    priorities: tuple[str, ...] = ()
    labels_any: tuple[str, ...] = ()
    labels_all: tuple[str, ...] = ()
    approvers: tuple[str, ...] = ()

    @property
    def people(self) -> tuple[str, ...]:
        """Those of the approvers who can approve at all."""
        return tuple([actor for actor in self.approvers if is_person(actor)])

    def covers(self, other: Rule) -> bool:
        """Tells whether all that `other` matches is matched here too."""
        return (
            (
                not self.priorities
                or (bool(other.priorities) and set(other.priorities) <= set(self.priorities))
            )
            and (
                not self.labels_any
                or (bool(other.labels_any) and set(other.labels_any) <= set(self.labels_any))
                or not set(other.labels_all).isdisjoint(self.labels_any)
            )
            and set(self.labels_all) <= set(other.labels_all)
        )

    def as_data(self) -> dict[str, object]:
        """Returns the rule as in the file, and its number."""
        match = {
            key: list(values)
            for key, values in (
                ("priority", self.priorities),
                ("labels_any", self.labels_any),
                ("labels_all", self.labels_all),
            )
            if values
        }
        data: dict[str, object] = {"number": self.number, "match": match, "policy": self.policy}
        return data | ({"approvers": list(self.approvers)} if self.approvers else {})


@dataclass(frozen=True, slots=True)
class Asking:
    """What a rule that asks demands of a decision; None where it says nothing.

    Attributes:
        quorum, require, expires_ms, separation, approvers: as in `gate.facts.Demands`.
    """

    quorum: int | None = None
    require: str | None = None
    expires_ms: int | None = None
    separation: tuple[str, ...] | None = None
    approvers: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class ActionRule:
    """One rule of `rules`, for any action. Empty conditions restrict nothing.

    Attributes:
        id: its `id`, or `rules/N` by its place in the file.
        then: `allow`, `ask` or `deny`.
        actions, actors: globs.
        remote: True for what came with a credential, False for what did not.
        risks, priorities, labels_any, labels_all, from_states, to_states: any of these, or all for `labels_all`.
        spaces, paths: globs.
        rate: a window in milliseconds, and how many actions in it are not too many.
        budget: decimal text; more than that is too much.
        asking: for rules that ask.
        reason: for people.
    """

    id: str
    then: str
    actions: tuple[str, ...] = ()
    actors: tuple[str, ...] = ()
    remote: bool | None = None
    risks: tuple[str, ...] = ()
    priorities: tuple[str, ...] = ()
    labels_any: tuple[str, ...] = ()
    labels_all: tuple[str, ...] = ()
    from_states: tuple[str, ...] = ()
    to_states: tuple[str, ...] = ()
    spaces: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    rate: tuple[int, int] | None = None
    budget: str | None = None
    asking: Asking = Asking()
    reason: str = ""

    def as_data(self) -> dict[str, object]:
        """Returns the rule as in the file, its id and answer first."""
        data: dict[str, object] = {
            "action": self.actions,
            "actor": self.actors,
            "remote": self.remote,
            "risk": self.risks,
            "priority": self.priorities,
            "labels_any": self.labels_any,
            "labels_all": self.labels_all,
            "from": self.from_states,
            "to": self.to_states,
            "space": self.spaces,
            "paths": self.paths,
            "rate": {"per": duration_text(self.rate[0]), "more_than": self.rate[1]} if self.rate else None,
            "budget": {"more_than": self.budget} if self.budget is not None else None,
            "quorum": self.asking.quorum,
            "require": self.asking.require,
            "expires_in": duration_text(self.asking.expires_ms) if self.asking.expires_ms else None,
            "separation": self.asking.separation,
            "approvers": self.asking.approvers,
            "reason": self.reason or None,
        }
        said = {key: value for key, value in data.items() if value is not None and value != ()}
        plain = {key: list(value) if isinstance(value, tuple) else value for key, value in said.items()}
        return {"id": self.id, "then": self.then, **plain}


@dataclass(frozen=True, slots=True)
class Policy:
    """A whole policy. Without a file: every change is reviewed by a person.

    Attributes:
        default: the merge policy where no rule of it matches.
        rules: of the merge policy, in the order of the file.
        can_approve: the priorities that each listed actor may approve, agents included.
        actions: the rules for any action, in the order of the file.
    """

    default: str = "review_required"
    rules: tuple[Rule, ...] = ()
    can_approve: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    actions: tuple[ActionRule, ...] = ()

    def as_data(self) -> dict[str, object]:
        """Returns the policy as a JSON object of the file's shape."""
        return {
            "version": VERSION,
            "merge_policy": {"default": self.default, "rules": [rule.as_data() for rule in self.rules]},
            "approvers": {actor: {"can_approve": list(row)} for actor, row in self.can_approve.items()},
            **({"rules": [rule.as_data() for rule in self.actions]} if self.actions else {}),
        }


def who_may_approve(policy: Policy, priority: str) -> tuple[str, ...] | None:
    """Returns the people who may approve work of a priority; None means any person."""
    if not policy.can_approve:
        return None
    return tuple(
        actor for actor, row in policy.can_approve.items() if priority in row and actor.startswith("human:")
    )


def duration_text(ms: int) -> str:
    """Writes a duration as policy.yml does, in the greatest unit that takes no fraction: `90m`, `3d`."""
    unit = next((unit for unit in "wdhm" if ms % UNITS_MS[unit] == 0), "s")
    return f"{ms // UNITS_MS[unit]}{unit}"


def is_person(actor: str) -> bool:
    """Tells whether an actor is a person."""
    return actor.startswith("human:")


def wished_reviews(enforcement: object) -> int:
    """Returns how many reviews a ticket wishes for; anything that is no number counts as one (product.md §18)."""
    if not isinstance(enforcement, Mapping) or "required_reviews" not in enforcement:
        return 0
    wish = enforcement["required_reviews"]
    if isinstance(wish, bool) or not isinstance(wish, int) or not 0 <= wish <= REVIEWS_LIMIT:
        return 1
    return wish
