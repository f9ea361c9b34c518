"""policy.yml: what is read, what is refused, and which rule decides."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.adapters.yaml import read as full
from counterfoil.gate.policy import POLICIES, Explanation, Policy, Rule, explain, who_may_approve
from counterfoil.gate.policy_reading import parse
from counterfoil.tickets.frontmatter import resolve
from counterfoil.tickets.model import Diagnostic, Ticket
from counterfoil.tickets.workflow import PRIORITIES

ULID = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
SPEC_EXAMPLE = """\
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
      approvers: [human:morgan, human:mathieu]

approvers:
  human:morgan:
    can_approve: [p0, p1, p2, p3]
  human:mathieu:
    can_approve: [p0, p1, p2, p3]
  agent:openclaw:
    can_approve: [p3]  # Only low-risk tickets
"""
BOTH = ("human:morgan", "human:mathieu")
EXAMPLE = Policy(
    "review_required",
    (
        Rule(1, "auto_merge_on_green", ("p3",), ("polish", "chore")),
        Rule(2, "require_approvals", ("p0", "p1"), approvers=BOTH),
    ),
    {**dict.fromkeys(BOTH, PRIORITIES), "agent:openclaw": ("p3",)},
)


def ticket(priority: str, *labels: str) -> Ticket:
    return Ticket(ULID, "Example", "ready", priority, labels)


def rule(**fields: object) -> dict[str, object]:
    made = {"match": {"priority": ["p3"]}, "policy": "review_required", **fields}
    return {"version": 1, "merge_policy": {"rules": [made]}}


def codes(data: object) -> list[tuple[str, str]]:
    return [(item.severity, item.code) for item in parse(data)[1]]


def test_the_example_of_the_specification_is_read_as_it_stands() -> None:
    assert parse(resolve(full(SPEC_EXAMPLE))) == (
        EXAMPLE,
        [
            Diagnostic(
                "policy_agent",
                "warning",
                ".tickets/policy.yml",
                "approvers names agent:openclaw, but approvals by agents never count",
                "correct .tickets/policy.yml, then run `ticket policy validate`",
            )
        ],
    )


def test_a_policy_as_data_reads_back_as_the_same_policy() -> None:
    data = EXAMPLE.as_data()
    for made in data["merge_policy"]["rules"]:  # type: ignore[index]
        del made["number"]
    assert parse(data)[0] == EXAMPLE


@pytest.mark.parametrize(
    ("data", "policy"),
    [
        ({"version": 1}, Policy()),
        ({"version": 1, "merge_policy": {"default": "auto_merge_on_green"}}, Policy("auto_merge_on_green")),
        (
            rule(match={"priority": ["P0"], "labels_all": ["Security", "api"]}),
            Policy(rules=(Rule(1, "review_required", ("p0",), (), ("security", "api")),)),
        ),
        (
            rule(match={"labels_any": ["x"]}, policy="require_approvals", approvers=["Human:morgan"]),
            Policy(rules=(Rule(1, "require_approvals", (), ("x",), (), ("human:morgan",)),)),
        ),
    ],
)
def test_a_policy_without_fault_is_read(data: object, policy: Policy) -> None:
    assert parse(data) == (policy, [])


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (None, "policy_shape"),
        ([], "policy_shape"),
        ({}, "policy_version"),
        ({"version": 2}, "policy_version"),
        ({"version": True}, "policy_version"),
        ({"version": "1"}, "policy_version"),
        ({"version": 1, "merge_polcy": {}}, "policy_unknown_key"),
        ({"version": 1, "merge_policy": None}, "policy_shape"),
        ({"version": 1, "merge_policy": {"default": "merge"}}, "policy_value"),
        ({"version": 1, "merge_policy": {"default": "require_approvals"}}, "policy_value"),
        ({"version": 1, "merge_policy": {"rules": {}}}, "policy_shape"),
        ({"version": 1, "approvers": ["human:morgan"]}, "policy_shape"),
        ({"version": 1, "approvers": {"morgan": {"can_approve": ["p0"]}}}, "policy_value"),
        ({"version": 1, "approvers": {"human:morgan": {}}}, "policy_shape"),
        ({"version": 1, "approvers": {"human:morgan": {"can_approve": ["p9"]}}}, "policy_value"),
        (rule(match={}), "policy_match"),
        (rule(match={"priority": []}), "policy_shape"),
        (rule(match={"priority": "p0"}), "policy_shape"),
        (rule(match={"priority": ["p0", "p9"]}), "policy_value"),
        (rule(match={"priority": [0]}), "policy_shape"),
        (rule(match={"priority": ["p0"], "label": ["x"]}), "policy_unknown_key"),
        (rule(policy="auto_merge"), "policy_value"),
        (rule(policy=None), "policy_value"),
        (rule(quorum=2), "policy_unknown_key"),
        (rule(policy="require_approvals"), "policy_value"),
        (rule(approvers=["human:morgan"]), "policy_value"),
        (rule(policy="require_approvals", approvers=["morgan", "human:x"]), "policy_value"),
    ],
)
def test_a_policy_with_a_fault_is_no_policy(data: object, code: str) -> None:
    assert parse(data)[0] is None
    assert codes(data) == [("error", code)]


def test_approvals_that_only_agents_could_give_are_an_error() -> None:
    data = rule(policy="require_approvals", approvers=["agent:openclaw"])
    assert (parse(data)[0], codes(data)) == (None, [("warning", "policy_agent"), ("error", "policy_value")])


@pytest.mark.parametrize(
    ("earlier", "later", "is_unreachable"),
    [
        ({"priority": ["p0", "p1"]}, {"priority": ["p1"], "labels_any": ["x"]}, True),
        ({"labels_any": ["x", "y"]}, {"labels_any": ["y"], "priority": ["p0"]}, True),
        ({"labels_any": ["x", "y"]}, {"labels_all": ["y", "z"]}, True),
        ({"labels_all": ["x"]}, {"labels_all": ["x", "y"]}, True),
        ({"priority": ["p0"]}, {"labels_any": ["x"]}, False),
        ({"labels_any": ["x"]}, {"labels_any": ["x", "y"]}, False),
        ({"labels_all": ["x"]}, {"labels_any": ["x"]}, False),
        ({"priority": ["p0"]}, {"priority": ["p0", "p1"]}, False),
    ],
)
def test_a_rule_behind_a_wider_one_is_warned_of(
    earlier: dict[str, list[str]], later: dict[str, list[str]], is_unreachable: bool
) -> None:
    rules = [{"match": match, "policy": "review_required"} for match in (earlier, later)]
    found = codes({"version": 1, "merge_policy": {"rules": rules}})
    assert found == ([("warning", "policy_unreachable")] if is_unreachable else [])


def test_a_named_approver_without_the_right_is_warned_of() -> None:
    data = rule(match={"priority": ["p0", "p1"]}, policy="require_approvals", approvers=["human:morgan"])
    data["approvers"] = {"human:morgan": {"can_approve": ["p1"]}}
    assert [item.message for item in parse(data)[1]] == [
        "rule 1 waits for human:morgan, who may not approve p0"
    ]


def test_the_first_rule_that_matches_decides_and_the_others_say_why_not() -> None:
    assert explain(EXAMPLE, ticket("p1", "chore")) == Explanation(
        "merge",
        "ask",
        2,
        "require_approvals",
        2,
        BOTH,
        (
            "rule 1 does not match: priority p1 is not in p3",
            "rule 2 matches and decides: require_approvals",
            "merging waits for 2 approvals by people",
        ),
    )
    assert explain(EXAMPLE, ticket("p3", "Chore")) == Explanation(
        "merge",
        "allow",
        1,
        "auto_merge_on_green",
        0,
        BOTH,
        (
            "rule 1 matches and decides: auto_merge_on_green",
            "merging is allowed as soon as the checks are green",
        ),
    )
    assert explain(EXAMPLE, ticket("p3", "api")).reasons == (
        "rule 1 does not match: none of the labels polish, chore is there",
        "rule 2 does not match: priority p3 is not in p0, p1",
        "no rule matches, so the default decides: review_required",
        "merging waits for 1 approval by people",
    )


def test_a_rule_for_all_labels_names_those_that_are_missing() -> None:
    policy = Policy(rules=(Rule(1, "auto_merge_on_green", (), (), ("docs", "small")),))
    assert (
        explain(policy, ticket("p2", "docs")).reasons[0] == "rule 1 does not match: without the label small"
    )
    assert explain(policy, ticket("p2", "small", "docs")).rule == 1


def test_without_a_file_every_change_is_reviewed_by_a_person() -> None:
    for priority in PRIORITIES:
        found = explain(Policy(), ticket(priority))
        assert (found.ruling, found.rule, found.policy, found.reviews) == (
            "ask",
            "default",
            "review_required",
            1,
        )


@pytest.mark.parametrize(
    ("wish", "priority", "expected"),
    [
        (2, "p3", ("ask", "review_required", 2)),
        (1, "p3", ("ask", "review_required", 1)),
        (0, "p3", ("allow", "auto_merge_on_green", 0)),
        (1, "p0", ("ask", "require_approvals", 2)),
        (3, "p0", ("ask", "require_approvals", 3)),
        (0, "p2", ("ask", "review_required", 1)),
        ("none", "p3", ("ask", "review_required", 1)),
        (-5, "p3", ("ask", "review_required", 1)),
        (True, "p3", ("ask", "review_required", 1)),
        (None, "p3", ("ask", "review_required", 1)),
        (10**30, "p0", ("ask", "require_approvals", 2)),
    ],
)
def test_a_ticket_can_only_make_the_policy_stricter(
    wish: object, priority: str, expected: tuple[str, str, int]
) -> None:
    found = explain(EXAMPLE, ticket(priority, "chore"), enforcement={"required_reviews": wish})
    assert (found.ruling, found.policy, found.reviews) == expected


@pytest.mark.parametrize("enforcement", [None, [], "1", {}, {"reviews": 0}])
def test_enforcement_of_another_shape_changes_nothing(enforcement: object) -> None:
    assert explain(EXAMPLE, ticket("p0"), enforcement=enforcement) == explain(EXAMPLE, ticket("p0"))


@pytest.mark.parametrize(
    ("action", "actor", "priority", "ruling"),
    [
        ("done", "agent:openclaw", "p0", "ask"),
        ("done", "agent:openclaw", "p1", "ask"),
        ("done", "agent:openclaw", "p2", "allow"),
        ("done", None, "p1", "ask"),
        ("done", "human:morgan", "p0", "allow"),
        ("policy.change", "agent:openclaw", "p3", "ask"),
        ("policy.change", "human:morgan", "p3", "allow"),
        ("ticket.comment", "agent:openclaw", "p0", "allow"),
        ("change.promote", "human:morgan", "p2", "ask"),
    ],
)
def test_agents_ask_for_what_git_cannot_undo(
    action: str, actor: str | None, priority: str, ruling: str
) -> None:
    assert explain(EXAMPLE, ticket(priority), action, actor).ruling == ruling


def test_only_listed_people_may_approve_and_never_an_agent() -> None:
    rights = {"human:morgan": ("p0",), "human:ada": ("p3",), "agent:openclaw": ("p3",)}
    policy = Policy(can_approve=rights)
    assert [who_may_approve(policy, priority) for priority in ("p0", "p1", "p3")] == [
        ("human:morgan",),
        (),
        ("human:ada",),
    ]
    assert who_may_approve(Policy(), "p0") is None
    assert "nobody listed under approvers may approve p1" in explain(policy, ticket("p1")).reasons


def test_a_named_approver_without_the_right_still_has_to_be_waited_for() -> None:
    named = Rule(1, "require_approvals", ("p0",), approvers=("human:ada", "human:morgan", "agent:x"))
    found = explain(Policy(rules=(named,), can_approve={"human:morgan": ("p0",)}), ticket("p0"))
    assert (found.reviews, found.approvers) == (2, ("human:morgan",))
    assert "human:ada is named but may not approve p0" in found.reasons


VALUES = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=5),
        st.sampled_from([*POLICIES, *PRIORITIES, "human:x", "agent:y"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(
                ["version", "merge_policy", "default", "rules", "match", "policy", "approvers", "priority",
                 "labels_any", "labels_all", "can_approve", "human:x", "z"]
            ),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=20,
)  # fmt: skip


@given(VALUES, st.one_of(VALUES, st.fixed_dictionaries({"required_reviews": VALUES})))
def test_whatever_the_file_says_it_is_a_policy_or_an_error(data: object, enforcement: object) -> None:
    for candidate in (data, {"version": 1, "merge_policy": data}, rule(match=data), rule(approvers=data)):
        policy, said = parse(candidate)
        assert (policy is None) == any(item.severity == "error" for item in said)
        if policy:
            plain, forced = (explain(policy, ticket("p3"), enforcement=wish) for wish in (None, enforcement))
            assert forced.reviews >= plain.reviews
            assert (plain.ruling, forced.ruling) != ("ask", "allow")


def test_a_policy_and_its_explanation_are_ready_for_json() -> None:
    assert EXAMPLE.as_data()["merge_policy"] == {
        "default": "review_required",
        "rules": [
            {
                "number": 1,
                "match": {"priority": ["p3"], "labels_any": ["polish", "chore"]},
                "policy": "auto_merge_on_green",
            },
            {
                "number": 2,
                "match": {"priority": ["p0", "p1"]},
                "policy": "require_approvals",
                "approvers": ["human:morgan", "human:mathieu"],
            },
        ],
    }
    assert explain(Policy(), ticket("p2"), "done", "human:morgan").as_data() == {
        "action": "done",
        "ruling": "allow",
        "rule": "default",
        "policy": "review_required",
        "reviews": 1,
        "approvers": [],
        "reasons": [
            "no rule matches, so the default decides: review_required",
            "nothing here restricts done",
        ],
    }
