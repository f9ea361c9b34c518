"""What lies around a ticket is found two steps far, whatever people have written, and never more than fits."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from counterfoil.usecases.relations import STEPS, WIDTH, Relations
from counterfoil.usecases.snapshot import Tickets

A, B, C, D, E = [f"01ARZ3N{letter}EKTSV4RRFFQ69G5FAV" for letter in "ABCDE"]


def tickets(number: int = 1, **relations: tuple[list[str], list[str]]) -> Tickets:
    """Returns tickets by letter, each with what it blocks and what it is blocked by."""
    ids = {"a": A, "b": B, "c": C, "d": D, "e": E}
    rows = [
        (
            ids[letter],
            letter,
            "ready",
            "p2",
            (),
            None,
            None,
            tuple(blocks),
            tuple(blocked),
            f"{ids[letter]}.md",
            None,
        )
        for letter, (blocks, blocked) in relations.items()
    ]
    return Tickets(number, tuple(rows), {}, "TK")


def test_both_sides_of_a_relation_say_the_same() -> None:
    for found in (tickets(a=([B], []), b=([], [])), tickets(a=([], []), b=([], [A]))):
        around = Relations().around(found, B)
        assert around.edges == ((A, B),)
        assert [(node.id, node.step) for node in around.nodes] == [(A, -1), (B, 0)]


def test_two_steps_are_shown_and_a_third_one_is_not() -> None:
    chain = tickets(a=([B], []), b=([C], []), c=([D], []), d=([E], []), e=([], []))
    assert [(node.title, node.step) for node in Relations().around(chain, A).nodes] == [
        ("a", 0),
        ("b", 1),
        ("c", 2),
    ]
    assert [node.step for node in Relations().around(chain, C).nodes] == [-2, -1, 0, 1, 2]


def test_a_relation_to_nothing_is_a_ticket_without_a_state() -> None:
    around = Relations().around(tickets(a=([], ["gone", "TK-01ARZ3NB"]), b=([], [])), A)
    assert [(node.id, node.state) for node in around.nodes] == [(B, "ready"), ("gone", ""), (A, "ready")]


def test_more_than_fits_is_a_number() -> None:
    many = [f"nothing {number:02}" for number in range(WIDTH + 5)]
    around = Relations().around(tickets(a=([], many)), A)
    assert len(around.nodes) == WIDTH + 1
    assert around.more == {-1: 5}


def test_other_tickets_are_laid_out_anew() -> None:
    kept = Relations()
    assert len(kept.around(tickets(a=([B], []), b=([], [])), A).nodes) == 2
    assert len(kept.around(tickets(2, a=([], []), b=([], [])), A).nodes) == 1


letters = st.sampled_from([A, B, C, D, E, A[:8], "TK-" + B[:8], "nothing"])


@given(
    st.lists(st.tuples(st.lists(letters, max_size=4), st.lists(letters, max_size=4)), min_size=5, max_size=5)
)
def test_whatever_is_related_to_whatever_each_ticket_stands_in_one_place(
    parts: list[tuple[list[str], list[str]]],
) -> None:
    around = Relations().around(tickets(**dict(zip("abcde", parts, strict=True))), A)
    ids = [node.id for node in around.nodes]
    assert len(ids) == len(set(ids))
    assert A in ids
    assert all(abs(node.step) <= STEPS for node in around.nodes)
    assert all(first in ids and second in ids for first, second in around.edges)
