"""policy.yml: what is read and what is refused."""

from __future__ import annotations

import marshal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.adapters.yaml import read as full
from counterfoil.gate.compiling import compile_policy
from counterfoil.gate.policy import POLICIES, Policy, Rule, duration_text, who_may_approve, wished_reviews
from counterfoil.gate.policy_reading import parse
from counterfoil.gate.rule_reading import duration_ms
from counterfoil.tickets.frontmatter import resolve
from counterfoil.tickets.model import Diagnostic
from counterfoil.tickets.workflow import PRIORITIES

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


def test_only_listed_people_may_approve_and_never_an_agent() -> None:
    rights = {"human:morgan": ("p0",), "human:ada": ("p3",), "agent:openclaw": ("p3",)}
    policy = Policy(can_approve=rights)
    assert [who_may_approve(policy, priority) for priority in ("p0", "p1", "p3")] == [
        ("human:morgan",),
        (),
        ("human:ada",),
    ]
    assert who_may_approve(Policy(), "p0") is None


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


@given(VALUES)
def test_whatever_the_file_says_it_is_a_policy_or_an_error(data: object) -> None:
    for candidate in (data, {"version": 1, "merge_policy": data}, rule(match=data), rule(approvers=data)):
        policy, said = parse(candidate)
        assert (policy is None) == any(item.severity == "error" for item in said)
        if policy:
            compiled = compile_policy(policy, "d")
            assert marshal.loads(marshal.dumps(compiled)) == compiled


@pytest.mark.parametrize(
    ("enforcement", "wish"),
    [
        ({"required_reviews": 2}, 2), ({"required_reviews": 0}, 0), ({"required_reviews": "none"}, 1),
        ({"required_reviews": -5}, 1), ({"required_reviews": True}, 1), ({"required_reviews": None}, 1),
        ({"required_reviews": 10**30}, 1), (None, 0), ([], 0), ("1", 0), ({}, 0), ({"reviews": 3}, 0),
    ],
)  # fmt: skip
def test_a_wish_for_reviews_that_is_no_number_counts_as_one(enforcement: object, wish: int) -> None:
    assert wished_reviews(enforcement) == wish


@pytest.mark.parametrize(
    ("ms", "text"),
    [(1000, "1s"), (90_000, "90s"), (5_400_000, "90m"), (259_200_000, "3d"), (1_209_600_000, "2w")],
)
def test_a_duration_is_written_as_it_is_read(ms: int, text: str) -> None:
    assert duration_text(ms) == text
    assert duration_ms(text) == ms


def test_a_policy_is_ready_for_json() -> None:
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
