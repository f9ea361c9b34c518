"""What policy answers: the built-in default, rules together, and how demands are merged."""

from __future__ import annotations

import marshal
from typing import TYPE_CHECKING, Any

import pytest
from unit.gate.rules_scene import MERGING, answer, compiled, facts

from counterfoil.gate.compiling import compile_policy
from counterfoil.gate.explaining import considered
from counterfoil.gate.facts import Demands, Ruling
from counterfoil.gate.policy import Policy
from counterfoil.gate.rules import (
    DEFAULT,
    FREE,
    WEEK_MS,
    limits,
    rule,
    strictest,
    units,
    wants_spend,
    windows,
)

if TYPE_CHECKING:
    pass

DAY_MS = 24 * 3600 * 1000


def test_the_built_in_policy_is_the_empty_one_compiled() -> None:
    assert compile_policy(Policy(), "default") == DEFAULT


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        # People are allowed, except for what others have to see.
        ({"actor": "human:ada", "action": "ticket.move", "state_to": "done", "priority": "p0"}, "allow"),
        ({"actor": "human:ada", "action": "command.run"}, "allow"),
        ({"actor": "human:ada", "action": "deploy.run"}, "allow"),
        ({"actor": "human:ada", "action": "change.promote"}, "ask"),
        ({"actor": "human:ada", "action": "policy.change"}, "ask"),
        ({"actor": "human:ada", "remote": True}, "ask"),
        # Agents do what Git can undo.
        *[({"action": action}, "allow") for action in FREE],
        ({"action": "ticket.move", "state_to": "done", "priority": "p2"}, "allow"),
        ({"action": "ticket.move", "state_to": "ready", "priority": "p0"}, "allow"),
        ({"action": "ticket.move", "state_to": "done", "priority": "p1"}, "ask"),
        ({"action": "ticket.move", "state_to": "done", "priority": None}, "ask"),
        ({"action": "ticket.move", "state_to": None, "priority": "p0"}, "ask"),
        ({"action": "change.promote"}, "ask"),
        ({"action": "policy.change"}, "ask"),
        ({"action": "command.run"}, "ask"),
        ({"action": "http.send"}, "ask"),
        ({"action": "deploy.run"}, "ask"),
        ({"action": "ticket.lower"}, "ask"),
        ({"action": "ticket.create", "state_to": "done", "priority": "p0"}, "ask"),
        ({"action": "ticket.comment", "remote": True}, "ask"),
        # Who is neither is held to what an agent is held to.
        ({"actor": "source:github", "action": "http.send"}, "ask"),
        ({"actor": "", "action": "http.send"}, "ask"),
    ],
)
def test_without_a_rule_the_default_answers(known: dict[str, Any], expected: str) -> None:
    assert answer(DEFAULT, **known)[0] == expected


ALLOW_BOT: dict[str, object] = {"id": "allow-bot", "then": "allow", "actor": "agent:bot"}
ASK_EDIT: dict[str, object] = {"id": "ask-edit", "then": "ask", "action": "ticket.edit"}
DENY_DOCS: dict[str, object] = {"id": "deny-docs", "then": "deny", "paths": "docs/**"}


@pytest.mark.parametrize(
    ("rules", "known", "expected"),
    [
        ([ALLOW_BOT], {"action": "deploy.run"}, ("allow", "allow-bot")),
        ([ALLOW_BOT], {"action": "deploy.run", "remote": True}, ("allow", "allow-bot")),
        ([ALLOW_BOT], {"action": "deploy.run", "actor": "agent:other"}, ("ask", "default/agents")),
        ([ALLOW_BOT, ASK_EDIT], {}, ("ask", "ask-edit")),
        ([ASK_EDIT, ALLOW_BOT], {}, ("ask", "ask-edit")),
        ([ALLOW_BOT, ASK_EDIT, DENY_DOCS], {"paths": ("docs/a.md",)}, ("deny", "deny-docs")),
        ([DENY_DOCS, ASK_EDIT, ALLOW_BOT], {"paths": ("docs/a.md",)}, ("deny", "deny-docs")),
        ([DENY_DOCS], {"paths": ("src/a.py",)}, ("allow", "default/free")),
        ([ASK_EDIT], {"actor": "human:ada"}, ("ask", "ask-edit")),
        # Whatever the rules allow: the merge policy and changes of policy have a say of their own.
        ([ALLOW_BOT], {"action": "change.promote"}, ("ask", "merge_policy/default")),
        ([ALLOW_BOT], {"action": "policy.change"}, ("ask", "default/policy")),
    ],
)
def test_deny_beats_ask_beats_allow_in_any_order(
    rules: list[dict[str, object]], known: dict[str, Any], expected: tuple[str, str]
) -> None:
    assert answer(compiled(*rules), **known) == expected


@pytest.mark.parametrize(
    ("condition", "fits", "others"),
    [
        ({"action": "ticket.edit"}, [{}], [{"action": "ticket.editor"}, {"action": "ticket.move"}]),
        ({"action": "ticket.*"}, [{}, {"action": "ticket.move"}], [{"action": "tickets.move"}]),
        ({"action": "*.edit"}, [{}], [{"action": "ticket.move"}]),
        ({"action": "t*.e*t"}, [{}], [{"action": "t.e"}, {"action": "ticket.editor"}]),
        ({"actor": ["agent:b*", "human:ada"]}, [{}, {"actor": "human:ada"}], [{"actor": "human:bob"}]),
        ({"remote": True}, [{"remote": True}], [{"remote": False}]),
        ({"remote": False}, [{"remote": False}], [{"remote": True}]),
        ({"risk": ["medium", "high"]}, [{"risk": "high"}], [{"risk": "low"}]),
        ({"priority": ["p0", "p1"]}, [{"priority": "p1"}], [{"priority": "p2"}, {"priority": ""}]),
        ({"labels_any": ["api", "db"]}, [{"labels": ("x", "DB")}], [{"labels": ()}, {"labels": ("x",)}]),
        ({"labels_all": ["api", "db"]}, [{"labels": ("api", "x", "db")}], [{"labels": ("db",)}]),
        (
            {"action": "ticket.move", "to": ["done"], "from": ["in_progress"]},
            [{"action": "ticket.move", "state_from": "in_progress", "state_to": "done"}],
            [
                {"action": "ticket.move", "state_from": "blocked", "state_to": "done"},
                {"action": "ticket.move", "state_from": "in_progress", "state_to": "ready"},
            ],
        ),
        (
            {"to": "done"},
            [{"state_to": "done"}],
            [{"state_to": ""}, {"action": "ticket.comment", "state_to": None}],
        ),
        (
            {"space": ["shop", "web*"]},
            [{"space": "shop"}, {"space": "webby"}],
            [{"space": "shops"}, {"space": ""}],
        ),
        ({"rate": {"per": "1h", "more_than": 2}}, [{"recent": {3_600_000: 2}}], [{"recent": {3_600_000: 1}}]),
        (
            {"budget": {"more_than": "2.5"}},
            [{"spent": "2.500000000000001"}],
            [{"spent": "2.50"}, {"spent": "0"}],
        ),
    ],
)
def test_a_condition_fits_or_does_not(
    condition: dict[str, object], fits: list[dict[str, Any]], others: list[dict[str, Any]]
) -> None:
    policy = compiled({"id": "it", "then": "deny", **condition})
    assert [answer(policy, **known) for known in fits] == [("deny", "it")] * len(fits)
    assert "deny" not in [answer(policy, **known)[0] for known in others]


@pytest.mark.parametrize(
    ("glob", "fits", "others"),
    [
        ("docs/**", ["docs/a", "docs/a/b.md", "docs"], ["docs2/a", "a/docs/b", "doc"]),
        ("docs/*", ["docs/a"], ["docs/a/b", "docs"]),
        ("**", ["a", "a/b"], []),
        ("**/*.md", ["a.md", "a/b.md", ".md"], ["a.mdx", "a.md/b"]),
        ("**/secrets/*", ["secrets/a", "x/y/secrets/a"], ["secrets", "secrets/a/b"]),
        ("a/**/z", ["a/z", "a/b/z", "a/b/c/z"], ["a/b", "z", "a/z/y"]),
        ("a/**/b/**/c", ["a/b/c", "a/x/b/y/c", "a/b/b/c"], ["a/c", "a/b", "a/c/b"]),
        ("*.md", ["a.md"], ["a/b.md"]),
        ("src/*/test_*.py", ["src/x/test_a.py"], ["src/x/a.py", "src/x/y/test_a.py"]),
        ("a*b*c", ["abc", "axbxc"], ["ab", "acb", "abcd"]),
        ("Makefile", ["Makefile"], ["makefile", "x/Makefile"]),
    ],
)  # fmt: skip
def test_paths_are_matched_segment_by_segment(glob: str, fits: list[str], others: list[str]) -> None:
    policy = compiled({"id": "it", "then": "deny", "paths": glob})
    found = [path for path in (*fits, *others) if answer(policy, paths=(path,))[0] == "deny"]
    assert found == fits


def test_one_file_is_enough_to_ask_and_all_are_needed_to_allow() -> None:
    for then, paths, expected in (
        ("deny", ("docs/a", "src/b"), "deny"),
        ("deny", (), "ask"),
        ("allow", ("docs/a", "docs/b"), "allow"),
        ("allow", ("docs/a", "src/b"), "ask"),
        ("allow", (), "ask"),
    ):
        policy = compiled({"then": then, "paths": "docs/**"})
        assert answer(policy, action="deploy.run", paths=paths)[0] == expected


def demands(found: Ruling) -> tuple[object, ...]:
    wanted = found.demands
    return wanted.quorum, wanted.require, wanted.expires_ms, wanted.separation, wanted.approvers


def test_the_demands_of_all_rules_that_ask_are_met_together() -> None:
    people = ["human:ada", "human:bob", "human:eve"]
    policy = compiled(
        {"then": "ask", "action": "*", "quorum": 2, "expires_in": "3d", "approvers": people},
        {
            "then": "ask",
            "actor": "agent:*",
            "require": "signed",
            "separation": "session",
            "approvers": people[1:],
        },
        {"then": "ask", "action": "ticket.*", "expires_in": "30d", "separation": ["model"]},
        {"then": "ask", "action": "other.*", "quorum": 9},
    )
    found = rule(policy, facts())
    assert demands(found) == (
        2, "signed", 3 * DAY_MS, ("author", "session", "model"), ("human:bob", "human:eve"),
    )  # fmt: skip
    assert found.rule == "rules/1"


def test_where_nobody_says_more_one_other_person_decides_within_a_week() -> None:
    assert demands(rule(DEFAULT, facts("command.run"))) == (1, "", WEEK_MS, ("author",), None)


RIGHTS = {
    "human:ada": {"can_approve": ["p0", "p1", "p2", "p3"]},
    "human:bob": {"can_approve": ["p2", "p3"]},
    "agent:bot": {"can_approve": ["p3"]},
}


@pytest.mark.parametrize(
    ("priority", "approvers"),
    [
        ("p0", ("human:ada",)),
        ("p3", ("human:ada", "human:bob")),
        ("", ("human:ada",)),
        (None, ("human:ada",)),
    ],
)
def test_rights_by_priority_limit_who_approves_anything(
    priority: str | None, approvers: tuple[str, ...]
) -> None:
    found = rule(compiled(approvers=RIGHTS), facts("command.run", priority=priority))
    assert found.demands.approvers == approvers


def test_a_quorum_that_cannot_be_reached_is_said() -> None:
    policy = compiled({"then": "ask", "action": "*", "quorum": 2}, approvers=RIGHTS)
    assert "2 have to approve, and only 1 may" in rule(policy, facts(priority="p0")).reasons
    assert rule(policy, facts(priority="p3")).reasons == ("rules/1 says so",)


@pytest.mark.parametrize(
    ("known", "expected", "quorum", "approvers"),
    [
        ({"priority": "p3", "labels": ("chore",)}, ("ask", "merge_policy/1"), 1, None),
        ({"priority": "p3", "labels": ()}, ("ask", "merge_policy/default"), 1, None),
        ({"priority": "p0"}, ("ask", "merge_policy/2"), 2, ("human:ada", "human:bob")),
        ({"priority": "p3", "labels": ("chore",), "remote": True}, ("ask", "merge_policy/1"), 1, None),
        ({"priority": "p3", "labels": ("chore",), "reviews": 3}, ("ask", "merge_policy/1"), 3, None),
        ({"priority": "p3", "labels": (), "reviews": 0}, ("ask", "merge_policy/default"), 1, None),
        ({"priority": "p0", "reviews": 1}, ("ask", "merge_policy/2"), 2, ("human:ada", "human:bob")),
        ({"priority": "p3", "labels": None}, ("ask", "merge_policy/1"), 1, None),
        ({"priority": None, "labels": ()}, ("ask", "merge_policy/2"), 2, ("human:ada", "human:bob")),
    ],
)
@pytest.mark.parametrize("actor", ["human:eve", "agent:bot"])
def test_merging_follows_the_first_rule_of_the_merge_policy_that_matches(
    known: dict[str, Any],
    expected: tuple[str, str],
    quorum: int,
    approvers: tuple[str, ...] | None,
    actor: str,
) -> None:
    found = rule(compiled(merge_policy=MERGING), facts("change.promote", actor, **known))
    assert (found.answer, found.rule) == expected
    assert (found.demands.quorum, found.demands.approvers) == (quorum, approvers)


def test_the_strictest_answer_to_the_parts_is_the_answer_to_the_whole() -> None:
    yes = Ruling("allow", "a", "d", ["fine"])
    ask = Ruling("ask", "b", "d", ["look"], Demands(2, "", DAY_MS, ("author",), ("human:ada", "human:bob")))
    more = Ruling(
        "ask", "c", "d", ["sign", "look"], Demands(1, "signed", WEEK_MS, ("session",), ("human:bob",))
    )
    no = Ruling("deny", "e", "d", ["never"])
    assert strictest([yes]) is yes
    assert strictest([yes, ask]) is ask
    assert strictest([ask, no, yes]) is no
    found = strictest([yes, ask, more])
    assert (found.answer, found.rule, found.reasons) == ("ask", "b", ("look", "sign"))
    assert demands(found) == (2, "signed", DAY_MS, ("author", "session"), ("human:bob",))


def test_what_has_to_be_counted_is_told_by_the_policy() -> None:
    policy = compiled(
        {"then": "ask", "action": "ticket.*", "rate": {"per": "1h", "more_than": 9}},
        {
            "then": "deny",
            "actor": "agent:*",
            "rate": {"per": "1d", "more_than": 99},
            "budget": {"more_than": "5"},
        },
    )
    assert windows(policy, "ticket.edit", "agent:bot") == (3_600_000, DAY_MS)
    assert windows(policy, "http.send", "human:ada") == ()
    assert [wants_spend(policy, "http.send", actor) for actor in ("agent:bot", "human:ada")] == [True, False]
    assert windows(DEFAULT, "ticket.edit", "agent:bot") == ()
    assert [limits(found) for found in (policy, DEFAULT)] == [True, False]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"rate": {"per": "1h", "more_than": 9}}, True),
        ({"budget": {"more_than": "5"}}, True),
        ({"risk": "high"}, False),
        ({"priority": ["p0"]}, False),
    ],
)
def test_nothing_is_counted_where_no_rule_limits_anything(rule: dict[str, object], expected: bool) -> None:
    plain = {"action": "ticket.edit", "then": "ask"}
    assert limits(compiled(plain, {**plain, **rule})) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", 0), ("12.5", 12_500_000_000), ("0.000000001", 1), ("0.0000000001", 1), ("0.0000000000", 0),
        ("", None), (".5", None), ("5.", None), ("-1", None), ("1e3", None), ("١", None), ("1" * 16, None),
        ("1.2.3", None), ("1,5", None),
    ],
)  # fmt: skip
def test_amounts_are_read_without_rounding_down(text: str, expected: int | None) -> None:
    assert units(text) == expected


def test_every_rule_says_why_it_does_or_does_not_apply() -> None:
    policy = compiled(
        {"id": "a", "then": "deny", "action": "http.*"},
        {"id": "b", "then": "deny", "actor": "human:*"},
        {"id": "c", "then": "ask", "priority": ["p0"]},
        {"id": "d", "then": "ask", "paths": "docs/**", "risk": "low"},
        {"id": "e", "then": "allow", "labels_any": ["x"]},
        {"id": "f", "then": "ask", "action": "ticket.*", "reason": "because"},
        merge_policy=MERGING,
    )
    asked = facts(paths=None, labels=None)
    assert [(item.id, item.applies, item.why) for item in considered(policy, asked)] == [
        ("a", "no", "it is not about ticket.edit"),
        ("b", "no", "it is not about agent:bot"),
        ("c", "no", "priority is p2"),
        ("d", "perhaps", "paths is not known, so it counts"),
        ("e", "no", "labels_any is not known, and what is not known allows nothing"),
        ("f", "yes", "because"),
    ]
    merging = considered(policy, facts("change.promote", priority="p0"))[6:]
    assert [(item.id, item.then, item.applies) for item in merging] == [
        ("merge_policy/1", "auto_merge_on_green", "no"),
        ("merge_policy/2", "require_approvals", "yes"),
        ("merge_policy/default", "review_required", "yes"),
    ]
    by_a_person = considered(policy, facts("change.promote", "human:eve", priority="p0"))[-1]
    assert (by_a_person.id, by_a_person.applies) == ("merge_policy/default", "passed")


def test_a_compiled_policy_survives_marshal() -> None:
    policy = compiled(ALLOW_BOT, ASK_EDIT, DENY_DOCS, merge_policy=MERGING, approvers=RIGHTS)
    assert marshal.loads(marshal.dumps(policy)) == policy


def test_a_rule_that_only_may_apply_does_not_silence_the_default() -> None:
    policy = compiled({"id": "slow", "then": "ask", "priority": ["p0"], "expires_in": "30d"})
    known = {
        priority: rule(policy, facts("command.run", priority=priority)) for priority in ("p0", None, "p2")
    }
    assert [(found.rule, found.demands.expires_ms) for found in known.values()] == [
        ("slow", 30 * DAY_MS), ("slow", WEEK_MS), ("default/agents", WEEK_MS),
    ]  # fmt: skip
