"""Whatever is left out of what policy is told, its answer never becomes more generous (gate.md, "Policy")."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from counterfoil.gate.compiling import compile_policy
from counterfoil.gate.facts import ANSWERS, RISKS, Facts, Ruling
from counterfoil.gate.policy import POLICIES, ActionRule, Asking, Policy, Rule
from counterfoil.gate.rules import ASSURANCES, DEFAULT, rule
from counterfoil.tickets.workflow import PRIORITIES, STATES

if TYPE_CHECKING:
    from collections.abc import Sequence

ACTIONS = (
    "ticket.move",
    "ticket.create",
    "ticket.lower",
    "ticket.edit",
    "ticket.comment",
    "change.promote",
    "policy.change",
    "command.run",
)
ACTORS = ("human:ada", "human:bob", "agent:bot", "source:github")
PEOPLE = ("human:ada", "human:bob", "human:eve")
LABELS = ("api", "chore")
PATHS = ("docs/a.md", "src/b.py")
HOUR_MS = 3_600_000


def some(values: Sequence[str]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(values), max_size=2, unique=True).map(tuple)


ASKINGS = st.builds(
    Asking,
    st.one_of(st.none(), st.integers(1, 3)),
    st.one_of(st.none(), st.sampled_from(ASSURANCES[1:])),
    st.one_of(st.none(), st.sampled_from([HOUR_MS, 30 * 24 * HOUR_MS])),
    st.one_of(st.none(), some(("author", "session", "model"))),
    st.one_of(st.none(), some(PEOPLE)),
)
CONDITIONS: dict[str, st.SearchStrategy[Any]] = {
    "actors": some((*ACTORS, "agent:*")),
    "remote": st.booleans(),
    "risks": some(RISKS),
    "priorities": some(PRIORITIES),
    "labels_any": some(LABELS),
    "labels_all": some(LABELS),
    "from_states": some(STATES),
    "to_states": some(STATES),
    "spaces": some(("shop", "web*")),
    "paths": some(("docs/**", "**/*.py", "src/*")),
    "rate": st.tuples(st.just(HOUR_MS), st.integers(0, 3)),
    "budget": st.sampled_from(["1", "5.5"]),
}


@st.composite
def action_rules(draw: st.DrawFn) -> ActionRule:
    """Makes a rule of few conditions, since one of many hardly ever applies."""
    names = draw(st.sets(st.sampled_from(sorted(CONDITIONS)), max_size=2))
    return ActionRule(
        draw(st.uuids().map(str)),
        draw(st.sampled_from(ANSWERS)),
        draw(st.one_of(st.just(("*",)), some(ACTIONS))),
        asking=draw(ASKINGS),
        **{name: draw(CONDITIONS[name]) for name in names},
    )


ACTION_RULES = action_rules()
MERGE_RULES = st.builds(
    Rule,
    st.integers(1, 9),
    st.sampled_from(POLICIES),
    some(PRIORITIES),
    some(LABELS),
    some(LABELS),
    some(PEOPLE),
)
POLICIES_MADE = st.builds(
    Policy,
    st.sampled_from(POLICIES[:2]),
    st.lists(MERGE_RULES, max_size=3).map(tuple),
    st.dictionaries(st.sampled_from([*PEOPLE, "agent:bot"]), some(PRIORITIES), max_size=3),
    st.lists(ACTION_RULES, max_size=4).map(tuple),
)
KNOWN = st.fixed_dictionaries(
    {
        "action": st.sampled_from(ACTIONS),
        "actor": st.sampled_from(ACTORS),
        "remote": st.booleans(),
        "risk": st.sampled_from([None, *RISKS]),
        "priority": st.sampled_from([None, "", *PRIORITIES]),
        "labels": st.one_of(st.none(), some(LABELS)),
        "state_from": st.sampled_from([None, "", *STATES]),
        "state_to": st.sampled_from([None, "", *STATES]),
        "paths": st.one_of(st.none(), some(PATHS)),
        "space": st.sampled_from([None, "", "shop", "website"]),
        "recent": st.sampled_from([{}, {HOUR_MS: 0}, {HOUR_MS: 2}]),
        "spent": st.sampled_from([None, "0", "3", "100"]),
        "reviews": st.integers(0, 3),
    }
)
MAY_BE_MISSING = ("risk", "priority", "labels", "state_from", "state_to", "paths", "space", "recent", "spent")


def without(known: dict[str, Any], names: set[str]) -> Facts:
    left: dict[str, Any] = {key: None if key in names else value for key, value in known.items()}
    return Facts(**left)


def is_no_more_generous(less: Ruling, more: Ruling) -> bool:
    """Tells whether an answer with less knowledge lets nothing through that the one with more would not."""
    if less.answer != more.answer:
        return ANSWERS.index(less.answer) > ANSWERS.index(more.answer)
    if less.answer != "ask":
        return True
    a, b = less.demands, more.demands
    if a.approvers is not None and len(a.approvers) < a.quorum:
        return True  # nobody can meet that
    beside = 0 if a.approvers is None or b.approvers is None else len({*a.approvers}.difference(b.approvers))
    return (
        a.quorum - beside >= b.quorum  # so many at least are of those who count for the other
        and ASSURANCES.index(a.require) >= ASSURANCES.index(b.require)
        and a.expires_ms <= b.expires_ms
        and set(a.separation) >= set(b.separation)
        and (b.approvers is None or a.approvers is not None)
    )


@settings(max_examples=400)
@given(POLICIES_MADE, KNOWN, st.sets(st.sampled_from(MAY_BE_MISSING), min_size=1))
def test_removing_knowledge_never_gives_a_more_generous_answer(
    policy: Policy, known: dict[str, Any], names: set[str]
) -> None:
    for compiled in (compile_policy(policy, "d"), DEFAULT):
        more, less = rule(compiled, Facts(**known)), rule(compiled, without(known, names))
        assert is_no_more_generous(less, more), (more.answer, more.rule, less.answer, less.rule)


@given(POLICIES_MADE, ACTION_RULES.filter(lambda made: made.then != "allow"), KNOWN)
def test_one_more_rule_that_asks_or_denies_answers_no_more_generously_than_any_rule_did(
    policy: Policy, more: ActionRule, known: dict[str, Any]
) -> None:
    facts = Facts(**known)
    before = rule(compile_policy(policy, "d"), facts)
    stricter = Policy(policy.default, policy.rules, policy.can_approve, (*policy.actions, more))
    after = rule(compile_policy(stricter, "d"), facts)
    assert ANSWERS.index(after.answer) >= ANSWERS.index(before.answer)


@given(POLICIES_MADE, KNOWN)
def test_a_policy_that_grants_everything_grants_no_change_of_itself(
    policy: Policy, known: dict[str, Any]
) -> None:
    granting = Policy(policy.default, policy.rules, {}, (ActionRule("all", "allow", ("*",)), *policy.actions))
    facts = Facts(**{**known, "action": "policy.change"})
    assert rule(compile_policy(granting, "d"), facts).answer in {"ask", "deny"}
