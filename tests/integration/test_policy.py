"""`ticket policy`: show, validate, explain."""

from __future__ import annotations

import pytest
from integration.verbs_scene import FIRST, Desk

POLICY = """\
version: 1
merge_policy:
  default: review_required
  rules:
    - match:
        priority: [p3]
        labels_any: [polish, chore]
      policy: auto_merge_on_green
    - match:
        priority: [p0, p1]
      policy: require_approvals
      approvers: [human:morgan]
approvers:
  human:morgan:
    can_approve: [p0, p1, p2, p3]
"""


def test_without_a_file_the_default_counts(core_desk: Desk) -> None:
    assert core_desk.data("policy") == {
        "source": "built-in default",
        "policy": {
            "version": 1, "merge_policy": {"default": "review_required", "rules": []}, "approvers": {},
        },
    }  # fmt: skip
    assert core_desk.say("policy").out == "Policy (built-in default)\n  default: review_required\n"
    said = core_desk.say("policy", "validate")
    assert said.out == "There is no policy file; the default policy counts.\n"
    assert core_desk.data("policy", "validate")["exists"] is False


def test_a_policy_is_shown_in_words_and_as_data(core_desk: Desk) -> None:
    core_desk.write(".tickets/policy.yml", POLICY)
    assert core_desk.say("policy", "show").out == (
        "Policy (.tickets/policy.yml)\n"
        "  default: review_required\n"
        "  rule 1: priority: p3; labels_any: polish, chore → auto_merge_on_green\n"
        "  rule 2: priority: p0, p1 → require_approvals by human:morgan\n"
        "  human:morgan may approve p0, p1, p2, p3\n"
    )
    data = core_desk.data("policy", "show")
    assert data["source"] == ".tickets/policy.yml"
    assert [rule["number"] for rule in data["policy"]["merge_policy"]["rules"]] == [1, 2]
    assert core_desk.say("policy", "validate").out == "Policy is valid.\n"


@pytest.mark.parametrize(
    "text",
    ["version: 1\nmerge_policy:\n  default: yolo\n", "version: [", "- 1\n", "version: 2\n", "a: !!x 1\n"],
)
def test_a_wrong_policy_is_named_and_does_not_count(core_desk: Desk, text: str) -> None:
    core_desk.write(".tickets/policy.yml", text)
    error = core_desk.error("policy", "validate", status=7)
    assert error["code"] == "validation_failed"
    assert error["details"]["errors"] >= 1
    assert {item["path"] for item in error["details"]["diagnostics"]} == {".tickets/policy.yml"}
    assert core_desk.data("policy")["source"] == "built-in default"
    assert core_desk.say("policy").err.startswith("error: ")
    core_desk.put(FIRST)
    assert core_desk.codes("policy", "explain", FIRST)[0] == "invalid_policy"


def test_the_rule_that_applies_is_explained(core_desk: Desk) -> None:
    core_desk.write(".tickets/policy.yml", POLICY)
    core_desk.put(FIRST, "T", priority="p1")
    data = core_desk.data("policy", "explain", FIRST)
    assert {key: data[key] for key in ("ticket", "actor", "source", "action", "rule", "policy", "reviews", "approvers")} == {
        "ticket": FIRST, "actor": "human:test-person", "source": ".tickets/policy.yml", "action": "merge",
        "rule": 2, "policy": "require_approvals", "reviews": 1, "approvers": ["human:morgan"],
    }  # fmt: skip
    text = core_desk.say("policy", "explain", f"TK-{FIRST[:8]}").out
    assert "(rule 2, require_approvals)" in text
    assert "approvals needed: 1, from human:morgan" in text
    assert "rule 1 does not match" in text


def test_agents_are_asked_where_people_are_not(core_desk: Desk) -> None:
    core_desk.put(FIRST, "T", priority="p0")
    agent = core_desk.data("policy", "explain", FIRST, "done", "--actor", "agent:claude")
    person = core_desk.data("policy", "explain", FIRST, "done", "--actor", "human:ana")
    assert (agent["ruling"], person["ruling"]) == ("ask", "allow")


@pytest.mark.parametrize(
    ("words", "status", "code"),
    [
        (("policy", "accept"), 2, "usage"),
        (("policy", "explain"), 2, "usage"),
        (("policy", "explain", "a", "b", "c"), 2, "usage"),
        (("policy", "explain", "01ZZZZZZ"), 4, "ticket_not_found"),
        (("policy", "explain", FIRST, "--actor", "bob"), 2, "invalid_actor"),
    ],
)
def test_wrong_calls_are_told(core_desk: Desk, words: tuple[str, ...], status: int, code: str) -> None:
    core_desk.put(FIRST)
    assert core_desk.error(*words, status=status)["code"] == code


def test_a_ticket_may_only_ask_for_more(core_desk: Desk) -> None:
    core_desk.put(FIRST)
    core_desk.change(
        f".tickets/tickets/{FIRST}.md",
        "labels: []",
        "labels: []\nx_ticket: {enforcement: {required_reviews: 2}}",
    )
    assert core_desk.data("policy", "explain", FIRST)["reviews"] == 2
