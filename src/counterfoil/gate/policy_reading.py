"""Reads `policy.yml`: strictly, since a misread policy lets through what nobody saw.

Every unknown key and every odd value is an error, and a policy with an error is no policy.
"""

from __future__ import annotations

from collections.abc import Mapping

from counterfoil.gate.policy import PATH, POLICIES, VERSION, Policy, Rule, is_person, who_may_approve
from counterfoil.gate.reading import Reading, shown
from counterfoil.gate.rule_reading import action_rules
from counterfoil.tickets.model import Diagnostic
from counterfoil.tickets.workflow import PRIORITIES


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


class _Reading(Reading):
    """One pass over one file. Each method returns something usable and reports what is wrong."""

    def whole(self, data: object) -> Policy:
        root = self.mapping(data, "policy.yml", ("version", "merge_policy", "approvers", "rules"))
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
        rights = self.approvers(root.get("approvers", {}))
        return Policy(default, rules, rights, action_rules(self, root.get("rules", [])))

    def version(self, value: object) -> None:
        if value is None:
            self.say("policy_version", f"version is missing; write version: {VERSION}")
        elif isinstance(value, bool) or not isinstance(value, int) or value < VERSION:
            self.say("policy_version", f"version {shown(value)} is no version; write version: {VERSION}")
        elif value > VERSION:
            self.say("policy_version", f"version {value} is newer than this program understands")

    def policy_name(self, value: object, where: str) -> str:
        if isinstance(value, str) and value in POLICIES:
            return value
        self.say("policy_value", f"{where} is {shown(value)}; use one of {', '.join(POLICIES)}")
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
        if name == "require_approvals" and not any(map(is_person, approvers)):
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
                for person in filter(is_person, rule.approvers):
                    if able is not None and person not in able:
                        message = f"rule {rule.number} waits for {person}, who may not approve {priority}"
                        self.say("policy_approver", message, "warning")
