"""The sealed table of who may approve what, applied without a policy."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.kernel import canonical
from counterfoil.kernel.authority import may_approve, table

CODES = {"not_a_person", "own_proposal", "not_an_approver", "assurance", "session", "model"}
ANYBODY = table(None)
LISTED = table({"p0": ["human:ada"], "p3": ["human:ada", "human:bob"], "*": ["human:ada"]})


def against(authority: dict[str, object] = ANYBODY, **more: Any) -> list[str]:
    found = may_approve(authority, **{"actor": "human:ada", "proposer": "agent:bot", **more})
    assert all(code in CODES for code, _ in found)
    return [words for _, words in found]


@pytest.mark.parametrize(
    ("authority", "more"),
    [
        (ANYBODY, {}),
        (ANYBODY, {"proposer": "human:bob"}),
        (LISTED, {"priority": "p0"}),
        (LISTED, {"priority": "p3", "actor": "human:bob"}),
        (LISTED, {"priority": None}),
        (LISTED, {"priority": "p9"}),
        (
            ANYBODY,
            {"demands": {"approvers": ["human:ada"], "require": "signed"}, "assurance": "signed-hardware"},
        ),
        (ANYBODY, {"demands": {"approvers": None, "require": "", "separation": ["author"]}}),
        (ANYBODY, {"demands": {"separation": ["session"]}, "session": "a", "proposer_session": "b"}),
        (ANYBODY, {"demands": {"separation": ["model"]}, "proposer_model": "m"}),
        (ANYBODY, {"demands": {"separation": ["model"]}, "proposer_model": "m", "model": "n"}),
    ],
)
def test_an_approval_counts_where_nothing_stands_against_it(
    authority: dict[str, object], more: dict[str, Any]
) -> None:
    assert against(authority, **more) == []


@pytest.mark.parametrize(
    ("authority", "more", "reason"),
    [
        (ANYBODY, {"actor": "agent:claude"}, "only people approve"),
        (ANYBODY, {"actor": "source:github"}, "only people approve"),
        (ANYBODY, {"actor": ""}, "only people approve"),
        (ANYBODY, {"actor": "human"}, "only people approve"),
        (ANYBODY, {"actor": "human:"}, "only people approve"),
        (ANYBODY, {"actor": "humane:x"}, "only people approve"),
        (ANYBODY, {"proposer": "human:ada"}, "their own proposal"),
        (ANYBODY, {"authors": ["human:bob", "human:ada"]}, "their own proposal"),
        (LISTED, {"priority": "p0", "actor": "human:bob"}, "may not approve p0 tickets"),
        (LISTED, {"priority": None, "actor": "human:bob"}, "may not approve this"),
        (LISTED, {"priority": "*", "actor": "human:bob"}, "may not approve"),
        (ANYBODY, {"demands": {"approvers": []}}, "not among those"),
        (ANYBODY, {"demands": {"approvers": "human:ada"}}, "not among those"),
        (ANYBODY, {"demands": {"require": "signed"}}, "has to be signed"),
        (
            ANYBODY,
            {"demands": {"require": "signed-hardware"}, "assurance": "signed"},
            "has to be signed-hardware",
        ),
        (ANYBODY, {"assurance": ""}, "not vouched for"),
        (ANYBODY, {"demands": {"require": "notarised"}, "assurance": "signed"}, "has to be notarised"),
        (
            ANYBODY,
            {"demands": {"separation": ["session"]}, "session": "a", "proposer_session": "a"},
            "session",
        ),
        (ANYBODY, {"demands": {"separation": ["session"]}, "proposer_session": "a"}, "session"),
        (ANYBODY, {"demands": {"separation": ["session"]}, "session": "a"}, "session"),
        (ANYBODY, {"demands": {"separation": ["model"]}, "model": "m", "proposer_model": "m"}, "model"),
        (ANYBODY, {"demands": {"separation": ["model"]}, "model": "m"}, "model"),
        ({}, {}, "cannot be read"),
        ({"version": 2, "people": None}, {}, "cannot be read"),
        ({"version": 1}, {}, "cannot be read"),
        ({"version": 1, "people": ["human:ada"]}, {}, "cannot be read"),
        ({"version": 1, "people": {"*": "human:ada"}}, {}, "may not approve"),
    ],
)
def test_what_stands_against_an_approval_is_said(
    authority: dict[str, object], more: dict[str, Any], reason: str
) -> None:
    found = against(authority, **more)
    assert len(found) == 1
    assert reason in found[0]


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5), st.just("human:ada")),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["version", "people", "p0", "*", "require", "separation", "approvers"]), inner
        ),
    ),
    max_leaves=8,
)


@given(
    st.dictionaries(st.sampled_from(["version", "people", "kinds"]), JSON),
    JSON,
    st.sampled_from([None, "p0"]),
)
def test_no_table_and_no_demand_lets_anybody_but_another_person_approve(
    authority: dict[str, object], demands: object, priority: str | None
) -> None:
    wanted = demands if isinstance(demands, dict) else {}
    for actor in ("agent:bot", "human:ada"):
        assert may_approve(
            authority,
            actor=actor,
            proposer="human:ada",
            priority=priority,
            demands=wanted,
            assurance="signed",
        )
    may_approve(authority, actor="human:ada", proposer="agent:bot", priority=priority, demands=wanted)


def test_the_table_is_canonical_json() -> None:
    assert canonical.encode(ANYBODY) == b'{"kinds":["human"],"people":null,"version":1}'
    assert canonical.encode(LISTED).startswith(b'{"kinds":["human"],"people":{"*":["human:ada"],"p0":')
