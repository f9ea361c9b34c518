"""Policies and actions for the tests of what policy answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from counterfoil.gate.compiling import compile_policy
from counterfoil.gate.facts import Facts
from counterfoil.gate.policy_reading import parse
from counterfoil.gate.rules import rule

if TYPE_CHECKING:
    from counterfoil.gate.rules import Compiled

MERGING = {
    "default": "review_required",
    "rules": [
        {"match": {"priority": ["p3"], "labels_any": ["chore"]}, "policy": "auto_merge_on_green"},
        {
            "match": {"priority": ["p0", "p1"]},
            "policy": "require_approvals",
            "approvers": ["human:ada", "human:bob"],
        },
    ],
}


def compiled(*rules: dict[str, object], **more: object) -> Compiled:
    """Returns a policy of these rules, compiled."""
    policy, problems = parse({"version": 1, "rules": list(rules), **more})
    assert policy is not None, problems
    return compile_policy(policy, "d")


def facts(action: str = "ticket.edit", actor: str = "agent:bot", **known: Any) -> Facts:
    """Returns an action of which everything is known, unless told otherwise."""
    sure: dict[str, Any] = {
        "risk": "low", "priority": "p2", "labels": (), "state_from": "", "state_to": "", "paths": (), "space": "",
        "spent": "0",
    }  # fmt: skip
    return Facts(action, actor, **{**sure, **known})


def answer(policy: Compiled, **known: Any) -> tuple[str, str]:
    """Returns what a policy answers, and by which rule."""
    found = rule(policy, facts(**known))
    return found.answer, found.rule
