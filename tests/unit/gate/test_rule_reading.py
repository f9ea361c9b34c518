"""`rules` of policy.yml: what is read, and that whatever is odd is an error."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.adapters.yaml import read as full
from counterfoil.errors import CounterfoilError
from counterfoil.gate.facts import ANSWERS
from counterfoil.gate.policy import ActionRule, Asking
from counterfoil.gate.policy_reading import parse
from counterfoil.gate.rule_reading import KEYS
from counterfoil.tickets.frontmatter import resolve

EXAMPLE = """\
version: 1
rules:
  - id: docs-are-free
    then: allow
    action: [ticket.edit, "artifact.*"]
    actor: "agent:*"
    remote: true
    paths: ["docs/**", "**/*.md"]
  - then: ask
    action: command.run
    risk: high
    priority: [p0, P1]
    labels_any: [Security]
    labels_all: [api]
    from: [ready]
    to: done
    space: ["shop*"]
    rate: {per: 1h, more_than: 20}
    budget: {more_than: "12.50"}
    quorum: 2
    require: signed-hardware
    expires_in: 3d
    separation: [author, session]
    approvers: ["human:ada", "human:grace"]
    reason: two people look at this
"""


def read(*rules: object) -> tuple[ActionRule, ...] | None:
    policy, _ = parse({"version": 1, "rules": list(rules)})
    return None if policy is None else policy.actions


def said(*rules: object) -> list[tuple[str, str]]:
    return [(item.severity, item.code) for item in parse({"version": 1, "rules": list(rules)})[1]]


def test_rules_are_read_as_they_stand_and_shown_as_they_were_read() -> None:
    policy, problems = parse(resolve(full(EXAMPLE)))
    assert problems == []
    assert policy is not None
    assert policy.actions == (
        ActionRule(
            "docs-are-free",
            "allow",
            ("ticket.edit", "artifact.*"),
            ("agent:*",),
            remote=True,
            paths=("docs/**", "**/*.md"),
        ),
        ActionRule(
            "rules/2",
            "ask",
            ("command.run",),
            risks=("high",),
            priorities=("p0", "p1"),
            labels_any=("security",),
            labels_all=("api",),
            from_states=("ready",),
            to_states=("done",),
            spaces=("shop*",),
            rate=(3_600_000, 20),
            budget="12.50",
            asking=Asking(
                2, "signed-hardware", 259_200_000, ("author", "session"), ("human:ada", "human:grace")
            ),
            reason="two people look at this",
        ),
    )
    shown = [rule.as_data() for rule in policy.actions]
    del shown[1]["id"]  # which the file does not give
    assert read(*shown) == policy.actions


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"then": "permit", "action": "ticket.edit"}, "policy_value"),
        ({"action": "ticket.edit"}, "policy_value"),
        ({"then": "deny"}, "policy_match"),
        ({"then": "deny", "action": []}, "policy_shape"),
        ({"then": "deny", "action": ""}, "policy_value"),
        ({"then": "deny", "action": "edit"}, "policy_value"),
        ({"then": "deny", "action": "Ticket.Edit"}, "policy_value"),
        ({"then": "deny", "action": ["ticket.edit", 1]}, "policy_shape"),
        ({"then": "deny", "actions": "ticket.edit"}, "policy_unknown_key"),
        ({"then": "deny", "actor": "ada"}, "policy_value"),
        ({"then": "deny", "actor": "agent:"}, "policy_value"),
        ({"then": "deny", "actor": "agent:Ada"}, "policy_value"),
        ({"then": "deny", "remote": "yes"}, "policy_value"),
        ({"then": "deny", "risk": "huge"}, "policy_value"),
        ({"then": "deny", "priority": "p9"}, "policy_value"),
        ({"then": "deny", "to": "finished"}, "policy_value"),
        ({"then": "deny", "paths": "/etc/**"}, "policy_value"),
        ({"then": "deny", "paths": "../x"}, "policy_value"),
        ({"then": "deny", "paths": "a//b"}, "policy_value"),
        ({"then": "deny", "paths": "docs/"}, "policy_value"),
        ({"then": "deny", "paths": "a/**b"}, "policy_value"),
        ({"then": "deny", "paths": "*.[ch]"}, "policy_value"),
        ({"then": "deny", "paths": "*.{js,ts}"}, "policy_value"),
        ({"then": "deny", "paths": "a?.md"}, "policy_value"),
        ({"then": "deny", "paths": "!a.md"}, "policy_value"),
        ({"then": "deny", "rate": {"per": "1h"}}, "policy_value"),
        ({"then": "deny", "rate": {"per": "an hour", "more_than": 3}}, "policy_value"),
        ({"then": "deny", "rate": {"per": "0h", "more_than": 3}}, "policy_value"),
        ({"then": "deny", "rate": {"per": "1h", "more_than": True}}, "policy_value"),
        ({"then": "deny", "budget": {"more_than": 12.5}}, "policy_value"),
        ({"then": "deny", "budget": {"more_than": "12,50"}}, "policy_value"),
        ({"then": "deny", "budget": {"more_than": "-1"}}, "policy_value"),
        ({"then": "allow", "action": "*", "rate": {"per": "1h", "more_than": 3}}, "policy_value"),
        ({"then": "allow", "action": "*", "quorum": 2}, "policy_value"),
        ({"then": "deny", "action": "*", "expires_in": "3d"}, "policy_value"),
        ({"then": "ask", "action": "*", "quorum": 0}, "policy_value"),
        ({"then": "ask", "action": "*", "quorum": True}, "policy_value"),
        ({"then": "ask", "action": "*", "quorum": "2"}, "policy_value"),
        ({"then": "ask", "action": "*", "require": "touched"}, "policy_value"),
        ({"then": "ask", "action": "*", "require": ""}, "policy_value"),
        ({"then": "ask", "action": "*", "expires_in": 3}, "policy_value"),
        ({"then": "ask", "action": "*", "expires_in": "9999d"}, "policy_value"),
        ({"then": "ask", "action": "*", "separation": "person"}, "policy_value"),
        ({"then": "ask", "action": "*", "quorum": 2, "approvers": ["human:ada"]}, "policy_value"),
        ({"then": "ask", "action": "*", "reason": "two\nlines"}, "policy_value"),
        ({"then": "ask", "action": "*", "reason": "x" * 501}, "policy_value"),
        ({"then": "ask", "action": "*", "id": "rules/1"}, "policy_value"),
        ({"then": "ask", "action": "*", "id": "Ä"}, "policy_value"),
    ],
)
def test_a_rule_with_a_fault_makes_the_policy_none(fields: dict[str, object], code: str) -> None:
    assert read(fields) is None
    assert ("error", code) in said(fields)


def test_rules_must_be_a_list_of_mappings_with_ids_of_their_own() -> None:
    assert parse({"version": 1, "rules": {}})[0] is None
    assert read("deny everything") is None
    same = {"id": "x", "then": "deny", "action": "*"}
    assert read(same, same) is None
    assert read(same) is not None
    assert read(*[{"then": "deny", "action": "*"}] * 501) is None


def test_agents_named_as_approvers_are_warned_of_and_never_count() -> None:
    fields = {"then": "ask", "action": "*", "approvers": ["agent:bot", "human:ada"]}
    assert said(fields) == [("warning", "policy_agent")]
    (rule,) = read(fields) or ()
    assert rule.asking.approvers == ("human:ada",)
    assert read({**fields, "approvers": ["agent:bot"]}) is None


VALUES = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=6),
        st.sampled_from([*ANSWERS, "*", "agent:*", "ticket.*", "p0", "1h", "12.50", "done", "signed", "human:a", "**"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from([*KEYS, "per", "more_than", "x"]), inner, max_size=6),
    ),
    max_leaves=20,
)  # fmt: skip


@given(st.one_of(VALUES, st.lists(st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=8), max_size=4)))
def test_whatever_stands_under_rules_is_read_or_an_error(data: object) -> None:
    policy, problems = parse({"version": 1, "rules": data})
    assert (policy is None) == any(item.severity == "error" for item in problems)


@given(
    st.one_of(
        st.text(max_size=200), st.binary(max_size=200).map(lambda data: data.decode("utf-8", "replace"))
    )
)
def test_no_text_makes_the_readers_raise_anything_but_a_diagnostic(text: str) -> None:
    for candidate in (text, f"version: 1\nrules:\n  - {text}", EXAMPLE.replace("docs", text)):
        try:
            data = resolve(full(candidate))
        except CounterfoilError:
            continue
        policy, problems = parse(data)
        assert (policy is None) == any(item.severity == "error" for item in problems)


def test_a_number_of_thousands_of_digits_is_an_error_like_any_other() -> None:
    assert read({"then": "ask", "action": "*", "quorum": 10**5000}) is None
    loop: list[object] = []
    loop.append(loop)
    assert read({"then": loop, "action": "*"}) is None
