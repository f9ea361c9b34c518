"""What whoever proposes brings along, takes away or chooses: no answer becomes more generous by it."""

from __future__ import annotations

from typing import Any

import pytest
from unit.gate.rules_scene import MERGING, answer, compiled, facts

from counterfoil.gate.explaining import considered
from counterfoil.gate.rules import rule

EXCEPTED = {
    "default": "review_required",
    "rules": [
        {
            "match": {"labels_any": ["payment"]},
            "policy": "require_approvals",
            "approvers": ["human:ada", "human:bob"],
        },
        {"match": {"labels_any": ["typo"]}, "policy": "review_required"},
        {
            "match": {"priority": ["p0", "p1", "p2"]},
            "policy": "require_approvals",
            "approvers": ["human:ada"],
        },
    ],
}
"""A merge policy with an exception from the stricter rule that follows."""


@pytest.mark.parametrize(
    ("actor", "known", "expected"),
    [
        ("agent:bot", {"labels": ("typo",)}, ("merge_policy/3", 1, ("human:ada",))),
        ("human:eve", {"labels": ("typo",)}, ("merge_policy/2", 1, None)),
        ("agent:bot", {"labels": ("typo",), "priority": "p3"}, ("merge_policy/2", 1, None)),
        ("human:eve", {"labels": ("typo",), "each": (("typo",), ())}, ("merge_policy/3", 1, ("human:ada",))),
        ("human:eve", {"labels": None}, ("merge_policy/1", 2, ("human:ada", "human:bob"))),
    ],
)
def test_no_ticket_of_the_proposers_choice_is_an_exception_from_a_stricter_rule_for_merges(
    actor: str, known: dict[str, Any], expected: tuple[object, ...]
) -> None:
    found = rule(compiled(merge_policy=EXCEPTED), facts("change.promote", actor, **known))
    assert (found.rule, found.demands.quorum, found.demands.approvers) == expected


def test_whom_several_rules_for_merges_name_all_have_to_approve() -> None:
    apart = [
        {"match": {"labels_any": ["a"]}, "policy": "require_approvals", "approvers": ["human:ada"]},
        {"match": {"labels_any": ["b"]}, "policy": "require_approvals", "approvers": ["human:bob"]},
    ]
    policy = compiled(merge_policy={"default": "review_required", "rules": apart})
    for labels in (None, ("a", "b")):
        found = rule(policy, facts("change.promote", labels=labels)).demands
        assert (found.quorum, found.approvers) == (2, ("human:ada", "human:bob"))


@pytest.mark.parametrize(
    ("condition", "known", "expected"),
    [
        ({"labels_any": ["docs"]}, {"labels": ("docs",)}, "allow"),
        ({"labels_any": ["docs"]}, {"labels": ("docs",), "kept": ("docs",)}, "allow"),
        ({"labels_any": ["docs"]}, {"labels": ("docs",), "kept": ()}, "ask"),
        ({"labels_all": ["docs", "b"]}, {"labels": ("docs", "b"), "kept": ("b",)}, "ask"),
        ({"priority": ["p2", "p3"]}, {"priority": "p2", "milder": "p3"}, "allow"),
        ({"priority": ["p2"]}, {"priority": "p2", "milder": "p3"}, "ask"),
        ({"priority": ["p2"]}, {"priority": "p2", "milder": ""}, "ask"),
    ],
)
def test_a_rule_allows_by_nothing_that_the_change_itself_brings(
    condition: dict[str, object], known: dict[str, Any], expected: str
) -> None:
    policy = compiled({"id": "it", "then": "allow", **condition})
    asked = facts("ticket.edit", remote=True, **known)
    assert rule(policy, asked).answer == expected
    assert considered(policy, asked)[0].applies == ("yes" if expected == "allow" else "no")
    asking = rule(compiled({"id": "it", "then": "deny", **condition}), asked)
    assert asking.answer == "deny"


SECURITY = {
    "then": "deny",
    "actor": "agent:*",
    "action": "ticket.move",
    "to": "done",
    "labels_any": ["Security"],
}
SMALL = {"then": "ask", "action": "ticket.edit", "priority": ["p2"]}
OPEN = {"then": "allow", "action": "ticket.edit", "priority": ["p2"], "labels_all": ["api"]}


@pytest.mark.parametrize(
    ("rules", "more", "loses", "expected"),
    [
        ([], {}, ("label security",), "allow"),
        ([SECURITY], {}, ("label security",), "ask"),
        ([SECURITY], {}, ("label other", "label security"), "ask"),
        ([SECURITY], {}, ("label other",), "allow"),
        ([SECURITY], {}, ("priority p2 p3",), "allow"),
        ([SMALL], {}, ("priority p2 p3",), "ask"),
        ([SMALL], {}, ("priority p2 p1",), "ask"),
        ([SMALL], {}, ("priority p3 p2",), "allow"),
        ([OPEN], {}, ("priority p2 p3", "label api"), "allow"),
        ([OPEN], {}, ("priority p3 p2",), "ask"),
        ([OPEN], {}, ("gained api",), "ask"),
        ([OPEN], {}, ("gained other",), "allow"),
        ([SECURITY], {}, ("gained security",), "allow"),
        ([], {"merge_policy": MERGING}, ("gained chore",), "allow"),
        ([], {"merge_policy": EXCEPTED}, ("gained typo",), "ask"),
        ([], {"merge_policy": EXCEPTED}, ("gained payment",), "allow"),
        ([], {"merge_policy": EXCEPTED}, ("priority p3 p2",), "allow"),
        ([{"then": "allow", "action": "ticket.*"}], {}, ("label x",), "allow"),
        ([{"then": "allow", "action": "ticket.*"}], {}, ("priority p1 p2",), "ask"),
        ([{"then": "allow", "actor": "agent:*"}], {}, ("priority p1 p2",), "ask"),
        ([{"then": "allow", "action": ["ticket.lower"]}], {}, ("priority p1 p2",), "allow"),
        ([{"then": "allow", "action": ["*", "ticket.lower"]}], {}, ("priority p1 p2",), "allow"),
        ([], {}, ("priority p1 p2",), "ask"),
        ([], {}, ("priority p0 p1",), "allow"),
        ([], {}, ("priority p0 ",), "ask"),
        ([], {}, ("enforcement",), "ask"),
        ([], {}, None, "ask"),
        ([], {}, (), "allow"),
        ([], {"merge_policy": MERGING}, ("label chore",), "ask"),
        ([], {"merge_policy": MERGING}, ("priority p3 p2",), "ask"),
        ([], {"approvers": {"human:ada": {"can_approve": ["p2"]}}}, ("priority p2 p3",), "ask"),
        ([], {"approvers": {"human:ada": {"can_approve": ["p2"]}}}, ("priority p3 p2",), "allow"),
        ([{"then": "deny", "action": "ticket.lower"}], {}, ("priority p1 p2",), "deny"),
    ],
)
def test_an_agent_asks_before_a_ticket_loses_what_a_rule_looks_at(
    rules: list[dict[str, object]], more: dict[str, Any], loses: tuple[str, ...] | None, expected: str
) -> None:
    policy = compiled(*rules, **more)
    assert answer(policy, action="ticket.lower", loses=loses)[0] == expected
    if expected == "ask":
        assert answer(policy, action="ticket.lower", actor="human:ada", loses=loses)[0] == "allow"
