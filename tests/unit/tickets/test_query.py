"""Filtering, ordering and readiness over rows."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.errors import InputError
from counterfoil.tickets import query
from counterfoil.tickets.workflow import PRIORITIES, STATES

if TYPE_CHECKING:
    from counterfoil.tickets.query import Row

ALPHABET = "ABCDEFGH"


def ulid(name: str) -> str:
    """A ULID whose short id begins with `name`."""
    return f"0{name:0<7}".ljust(26, "0")


def row(
    name: str,
    state: str = "ready",
    priority: str = "p2",
    *,
    title: str = "A title",
    labels: tuple[str, ...] = (),
    assignee: str | None = None,
    reviewer: str | None = None,
    blocks: str = "",
    blocked_by: str = "",
) -> Row:
    return (
        ulid(name),
        title,
        state,
        priority,
        labels,
        assignee,
        reviewer,
        tuple(ulid(other) for other in blocks),
        tuple(ulid(other) for other in blocked_by),
    )


def names(rows: list[Row]) -> str:
    return "".join(one[0][1] for one in rows)


ROWS = [
    row("A", "backlog", "p0", title="Straße sperren", labels=("Bug", "ui"), assignee="human:ada"),
    row("B", "ready", "p1", title="Paint", labels=("bug",), assignee="agent:x", reviewer="human:ada"),
    row("C", "done", "p1", title="[paint] it black", reviewer="human:bob"),
]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, "ABC"),
        ({"state": ["READY"]}, "B"),
        ({"state": ["ready", "done"]}, "BC"),
        ({"priority": ["P1"]}, "BC"),
        ({"priority": ["p0", "p3"]}, "A"),
        ({"label": ["BUG"]}, "AB"),
        ({"label": ["ui", "none-has-it"]}, "A"),
        ({"label": ["u"]}, ""),
        ({"assignee": "Human:ada"}, "A"),
        ({"assignee": "none"}, "C"),
        ({"reviewer": "human:ada"}, "B"),
        ({"reviewer": "None"}, "A"),
        ({"text": "PAINT"}, "BC"),
        ({"text": "strasse"}, "A"),
        ({"text": "0b00"}, "B"),
        ({"text": ""}, "ABC"),
        ({"state": ["ready", "done"], "text": "paint", "reviewer": "human:bob"}, "C"),
    ],
)
def test_filters_narrow_together(filters: dict[str, object], expected: str) -> None:
    assert names(query.select(ROWS, **filters)) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("filters", "code", "value"),
    [
        ({"state": ["ready", "open"]}, "invalid_state", "open"),
        ({"priority": ["high"]}, "invalid_priority", "high"),
        ({"label": [" "]}, "invalid_label", " "),
        ({"assignee": "ada"}, "invalid_actor", "ada"),
        ({"reviewer": "robot:x"}, "invalid_actor", "robot:x"),
    ],
)
def test_a_filter_that_nothing_can_match_is_refused(
    filters: dict[str, object], code: str, value: str
) -> None:
    with pytest.raises(InputError) as caught:
        query.select([], **filters)  # type: ignore[arg-type]
    assert (caught.value.code, caught.value.fields["value"]) == (code, value)
    assert caught.value.hint


@given(
    st.lists(
        st.tuples(
            st.sampled_from(STATES), st.sampled_from(PRIORITIES), st.text(ALPHABET, min_size=3, max_size=3)
        ),
        unique_by=lambda one: one[2],
    )
)
def test_the_order_is_that_of_the_protocol(drawn: list[tuple[str, str, str]]) -> None:
    rows = [row(name, state, priority) for state, priority, name in drawn]
    expected = sorted(rows, key=lambda one: (STATES.index(one[2]), PRIORITIES.index(one[3]), one[0]))
    assert query.order(rows) == expected


def test_open_blockers_are_told_of_every_open_ticket_whatever_its_state() -> None:
    rows = [
        row("A", "backlog", blocked_by="BC"),
        row("B", "done"),
        row("C", "in_progress", blocks="D"),
        row("D", "blocked"),
        row("E", "done", blocked_by="C"),
    ]

    assert query.open_blockers(rows) == {ulid("A"): {ulid("C")}, ulid("D"): {ulid("C")}}


def test_ready_tickets_come_most_urgent_and_then_oldest_first() -> None:
    rows = [row("D"), row("C", "ready", "p1"), row("B"), row("A", "backlog", "p0")]
    answer = query.ready(rows)
    assert (names(answer.ready), answer.blocked, answer.cycles, answer.dangling) == ("CBD", {}, (), {})


@pytest.mark.parametrize(
    ("rows", "ready", "blocked"),
    [
        ([row("A", blocked_by="B"), row("B")], "B", {"A": "B"}),
        ([row("A", blocks="B"), row("B")], "A", {"B": "A"}),
        ([row("A", blocked_by="B"), row("B", blocks="A")], "B", {"A": "B"}),
        ([row("A", blocked_by="B"), row("B", "done")], "A", {}),
        ([row("A", "done", blocks="B"), row("B")], "B", {}),
        ([row("A", blocked_by="CB"), row("B", "backlog"), row("C", "blocked")], "", {"A": "BC"}),
        ([row("A", "backlog", blocked_by="B"), row("B")], "B", {}),
    ],
)
def test_an_open_blocker_holds_a_ticket_back_whichever_side_names_it(
    rows: list[Row], ready: str, blocked: dict[str, str]
) -> None:
    answer = query.ready(rows)
    assert names(answer.ready) == ready
    assert answer.blocked == {ulid(k): tuple(ulid(v) for v in vs) for k, vs in blocked.items()}
    assert (answer.cycles, answer.dangling) == ((), {})


def test_relations_to_nothing_are_named_and_hold_nothing_back() -> None:
    answer = query.ready([row("A", blocks="Y", blocked_by="XB"), row("B", "done", blocked_by="Z")])
    assert names(answer.ready) == "A"
    assert answer.dangling == {ulid("A"): (ulid("Y"), ulid("X")), ulid("B"): (ulid("Z"),)}


def test_a_short_or_display_id_stands_for_its_ticket_unless_two_have_it() -> None:
    by_hand = (*row("A")[:8], (ulid("B")[:8], "TK-" + ulid("C")[:8], "TK-" + ulid("D")[:8]))
    twin = (ulid("D")[:-1] + "1", *row("D")[1:])
    answer = query.ready([by_hand, row("B"), row("C"), row("D"), twin])
    assert answer.blocked == {ulid("A"): (ulid("B"), ulid("C"))}
    assert answer.dangling == {ulid("A"): ("TK-" + ulid("D")[:8],)}


@pytest.mark.parametrize(
    ("edges", "cycles"),
    [
        ("AA", ["A"]),
        ("AB BA", ["AB"]),
        ("CB BA AC", ["ACB"]),
        ("AB BC CD", []),
        ("AB BA CD DC BC", ["AB", "CD"]),
        ("AB BC CA BD DB EA", ["ABCD"]),
    ],
)
def test_cycles_are_reported_in_the_order_of_waiting_and_never_followed(
    edges: str, cycles: list[str]
) -> None:
    rows = [
        row(name, blocked_by="".join(edge[1] for edge in edges.split() if edge[0] == name))
        for name in "EDCBA"
    ]
    answer = query.ready(rows)
    assert answer.cycles == tuple(tuple(ulid(name) for name in cycle) for cycle in cycles)
    assert not {one[0] for one in answer.ready} & {name for cycle in answer.cycles for name in cycle}


def test_a_done_ticket_breaks_its_cycle() -> None:
    answer = query.ready([row("A", "done", blocked_by="B"), row("B", blocked_by="A")])
    assert (names(answer.ready), answer.cycles) == ("B", ())


def _reachable(edges: set[tuple[str, str]], start: str) -> set[str]:
    seen: set[str] = set()
    frontier = {start}
    while frontier:
        frontier = {to for of, to in edges if of in frontier} - seen
        seen |= frontier
    return seen


@given(
    st.sets(st.tuples(st.sampled_from(ALPHABET), st.sampled_from(ALPHABET)), max_size=20),
    st.lists(st.sampled_from(STATES), min_size=len(ALPHABET), max_size=len(ALPHABET)),
    st.randoms(use_true_random=False),
)
def test_readiness_agrees_with_plain_reachability(
    edges: set[tuple[str, str]], states: list[str], shuffle: random.Random
) -> None:
    rows = []
    for name, state in zip(ALPHABET, states, strict=True):
        own = sorted(edge for edge in edges if name in edge)
        said = [edge for edge in own if edge[0] == name or shuffle.random() < 0.5]
        rows.append(
            row(
                name,
                state,
                blocked_by="".join(b for a, b in said if a == name),
                blocks="".join(a for a, b in said if b == name and a != name),
            )
        )
    state_of = dict(zip(ALPHABET, states, strict=True))
    live = {(a, b) for a, b in edges if "done" not in (state_of[a], state_of[b])}
    in_cycles = {name for name in ALPHABET if name in _reachable(live, name)}

    answer = query.ready(rows)

    assert {one[0][1] for one in answer.ready} == {
        name for name in ALPHABET if state_of[name] == "ready" and not any(a == name for a, _ in live)
    }
    assert {key[1]: "".join(other[1] for other in value) for key, value in answer.blocked.items()} == {
        name: "".join(sorted(b for a, b in live if a == name))
        for name in ALPHABET
        if state_of[name] == "ready" and any(a == name for a, _ in live)
    }
    assert {member[1] for cycle in answer.cycles for member in cycle} == in_cycles
    for cycle in answer.cycles:
        assert {name[1] for name in cycle} == {
            other
            for other in ALPHABET
            if other in _reachable(live, cycle[0][1]) and cycle[0][1] in _reachable(live, other)
        }


def test_a_chain_and_a_ring_of_ten_thousand_tickets_need_no_recursion() -> None:
    ids = [f"0{number:025d}" for number in range(10_000)]
    chain: list[Row] = [
        (one, "t", "ready", "p2", (), None, None, (), (ids[at - 1],) if at else ())
        for at, one in enumerate(ids)
    ]
    answer = query.ready(chain)
    assert (len(answer.ready), len(answer.blocked), answer.cycles) == (1, 9_999, ())
    ring = [(*chain[0][:8], (ids[-1],)), *chain[1:]]
    answer = query.ready(ring)
    assert (answer.ready, len(answer.cycles), len(answer.cycles[0])) == ([], 1, 10_000)


def test_ten_thousand_tickets_without_relations_take_milliseconds() -> None:
    shuffle = random.Random(1)
    rows: list[Row] = [
        (f"0{number:025d}", "t", shuffle.choice(STATES), shuffle.choice(PRIORITIES), (), None, None, (), ())
        for number in range(10_000)
    ]
    shuffle.shuffle(rows)
    best = min(_seconds(rows) for _ in range(5))
    assert best < 0.05


def _seconds(rows: list[Row]) -> float:
    begun = time.perf_counter()
    query.ready(rows)
    return time.perf_counter() - begun
