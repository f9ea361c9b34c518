"""The merge policy of a project: `policy.yml` read, checked and explained (SPEC §5, gate.md).

A policy that is misread in the generous direction merges what nobody saw. So reading is
strict where tickets are read tolerantly: an unknown key, a match that says nothing or a value
that is none is an error, and a policy with an error is no policy. The first rule that matches
decides; `explain` names it and says why each earlier one did not apply.

Where the specification leaves room, the stricter reading is taken:

- A rule matches when every one of its conditions does: a priority of the list, any label of
  `labels_any`, all labels of `labels_all`. An empty match is an error, not a match for all.
- `require_approvals` waits for everybody whom it names.
- Approving is for people. An agent may stand under `approvers`, which is warned of, and never
  counts (product.md §25).
- Once `approvers` lists anybody, only those listed may approve, and only the priorities listed.
- `x_ticket.enforcement.required_reviews` can raise the number of reviews, never lower it.

Whether a policy counts at all (base branch, accepted digest) is not decided here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from counterfoil.kernel.actor import HINT as ACTOR_HINT
from counterfoil.kernel.actor import canonical
from counterfoil.tickets.model import Diagnostic, Ticket
from counterfoil.tickets.workflow import PRIORITIES

PATH = ".tickets/policy.yml"
VERSION = 1
POLICIES = ("auto_merge_on_green", "review_required", "require_approvals")
MERGE_ACTIONS = ("merge", "change.promote")
URGENT = ("p0", "p1")
"""The priorities of tickets that only a person may finish (product.md §9)."""
REVIEWS_LIMIT = 20

_HINT = f"correct {PATH}, then run `ticket policy validate`"


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

    def mismatch(self, priority: str, labels: Sequence[str]) -> str:
        """Says why the rule does not match, or nothing if it does."""
        folded = {label.lower() for label in labels}
        if self.priorities and priority not in self.priorities:
            return f"priority {priority} is not in {', '.join(self.priorities)}"
        if self.labels_any and folded.isdisjoint(self.labels_any):
            return f"none of the labels {', '.join(self.labels_any)} is there"
        missing = [label for label in self.labels_all if label not in folded]
        return f"without the label {', '.join(missing)}" if missing else ""

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
class Policy:
    """A whole policy. Without a file: every change is reviewed by a person.

    Attributes:
        default: the policy where no rule matches.
        rules: in the order of the file.
        can_approve: the priorities that each listed actor may approve, agents included.
    """

    default: str = "review_required"
    rules: tuple[Rule, ...] = ()
    can_approve: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def as_data(self) -> dict[str, object]:
        """Returns the policy as a JSON object of the file's shape."""
        return {
            "version": VERSION,
            "merge_policy": {"default": self.default, "rules": [rule.as_data() for rule in self.rules]},
            "approvers": {actor: {"can_approve": list(row)} for actor, row in self.can_approve.items()},
        }


@dataclass(frozen=True, slots=True)
class Explanation:
    """What policy says about one action on one ticket.

    Attributes:
        action: what was asked about.
        ruling: `allow` or `ask`.
        rule: the number of the rule that decides the merging, or `default`.
        policy: the merge policy that applies to the ticket's change.
        reviews: how many approvals the change needs.
        approvers: who may give them; empty means any person.
        reasons: one sentence for each step, in order.
    """

    action: str
    ruling: str
    rule: int | str
    policy: str
    reviews: int
    approvers: tuple[str, ...]
    reasons: tuple[str, ...]

    def as_data(self) -> dict[str, object]:
        """Returns the explanation as a JSON object."""
        return {
            "action": self.action,
            "ruling": self.ruling,
            "rule": self.rule,
            "policy": self.policy,
            "reviews": self.reviews,
            "approvers": list(self.approvers),
            "reasons": list(self.reasons),
        }


def who_may_approve(policy: Policy, priority: str) -> tuple[str, ...] | None:
    """Returns the people who may approve work of a priority; None means any person."""
    if not policy.can_approve:
        return None
    return tuple(
        actor for actor, row in policy.can_approve.items() if priority in row and actor.startswith("human:")
    )


def explain(
    policy: Policy,
    ticket: Ticket,
    action: str = "merge",
    actor: str | None = None,
    enforcement: object = None,
) -> Explanation:
    """Says which rule applies to a ticket and what follows for an action.

    Args:
        policy: the policy that counts.
        ticket: the ticket that the action is about.
        action: `merge` or `change.promote`, `done`, `policy.change`, or the name of any other action.
        actor: who acts; None is held to what an agent is held to.
        enforcement: the plain value of the ticket's `x_ticket.enforcement`.
    """
    rule, reasons = _deciding_rule(policy, ticket)
    name = rule.policy if rule else policy.default
    able = who_may_approve(policy, ticket.priority)
    reviews = 0 if name == "auto_merge_on_green" else 1
    approvers = able or ()
    if rule and name == "require_approvals":
        people = [approver for approver in rule.approvers if _is_person(approver)]
        reviews = len(people)
        approvers = tuple([person for person in people if able is None or person in able])
        reasons += [
            f"{person} is named but may not approve {ticket.priority}"
            for person in people
            if person not in approvers
        ]
    elif reviews and able == ():
        reasons.append(f"nobody listed under approvers may approve {ticket.priority}")
    name, reviews = _enforced(name, reviews, enforcement, reasons)
    ruling, reason = _ruling(action, actor, ticket.priority, name, reviews)
    number = rule.number if rule else "default"
    return Explanation(action, ruling, number, name, reviews, approvers, (*reasons, reason))


def _is_person(actor: str) -> bool:
    return actor.startswith("human:")


def _deciding_rule(policy: Policy, ticket: Ticket) -> tuple[Rule | None, list[str]]:
    """Returns the first rule that matches, and what is to be said on the way to it."""
    reasons = []
    for rule in policy.rules:
        mismatch = rule.mismatch(ticket.priority, ticket.labels)
        if not mismatch:
            reasons.append(f"rule {rule.number} matches and decides: {rule.policy}")
            return rule, reasons
        reasons.append(f"rule {rule.number} does not match: {mismatch}")
    reasons.append(f"no rule matches, so the default decides: {policy.default}")
    return None, reasons


def _enforced(name: str, reviews: int, enforcement: object, reasons: list[str]) -> tuple[str, int]:
    """Applies the ticket's own wish for more reviews; anything that is no number counts as one."""
    if not isinstance(enforcement, Mapping) or "required_reviews" not in enforcement:
        return name, reviews
    wish = enforcement["required_reviews"]
    if isinstance(wish, bool) or not isinstance(wish, int) or not 0 <= wish <= REVIEWS_LIMIT:
        reasons.append("x_ticket.enforcement.required_reviews is no number of reviews and counts as 1")
        wish = 1
    if wish <= reviews:
        reasons.append(f"x_ticket.enforcement asks for {wish} reviews, which changes nothing")
        return name, reviews
    reasons.append(f"x_ticket.enforcement raises the reviews from {reviews} to {wish}")
    return "review_required" if name == "auto_merge_on_green" else name, wish


def _ruling(action: str, actor: str | None, priority: str, name: str, reviews: int) -> tuple[str, str]:
    """Gives the answer to one action, with the reason (product.md §9)."""
    is_agent = actor is None or not _is_person(actor)
    if action in MERGE_ACTIONS:
        if name == "auto_merge_on_green":
            return "allow", "merging is allowed as soon as the checks are green"
        plural = "" if reviews == 1 else "s"
        return "ask", f"merging waits for {reviews} approval{plural} by people"
    if action == "policy.change" and is_agent:
        return "ask", "an agent asks before the policy changes"
    if action == "done" and is_agent and priority in URGENT:
        return "ask", f"an agent asks before it finishes a {priority} ticket"
    return "allow", f"nothing here restricts {action}"


def parse(data: object, path: str = PATH) -> tuple[Policy | None, list[Diagnostic]]:
    """Reads a policy from the plain values of its file.

    Args:
        data: what the YAML says: mappings, lists, strings, numbers.
        path: the file's path, for the diagnostics.

    Returns:
        The policy, or None if anything in it is an error, and what there is to say.
    """
    reading = _Reading(path)
    policy = reading.whole(data)
    reading.warn_of_contradictions(policy)
    failed = any(diagnostic.severity == "error" for diagnostic in reading.diagnostics)
    return None if failed else policy, reading.diagnostics


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:59]}…"


class _Reading:
    """One pass over one file. Each method returns something usable and reports what is wrong."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.diagnostics: list[Diagnostic] = []

    def say(self, code: str, message: str, severity: str = "error") -> None:
        self.diagnostics.append(Diagnostic(code, severity, self.path, message, _HINT))

    def mapping(self, value: object, where: str, keys: tuple[str, ...] | None) -> dict[str, object]:
        """Reads a mapping; `keys` are all that may stand in it, None lets any stand."""
        if not isinstance(value, Mapping):
            self.say("policy_shape", f"{where} must be a mapping")
            return {}
        for key in value:
            if keys is not None and key not in keys:
                known = ", ".join(keys)
                self.say(
                    "policy_unknown_key", f"{where} has the unknown key {_shown(key)}; known are {known}"
                )
        return {str(key): item for key, item in value.items()}

    def texts(self, value: object, where: str) -> tuple[str, ...]:
        """Reads a list of strings that is not empty."""
        if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
            self.say("policy_shape", f"{where} must be a list of strings")
            return ()
        if not value:
            self.say("policy_shape", f"{where} is empty; leave the key out instead")
        return tuple(dict.fromkeys(value))

    def whole(self, data: object) -> Policy:
        root = self.mapping(data, "policy.yml", ("version", "merge_policy", "approvers"))
        if isinstance(data, Mapping):
            self.version(root.get("version"))
        merging = self.mapping(root.get("merge_policy", {}), "merge_policy", ("default", "rules"))
        default = self.policy_name(merging.get("default", "review_required"), "merge_policy.default")
        if default == "require_approvals":
            self.say("policy_value", "merge_policy.default cannot be require_approvals: it names nobody")
        listed = merging.get("rules", [])
        if not isinstance(listed, list | tuple):
            self.say("policy_shape", "merge_policy.rules must be a list")
            listed = []
        rules = tuple([self.rule(item, number) for number, item in enumerate(listed, 1)])
        return Policy(default, rules, self.approvers(root.get("approvers", {})))

    def version(self, value: object) -> None:
        if value is None:
            self.say("policy_version", f"version is missing; write version: {VERSION}")
        elif isinstance(value, bool) or not isinstance(value, int) or value < VERSION:
            self.say("policy_version", f"version {_shown(value)} is no version; write version: {VERSION}")
        elif value > VERSION:
            self.say("policy_version", f"version {value} is newer than this program understands")

    def policy_name(self, value: object, where: str) -> str:
        if isinstance(value, str) and value in POLICIES:
            return value
        self.say("policy_value", f"{where} is {_shown(value)}; use one of {', '.join(POLICIES)}")
        return "review_required"

    def rule(self, value: object, number: int) -> Rule:
        where = f"rule {number}"
        fields = self.mapping(value, where, ("match", "policy", "approvers"))
        match = self.mapping(
            fields.get("match", {}), f"{where}: match", ("priority", "labels_any", "labels_all")
        )
        if not match:
            self.say("policy_match", f"{where} has no match; what is for all belongs in merge_policy.default")
        name = self.policy_name(fields.get("policy"), f"{where}: policy")
        approvers: tuple[str, ...] = ()
        if "approvers" in fields:
            approvers = self.actors(fields["approvers"], f"{where}: approvers")
            if name != "require_approvals":
                self.say("policy_value", f"{where} names approvers, which only require_approvals heeds")
        if name == "require_approvals" and not any(map(_is_person, approvers)):
            self.say("policy_value", f"{where} requires approvals but names no person who could give one")
        return Rule(
            number,
            name,
            self.priorities(match["priority"], f"{where}: priority") if "priority" in match else (),
            self.labels(match, "labels_any", where),
            self.labels(match, "labels_all", where),
            approvers,
        )

    def labels(self, match: Mapping[str, object], key: str, where: str) -> tuple[str, ...]:
        if key not in match:
            return ()
        return tuple([label.lower() for label in self.texts(match[key], f"{where}: {key}")])

    def priorities(self, value: object, where: str) -> tuple[str, ...]:
        found = []
        for text in self.texts(value, where):
            if text.lower() in PRIORITIES:
                found.append(text.lower())
            else:
                self.say("policy_value", f"{where} has {_shown(text)}; use {', '.join(PRIORITIES)}")
        return tuple(found)

    def actors(self, value: object, where: str) -> tuple[str, ...]:
        return tuple([actor for text in self.texts(value, where) if (actor := self.actor(text, where))])

    def actor(self, text: str, where: str) -> str | None:
        actor = canonical(text)
        if actor is None:
            self.say("policy_value", f"{where} has {_shown(text)}; {ACTOR_HINT}")
        elif not _is_person(actor):
            self.say("policy_agent", f"{where} names {actor}, but approvals by agents never count", "warning")
        return actor

    def approvers(self, value: object) -> dict[str, tuple[str, ...]]:
        rights = {}
        for text, entry in self.mapping(value, "approvers", None).items():
            fields = self.mapping(entry, f"approvers: {text}", ("can_approve",))
            actor = self.actor(text, "approvers")
            if actor is None:
                continue
            if "can_approve" not in fields:
                self.say("policy_shape", f"approvers: {text} has no can_approve")
            else:
                rights[actor] = self.priorities(fields["can_approve"], f"approvers: {text}: can_approve")
        return rights

    def warn_of_contradictions(self, policy: Policy) -> None:
        """Warns of rules that can never apply, and of approvals that nobody can give."""
        for index, rule in enumerate(policy.rules):
            shadow = next((earlier for earlier in policy.rules[:index] if earlier.covers(rule)), None)
            if shadow:
                message = (
                    f"rule {rule.number} never applies: rule {shadow.number} matches all that it matches"
                )
                self.say("policy_unreachable", message, "warning")
            for priority in rule.priorities or PRIORITIES:
                able = who_may_approve(policy, priority)
                for person in filter(_is_person, rule.approvers):
                    if able is not None and person not in able:
                        message = f"rule {rule.number} waits for {person}, who may not approve {priority}"
                        self.say("policy_approver", message, "warning")
